"""Checkpoint: sign the head of the log and hand it to those outside; proofs and exports rest on it."""

from datetime import timedelta
from typing import Final

from hub import traces
from hub.access.roles import Act, Actor, require
from hub.audit import log, served, witnessed
from hub.audit.cosignatures import cosign, cosigner_line, parse_cosigner
from hub.audit.note import vkey
from hub.audit.signed_note import divide
from hub.audit.tiles import parse_path
from hub.errors import NotFound
from hub.flow.house import House
from hub.store.scope import NOBODY
from hub.store.unit_of_work import Writing


def checkpoint(house: House) -> str:
    """Number what waits for it, sign the head of the log, and return the checkpoint (C2SP signed note)."""
    with traces.Step("checkpoint") as step:
        while True:  # after hours without a checkpoint, as many transactions as it takes
            with house.store.write(NOBODY) as tx:
                if not log.gather_some(tx):
                    text = sign(house, tx)
                    step.add(size=log.size(tx))
                    return text


def sign(house: House, tx: Writing, *, lasting: bool = False) -> str:
    """Sign the present head of the log in a transaction that is under way, and once an hour for later as well.

    For later is a cosignature of the log's own, by ML-DSA-44: it is ten times as long as the rest of a checkpoint, and
    each covers all that was logged before it. `lasting`: also now.
    """
    now = house.clock.now()
    text = log.sign(tx, house.name, house.keys.log, now)
    size = log.size(tx)
    party = parse_cosigner(lasting_key(house)).party
    known = witnessed.last(tx, party)
    if known is None or lasting or now - known[1] >= _LASTING:
        line = cosign(divide(text)[0], house.name, house.keys.log_for_later(), now)
        witnessed.keep(tx, size, party, line, at=now, heard=now)
    return witnessed.with_lines(tx, size, text)


def latest(house: House) -> str:
    """The newest checkpoint, with the lines of whoever cosigned it. Raises NotFound before the first."""
    with house.store.read(NOBODY) as tx:
        found = log.latest_checkpoint(tx)
        if found is None:
            raise NotFound("NO_CHECKPOINT", "the log has no checkpoint yet; ask again in a moment")
        return witnessed.with_lines(tx, *found)


def lasting_key(house: House) -> str:
    """The log's second public key, an ML-DSA-44 cosigner's, in C2SP vkey form."""
    return cosigner_line(house.name, house.keys.log_for_later().public_key())


def verifier_key(house: House) -> str:
    """The public key that checkpoints verify under, in C2SP vkey form."""
    return vkey(house.name, house.keys.log.public_key())


def tile(house: House, path: str) -> bytes:
    """One file of hashes, by its path from `tile/` on (C2SP tlog-tiles): anybody may hold them.

    Raises NotFound for what no checkpoint covers or no log has.
    """
    level, index, width = _parsed(path)
    if level is None:
        raise NotFound("TILE_UNKNOWN", _UNKNOWN)
    with house.store.read(NOBODY) as tx:
        return served.tile(tx, level, index, width)


def entry_bundle(house: House, actor: Actor, path: str) -> bytes:
    """One file of entries, by its path. They name landlords, agencies and times: for whoever may export the log.

    Raises NotFound as `tile`.
    """
    require(actor, Act.EXPORT_LOG)
    level, index, width = _parsed(path)
    if level is not None:
        raise NotFound("TILE_UNKNOWN", _UNKNOWN)
    with house.store.read(NOBODY) as tx:
        return served.tile(tx, None, index, width)


_LASTING: Final = timedelta(hours=1)
_UNKNOWN = "no log has a file of that name; see C2SP tlog-tiles"


def _parsed(path: str) -> tuple[int | None, int, int]:
    try:
        return parse_path(path)
    except ValueError:
        raise NotFound("TILE_UNKNOWN", _UNKNOWN) from None
