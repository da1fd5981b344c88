"""A hub whose log others witness: real witnesses, a database that goes back to an old copy, a partner who saw more."""

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.access.roles import Role
from hub.audit import log, witnessed
from hub.audit.cosignatures import cosigner_line
from hub.audit.kinds import EntryKind
from hub.audit.note import parse_proof_file, vkey
from hub.audit.policy import parse_policy
from hub.bootstrap import Hub
from hub.clock import Clock
from hub.errors import BadInput, Unavailable
from hub.flow.acknowledge import acknowledge
from hub.flow.checkpoint import checkpoint, latest
from hub.flow.collect import collect
from hub.flow.deliver import deliver_due
from hub.flow.proof import prove
from hub.flow.refer import refer
from hub.flow.still import require_still
from hub.flow.witness import ask, concerns, hold_against, reconcile
from hub.keys import open_keys
from hub.store.scope import EVERY, NOBODY
from hub.store.tables import disclosure
from tests import logs
from tests.cases import FIRE, POLICE, Ask, Case
from tests.hubs import HandClock, open_test_hub, somebody
from tests.journeys.waiting import until
from tests.witnesses import WitnessServer, policy_of, stranger_line

NAMES = ("police.example/w", "council.example/w", "dpo.example/w")


class Place:
    """A data folder, three witnesses, and the hubs that are opened there one after the other."""

    def __init__(self, folder: Path, ending: ExitStack, clocks: Sequence[Clock | None] = (None, None, None)) -> None:
        self.data, self._ending, self._ended = folder / "data", ending, 0
        self.data.mkdir(mode=0o700)
        keys = open_keys(self.data / "keys", create=True)
        origin = "hub.concordat.example"
        self.witnesses = [
            WitnessServer(folder / name.partition(".")[0], name, [vkey(origin, keys.log.public_key())], clock)
            for name, clock in zip(NAMES, clocks, strict=True)
        ]
        for one in self.witnesses:
            ending.callback(one.stop)
        self.ask_for(2)

    def ask_for(self, enough: int) -> None:
        (self.data / "witnesses.policy").write_text(policy_of(self.witnesses, enough), encoding="utf-8")

    def open(self, clock: Clock | None = None) -> Hub:
        hub = open_test_hub(self.data, f"sqlite:///{self.data / 'concordat.sqlite3'}", clock)
        self._ending.callback(hub.house.store.close)
        return hub

    def copy(self, hub: Hub, to: Path) -> None:
        hub.house.store.close()
        shutil.copytree(self.data, to)

    def put_back(self, hub: Hub, copied: Path, clock: Clock | None = None) -> Hub:
        hub.house.store.close()
        shutil.rmtree(self.data)
        shutil.copytree(copied, self.data)
        return self.open(clock)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as ending:
        yield Place(tmp_path, ending)


def accept(hub: Hub, risk: str = "medium", ask: Ask = POLICE) -> None:
    case = Case((ask,))
    sent = case.referral()
    sent["record"]["risk"]["level"] = risk
    refer(hub.house, somebody(hub, Role.OFFICER), json.dumps(sent).encode(), f"key-{case.tag}")


def outbox_rows(hub: Hub) -> list[str]:
    """Ids of all disclosures, the first that was taken in first."""
    with hub.house.store.read(EVERY) as tx:
        return list(tx.connection.execute(select(disclosure.c.id).order_by(disclosure.c.seq)).scalars())


def in_two_hours() -> HandClock:
    clock = HandClock()
    clock.move(hours=2)
    return clock


def size_of(hub: Hub) -> int:
    return logs.size(hub.house.store)


def why_still(hub: Hub, *, danger: bool = False) -> str | None:
    with hub.house.store.read(EVERY) as tx:
        try:
            require_still(hub.house, tx, danger=danger)
        except Unavailable as problem:
            return problem.code
    return None


def sign_and_ask(hub: Hub) -> None:
    checkpoint(hub.house)
    ask(hub.house)


def test_a_log_that_two_of_three_cosigned_is_witnessed_and_receipts_say_so(place: Place) -> None:
    place.witnesses[2].stop()
    hub = place.open()
    assert why_still(hub) is None
    accept(hub)
    sign_and_ask(hub)
    policy = parse_policy((place.data / "witnesses.policy").read_text(encoding="utf-8"))
    with hub.house.store.read(NOBODY) as tx:
        size = log.size(tx)
        assert (log.latest_witnessed(tx) or (0, ""))[0] == size
        assert concerns(hub.house, tx) == ()
    proof = parse_proof_file(prove(hub.house, size - 1).proof)
    assert policy.seen_by(proof.checkpoint_text) == {"police", "council"}
    assert policy.seen_by(latest(hub.house)) == {"police", "council"}


