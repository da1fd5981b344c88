"""What encryption costs: the same referrals with it and without, turn by turn; and how long new keys take.

Without, twice: once with the same rows and a cipher that changes nothing, which leaves the mathematics out; once with
the content in the clear and no data keys at all. Neither exists outside of this file.
"""

import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import insert, select

from bench.pairing import Pair, measure
from hub.access.roles import Actor, Role
from hub.bootstrap import Hub
from hub.delivery import outbox
from hub.flow import rotate
from hub.flow.refer import refer
from hub.ids import Prefix, new_id
from hub.intake import referrals
from hub.store import content
from hub.store.classes import DataClass
from hub.store.content import Pieces
from hub.store.scope import EVERY
from hub.store.tables import sealed
from hub.store.unit_of_work import Reading, Writing
from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.hubs import LMH, open_test_hub, somebody
from tests.servers import fresh_database

LIMIT_OF_ROTATION = 60
"""Seconds for a landlord's new key over 100,000 data keys (security.md section 7)."""

_KEYS_OF_A_CASE = 100


class Null:
    """A cipher that changes nothing: same calls, same lengths, no secrecy."""

    def __init__(self, _key: bytes) -> None:
        """For any key."""

    def encrypt(self, _nonce: bytes, plain: bytes, _bound: bytes) -> bytes:
        """The same, and a tag of noughts."""
        return plain + bytes(16)

    def decrypt(self, _nonce: bytes, given: bytes, _bound: bytes) -> bytes:
        """The same, without its tag."""
        return given[:-16]


def run(rounds: int, each: int, postgres: str | None) -> dict[tuple[str, str], Pair]:
    """Pairs by database and by what is left out: with encryption, to without."""
    found = {}
    for database, hub in _hubs(postgres):
        officer = somebody(hub, Role.OFFICER)
        _refer(hub, officer)
        for left_out, without in (("the mathematics", _null), ("encryption and its keys", _clear)):
            found[database, left_out] = measure(
                lambda hub=hub, officer=officer: _refer(hub, officer),  # type: ignore[misc]
                lambda hub=hub, officer=officer, without=without: _without(without, hub, officer),  # type: ignore[misc]
                rounds=rounds, each=each,
            )  # fmt: skip
    return found


def new_keys(keys: int, postgres: str | None) -> dict[str, tuple[int, float, float]]:
    """By database: how many data keys there are, and seconds for a landlord's new key, and for a new root key."""
    found = {}
    for database, hub in _hubs(postgres):
        for _ in range(keys // _KEYS_OF_A_CASE):
            with hub.house.store.write(LMH) as tx:
                now = hub.house.clock.now()
                case_id = referrals.open_case(tx, "LMH", secrets.token_hex(8), now)
                people = {f"p{number}": b"x" for number in range(1, _KEYS_OF_A_CASE + 1)}
                content.keep(tx, case_id, new_id(Prefix.REFERRAL), "note", people, now)
        began = time.perf_counter()
        wrapped = rotate.rotate_landlord(hub.house, "LMH")[1]
        between = time.perf_counter()
        rotate.rotate_root(hub.house)
        found[database] = wrapped, between - began, time.perf_counter() - between
    return found


def _hubs(postgres: str | None) -> Iterator[tuple[str, Hub]]:
    with ExitStack() as closing:
        urls = {"sqlite": ""}
        if postgres is not None:
            urls["postgresql"] = closing.enter_context(fresh_database(postgres))
        for database, url in urls.items():
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
            hub = open_test_hub(folder / "data", url or f"sqlite:///{folder / 'data' / 'concordat.sqlite3'}")
            closing.callback(hub.house.store.close)
            yield database, hub


def _refer(hub: Hub, officer: Actor) -> None:
    case = Case((POLICE, SOCIAL, HELPLINE, JAG))
    accepted = refer(hub.house, officer, case.raw(), f"key-{case.tag}")
    if len(accepted.ready) != 4:
        with hub.house.store.read(EVERY) as tx:
            states = [row.state.value for row in outbox.of_referral(tx, accepted.referral_id)]
        raise RuntimeError(f"not all four were allowed, but {states}; the measurement would be of refusals")


def _without(way: object, hub: Hub, officer: Actor) -> None:
    with way():  # type: ignore[operator]
        _refer(hub, officer)


@contextmanager
def _null() -> Iterator[None]:
    with patch("hub.keys.seals.AESGCM", Null):
        yield


@contextmanager
def _clear() -> Iterator[None]:
    with patch.object(content, "keep_classes", _keep_clear), patch.object(content, "read_classes", _read_clear):
        yield


def _keep_clear(
    tx: Writing, case_id: str, owner: str, part: str, pieces: Mapping[str, Mapping[DataClass, bytes]], _now: datetime
) -> None:
    rows = [
        {"owner": owner, "part": part, "subject": who, "data_class": kind.value, "case_id": case_id, "content": piece}
        for who, each in pieces.items() for kind, piece in each.items()
    ]  # fmt: skip
    tx.connection.execute(insert(sealed), rows)


def _read_clear(tx: Reading, case_id: str, owners: Sequence[str], part: str) -> dict[str, Pieces]:
    rows = tx.connection.execute(
        select(sealed).where(sealed.c.owner.in_(owners), sealed.c.part == part, sealed.c.case_id == case_id)
    )
    found: dict[str, Pieces] = {}
    for row in rows:
        found.setdefault(row.owner, {}).setdefault(row.subject, {})[DataClass(row.data_class)] = bytes(row.content)
    return found
