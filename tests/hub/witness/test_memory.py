import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.audit import tree
from hub.audit.cosignatures import cosigned_at, parse_cosigner
from hub.audit.note import NoteError, open_checkpoint
from hub.audit.witness import Refused, Submission
from hub.errors import ConcordatError
from hub.witness.memory import Memory, make
from tests.hub.audit.sample import ORIGIN, VKEY, checkpoint_of, entries
from tests.hubs import HandClock

NAME = "witness.police.example/1"


def proof(leaves: list[bytes], old: int) -> tuple[bytes, ...]:
    hashes = list(map(tree.leaf_hash, leaves))

    def node(level: int, index: int) -> bytes:
        return tree.root_of(hashes[index << level : (index + 1) << level])

    return tuple(tree.consistency_proof(old, len(hashes), node))


class TwoHistories(RuleBasedStateMachine):
    """A log that its keeper rewrites at will, and a witness that is started again at will."""

    @initialize()
    def make(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.memory = make(Path(self._folder.name) / "w", NAME, [VKEY])
        self.histories: list[list[bytes]] = [[]]
        self.cosigned: list[list[bytes]] = []

    @rule(count=st.integers(1, 5), which=st.integers(0, 3))
    def add(self, count: int, which: int) -> None:
        history = self.histories[which % len(self.histories)]
        history += [f'{{"n":{len(history) + more}}}'.encode() for more in range(count)]

    @precondition(lambda self: any(self.histories))
    @rule(at=st.integers(0, 30), which=st.integers(0, 3))
    def rewrite(self, at: int, which: int) -> None:
        history = list(self.histories[which % len(self.histories)])
        if history:
            history[at % len(history)] = b"rewritten %d" % len(self.histories)
            self.histories.append(history)

    @rule(which=st.integers(0, 3), old=st.one_of(st.none(), st.integers(0, 30)), cut=st.integers(0, 3))
    def submit(self, which: int, old: int | None, cut: int) -> None:
        whole = self.histories[which % len(self.histories)]
        leaves = whole[: len(whole) - cut] if cut else list(whole)
        last = len(self.cosigned[-1]) if self.cosigned else 0
        claimed = min(last if old is None else old, len(leaves))
        asked = Submission(claimed, proof(leaves, claimed), checkpoint_of(leaves))
        try:
            line = self.memory.cosign(asked, self.clock)
        except Refused:
            return
        assert cosigned_at(asked.checkpoint + line, parse_cosigner(self.memory.key)) is not None
        self.cosigned.append(leaves)

    @rule(by=st.integers(0, 10_000))
    def time_passes(self, by: int) -> None:
        self.clock.at += timedelta(seconds=by)

    @rule()
    def start_again(self) -> None:
        self.memory = Memory(Path(self._folder.name) / "w")

    @invariant()
    def all_that_was_cosigned_is_one_history(self) -> None:
        if not hasattr(self, "cosigned"):
            return
        for earlier, later in zip(self.cosigned, self.cosigned[1:], strict=False):
            assert later[: len(earlier)] == earlier

    def teardown(self) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()


TwoHistories.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_whatever_is_submitted_a_witness_cosigns_one_history = TwoHistories.TestCase


def test_of_two_histories_submitted_at_once_one_alone_is_cosigned(tmp_path: Path) -> None:
    make(tmp_path / "w", NAME, [VKEY])
    histories = [[*entries(number + 1), b"of %d" % number] for number in range(12)]

    def submit(leaves: list[bytes]) -> int:
        try:
            Memory(tmp_path / "w").cosign(Submission(0, (), checkpoint_of(leaves)), HandClock())
        except Refused as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(12) as hands:
        assert sorted(hands.map(submit, histories)) == [200, *[409] * 11]
    last = Memory(tmp_path / "w").last(ORIGIN)
    assert last is not None
    assert open_checkpoint(last, VKEY).size in range(2, 14)


def test_a_witness_that_forgot_or_whose_key_others_can_read_is_not_started(tmp_path: Path) -> None:
    made = make(tmp_path / "w", NAME, [VKEY])
    with pytest.raises(ConcordatError, match="already"):
        make(tmp_path / "w", NAME, [VKEY])
    assert Memory(tmp_path / "w").key == made.key
    (tmp_path / "w" / "key").chmod(0o640)
    with pytest.raises(ConcordatError, match="can be read by others"):
        Memory(tmp_path / "w")
    (tmp_path / "w" / "key").chmod(0o600)
    (tmp_path / "w" / "memory.sqlite3").unlink()
    with pytest.raises(ConcordatError, match="lost"):
        Memory(tmp_path / "w")


@pytest.mark.parametrize(("name", "log"), [("two words", VKEY), ("", VKEY), (NAME, "no key")])
def test_a_witness_is_made_only_of_a_name_that_can_sign_and_a_logs_key(tmp_path: Path, name: str, log: str) -> None:
    with pytest.raises(NoteError):
        make(tmp_path / "w", name, [log])
    assert not (tmp_path / "w" / "key").exists()


def test_what_it_answered_is_on_the_disk_before(tmp_path: Path) -> None:
    memory = make(tmp_path / "w", NAME, [VKEY])
    memory.cosign(Submission(0, (), checkpoint_of(entries(3))), HandClock())
    with sqlite3.connect(tmp_path / "w" / "memory.sqlite3") as database:
        assert database.execute("SELECT origin, size FROM cosigned").fetchall() == [(ORIGIN, 3)]
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "w").iterdir()} == {0}
