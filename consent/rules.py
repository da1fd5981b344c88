"""The law and the landlords' policies as data: what a rule is.

A rule is a conjunction ("each of these facts has one of these values") with one effect, its citation and a plain
sentence. Alternatives are separate rules. A *finding* is a named intermediate answer, such as the person's position on
consent: the strongest value that any rule finds holds, so the order of rules never matters. `docs/law.md` lists the
instruments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from protocols.vocabulary import Obligation, Outcome

STAGES = (
    "findings", "bars", "compulsion", "rights", "danger", "purpose", "request", "control", "accuracy", "necessity",
    "minimisation", "lawful_basis", "condition", "gateway", "confidence", "overlay", "transparency", "authoriser",
    "record", "dispatch",
)  # fmt: skip
"""The steps of a decision, in the order in which its reasons are told (law.md section 4.1)."""

EFFECTS = (
    "find", "deny", "hold", "strip", "require", "condition", "lacks", "basis", "gateway", "confidence", "oblige",
    "diverge",
)  # fmt: skip
"""What a rule may do: set a finding; refuse; hold for a person; take a category out; say that a category needs a
condition; give one; say why one is lacking; give an Art 6 basis, a gateway, a ground that lifts confidence; attach
duties; log that policy departs from law."""

DEFAULT_PATHS = MappingProxyType({
    "strip": ("ordinary", "danger", "deceased"), "require": ("ordinary", "danger", "compulsion"),
    "condition": ("ordinary", "danger", "compulsion"), "lacks": ("ordinary", "danger"),
    "gateway": ("ordinary", "danger"), "confidence": ("ordinary", "danger"), "oblige": ("ordinary",),
    "basis": ("ordinary",), "deny": ("ordinary",), "hold": ("ordinary",), "diverge": ("ordinary",),
})  # fmt: skip
"""Which ways through a decision a rule bears on when its `when` names no `path`."""

DEFAULT_OUTCOMES = (Outcome.PERMIT, Outcome.PERMIT_REDACTED, Outcome.NEEDS_AUTHORISER)
"""The outcomes that a duty is attached to when its `when` names none."""

CLOCKS = (
    "4 working hours", "same day", "1 working day", "within the time for the request", "before publication",
)  # fmt: skip
"""By when the authoriser answers, shortest first (law.md 4.7, proposed there)."""


class RuleError(ValueError):
    """A rule text that cannot be trusted: names the file, the rule, the field and the reason."""

    def __init__(self, file: str, rule: str, field_name: str, reason: str) -> None:
        """Keep each part for the reader of the message."""
        super().__init__(f"{file}: rule {rule}: {field_name}: {reason}")
        self.file = file
        self.rule = rule
        self.field = field_name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `when` maps each fact or finding to its allowed values; dates are inclusive, None is open.

    `gives` is what the effect gives (a basis token, a finding's value, "a9" or "a10"), `finding` which finding it sets.
    `asks` marks a remedy that puts a question to the person: it is not told of somebody who said no or cannot be asked.
    `authoriser` is who may release what the rule holds and `within` by when. `yields` marks a rule that gives way to
    compulsion, danger and safeguarding; `twin_of` is set on what such a rule says where it gives way. `checked` says
    how far its source was read: V official, T mirror, S secondary, M memory.
    """

    id: str
    file: str
    stage: str
    effect: str
    when: Mapping[str, tuple[str, ...]]
    cites: tuple[str, ...]
    says: str
    checked: str
    code: str
    gives: str = ""
    finding: str = ""
    oblige: tuple[Obligation, ...] = ()
    remedy: str = ""
    asks: bool = False
    authoriser: str = ""
    within: str = ""
    yields: bool = False
    twin_of: str = ""
    in_force_from: date | None = None
    in_force_to: date | None = None

    def is_in_force(self, as_at: date) -> bool:
        """Whether the rule has commenced and not ended on `as_at`."""
        return (self.in_force_from or as_at) <= as_at <= (self.in_force_to or as_at)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Every rule, the findings in the order they are made (strongest value first), and the digest of it all."""

    rules: tuple[Rule, ...]
    findings: Mapping[str, tuple[str, ...]]
    digest: str

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and other.digest == self.digest
