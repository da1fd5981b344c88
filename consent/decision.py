"""The answer to one question: may this recipient, for this purpose, have these kinds of data about this person."""

from dataclasses import dataclass
from datetime import date, datetime

from protocols.vocabulary import Basis, DataCategory, Obligation, Outcome


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding that shaped the answer.

    `code` is stable and in capitals ("P10_NOT_PREJUDICE"), `category` the kind of data it removes or keeps (None where
    it is about the whole), `cites` the provisions, agreement clauses and policy sections, `says` one plain sentence.
    `rule` is the rule that says so and `effect` what that rule does; both empty where the engine itself speaks.
    """

    code: str
    category: DataCategory | None
    cites: tuple[str, ...]
    says: str
    determining: bool = True
    rule: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What may go, what must not, why, on which grounds and with which duties.

    `keep` and `remove` split the categories asked about; `gaps` name facts that were missing; `remedy` says what would
    lawfully change the answer; `authoriser` is the kind of person who may release what is held (law.md 4.7) and
    `within` by when; `exemptions` are the provisions that allow silence towards the person, `review_by` is the day
    on which a duty to look again falls due; `rules` is the digest of the rule set, `valid_until` when it must be made
    again at the latest (None: no fixed end).
    """

    outcome: Outcome
    keep: tuple[DataCategory, ...]
    remove: tuple[DataCategory, ...]
    basis: tuple[Basis, ...]
    obligations: tuple[Obligation, ...]
    gaps: tuple[str, ...]
    reasons: tuple[Reason, ...]
    remedy: tuple[str, ...]
    authoriser: str | None
    rules: str
    valid_until: datetime | None = None
    within: str | None = None
    exemptions: tuple[str, ...] = ()
    review_by: date | None = None

    @property
    def determining(self) -> tuple[str, ...]:
        """The ids of the rules that decided, in the order of their reasons."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons if reason.determining and reason.rule))

    @property
    def divergences(self) -> tuple[Reason, ...]:
        """Where the landlord's policy or an agreement asks for something else than the law does."""
        return tuple(reason for reason in self.reasons if reason.effect == "diverge")

    @property
    def releases(self) -> bool:
        """Whether something may leave now, with nobody asked."""
        return self.outcome in (Outcome.PERMIT, Outcome.PERMIT_REDACTED)
