"""The steps that somebody is free to take towards another answer, each with the facts under which it may be proposed.

No lever presses a person who refused, withdrew, cannot safely be asked or cannot decide; none lets a parent speak for a
child who can; none changes what simply is so (risk, age, necessity, the result of an assessment) or renames purpose or
recipient. Section 4.3 of law.md; UK GDPR Art 7; DPA 2018 Sch 1 paras 10 and 18.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from consent.facts import MAY_BE_ASKED, FactValue
from protocols.vocabulary import DataCategory as D

ChangedValue = FactValue | tuple[D, ...]
"""What a fact would become; lists of categories as in `Facts`."""


@unique
class Actor(StrEnum):
    """Who has to act. Whoever asks for consent, the person's answer is theirs."""

    OFFICER = "officer"
    PERSON = "person"
    PARTNER = "partner"
    DPO = "dpo"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Lever:
    """A step that may be taken where every fact of `needs` is known and has one of its values; it then `sets` facts."""

    says: str
    by: Actor
    sets: Mapping[str, ChangedValue]
    needs: Mapping[str, tuple[str | bool, ...]]


_Needs = Mapping[str, tuple[str | bool, ...]]
_PERPETRATORS = ("alleged_perpetrator", "proven_perpetrator")
_OTHERS = ("victim", "witness", "reporter", "household_member", "staff", "child")
_ASKING_IS_SAFE: _Needs = {
    "asking_would_prejudice": (False,), "prejudice_if_informed": (False,), "coercion_suspected": (False,),
    "victim_wishes": ("refer",), "objection_received": (False,), "subject_living": (True,),
}  # fmt: skip
"""Known, every one of it, before anybody is asked anything: to ask is also to tell."""

_CAN_DECIDE: _Needs = {"age_band": ("adult",), "capacity": ("presumed", "assessed_has")}
_ADULT: _Needs = {**_CAN_DECIDE, "subject_role": tuple(role for role in _OTHERS if role != "child")}
_ACCUSED: _Needs = {
    **_CAN_DECIDE, "subject_role": _PERPETRATORS,
    "purpose": ("perpetrator_support", "casework_enquiry", "rehousing", "tenancy_reference", "early_help"),
}  # fmt: skip
"""Nobody asks the accused about an enquiry into a crime; they are asked whether they want help or an answer."""

_YOUNG: _Needs = {
    "age_band": ("child",), "gillick": ("competent",), "capacity": _CAN_DECIDE["capacity"], "subject_role": _OTHERS,
}  # fmt: skip
_PARENT: _Needs = {
    "age_band": ("child",), "gillick": ("not_competent",), "child_at_risk": (False,), "subject_role": _OTHERS,
}  # fmt: skip
"""Only for a child who cannot decide yet, and not where the danger may come from the family."""


_NAMED = "asked for without pressure and naming this recipient, this purpose and these kinds of data"
_COVERED: Mapping[str, ChangedValue] = {
    "consent_covers_this": True, "consent_freely_given": True, "consent_covers_special": True,
}  # fmt: skip


def _asking(whose: str, answer: str, person: _Needs, *ready: str) -> Iterator[Lever]:
    """The ways to ask one kind of person: at first (`ready` lists when), for more, or afresh where it was not free."""
    safe = {**_ASKING_IS_SAFE, **person}
    fresh, given = {"consent": answer, **_COVERED}, {**safe, "consent": (answer,)}
    yield Lever(f"{whose} explicit consent, {_NAMED}", Actor.PERSON, fresh, {**safe, "consent": ready})
    yield Lever(
        f"{whose} explicit consent extended to this recipient, this purpose and these kinds of data, if they wish",
        Actor.PERSON, _COVERED, {**given, "consent_freely_given": (True,)},
    )  # fmt: skip
    yield Lever(
        f"{whose} fresh consent, asked for once nothing else depends on it",
        Actor.PERSON, _COVERED, {**given, "consent_freely_given": (False,)},
    )  # fmt: skip
    if answer == "given_explicit":
        known = "agreement in terms that this recipient may learn their gender history, only if they themselves wish it"
        yield Lever(f"{whose} {known}", Actor.PERSON, {"gra_specific_agreement": True},
                    {**given, "gra_specific_agreement": (False,)})  # fmt: skip
        yield Lever(f"{whose} explicit consent, {_NAMED}, and {known}", Actor.PERSON,
                    {**fresh, "gra_specific_agreement": True}, {**safe, "consent": ready})  # fmt: skip


