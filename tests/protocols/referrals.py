"""Referrals to test with: every field filled with a word that stands nowhere else, or any mix of fields."""

from collections.abc import Callable
from itertools import count

from hypothesis import strategies as st

from protocols.record import PersonRole, Referral
from protocols.vocabulary import AgencyKind, DataCategory

Word = Callable[[], str]
Held = Callable[[], bool]


def words() -> Word:
    """A maker of words that never come twice and are never part of one another."""
    numbers = count(1)
    return lambda: f"zq{next(numbers):05d}x"


def full_referral(subject_role: PersonRole = PersonRole.VICTIM) -> Referral:
    """One person of each role with every field, every kind of statement and every part filled; texts unscreened."""
    roles = list(PersonRole)
    return _referral(words(), lambda: True, roles, roles.index(subject_role), list(DataCategory), list(AgencyKind)[:3])


@st.composite
def referrals(draw: st.DrawFn) -> Referral:
    """Any mix of people, fields, statements, screened and unscreened texts and summaries."""
    roles = draw(st.lists(st.sampled_from(PersonRole), min_size=1, max_size=5))
    subject = draw(st.integers(0, len(roles) - 1))
    kinds = draw(st.lists(st.sampled_from(DataCategory), max_size=3))
    summaries = draw(st.lists(st.sampled_from(AgencyKind), max_size=2, unique=True))
    texts = draw(st.sampled_from(["unscreened", "screened", "marked"]))
    marked = draw(st.lists(st.sampled_from(DataCategory), min_size=2, max_size=2))
    return _referral(
        words(), lambda: draw(st.booleans()), roles, subject, kinds, summaries, texts=texts, marked=marked
    )  # fmt: skip


def _referral(
    word: Word, held: Held, roles: list[PersonRole], subject: int, kinds: list[DataCategory],
    summaries: list[AgencyKind], *, texts: str = "unscreened", marked: list[DataCategory] | None = None,
) -> Referral:  # fmt: skip
    def text() -> dict[str, object]:
        first, second = word(), word()
        marks = [{"quote": f"{first} {second}", "categories": [kind.value for kind in marked or []]}]
        return {
            "text": f"{word()} {first} {second} {word()}",
            "screened": texts != "unscreened",
            "marks": marks if texts == "marked" else [],
        }

    def some(**fields: Callable[[], object]) -> dict[str, object]:
        return {name: make() for name, make in fields.items() if held()}

    def person(number: int, role: PersonRole) -> dict[str, object]:
        return {
            "id": f"p{number}", "role": role.value,
            "statements": [
                {"category": kind.value, "value": word(), "said_by": "officer", "said_on": None} for kind in kinds
            ],
        } | some(
            name=word, description=word, vehicle=word, language=word, communication_needs=word, care_needs=word,
            relationship=word, school=word, tenancy_reference=word, views=text,
            date_of_birth=lambda: "1980-02-03",
            address=lambda: {"lines": [word(), word()], "postcode": "L1 0AA", "uprn": "12345", "protected": held()},
            contacts=lambda: [{"channel": "phone", "value": word()}, {"channel": "email", "value": word()}],
            safe_contact=lambda: {
                "may_call": True, "may_leave_message": False, "may_write": False, "times": word(), "never_tell": word(),
            },
        )  # fmt: skip

    def incident() -> dict[str, object]:
        return {
            "when": {"start": "2026-11-01T21:00:00Z", "end": "2026-11-02T00:00:00Z"}, "conduct": [word()],
            "place": word(),
        } | some(
            place_type=word, area=word, narrative=text, weapon=word, injuries=word, damage=word, police_reference=word,
            believed_criminal=lambda: "yes",
        )  # fmt: skip

    record = {
        "case": {"reference": word(), "kind": word()} | some(
            strands=lambda: [{"value": "disability", "basis": "words_used", "words": word()}],
            summary=text, history=text, prior_reports=lambda: 7, actions_taken=lambda: [word(), word()],
            other_agencies=lambda: [word()], requested_actions=lambda: [word()],
        ),
        "people": [person(number, role) for number, role in enumerate(roles)],
        "incidents": [incident() for _ in range(2) if held()],
        "risk": {"level": "high"} | some(tool=word, score=lambda: 9, judgement=text, visit_hazards=word),
        "evidence": [{"kind": word()} | some(description=text, held_by=word)] if held() else [],
        "summaries": [
            {"written_for": kind.value, "text": word(), "reveals": [kind.value for kind in (marked or [])[:1]]}
            for kind in summaries
        ],
    } | some(
        fire=lambda: {"factors": [word()], "threat": word(), "equipment_asked": word()},
        housing=lambda: {"reason": word(), "authority_chosen": word(), "household_size": 3},
    )  # fmt: skip
    return Referral.model_validate({
        "landlord": "LMH", "subject": f"p{subject}", "record": record, "reply_to": word(),
        "asks": [{"agency": "agy_police_test", "purpose": "crime_prevention"}],
    })  # fmt: skip
