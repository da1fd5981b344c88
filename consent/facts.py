"""All that a decision may know: a closed set of facts with finite values. What is missing stays unknown.

Dates and registers are reduced to these facts before a decision is made. The names and values are the public
interface of the engine: add where the law needs more, remove nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from protocols.vocabulary import AgencyKind, DataCategory, Purpose

FactValue = str | bool | int | None
"""What one fact may be; `None` is unknown."""

ADULT_FROM = 18
"""Age in years from which a person is no child (UK GDPR Annex 1 para 7, Children Act 1989 s.105)."""

SCOTLAND_COMPETENT_FROM = 12
"""Age in years from which a child in Scotland is presumed able to decide, until shown otherwise (DPA 2018 s.208)."""


class FactError(ValueError):
    """A fact that the vocabulary does not know or a value that it does not allow. Never holds the value itself."""

    def __init__(self, field: str, reason: str, allowed: tuple[str, ...]) -> None:
        """Keep `field`, the plain `reason` and the `allowed` values (empty where no list helps)."""
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class FactSpec:
    """One fact of the vocabulary: its name, its kind, its allowed values as text, and what it means."""

    name: str
    kind: Literal["choice", "yes_no", "whole_number", "categories"]
    allowed: tuple[str, ...]
    means: str


def _choice(name: str, values: str | type[StrEnum], means: str) -> FactSpec:
    allowed = tuple(values.split()) if isinstance(values, str) else tuple(str(member) for member in values)
    return FactSpec(name, "choice", allowed, means)


def _categories_of(name: str, means: str) -> FactSpec:
    return FactSpec(name, "categories", tuple(str(category) for category in DataCategory), means)


def _yes_no(name: str, means: str) -> FactSpec:
    return FactSpec(name, "yes_no", ("true", "false"), means)


_STRANDS = (
    "unspecified transgender transgender_identity disability race race_or_ethnicity religion religion_or_belief "
    "sexual_orientation age sex_or_gender sells_sex alternative_subculture homelessness hiv_status "
    "gypsy_roma_traveller association mate_crime other_stated"
)
_ROLES = "victim witness reporter alleged_perpetrator proven_perpetrator child household_member staff"
_CONSENTS = "given_explicit not_asked refused withdrawn unsafe_to_ask cannot_give given_by_parent"
_DEMANDS = "none court_order sab_s45 asb_review_p7 coroner safeguarding_partner_16H invalid_order"

_SPECS = (
    _choice("jurisdiction", "england wales scotland northern_ireland", "whose law applies"),
    _yes_no("controller_public_authority", "the landlord is a public authority (UK GDPR 6(1) closing words)"),
    _choice("landlord", "LMH OHG FAIRHIVE MHP PCHA", "whose policy applies"),
    _choice("direction", "push pull", "the landlord refers, or somebody asked"),
    _yes_no("routine", "part of a standard process that the privacy notice covers"),
    _choice("subject_role", _ROLES, "the data subject's part in the case"),
    FactSpec("subject_age", "whole_number", ("0 to 130",), "the data subject's age in whole years"),
    _yes_no("subject_living", "the data subject is alive"),
    _yes_no("subject_is_customer", "the data subject is the landlord's customer"),
    _choice("reporter_type", "customer non_customer third_party anonymous staff", "who reported"),
    _choice("recipient", AgencyKind, "who would receive"),
    _choice("purpose", Purpose, "what for"),
    _categories_of("categories", "what the pack holds"),
    _categories_of("consent_categories", "what the explicit consent names; null where it is not listed"),
    _categories_of(
        "protocol_uncovered", "what no clause of the agreement covers for this purpose; null where not looked up"
    ),
    _choice("consent", _CONSENTS, "the data subject's recorded position"),
    _yes_no("consent_covers_this", "the consent names this recipient and purpose"),
    _yes_no("consent_freely_given", "nothing unrelated was made to depend on it (UK GDPR 7(4))"),
    _yes_no("asking_would_prejudice", "asking for consent would prejudice the purpose"),
    _choice("capacity", "presumed assessed_has doubted assessed_lacks", "mental capacity for this decision"),
    _choice("gillick", "n_a competent not_competent unknown", "a child's competence for this decision"),
    _yes_no("coercion_suspected", "somebody may be making the person's decision"),
    _choice("risk", "none low medium high immediate_danger", "assessed risk of harm"),
    _yes_no("child_at_risk", "a child is, or is believed to be, at risk of significant harm"),
    _yes_no("adult_at_risk", "care needs, at risk, and unable to protect themselves because of the needs"),
    _yes_no("others_at_risk", "people other than the data subject are at risk"),
    _yes_no("serious_crime", "a serious crime happened or may be prevented"),
    _choice("demand", _DEMANDS, "a legal requirement to disclose"),
    _choice("request", "n_a none oral written_incomplete written_complete vir_complete", "the request received"),
    _yes_no("requester_verified", "the requester's identity was confirmed by a known route"),
    _yes_no("necessary", "the purpose cannot reasonably be met without this"),
    _yes_no("proportionate", "the interference is in proportion to the aim (ECHR Art 8)"),
    _yes_no("prejudice_if_informed", "telling the person would prejudice the purpose or raise danger"),
    _yes_no("informed_already", "the person has been told of this kind of sharing"),
    _choice("protocol", "none in_force expired suspended not_party purpose_outside", "the sharing agreement"),
    _choice("contractor_agreement", "n_a signed missing", "the contractor's confidentiality agreement"),
    _yes_no("apd", "an appropriate policy document is in place (DPA 2018 Sch 1 paras 5, 39)"),
    _yes_no("authoriser_available", "somebody who may authorise can be reached"),
    _choice("stage", "decision queued sent", "where the disclosure stands"),
    _yes_no("allegation_validated", "the report was tested; false for anonymous or untested"),
    _yes_no("gra_specific_agreement", "the person agreed in terms to this recipient learning gender history"),
    _yes_no("request_states_public_task", "the requester states a public task laid down in law"),
    _yes_no("consent_covers_special", "explicit consent extends to the special categories in the pack"),
    _choice("victim_wishes", "refer landlord_only", "whether the person wants others involved"),
    _yes_no("objection_received", "an Art 21 objection is on file"),
    _choice("strand_value", _STRANDS, "the perceived strand where it matters"),
    _yes_no("certificate_known", "the discloser knows or believes a full gender recognition certificate was issued"),
)

MAY_BE_ASKED = ("not_asked", "given_explicit", "given_by_parent")
"""What a person may have answered so far without a further question being pressure."""

FACTS: Mapping[str, FactSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
"""The closed set, by name."""

DERIVED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"age_band": ("child", "adult"), "pack": ("depersonalised", "personal")}
)
"""What rules see besides: the age as a band, and whether the pack tells of any person at all."""

ITEM_TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"consent_covers_item": ("yes", "no", "unstated"), "agreement_covers_item": ("yes", "no", "unstated")}
)
"""What rules see of one category of data: whether the consent names it, whether the agreement covers it."""


@dataclass(frozen=True)
class Facts:
    """What is known of one question. Made by `parse_facts`; a name that is absent is unknown."""

    values: tuple[tuple[str, str | bool | int], ...]
    categories: tuple[DataCategory, ...]
    consent_categories: tuple[DataCategory, ...] | None = None
    protocol_uncovered: tuple[DataCategory, ...] | None = None

    def get(self, name: str) -> FactValue:
        """The value of fact `name`, `None` where unknown; `KeyError` for a name outside `FACTS`."""
        if name not in FACTS:
            raise KeyError(name)
        return self._by_name.get(name)

    def as_dict(self) -> dict[str, object]:
        """Known facts by sorted name, ready for JSON: for digest and storage. `parse_facts` reads it back."""
        known: dict[str, object] = dict(self.values)
        lists = {"categories": self.categories or None, "consent_categories": self.consent_categories,
                 "protocol_uncovered": self.protocol_uncovered}  # fmt: skip
        known |= {name: [entry.value for entry in listed] for name, listed in lists.items() if listed is not None}
        return dict(sorted(known.items()))

    def term(self, name: str) -> FactValue:
        """A fact as rules see it: dated law and rules know only finite values, so the age becomes `age_band`."""
        return self.terms.get(name)

    def item_term(self, name: str, category: DataCategory) -> str:
        """One of `ITEM_TERMS` for `category`: "unstated" where no list was given."""
        if name == "consent_covers_item":
            listed, yes, no = self.consent_categories, "yes", "no"
        else:
            listed, yes, no = self.protocol_uncovered, "no", "yes"
        if listed is None:
            return "unstated"
        return yes if category in listed else no

    @property
    def is_about_a_child(self) -> bool:
        """Whether the person is known to be under 18, or in the case as a child (Children Act 1989 s.105)."""
        return self.terms.get("age_band") == "child" or self.terms.get("subject_role") == "child"

    @property
    def may_be_asked(self) -> bool:
        """Whether a question may be put to the person: nobody is pressed who said no, and nobody asked in danger."""
        known = self._by_name
        return (
            known.get("consent") in MAY_BE_ASKED
            and known.get("victim_wishes") != "landlord_only"
            and known.get("coercion_suspected") is not True
            and known.get("asking_would_prejudice") is not True
        )

    @cached_property
    def _by_name(self) -> dict[str, str | bool | int]:
        return dict(self.values)

    @cached_property
    def terms(self) -> dict[str, str | bool | int]:
        """Every known fact as rules see it, by name: words, yes and no; the age as a band."""
        terms = dict(self.values)
        age = terms.pop("subject_age", None)
        if isinstance(age, int):
            terms["age_band"] = "child" if age < ADULT_FROM else "adult"
        may_be_child = terms.get("age_band") != "adult" or terms.get("subject_role", "child") == "child"
        if terms.get("gillick") == "unknown" or (terms.get("gillick") == "n_a" and may_be_child):
            # "Does not apply" is no answer about a child, and "unknown" is none about anybody: but in Scotland the law
            # presumes one. A fact that is missing altogether presumes nothing, so that losing it can only narrow.
            del terms["gillick"]
            presumed = isinstance(age, int) and SCOTLAND_COMPETENT_FROM <= age < ADULT_FROM
            if presumed and terms.get("jurisdiction") == "scotland":
                terms["gillick"] = "competent"
        if self.categories:
            anonymous = self.categories == (DataCategory.DEPERSONALISED,)
            terms["pack"] = "depersonalised" if anonymous else "personal"
        return terms


def parse_facts(given: Mapping[str, object]) -> Facts:
    """Check `given` against the vocabulary. A missing or null fact is unknown and is never filled in.

    Where `consent_categories` lists what the consent names, the list alone counts and `consent_covers_special`, which
    speaks for all at once, is set aside: so that losing the list later can only narrow.
    Raises `FactError` naming the field, the reason and what is allowed; never repeats the value.
    """
    unknown = sorted(name for name in given if name not in FACTS)
    if unknown:
        name = unknown[0] if unknown[0].isidentifier() and len(unknown[0]) <= 40 else "unnamed"
        raise FactError(name, "is not a fact of the vocabulary", ())
    checked = {
        spec.name: _checked(spec, given[spec.name])
        for spec in sorted(_SPECS, key=lambda spec: spec.name)
        if spec.kind != "categories" and given.get(spec.name) is not None
    }
    if given.get("consent_categories") is not None:
        checked.pop("consent_covers_special", None)
    values = tuple(checked.items())
    categories = _categories("categories", given)
    if categories == ():
        raise FactError("categories", _EXPECTED["categories"], FACTS["categories"].allowed)
    return Facts(
        values, categories or (), _categories("consent_categories", given), _categories("protocol_uncovered", given)
    )


def _checked(spec: FactSpec, value: object) -> str | bool | int:
    match spec.kind:
        case "yes_no" if isinstance(value, bool):
            return value
        case "choice" if isinstance(value, str) and value in spec.allowed:
            return str(value)
        case "whole_number" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 130:
            return value
        case _:
            raise FactError(spec.name, _EXPECTED[spec.kind], spec.allowed)


_EXPECTED = {
    "yes_no": "must be true, false or null",
    "choice": "must be one of the allowed values or null",
    "whole_number": "must be a whole number in range or null",
    "categories": "must be a list of allowed data categories (what the pack holds: at least one) or null",
}


def _categories(name: str, given: Mapping[str, object]) -> tuple[DataCategory, ...] | None:
    value, spec = given.get(name), FACTS[name]
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(
        isinstance(entry, str) and entry in spec.allowed for entry in value
    ):
        raise FactError(spec.name, _EXPECTED["categories"], spec.allowed)
    return tuple(sorted({DataCategory(entry) for entry in value}))
