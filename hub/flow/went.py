"""Shared: what went by a disclosure, to whom and on what ground, as the decisions say under which it went."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from hub.decision import kept
from hub.decision.kept import KeptDecision
from hub.delivery.disclosed import Disclosed
from hub.errors import NotTrusted
from hub.logs import event
from hub.register import agreements
from hub.store.unit_of_work import Reading
from protocols.agreement import Agreement
from protocols.coverage import clauses_for
from protocols.vocabulary import Basis, DataCategory, Purpose

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Went:
    """What went, and why: items by path and which one; grounds; agreements ("agr_x@2") and their clauses; citations.

    Of everything that may have arrived: attempts may have been made under several decisions.
    """

    going: frozenset[tuple[str, str]]
    basis: tuple[Basis, ...]
    agreements: tuple[str, ...]
    clauses: tuple[str, ...]
    cites: tuple[str, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of the fields that went, each once."""
        return tuple(sorted({path for path, _ in self.going}))

    def is_under(self, agreement: str) -> bool:
        """Whether it went under that agreement: a version of it, or any where none is named."""
        return any(agreement in (one, one.partition("@")[0]) for one in self.agreements)


def opened(tx: Reading, landlord: str, rows: Sequence[Disclosed]) -> Mapping[str, Went]:
    """What went by each of these disclosures, by id.

    It is missing where the person was erased, and where what is on file does not open, which the hub's log tells: also
    where one of several decisions does not, since the others would pass for all that went.
    """
    cases = {one: row.row.case_id for row in rows for one in row.decisions}
    try:
        decisions = kept.several(tx, cases)
    except NotTrusted:  # one that does not open keeps no other from being told
        decisions = dict(chain.from_iterable(_alone(tx, one, case_id).items() for one, case_id in cases.items()))
    papers = {filed.paper.reference: filed.paper for filed in agreements.filed(tx, landlord)}
    found: dict[str, Went] = {}
    for row in rows:
        its = [decisions[one] for one in row.decisions if one in decisions]
        if its and len(its) == len(row.decisions):
            found[row.row.id] = _went(its, Purpose(row.row.purpose), papers)
    return found


def _alone(tx: Reading, decision_id: str, case_id: str) -> dict[str, KeptDecision]:
    try:
        return kept.several(tx, {decision_id: case_id})
    except NotTrusted as problem:
        event(_log, "decision_not_opened", logging.ERROR, decision=decision_id, case=case_id, code=problem.code)
        return {}


def _went(decisions: Sequence[KeptDecision], purpose: Purpose, papers: Mapping[str, Agreement]) -> Went:
    agreed = dict.fromkeys(one.agreement for one in decisions if one.agreement is not None)
    sent: set[DataCategory] = {category for one in decisions for category in one.decision.keep}
    clauses = [f"{name} clause {number}" for name in agreed if name in papers
               for number in clauses_for(papers[name], purpose, sent)]  # fmt: skip
    basis = dict.fromkeys(ground for one in decisions for ground in one.decision.basis)
    reasons = (reason for one in decisions for reason in one.decision.reasons if reason.determining)
    cites = chain((ground.citation for ground in basis), (cited for reason in reasons for cited in reason.cites))
    going = frozenset(chain.from_iterable(one.going for one in decisions))
    return Went(going, tuple(basis), tuple(agreed), tuple(clauses), tuple(dict.fromkeys(cites)))
