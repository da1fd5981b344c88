"""Passkeys (W3C Web Authentication level 3): the authenticator verifies its holder, so one passkey is two factors.

Nobody says who they are before: the authenticator offers what it holds for this hub, so there is no name to try out.
The challenge is a ticket (`hub.access.tokens`) and works once.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from sqlalchemy import delete, select, update
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.access import tokens
from hub.errors import NotSignedIn
from hub.keys import KeyRing
from hub.store.tables import passkey
from hub.store.unit_of_work import Reading, Writing

Said = Mapping[str, Any]
"""What a browser's `navigator.credentials` answers, as JSON (PublicKeyCredential.toJSON)."""

_LASTING = timedelta(minutes=5)
_UNREADABLE = (
    WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, InvalidSignature,
    UnsupportedAlgorithm,
)  # fmt: skip
"""All that the library raises on bytes that a stranger wrote."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A passkey that was just made, as it is kept."""

    id: str
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This hub as an authenticator knows it: the address that people open, and the host in it."""

    origin: str
    name: str

    @property
    def id(self) -> str:
        """The host, which passkeys are bound to."""
        return urlsplit(self.origin).hostname or ""


def registration_options(hub: RelyingParty, keys: KeyRing, person: str, name: str, now: datetime) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked with."""
    challenge = tokens.make_ticket(keys, "passkey.new", now, _LASTING, person)
    options = generate_registration_options(
        rp_id=hub.id, rp_name=hub.name, user_name=name, user_id=person.encode(), challenge=challenge.encode(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    return dict(json.loads(options_to_json(options)))


def check_new(hub: RelyingParty, keys: KeyRing, person: str, said: Said, now: datetime) -> Registered:
    """A new passkey of somebody who asked for it. Raises NotSignedIn for one that is not sound."""
    try:
        challenge = _challenge(said)
        made = verify_registration_response(
            credential=dict(said), expected_challenge=challenge.encode(), expected_rp_id=hub.id,
            expected_origin=hub.origin, require_user_verification=True,
        )  # fmt: skip
    except _UNREADABLE:
        raise _refused() from None
    if not tokens.is_valid(keys, "passkey.new", challenge, now, person):
        raise _refused()
    return Registered(_id(made.credential_id), made.credential_public_key, made.sign_count)


def keep(tx: Writing, person: str, made: Registered, said: Said, now: datetime) -> None:
    """Keep a new passkey; its challenge is used up. Raises NotSignedIn for one that is on file, or a second use."""
    fresh = tokens.spend(tx, "passkey.new", _challenge(said), now) and tx.insert_missing(
        passkey, id=made.id, person=person, public_key=made.public_key, sign_count=made.sign_count, registered_at=now
    )
    if not fresh:
        raise _refused()


def sign_in_options(hub: RelyingParty, keys: KeyRing, now: datetime, about: str = "") -> dict[str, Any]:
    """What `navigator.credentials.get` is asked with; `about` names the session that a proof is for."""
    challenge = tokens.make_ticket(keys, "passkey.use", now, _LASTING, about)
    options = generate_authentication_options(
        rp_id=hub.id, challenge=challenge.encode(), user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(json.loads(options_to_json(options)))


def use(tx: Writing, hub: RelyingParty, said: Said, now: datetime, about: str = "") -> str:
    """Whose passkey signed a challenge of this hub, once. Raises NotSignedIn for any other."""
    try:
        challenge, name = _challenge(said), _id(base64url_to_bytes(said["rawId"]))
        row = tx.connection.execute(select(passkey).where(passkey.c.id == name).with_for_update()).one_or_none()
        if row is None:
            raise _refused()
        used = verify_authentication_response(
            credential=dict(said), expected_challenge=challenge.encode(), expected_rp_id=hub.id,
            expected_origin=hub.origin, credential_public_key=row.public_key, require_user_verification=True,
            credential_current_sign_count=row.sign_count,
        )  # fmt: skip
    except _UNREADABLE:
        raise _refused() from None
    valid = tokens.is_valid(tx.keys, "passkey.use", challenge, now, about)
    if not (valid and tokens.spend(tx, "passkey.use", challenge, now)):
        raise _refused()
    tx.connection.execute(update(passkey).where(passkey.c.id == name).values(sign_count=used.new_sign_count))
    return str(row.person)


def forget(tx: Writing, person: str) -> None:
    """Forget every passkey of somebody."""
    tx.connection.execute(delete(passkey).where(passkey.c.person == person))


def count(tx: Reading, person: str) -> int:
    """How many passkeys somebody has."""
    return len(tx.connection.execute(select(passkey.c.id).where(passkey.c.person == person)).all())


def _challenge(said: Said) -> str:
    return parse_client_data_json(base64url_to_bytes(said["response"]["clientDataJSON"])).challenge.decode()


def _id(credential: bytes) -> str:
    return hashlib.sha256(credential).hexdigest()


def _refused() -> NotSignedIn:
    return NotSignedIn("SIGN_IN_REFUSED", "that does not sign anybody in; look at what you gave, and try again")