def _anonymous(says: str, recipients: str, purposes: str) -> Lever:
    needs = {"recipient": tuple(recipients.split()), "purpose": tuple(purposes.split())}
    return Lever(says, Actor.OFFICER, {"categories": (D.DEPERSONALISED,)},
                 {**needs, "demand": ("none",), "pack": ("personal",)})  # fmt: skip


_AGREED: Mapping[str, ChangedValue] = {"protocol": "in_force", "protocol_uncovered": ()}
_PULL: _Needs = {"direction": ("pull",)}
_UNWRITTEN = ("n_a", "none", "oral", "written_incomplete")
_PUBLIC_BODIES = (
    "local_authority", "housing_options", "ombudsman", "social_care_adults", "social_care_children", "asb_review_panel",
    "fire", "safeguarding_adults_board", "safeguarding_partner",
)  # fmt: skip

LEVERS: tuple[Lever, ...] = (
    Lever("the requester confirmed by calling back on a number already held", Actor.OFFICER,
          {"requester_verified": True}, {"requester_verified": (False,)}),
    Lever("the person told of this sharing first", Actor.OFFICER, {"informed_already": True},
          {**_ASKING_IS_SAFE, "informed_already": (False,), "consent": MAY_BE_ASKED}),
    Lever("the report checked, and found to hold", Actor.OFFICER,
          {"allegation_validated": True}, {"allegation_validated": (False,)}),
    *_asking("the person's own", "given_explicit", _ADULT, "not_asked"),
    *_asking("the person's own", "given_explicit", _ACCUSED, "not_asked"),
    *_asking("the young person's own", "given_explicit", _YOUNG, "not_asked", "given_by_parent"),
    *_asking("a parent's (the child cannot decide this yet)", "given_by_parent", _PARENT, "not_asked"),
    Lever("a complete written request: what for, under which power, and why it is needed", Actor.PARTNER,
          {"request": "written_complete"}, {**_PULL, "request": _UNWRITTEN}),
    Lever("a complete victim information request (Police, Crime, Sentencing and Courts Act 2022 s.44A)", Actor.PARTNER,
          {"request": "vir_complete"},
          {**_PULL, "recipient": ("police",), "subject_role": ("victim", "child"),
           "request": (*_UNWRITTEN, "written_complete")}),
    Lever("the requester's word which public task laid down in law it needs this for, if it has one", Actor.PARTNER,
          {"request_states_public_task": True},
          {**_PULL, "request_states_public_task": (False,), "recipient": _PUBLIC_BODIES}),
    Lever("a valid order of a court in place of the one shown", Actor.PARTNER,
          {"demand": "court_order"}, {"demand": ("invalid_order",)}),
    Lever("a signed confidentiality agreement", Actor.PARTNER, {"contractor_agreement": "signed"},
          {"contractor_agreement": ("missing", "n_a"), "recipient": ("contractor", "managing_agent")}),
    Lever("a signed agreement with this body that covers this purpose and these kinds of data", Actor.PARTNER,
          _AGREED, {"protocol": ("none",)}),
    Lever("the agreement with this body renewed", Actor.DPO, _AGREED, {"protocol": ("expired",)}),
    Lever("the suspension of the agreement lifted", Actor.DPO, _AGREED, {"protocol": ("suspended",)}),
    Lever("this body signed up to the agreement", Actor.PARTNER, _AGREED, {"protocol": ("not_party",)}),
    Lever("the agreement extended to this purpose", Actor.DPO, _AGREED, {"protocol": ("purpose_outside",)}),
    Lever("the agreement extended to these kinds of data", Actor.DPO,
          {"protocol_uncovered": ()}, {"protocol": ("in_force",)}),
    Lever("an appropriate policy document approved by the data protection officer (DPA 2018 Sch 1 paras 5 and 39)",
          Actor.DPO, {"apd": True}, {"apd": (False,)}),
    Lever("somebody reached who may authorise", Actor.SUPERVISOR,
          {"authoriser_available": True}, {"authoriser_available": (False,)}),
    _anonymous("a summary that identifies nobody, with small counts checked", "police jag citysafe local_authority",
               "crime_prevention intelligence community_notice statistics"),
    _anonymous("an anonymised extract, after a data protection impact assessment and ethics approval",
               "researcher local_authority ombudsman stop_hate_uk support_charity", "research statistics"),
    _anonymous("a statement that identifies nobody", "press public", "publicity publicity_of_outcome community_notice"),
    _anonymous("a general statement of how such reports are dealt with", "elected_representative", "casework_enquiry"),
)  # fmt: skip
"""Every step that may ever be proposed, those nearest to hand first."""
