"""Export: the whole log taken away, with the program that verifies it. Taking it away is an entry itself.

The log binds each message that left by a salted commitment, which says nothing to whoever has the log alone. The
openings are those salts: with them, and with what a partner holds, anyone can check that its bytes are the logged ones.
"""

import io
import json
import zipfile
from importlib.resources import files

from hub.access.roles import Act, Actor, require
from hub.audit import log, tiles, tree
from hub.audit.commitments import salts
from hub.audit.entry import Entry
from hub.audit.kinds import EntryKind
from hub.delivery import sent
from hub.flow.checkpoint import sign
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.register.landlords import NAMES
from hub.store.scope import NOBODY, of_landlord


def export(house: House, actor: Actor | None) -> bytes:
    """The whole log under a fresh checkpoint, with the verifier itself, as a zip. The export is an entry in the log.

    `actor` is None at the command line of the hub's own machine.
    """
    if actor is not None:
        require(actor, Act.EXPORT_LOG)
    now = house.clock.now()
    with house.store.write(NOBODY) as tx:
        size = log.gather(tx)
        log.append(tx, [Entry(EntryKind.EXPORT_MADE, now, actor.person if actor else "command", {
            "export": new_id(Prefix.ENTRY), "scope": "log", "size": size,
        })])  # fmt: skip
        text = sign(house, tx, lasting=True)
        size = log.size(tx)
    with house.store.read(NOBODY) as tx:  # entries never change, so a long log is read while others go on writing
        leaves = list(log.leaves(tx, size))
    return bundle_export(text, leaves)


def take_openings(house: House) -> bytes:
    """What opens the commitment of every logged intent to release, as lines of JSON: disclosure, attempt, salt in hex.

    Of people who were erased there is none. Only at the command line of the hub's own machine; that they were taken is
    an entry. A copy outlives an erasure: whoever takes them destroys them once the check is done.
    """
    now = house.clock.now()
    with house.store.write(NOBODY) as tx:
        size = log.gather(tx)
        log.append(tx, [Entry(EntryKind.EXPORT_MADE, now, "command", {
            "export": new_id(Prefix.ENTRY), "scope": "openings", "size": size,
        })])  # fmt: skip
    lines: list[str] = []
    for landlord in sorted(NAMES):
        with house.store.read(of_landlord(landlord)) as tx:
            for case_id, tried in sent.attempts(tx).items():
                lines += [
                    json.dumps({"disclosure": tried[owner][0], "attempt": tried[owner][1], "salt": salt.hex()})
                    for owner, salt in salts(tx, case_id, list(tried)).items()
                ]
    return "".join(f"{line}\n" for line in lines).encode()


def bundle_export(text: str, leaves: list[bytes]) -> bytes:
    """An export of these entries under this checkpoint: C2SP tlog-tiles layout, and the verifier beside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("checkpoint", text)
        for path, content in tiles.bundles(leaves):
            bundle.writestr(path, content)
        for path, content in tiles.hash_tiles(tree.leaf_hash(leaf) for leaf in leaves):
            bundle.writestr(path, content)
        bundle.writestr("verify.py", (files("hub.audit") / "verify.py").read_bytes())
    return packed.getvalue()
