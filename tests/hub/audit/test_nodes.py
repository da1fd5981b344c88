"""What is remembered of the tree is never handed out where it is not what was signed, and readers do not disturb it."""

import threading

import pytest
from sqlalchemy import delete, text, update

from hub.audit import log, nodes, tree
from hub.audit.note import Checkpoint, open_checkpoint, parse_proof_file
from hub.audit.proofs import verify_consistency, verify_inclusion
from hub.bootstrap import Hub
from hub.errors import NotTrusted
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.proof import prove, prove_consistency
from hub.store.scope import NOBODY
from hub.store.tables import audit_checkpoint, audit_cosignature, audit_entry, audit_head, audit_node
from hub.store.unit_of_work import Reading
from tests.conftest import OpenHub
from tests.hubs import lengthen_log
from tests.servers import owning


@pytest.fixture
def hub(open_hub_here: OpenHub) -> Hub:
    return open_hub_here()


def sign(hub: Hub) -> Checkpoint:
    return open_checkpoint(checkpoint(hub.house), verifier_key(hub.house))


def go_back(hub: Hub, url: str, size: int) -> None:
    """As after the server fell over to a copy that has no more than so many entries, while this process goes on."""
    with hub.house.store.read(NOBODY) as tx:
        kept = tree.frontier_at(size, nodes.remembering(tx))
    with owning(url) as owner, owner.begin() as connection:
        connection.execute(delete(audit_entry).where(audit_entry.c.number >= size))
        connection.execute(text("DELETE FROM audit_node WHERE (number + 1) * (1 << level) > :size"), {"size": size})
        connection.execute(update(audit_head).values(size=size, frontier=[[at, one.hex()] for at, one in kept]))
        for table in (audit_checkpoint, audit_cosignature):
            connection.execute(delete(table).where(table.c.size > size))


def test_after_a_server_fell_over_to_a_shorter_copy_every_proof_still_leads_to_what_was_signed(
    hub: Hub, migrated_url: str
) -> None:
    lengthen_log(hub, 50)
    small = sign(hub)
    lengthen_log(hub, 20)
    big = sign(hub)
    prove(hub.house, 3)  # and remembers nodes by it
    go_back(hub, migrated_url, small.size)
    lengthen_log(hub, 30)
    now = sign(hub)
    assert now.size > big.size

    def remember_wrongly() -> None:
        with hub.house.store.read(NOBODY) as tx:
            log.inclusion(tx, 0, now.size)
        kept = nodes._KEPT[hub.house.store.engine]
        for run, hashes in kept.items():
            kept[run] = bytes(len(hashes))

    proof = [bytes.fromhex(one) for one in prove_consistency(hub.house, small.size, now.size)]
    verify_consistency(small.size, now.size, proof, small.root, now.root)
    for number in (0, small.size, now.size - 1):
        remember_wrongly()
        given = prove(hub.house, number)
        inclusion = parse_proof_file(given.proof).proof
        verify_inclusion(tree.leaf_hash(given.entry), number, now.size, inclusion, now.root)
    remember_wrongly()
    with hub.house.store.read(NOBODY) as tx:
        assert log.root_at(tx, small.size) == small.root
    remember_wrongly()
    proof = [bytes.fromhex(one) for one in prove_consistency(hub.house, 7, small.size)]
    with hub.house.store.read(NOBODY) as tx:
        verify_consistency(7, small.size, proof, log.root_at(tx, 7), small.root)


def test_a_tree_that_does_not_lead_to_what_was_signed_gives_no_proof(hub: Hub, migrated_url: str) -> None:
    lengthen_log(hub, 50)
    now = sign(hub)
    with owning(migrated_url) as owner, owner.begin() as connection:
        connection.execute(update(audit_node).where(audit_node.c.level == 2).values(hash=bytes(32)))
    with pytest.raises(NotTrusted, match="does not lead to what was signed"):
        prove(hub.house, 0)
    with pytest.raises(NotTrusted, match="does not lead to what was signed"):
        prove_consistency(hub.house, 6, now.size)


def test_a_reader_of_an_older_log_takes_nothing_from_one_of_a_newer(
    embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, small = embedded_hub.house.store, sign(embedded_hub).size
    nodes._KEPT.clear()
    read, has_read, go_on = nodes._read, threading.Event(), threading.Event()

    def slowly(tx: Reading, level: int, first: int, last: int) -> bytes:
        got = read(tx, level, first, last)
        if threading.current_thread().name == "old" and not level:
            has_read.set()
            assert go_on.wait(30)
        return got

    def prove_old() -> None:
        with store.read(NOBODY) as tx:
            log.size(tx)
            began.set()
            assert go.wait(30)
            log.inclusion(tx, 0, small)

    began, go = threading.Event(), threading.Event()
    monkeypatch.setattr(nodes, "_read", slowly)
    older = threading.Thread(target=prove_old, name="old")
    older.start()
    assert began.wait(30)
    lengthen_log(embedded_hub, 10)
    sign(embedded_hub)
    go.set()
    assert has_read.wait(30)
    prove(embedded_hub.house, small + 4)
    longest = len(nodes._KEPT[store.engine][0, 0])
    go_on.set()
    older.join()
    assert len(nodes._KEPT[store.engine][0, 0]) == longest


def test_what_others_forget_meanwhile_is_no_gap_in_the_tree(embedded_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(dict[tuple[int, int], bytes]):
        def __setitem__(self, run: tuple[int, int], hashes: bytes) -> None:
            super().__setitem__(run, hashes[:32])  # as of a reader who sees a log of one entry
            self.clear()

    size = sign(embedded_hub).size
    monkeypatch.setitem(nodes._KEPT, embedded_hub.house.store.engine, Forgetful())
    assert prove(embedded_hub.house, size - 1).number == size - 1
