"""The lease machine: whatever workers, withdrawals and clocks do, one is at a row, and only that one ends it."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from hub.delivery import leases, outbox
from hub.delivery.leases import Claim
from hub.flow.house import House
from hub.ids import Prefix, new_id
from hub.store.scope import EVERY
from hub.store.tables import attempt
from hub.store.tables import outbox as outbox_table
from tests.hub.delivery.waiting_rows import put_waiting
from tests.hubs import LMH, HandClock, open_test_hub

LEASE = timedelta(seconds=120)
ROWS = 3
row_numbers = st.integers(0, ROWS - 1)


class Leases(RuleBasedStateMachine):
    """Workers claim, begin, end or die; rows are stopped, taken up again and put off; a collector comes by."""

    house: House
    clock: HandClock

    def __init__(self) -> None:
        super().__init__()
        self.rows = [put_waiting(self.house, self.clock.now()) for _ in range(ROWS)]
        self.claims: list[Claim] = []
        self.holder: dict[str, Claim] = {}
        self.fences = dict.fromkeys(self.rows, 0)
        self.begun: dict[tuple[str, int], str | None] = {}

    @rule(number=row_numbers, worker=st.sampled_from(("w1", "w2")), collected=st.booleans())
    def claim(self, number: int, worker: str, collected: bool) -> None:
        """Whoever gets it has the only live lease, a higher fence and the next number."""
        row, now = self.rows[number], self.clock.now()
        live = self._live(row)
        with self.house.store.write(LMH) as tx:
            taken = leases.take(tx, [row], worker, now, LEASE, collected=collected)
        if live is not None:
            assert not taken, "somebody is at it"
        for claim in taken:
            assert claim.fence > self.fences[row]
            unknown = [end for (of, _), end in self.begun.items() if of == row and end is None]
            assert claim.unknown_attempts == len(unknown)
            self.fences[row] = claim.fence
            self.holder[row] = claim
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule()
    def begin(self) -> None:
        """Only in the transaction that claims: so by the holder, once."""
        claim = self.claims[-1]
        key = (claim.disclosure_id, claim.attempt)
        if self.holder.get(claim.disclosure_id) is not claim or key in self.begun:
            return
        with self.house.store.write(LMH) as tx:
            leases.close_unknown(tx, [claim.disclosure_id], self.clock.now())
            leases.begin_attempt(
                tx, claim, new_id(Prefix.ATTEMPT), new_id(Prefix.DECISION), "ab" * 32, self.clock.now()
            )
        for of, number in [of for of, end in self.begun.items() if of[0] == key[0] and end is None]:
            self.begun[(of, number)] = "unknown"
        self.begun[key] = None

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), outcome=st.sampled_from(("done", "try_later", "unsure")))
    def end(self, data: st.DataObject, outcome: str) -> None:
        """A claim of any age comes back; only the one that holds the row changes anything."""
        claim = data.draw(st.sampled_from(self.claims))
        key = (claim.disclosure_id, claim.attempt)
        with self.house.store.write(LMH) as tx:
            ours = leases.end_attempt(tx, claim, outcome, self.clock.now())
        assert ours == (self.holder.get(claim.disclosure_id) is claim)
        if ours:
            del self.holder[claim.disclosure_id]
            # A fence that nobody has passed ends its own attempt, also after its time: nobody else was at it.
            if key in self.begun:
                self.begun[key] = outcome
            self.claims.remove(claim)

    @rule(number=row_numbers)
    def stop(self, number: int) -> None:
        """A withdrawal or a person takes it out; whoever is at it finds the fence gone."""
        row = self.rows[number]
        with self.house.store.write(LMH) as tx:
            outbox.stop(tx, row)
        self.holder.pop(row, None)
        self.fences[row] += 1

    @rule(number=row_numbers, ready=st.booleans())
    def take_up_again(self, number: int, ready: bool) -> None:
        """A person takes up what is parked; nobody is at such a row."""
        row = self.rows[number]
        if row in self.holder:
            return
        with self.house.store.write(LMH) as tx:
            leases.restart(tx, row, self.clock.now(), ready=ready)
        for key in [key for key, end in self.begun.items() if key[0] == row and end is None]:
            self.begun[key] = "unknown"

    @rule(seconds=st.sampled_from((1, 60, 121)))
    def wait(self, seconds: int) -> None:
        """Time passes; leases lapse."""
        self.clock.move(seconds=seconds)

    @rule()
    def begin_anew(self) -> None:
        """The one hub of this store starts again: whoever held anything is dead."""
        with self.house.store.write(EVERY) as tx:
            leases.lapse(tx, self.clock.now())

    @invariant()
    def every_attempt_is_on_record_once_and_ends_as_whoever_held_it_said(self) -> None:
        """What is kept equals what the model knows."""
        with self.house.store.read(EVERY) as tx:
            kept = {
                (row.disclosure_id, row.number): row.outcome
                for row in tx.connection.execute(select(attempt).where(attempt.c.disclosure_id.in_(self.rows)))
            }
            rows = tx.connection.execute(
                select(outbox_table.c.disclosure_id, outbox_table.c.fence)
                .where(outbox_table.c.disclosure_id.in_(self.rows))
            )  # fmt: skip
            fences = {row.disclosure_id: row.fence for row in rows}
        assert kept == self.begun
        assert fences == self.fences

    def _live(self, row: str) -> Claim | None:
        held = self.holder.get(row)
        if held is None:
            return None
        with self.house.store.read(EVERY) as tx:
            return held if leases.is_claimed(tx, row, self.clock.now()) else None


def test_one_at_a_time_is_at_a_row_and_only_that_one_ends_it() -> None:
    with TemporaryDirectory() as folder:
        Leases.clock = HandClock()
        hub = open_test_hub(Path(folder) / "data", f"sqlite:///{folder}/concordat.sqlite3", Leases.clock)
        Leases.house = hub.house
        try:
            run_state_machine_as_test(
                Leases,
                settings=settings(
                    max_examples=60, stateful_step_count=30, deadline=None,
                    suppress_health_check=[HealthCheck.too_slow],
                ),
            )  # fmt: skip
        finally:
            hub.house.store.close()
