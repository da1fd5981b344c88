"""In whatever order claims, ends of attempts, corrections and withdrawals come: nothing stale begins to leave."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.contract import Receipt, Rung
from hub.delivery.doors import Attempted, AttemptOutcome
from hub.delivery.outbox import UNSENT, DisclosureRow, State
from hub.flow.claim import claim
from hub.flow.follow import look
from hub.flow.lapse import lapse
from hub.flow.release import Intent
from hub.flow.settle import settle
from tests.cases import ADVICE, Case
from tests.hub.flow.correcting import Desk, Desks, account

FIRST = "an uncorrected can"
STEPS = ("claim", "claim", "arrives", "fails", "unsure", "correct", "correct", "withdraw", "look", "an hour passes")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    found = Desks(tmp_path_factory.mktemp("desks"))
    yield found.on("sqlite")
    found.close()


@dataclass
class Course:
    """One case, what was put right in it, and what its recipient got, in order."""

    here: Desk
    case: Case
    row: DisclosureRow
    words: list[str] = field(default_factory=lambda: [FIRST])
    withdrawn: bool = False
    under_way: list[Intent] = field(default_factory=list)
    got: list[str] = field(default_factory=list)

    def take(self, step: str) -> None:
        """One step; time passes, as it does."""
        self.here.clock.move(seconds=3600 if step == "an hour passes" else 20)
        if step == "claim":
            self.claim()
        elif step in ("arrives", "fails", "unsure") and self.under_way:
            self.end(self.under_way.pop(0), step)
        elif step == "correct":
            self.words.append(f"can number {len(self.words)}x")
            self.here.correct(self.case, self.row, account(self.words[-1]), key=f"the {len(self.words)}th")
        elif step == "withdraw" and not self.withdrawn:
            self.here.withdraw(self.row)
            self.withdrawn = True
        elif step == "look":
            look(self.here.hub.house)
            lapse(self.here.hub.house)

    def claim(self) -> bool:
        """Whatever may begin to leave now; and that it is what may."""
        ours = [row.id for row in self.here.rows(self.row.referral_id)]
        begun = claim(self.here.hub.house, "test", 10, only=ours)
        for intent in begun.intents:
            body = intent.message.body.decode()
            assert not [word for word in self.words[:-1] if word in body], "it is what was put right before this began"
            assert not (self.withdrawn and self.words[-1] in body), "nothing rests on a consent that was withdrawn"
        self.under_way += begun.intents
        return bool(begun.dealt)

    def end(self, intent: Intent, how: str) -> None:
        """An attempt ends, for us; whoever got it has it whether or not we hear."""
        ends = {
            "arrives": Attempted(AttemptOutcome.DONE, Receipt(Rung.ACCEPTED, self.here.clock.now(), "250")),
            "fails": Attempted(AttemptOutcome.TRY_LATER, code="busy"),
            "unsure": Attempted(AttemptOutcome.UNSURE, code="no_answer"),
        }
        self.got += [intent.message.body.decode()] if how != "fails" else []
        settle(self.here.hub.house, [(intent, ends[how])])

    def finish(self) -> None:
        """Let everything go that goes."""
        for _ in range(12):
            while self.under_way:
                self.end(self.under_way.pop(0), "arrives")
            self.here.clock.move(seconds=1800)
            look(self.here.hub.house)
            if not self.claim():
                return
        pytest.fail("it never comes to rest")


@settings(max_examples=12)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=9))
@example(steps=["claim", "withdraw"])
@example(steps=["claim", "correct", "fails"])
@example(steps=["claim", "unsure", "correct", "withdraw"])
@example(steps=["claim", "arrives", "correct", "claim", "correct", "withdraw"])
def test_nothing_stale_begins_to_leave_and_nobody_is_left_with_it_untold(here: Desk, steps: list[str]) -> None:
    case, row = here.send(ADVICE, account(FIRST))
    course = Course(here, case, row)
    for step in steps:
        course.take(step)
    course.finish()

    last = course.got[-1] if course.got else ""
    stale = [body for body in course.got if any(word in body for word in course.words[:-1])]
    told = "Stop using" in last or "Do not rely" in last or course.words[-1] in last
    rows = here.rows(row.referral_id)
    parked = any(one.state is State.PARKED for one in rows)
    assert not stale or told or parked
    if course.withdrawn and any(word in body for body in course.got for word in course.words):
        assert any("withdrawn the consent" in body for body in course.got) or parked
    assert not [one for one in rows if one.state in UNSENT and one.state is not State.PARKED]
