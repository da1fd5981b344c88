"""A database as version 0001 wrote it: data keys under the key file itself, values of suite 1, no classes."""

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Engine, column, table

from hub.ids import Prefix, new_id, new_reference
from hub.store import migrate

LANDLORD = "LMH"
_OPENED = 1_760_000_000_000_000


@dataclass
class FirstVersion:
    """Writes into a database at revision 0001, as the code of that time did."""

    engine: Engine
    kek: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def begin(self) -> None:
        """Make the tables, and the landlord."""
        migrate.upgrade(self.engine, "0001")
        self._insert("landlord", code=LANDLORD, name="Harbour Example Homes", jurisdiction="england",
                     public_authority=False)  # fmt: skip
        self._insert("agency", id="agy_police", kind="police", name="Harbour Example Police", door="police",
                     door_digest="0" * 64)  # fmt: skip

    def make_key_files(self, folder: Path) -> None:
        """The key file, before a hub makes one of its own."""
        folder.mkdir(mode=0o700, parents=True)
        (folder / "kek").write_bytes(self.kek)
        (folder / "kek").chmod(0o600)

    def refer(self, given: Mapping[str, Any]) -> tuple[str, str]:
        """Put a referral on file; its id and its case."""
        case_id, made = new_id(Prefix.CASE), new_id(Prefix.REFERRAL)
        reference = given["record"]["case"]["reference"]
        self._insert("case_file", id=case_id, landlord=LANDLORD, opened_at=_OPENED,
                     reference_index=self.index(reference, f"case|{LANDLORD}"))  # fmt: skip
        self._insert("referral", id=made, case_id=case_id, landlord=LANDLORD, reference=new_reference(),
                     subject=given["subject"], author=new_id(Prefix.PERSON), accepted_at=_OPENED)  # fmt: skip
        whole = json.loads(json.dumps({name: value for name, value in given.items() if name != "consents"}))
        people = whole["record"].pop("people")
        whole["record"]["order"] = [person["id"] for person in people]
        keys = {subject: self._data_key(case_id, subject) for subject in ["case", *(one["id"] for one in people)]}
        for subject, piece in [("case", whole), *((person["id"], person) for person in people)]:
            self._keep(keys[subject], case_id, made, "referral", subject, json.dumps(piece).encode())
        self._insert("disclosure", id=new_id(Prefix.DISCLOSURE), referral_id=made, case_id=case_id, landlord=LANDLORD,
                     agency="agy_police", purpose="crime_investigation", routine=True, reference=new_reference(),
                     state="denied", decision_id=new_id(Prefix.DECISION), rung=0, created_at=_OPENED)  # fmt: skip
        self._keep(keys["p1"], case_id, made, "salt", "p1", b"salt" * 8)
        return made, case_id

    def index(self, words: str, context: str) -> str:
        """The digest that something was found by."""
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"index|{context}".encode()).derive(self.kek)
        return hmac.new(key, words.encode(), "sha256").hexdigest()

    def _data_key(self, case_id: str, subject: str) -> bytes:
        key = secrets.token_bytes(32)
        wrapped = _seal(self.kek, key, f"data_key|{case_id}|{subject}")
        self._insert("data_key", case_id=case_id, subject=subject, wrapped=wrapped, made_at=_OPENED)
        return key

    def _keep(self, key: bytes, case_id: str, owner: str, part: str, subject: str, content: bytes) -> None:
        value = _seal(key, content, f"sealed|{owner}|{part}|{subject}")
        self._insert("sealed", owner=owner, part=part, subject=subject, case_id=case_id, content=value)

    def _insert(self, named: str, **values: object) -> None:
        into = table(named, *(column(name) for name in values))
        with self.engine.connect().execution_options(concordat_write=True) as connection, connection.begin():
            connection.execute(into.insert().values(**values))


def _seal(key: bytes, content: bytes, context: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return b"\x01" + nonce + AESGCM(key).encrypt(nonce, content, context.encode())
