"""The demonstration, scene by scene. Each plays one journey through the public API and says what must come of it."""

from collections.abc import Callable
from functools import partial

from hub.access.roles import Role
from hub.api.shapes.referrals import DisclosureOut
from hub.cli.demo.checks import check_absence, check_arrival, check_decision
from hub.cli.demo.desk import HubRefused
from hub.cli.demo.examples import Case
from hub.cli.demo.partners import AGENCIES, JAG, POLICE
from hub.cli.demo.stage import Stage
from hub.delivery.outbox import State

_ARRIVED = ("sent", "receipted", "prepared")
_EVERY_TIME = 1_000_000


def play_referrals(stage: Stage) -> None:
    """Send what needs no scene of its own, and show what each agency got."""
    stage.screen.scene("Referrals: each agency gets exactly what it may have")
    for case in stage.cases:
        if not is_immediate_danger(case) and not is_withdrawn(case):
            stage.send(case)
            show(stage, case)


def play_crash(stage: Stage) -> None:
    """Kill the hub in the moment in which it accepted a referral, with the police out of service; start it again."""
    for case in stage.cases_that(is_immediate_danger):
        stage.screen.scene("The hub is killed in mid-delivery (kill -9), while the police are out of service")
        stage.partners.police.be_busy(_EVERY_TIME)
        before = len(stage.partners.police.received)
        stage.send(case)
        stage.hub.kill()
        stage.checks.that(f"{case.name}: work was unfinished when the hub was killed",
                          holds=len(stage.partners.police.received) == before)  # fmt: skip
        stage.screen.say("Accepted, and killed at once. The police come back, and the hub is started again.")
        stage.partners.police.be_busy(0)
        with stage.screen.working("starting the hub again"):
            stage.hub.start()
        show(stage, case)


def play_withdrawal(stage: Stage) -> None:
    """Withdraw consents while the disclosures that rely on them are queued, prepared and waiting to be fetched."""
    for case in stage.cases_that(is_withdrawn):
        stage.screen.scene("A consent is withdrawn while disclosures are still queued")
        stage.partners.police.be_busy(_EVERY_TIME)
        stage.send(case)
        stage.settled(case)
        with stage.screen.working("waiting for the police to be tried"):
            before = stage.follow_until(case, lambda told: told.agency != POLICE or told.cause == "http_503")
        for told in before.disclosures:
            check_decision(stage.checks, case, told)
        officer = stage.officers[case.referral.landlord]
        for consent in before.consents:
            officer.withdraw(consent.id)
        stage.screen.say(f"{len(before.consents)} consents withdrawn. The police come back into service.")
        stage.partners.police.be_busy(0)
        after = stage.follow_until(case, partial(is_set_aside, case))
        for told in after.disclosures:
            stage.checks.that(f"{case.name}, {told.agency}: set aside once withdrawn, not {told.state}",
                              holds=is_set_aside(case, told))  # fmt: skip
            stage.checks.that(f"{case.name}, {told.agency}: nothing left", holds=not stage.came(told))
        stage.screen.referral(case, after)


def play_review(stage: Stage) -> None:
    """Have held disclosures authorised: not by their author, but by somebody else."""
    for case in stage.cases_that(is_held):
        stage.screen.scene("A held disclosure is authorised, and never by its author")
        landlord = case.referral.landlord
        author = stage.seat(Role.AUTHORISER, landlord, stage.authors[landlord])
        other = stage.seat(Role.AUTHORISER, landlord)
        for told in stage.follow(case).disclosures:
            refused = refusal_of(author.authorise, told.id)
            stage.screen.say(f"The author, who is also an authoriser, tries: {refused}.")
            stage.checks.that(f"{case.name}: the author cannot authorise it", holds=refused == "AUTHOR_IS_AUTHORISER")
            waits = told.id in {entry.disclosure for entry in other.held().held}
            stage.checks.that(f"{case.name}: it is on the other authoriser's list", holds=waits)
            stage.checks.that(f"{case.name}: nothing had left before", holds=not stage.came(told))
            other.authorise(told.id)
        with stage.screen.working("waiting for the agency"):
            after = stage.follow_until(case, lambda told: told.state in _ARRIVED)
        for told in after.disclosures:
            stage.checks.that(f"{case.name}, {told.agency}: went once authorised", holds=told.state in _ARRIVED)
            check_arrival(stage.checks, case, told, stage.came(told))
            reference = told.receipts[-1].partner_reference if told.receipts else None
            stage.screen.say(f"Authorised by somebody else: {told.agency_name} has it, {reference}.")


