"""Checkpoint: sign the head of the log and hand it to those outside; proofs and exports rest on it."""

from hub import traces
from hub.audit import log
from hub.audit.note import vkey
from hub.errors import NotFound
from hub.flow.house import House
from hub.store.scope import NOBODY


def checkpoint(house: House) -> str:
    """Sign the present head of the log, and return the checkpoint (C2SP signed note)."""
    with traces.Step("checkpoint") as step, house.store.write(NOBODY) as tx:
        step.add(size=log.size(tx))
        return log.sign(tx, house.name, house.keys.log, house.clock.now())


def latest(house: House) -> str:
    """The newest checkpoint. Raises NotFound before the first."""
    with house.store.read(NOBODY) as tx:
        found = log.latest_checkpoint(tx)
    if found is None:
        raise NotFound("NO_CHECKPOINT", "the log has no checkpoint yet; ask again in a moment")
    return found[1]


def verifier_key(house: House) -> str:
    """The public key that checkpoints verify under, in C2SP vkey form."""
    return vkey(house.name, house.keys.log.public_key())
