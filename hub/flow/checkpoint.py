"""Checkpoint: sign the head of the log and hand it to those outside; proofs and exports rest on it."""

from hub import traces
from hub.access.roles import Act, Actor, require
from hub.audit import log, served
from hub.audit.note import vkey
from hub.audit.tiles import parse_path
from hub.audit.witnessed import with_lines
from hub.errors import NotFound
from hub.flow.house import House
from hub.store.scope import NOBODY


def checkpoint(house: House) -> str:
    """Sign the present head of the log, and return the checkpoint (C2SP signed note)."""
    with traces.Step("checkpoint") as step, house.store.write(NOBODY) as tx:
        step.add(size=log.size(tx))
        return log.sign(tx, house.name, house.keys.log, house.clock.now())


def latest(house: House) -> str:
    """The newest checkpoint, with the lines of whoever cosigned it. Raises NotFound before the first."""
    with house.store.read(NOBODY) as tx:
        found = log.latest_checkpoint(tx)
        if found is None:
            raise NotFound("NO_CHECKPOINT", "the log has no checkpoint yet; ask again in a moment")
        return with_lines(tx, *found)


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


_UNKNOWN = "no log has a file of that name; see C2SP tlog-tiles"


def _parsed(path: str) -> tuple[int | None, int, int]:
    try:
        return parse_path(path)
    except ValueError:
        raise NotFound("TILE_UNKNOWN", _UNKNOWN) from None