def test_until_enough_know_the_log_after_a_start_danger_alone_leaves(place: Place) -> None:
    for one in place.witnesses[1:]:
        one.stop()
    hub = place.open()
    accept(hub)
    accept(hub, "immediate_danger")
    assert (why_still(hub), why_still(hub, danger=True)) == ("LOG_UNWITNESSED", None)
    with pytest.raises(Unavailable, match="too few witnesses"):
        deliver_due(hub.house, "worker", 10)
    assert len(list((place.data.parent / "out").glob("*dsc_*"))) == 1
    place.witnesses[1].start()
    sign_and_ask(hub)
    assert why_still(hub) is None
    assert deliver_due(hub.house, "worker", 10) == 1
    with hub.house.store.read(NOBODY) as tx:
        assert concerns(hub.house, tx) == ()
        assert concerns(replace(hub.house, clock=in_two_hours()), tx) == ("LOG_UNWITNESSED",)
    place.witnesses[1].stop()  # once they have vouched, their silence stops nothing
    place.witnesses[0].stop()
    accept(hub)
    sign_and_ask(hub)
    assert why_still(hub) is None
    place.witnesses[0].start()
    place.witnesses[1].start()
    place.witnesses[2].start()


def test_another_process_believes_only_what_witnesses_signed_since_it_began(place: Place) -> None:
    hub = place.open()
    hub.house.witnesses.vouched.clear()  # as in a worker, which asks nobody itself
    assert why_still(hub) is None
    later = hub.house.witnesses
    object.__setattr__(later, "began", hub.house.clock.now().replace(year=2100))
    later.vouched.clear()
    assert why_still(hub) == "LOG_UNWITNESSED"


def test_a_database_that_went_back_to_an_old_copy_releases_nothing_even_once_it_grew_again(
    place: Place, tmp_path: Path
) -> None:
    hub = place.open()
    place.copy(hub, tmp_path / "copy")
    hub = place.open()
    for _ in range(3):
        accept(hub)
    sign_and_ask(hub)
    reached = size_of(hub)
    hub = place.put_back(hub, tmp_path / "copy")
    assert (why_still(hub), why_still(hub, danger=True)) == ("LOG_DISPUTED", "LOG_DISPUTED")
    accept(hub, "immediate_danger")
    with pytest.raises(Unavailable, match="another audit log"):
        deliver_due(hub.house, "worker", 10)
    while size_of(hub) <= reached:
        accept(hub)
    sign_and_ask(hub)
    assert why_still(hub, danger=True) == "LOG_DISPUTED"
    with hub.house.store.read(NOBODY) as tx:
        assert {one.reason for one in witnessed.disputes(tx, hub.house.name)} == {"other_history"}


def test_one_witness_that_disputes_is_written_down_and_two_that_agree_are_enough(place: Place) -> None:
    hub = place.open()
    liar = place.witnesses[0]
    with hub.house.store.write(NOBODY) as tx:
        witnessed.dispute(tx, hub.house.name, witnessed.Dispute("nobody+00", "log_behind", 10**6, None),
                          hub.house.clock.now())  # fmt: skip
    assert why_still(hub) is None
    liar.stop()
    assert why_still(hub) is None


def test_who_shows_a_longer_log_under_our_own_key_stops_it_until_ours_begins_with_that(
    place: Place, tmp_path: Path
) -> None:
    (place.data / "witnesses.policy").unlink()
    hub = place.open()
    place.copy(hub, tmp_path / "copy")
    hub = place.open()
    accept(hub)
    seen = checkpoint(hub.house)
    place.copy(hub, tmp_path / "true")
    hub = place.put_back(hub, tmp_path / "copy")
    with hub.house.store.write(NOBODY) as tx:
        log.append(tx, hold_against(hub.house, tx, "agency:agy_police", seen).entries)
    assert why_still(hub, danger=True) == "LOG_DISPUTED"
    reconcile(hub.house)
    assert why_still(hub) == "LOG_DISPUTED"
    hub = place.put_back(hub, tmp_path / "true")
    with hub.house.store.write(NOBODY) as tx:
        log.append(tx, hold_against(hub.house, tx, "agency:agy_police", seen).entries)
    assert why_still(hub) is None


