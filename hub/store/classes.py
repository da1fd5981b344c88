"""The three classes of data at rest, each under keys of its own, so that they can be opened and erased apart."""

from collections.abc import Iterable
from enum import StrEnum, unique

from protocols.vocabulary import DataCategory as D


@unique
class DataClass(StrEnum):
    """How guarded a piece of content is; the most guarded last."""

    NORMAL = "normal"
    SPECIAL = "special"
    SEALED = "sealed"


_SEALED = frozenset({
    D.SAFE_ADDRESS, D.TRANS_STATUS, D.GRA_PROTECTED, D.REPORTER_IDENTITY, D.WITNESS_IDENTITY,
    D.SEXUAL_OFFENCE_VICTIM_IDENTITY,
})  # fmt: skip
"""What costs a life or is a crime to tell: where somebody fled to, gender history (Gender Recognition Act 2004 s.22),
who informed, and who is anonymous for life (Sexual Offences (Amendment) Act 1992 s.1)."""

_SPECIAL = frozenset({
    D.RACE_ETHNICITY, D.RELIGION, D.HEALTH, D.MENTAL_HEALTH, D.DISABILITY, D.SEXUAL_ORIENTATION, D.COUNSELLING_RECORD,
    D.HATE_STRAND, D.CRIMINAL_ALLEGATION, D.COURT_OUTCOME, D.IMMIGRATION_STATUS,
})  # fmt: skip
"""Special category data (UK GDPR Art 9(1)), and a strand as it reveals one; offence data (Art 10, DPA 2018 s.11(2));
immigration status, which is kept like them."""


def class_of(categories: Iterable[D]) -> DataClass:
    """The class of content that holds all of these: that of the most guarded."""
    held = frozenset(categories)
    if held & _SEALED:
        return DataClass.SEALED
    return DataClass.SPECIAL if held & _SPECIAL else DataClass.NORMAL
