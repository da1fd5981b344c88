"""The needs lists as shipped, and decisions to test with."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from consent.decision import Decision, Reason
from consent.minimise import Terms
from consent.needed import Profiles, load_profiles
from protocols.vocabulary import AgencyKind, Basis, DataCategory, Obligation, Outcome, Purpose

NEEDS = Path(__file__).parents[2] / "consent" / "needs"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def shipped_profiles() -> Profiles:
    return load_profiles({f"needs/{file.name}": file.read_text(encoding="utf-8") for file in NEEDS.glob("*.toml")})


def decision(
    keep: Iterable[DataCategory] = DataCategory,
    remove: Iterable[DataCategory] = (),
    *,
    outcome: Outcome = Outcome.PERMIT_REDACTED,
    basis: tuple[Basis, ...] = (Basis.A6_RLI_CRIME,),
    obligations: tuple[Obligation, ...] = (),
) -> Decision:
    """A decision as given: a kind in both lists is for the code under test to judge."""
    gone = tuple(remove)
    return Decision(
        outcome=outcome, keep=tuple(keep), remove=gone, basis=basis,
        obligations=obligations, gaps=(), remedy=("explicit consent",), authoriser=None, rules="sha256:test",
        reasons=tuple(Reason(f"NO_{kind.value.upper()}", kind, (f"Act s.{number}",), f"No ground for {number}.")
                      for number, kind in enumerate(gone)),
    )  # fmt: skip


def terms(recipient: AgencyKind, purpose: Purpose = Purpose.CRIME_PREVENTION) -> Terms:
    return Terms(
        disclosure_id="dsc_" + "0" * 26, decision_id="dec_" + "0" * 26, reference="R-1", controller="LMH",
        agency="agy_test", recipient=recipient, purpose=purpose, urgent=False, agreement=None,
        reply_to="hub@landlord.example", decided_at=NOON, valid_until=NOON.replace(hour=13),
    )  # fmt: skip