def test_an_acknowledgement_tells_which_checkpoint_was_verified_and_a_longer_one_stops_everything(
    place: Place, tmp_path: Path
) -> None:
    (place.data / "witnesses.policy").unlink()
    hub = place.open()
    police = somebody(hub, Role.PARTNER, "agy_police")
    accept(hub)
    assert deliver_due(hub.house, "worker", 10) == 1
    place.copy(hub, tmp_path / "copy")
    hub = place.open()
    (row,) = outbox_rows(hub)
    early = checkpoint(hub.house)
    acknowledge(hub.house, police, row, None, early)
    assert why_still(hub) is None
    with hub.house.store.read(NOBODY) as tx:
        (number,) = log.about(tx, row, [EntryKind.PARTNER_ACKNOWLEDGED])
    late = checkpoint(hub.house)
    facts = json.loads(prove(hub.house, number).entry)["facts"]
    assert (facts["checkpoint_size"], len(facts["checkpoint_root"])) == (int(early.split("\n")[1]), 64)
    hub = place.put_back(hub, tmp_path / "copy")
    acknowledge(hub.house, police, row, None, late)
    assert why_still(hub, danger=True) == "LOG_DISPUTED"
    with hub.house.store.read(NOBODY) as tx:
        (found,) = witnessed.disputes(tx, hub.house.name)
    assert (found.party, found.reason) == ("agency:agy_police", "seen_elsewhere")


def test_danger_that_waits_to_be_fetched_is_handed_out_though_no_witness_answers(place: Place) -> None:
    for one in place.witnesses:
        one.stop()
    hub = place.open()
    fire = somebody(hub, Role.PARTNER, "agy_fire")
    accept(hub, "immediate_danger", FIRE)
    accept(hub, "medium", FIRE)
    urgent, other = outbox_rows(hub)
    assert collect(hub.house, fire, urgent).body
    with pytest.raises(Unavailable, match="too few witnesses"):
        collect(hub.house, fire, other)
    for one in place.witnesses:
        one.start()


def test_a_checkpoint_of_somebody_elses_is_refused_and_stops_nothing(place: Place) -> None:
    hub = place.open()
    text = latest(hub.house).replace("hub.concordat.example", "hub.other.example")
    with hub.house.store.write(NOBODY) as tx, pytest.raises(BadInput, match="not signed by this log's key"):
        hold_against(hub.house, tx, "agency:agy_police", text)
    assert why_still(hub) is None


def test_a_witness_that_answers_nonsense_or_with_anothers_key_is_no_witness(place: Place) -> None:
    lines = "".join(one.line for one in place.witnesses[1:])
    policy = f"{stranger_line('police', place.witnesses[0].url)}{lines}quorum police\n"
    (place.data / "witnesses.policy").write_text(policy, encoding="utf-8")
    hub = place.open()
    assert why_still(hub) == "LOG_UNWITNESSED"


def test_a_hub_is_not_its_own_witness_by_any_of_its_keys(place: Place) -> None:
    keys = open_keys(place.data / "keys", create=False)
    for key in (keys.log, keys.log_for_later(), keys.signing):
        line = cosigner_line("hub.concordat.example", key.public_key())
        (place.data / "witnesses.policy").write_text(f"witness me {line}\nquorum me\n", encoding="utf-8")
        with pytest.raises(BadInput, match=r"witnesses\.policy: line 1: the key is this hub's own") as refused:
            place.open()
        assert refused.value.code == "POLICY_WRONG"


def test_a_policy_that_cannot_be_read_stops_the_start_and_names_the_line(place: Place) -> None:
    (place.data / "witnesses.policy").write_text("quorum all_of_them\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"witnesses\.policy: line 1"):
        place.open()


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n"])
def test_a_witness_that_drips_keeps_nothing_waiting_once_enough_have_cosigned(
    place: Place, monkeypatch: pytest.MonkeyPatch, begins: bytes
) -> None:
    monkeypatch.setattr("hub.audit.asking.PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr("hub.flow.witness.PATIENCE_SECONDS", 3.0)
    hub = place.open()
    accept(hub)
    checkpoint(hub.house)
    hub.house.witnesses.vouched.clear()
    place.witnesses[2].stop()
    with dripping(place.witnesses[2].url, begins):
        asking = threading.Thread(target=ask, args=(hub.house,))
        began = time.monotonic()
        asking.start()
        assert until(hub.house.witnesses.vouched.is_set, "enough have vouched")
        assert until(lambda: newest_is_witnessed(hub), "the checkpoint is witnessed")
        assert asking.is_alive(), "the third is still waited for"
        asking.join(30)
        assert time.monotonic() - began < 6
    place.witnesses[2].start()


def newest_is_witnessed(hub: Hub) -> bool:
    with hub.house.store.read(NOBODY) as tx:
        return log.latest_witnessed(tx) == log.latest_checkpoint(tx)


@contextmanager
def dripping(url: str, begins: bytes) -> Iterator[None]:
    """Somebody at that address who answers one byte every half second, without end."""
    over = threading.Event()

    def drip(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.recv(65536)
            line.sendall(begins)
            while not over.wait(0.5):
                line.sendall(b"x")

    def serve(listening: socket.socket) -> None:
        with suppress(OSError):
            while not over.is_set():
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