def play_feed(stage: Stage) -> None:
    """Have the partners who collect read their feed, fetch what waits, and acknowledge it."""
    stage.screen.scene("A partner reads its feed, fetches, acknowledges; an officer hands over the meeting packs")
    withdrawn = {told.id for case in stage.cases_that(is_withdrawn) for told in stage.follow(case).disclosures}
    for agency, said in AGENCIES.items():
        if said.transport != "collection":
            continue
        desk = stage.desks[agency]
        waiting = [entry.disclosure for entry in desk.feed().waiting]
        stage.checks.that(f"{agency}: nothing withdrawn waits in its feed", holds=not withdrawn & set(waiting))
        for disclosure in waiting:
            stage.partners.collect(agency, desk.collect(disclosure))
            desk.acknowledge(disclosure, "CASE-26-0001")
            stage.screen.say(f"{said.name} fetched one disclosure and acknowledged it as CASE-26-0001.")
        steps = {event.disclosure for event in desk.feed().events if event.step == "referenced"}
        stage.checks.that(f"{agency}: its feed tells what it acknowledged", holds=set(waiting) <= steps)
    for case, told in everything(stage):
        if AGENCIES[told.agency].transport == "collection":
            if told.id in withdrawn:
                refused = refusal_of(stage.desks[told.agency].collect, told.id)
                stage.checks.that(f"{case.name}: what was withdrawn cannot be fetched", holds=refused == "NOT_WAITING")
            elif told.decision.outcome != "deny":
                check_arrival(stage.checks, case, told, stage.came(told))
    _hand_over(stage)


def play_ledgers(stage: Stage) -> None:
    """Hold the agencies' own ledgers against the hub's: nothing is missing, nothing is there that was not decided."""
    stage.screen.scene("The agencies' own ledgers")
    came = stage.partners.arrivals()
    decided = {(told.agency, told.id) for _, told in everything(stage) if told.state in _ARRIVED}
    stage.checks.that("every disclosure that the hub says went is in a ledger, and no other",
                      holds={(entry.agency, entry.disclosure) for entry in came} == decided)  # fmt: skip
    stage.checks.that("nothing is in a ledger twice", holds=len(came) == len(decided))
    stage.checks.that("the police found every signature good", holds=stage.partners.police.refused == 0)
    for case in stage.cases:
        for wanted in case.expected.recipients:
            check_absence(stage.checks, case, wanted, [entry for entry in came if entry.agency == wanted.agency])
    for agency, said in AGENCIES.items():
        count = sum(entry.agency == agency for entry in came)
        stage.screen.say(f"{said.name} ({said.transport.replace('_', ' ')}): {count}")


def _hand_over(stage: Stage) -> None:
    for case, told in everything(stage):
        if told.agency == JAG and told.state == "prepared":
            stage.partners.carry(told.agency, told.id)
            officer = stage.officers[case.referral.landlord]
            officer.hand_over(told.id, "JAG-MINUTE-12")
            after = next(entry for entry in stage.follow(case).disclosures if entry.id == told.id)
            stage.checks.that(f"{case.name}: the handover is on file", holds=after.state == "receipted")
            stage.screen.say(f"Pack {told.reference} was handed over at the meeting: JAG-MINUTE-12.")


def show(stage: Stage, case: Case) -> None:
    """Wait for a referral to settle, check all that the example expects, and show its table."""
    after = stage.settled(case)
    for told in after.disclosures:
        check_decision(stage.checks, case, told)
        if told.state in _ARRIVED:
            check_arrival(stage.checks, case, told, stage.came(told))
        else:
            stage.checks.that(f"{case.name}, {told.agency}: nothing left", holds=not stage.came(told))
    stage.screen.referral(case, after)


def everything(stage: Stage) -> list[tuple[Case, DisclosureOut]]:
    """Every disclosure of every referral sent, as it stands now."""
    return [(case, told) for case in stage.cases for told in stage.follow(case).disclosures]


def is_immediate_danger(case: Case) -> bool:
    """Whether somebody is in danger now."""
    return case.referral.record.risk.level == "immediate_danger"


def is_withdrawn(case: Case) -> bool:
    """Whether consent is to be withdrawn before anything leaves."""
    return any(entry.after_withdrawal is not None for entry in case.expected.recipients)


def is_set_aside(case: Case, told: DisclosureOut) -> bool:
    """Whether a disclosure stands where it must once its consent is withdrawn."""
    wanted = case.expected.of(told.agency).after_withdrawal
    return wanted is not None and told.state == wanted.value


def is_held(case: Case) -> bool:
    """Whether the decision is left to an authoriser."""
    return any(entry.state is State.HELD for entry in case.expected.recipients)


def refusal_of(act: Callable[[str], object], disclosure: str) -> str:
    """The code with which the hub refuses this; "NOT_REFUSED" where it does not."""
    try:
        act(disclosure)
    except HubRefused as refused:
        return refused.code
    return "NOT_REFUSED"
