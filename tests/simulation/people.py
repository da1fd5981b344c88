"""What people and partners do in a history. Each act is a request as the entrances make it."""

import json
import re
from dataclasses import replace

from hub.decision.overriding import Danger
from hub.errors import Conflict
from hub.flow import (
    abandon,
    acknowledge,
    agree,
    collect,
    correct,
    erase,
    introduce,
    override,
    record_consent,
    refer,
    resume,
    review,
    vouch,
    withdraw,
)
from hub.register.agencies import Why
from hub.register.erasures import ErasureGround
from tests.simulation.partners import Arrival
from tests.simulation.play import TRIES, Act, Play
from tests.simulation.scenes import CARRIED, COLLECTED, Told

SUBJECT = "p1"
"""Whom every referral here is about."""
_PUT_RIGHT = ("Nevertell", "Slur", "Relation")
"""Secrets that a correction changes: told to everybody, to most, and to the police and the meeting alone."""
_REFERRALS = "SELECT id FROM referral ORDER BY seq"


def refers(told: Told) -> Act:
    def act(play: Play) -> None:
        play.world.tell(f"refers {told.key}")
        play.answers.asked_at.setdefault(told.key, play.world.now())
        done = refer.refer(play.stage.house, play.stage.people["officer"], told.raw, told.key)
        play.world.tell(f"{told.key} accepted as {done.referral_id}")
        play.answers.accepted[told.key] = done.referral_id
        play.world.wake(done.ready)

    return act


def corrects(play: Play) -> None:
    """An officer sends a record anew with one thing in it put right, and whatever others put right left as it was."""
    request = play.same(lambda: _correction(play))
    if request is not None:
        referral, raw, key = request
        play.world.tell(f"corrects {referral}")
        done = correct.correct(play.stage.house, play.stage.people["officer"], referral, raw, key)
        play.world.tell(f"corrected as {done.correction_id}")
        play.world.wake(done.ready)


def _correction(play: Play) -> tuple[str, bytes, str] | None:
    known = {referral: told for told in (*play.scene.told, *play.scene.later)
             if (referral := play.answers.accepted.get(told.key)) is not None}  # fmt: skip
    referral = play.one_of(sorted(known))
    if referral is None:
        return None
    name, sign = play.one_of([*_PUT_RIGHT]), "abcdefgh"[len(play.asked) % 8]
    put_right = re.sub(f"{name}qz", f"{name}{sign}qz", known[referral].raw.decode())
    raw = json.dumps({"reason": "inaccurate", "referral": json.loads(put_right)}).encode()
    return referral, raw, f"correction-{len(play.asked)}"


def records_consent(play: Play) -> None:
    """Somebody is asked again about an agency, and the officer records the answer."""
    request = play.same(lambda: _answer(play))
    if request is not None:
        referral, raw = request
        play.world.tell(f"records an answer in {referral}: {json.loads(raw)['answer']}")
        done = record_consent.record_consent(play.stage.house, play.stage.people["officer"], referral, raw)
        play.world.tell(f"recorded as {done.consent_id}")
        play.world.wake(done.ready)


def _answer(play: Play) -> tuple[str, bytes] | None:
    known = {play.answers.accepted[told.key]: json.loads(told.raw)["consents"]
             for told in (*play.scene.told, *play.scene.later) if told.key in play.answers.accepted}  # fmt: skip
    referral = play.one_of(sorted(known))
    if referral is None:
        return None
    given = known[referral][play.world.choices.below(len(known[referral]))]
    answer = ("refused", "given_explicit", "not_known")[play.world.choices.weighted((4, 3, 1))]
    return referral, json.dumps(given | {
        "answer": answer, "claimed_at": play.world.now().isoformat(), "expires_at": None,
    }).encode()  # fmt: skip


def withdraws(play: Play) -> None:
    found = play.one_of(play.ids("SELECT id FROM consent WHERE withdraws IS NULL ORDER BY seq"))
    if found is not None:
        play.world.tell(f"withdraws {found}")
        done = withdraw.withdraw(play.stage.house, play.stage.people["officer"], found)
        play.world.tell(f"withdrawn {found}")
        play.answers.withdrawn.append(done)


def abandons(play: Play) -> None:
    """Somebody takes back what has not left: in its hold, held, waiting for its next try, parked, or as a pack."""
    found = play.one_of(play.ids("SELECT id FROM disclosure ORDER BY seq"))
    if found is not None:
        play.world.tell(f"abandons {found}")
        reason = abandon.WhyAbandoned.NO_LONGER_NEEDED
        abandon.abandon(play.stage.house, play.stage.people["officer"], found, reason)
        play.world.tell(f"abandoned {found}")


def introduces(play: Play) -> None:
    """Somebody confirms a recipient to whom nobody wrote before; at times it is its author, in another role."""
    found = play.one_of(play.ids("SELECT id FROM disclosure ORDER BY state = 'held' DESC, seq"))
    if found is not None:
        who = play.proved("supervisor")
        if play.world.choices.weighted((2, 1)):
            who = replace(who, person=play.stage.people["officer"].person)
        play.world.tell(f"{who.person} confirms the recipient of {found}")
        done = introduce.introduce(play.stage.house, who, found)
        play.world.wake(done.released)


def erases(play: Play) -> None:
    """The person asks to be forgotten; while something is on its way, the officer is told to ask again."""
    found = play.one_of(play.ids(_REFERRALS))
    for _ in range(TRIES if found is not None else 0):
        try:
            play.world.tell(f"erases {SUBJECT} of {found}")
            erase.erase(play.stage.house, play.proved("dpo"), str(found), SUBJECT, ErasureGround.CONSENT_WITHDRAWN)
        except Conflict as problem:
            play.world.tell(f"told {problem.code}")
            play.world.seam("asks again")
        else:
            play.world.tell(f"erased {SUBJECT} of {found}")
            return


def suspends(play: Play) -> None:
    agency = play.one_of(play.ids("SELECT DISTINCT agency FROM disclosure ORDER BY agency"))
    if agency is not None:
        play.world.tell(f"suspends {agency}")
        vouch.suspend(play.stage.house, play.stage.people["dpo"], agency, Why.KEY_LOST)


def ends_suspension(play: Play) -> None:
    agency = play.one_of(play.ids("SELECT id FROM agency WHERE suspended_at IS NOT NULL ORDER BY id"))
    for person in ("dpo", "administrator") if agency is not None else ():
        play.world.tell(f"{person} lets {agency} resume")
        vouch.resume(play.stage.house, play.proved(person), str(agency))


def suspends_agreement(play: Play) -> None:
    agency = play.one_of(play.ids("SELECT DISTINCT agency FROM disclosure ORDER BY agency"))
    if agency is not None:
        paper = f"agr_{agency.removeprefix('agy_')}_example@1"
        play.world.tell(f"suspends {paper}")
        agree.take(play.stage.house, play.stage.people["dpo"], paper, agree.Step.SUSPENDED)


def declares(play: Play) -> None:
    referral = play.one_of(play.ids(_REFERRALS))
    if referral is not None:
        play.world.tell(f"declares danger in {referral}")
        who = play.stage.people["officer"]
        done = override.declare(play.stage.house, who, referral, Danger.IMMEDIATE_DANGER, "He is at the door.")
        play.world.tell(f"override {done.override.id}")
        play.world.wake(done.released)


def ends_override(play: Play) -> None:
    found = play.one_of(play.ids("SELECT id FROM override WHERE reviewed_at IS NULL ORDER BY seq"))
    if found is not None:
        play.world.tell(f"finds {found} unjustified")
        override.review_override(play.stage.house, play.proved("supervisor"), found, "It was not.", justified=False)


def reviews(play: Play) -> None:
    found = play.one_of(play.ids("SELECT id FROM disclosure WHERE state = 'held' ORDER BY seq"))
    if found is not None:
        play.world.tell(f"reviews {found}")
        authorise = play.world.choices.weighted((3, 1)) == 0
        review.review(play.stage.house, play.proved("authoriser"), found, authorise=authorise)


def resumes(play: Play) -> None:
    found = play.one_of(play.ids("SELECT id FROM disclosure WHERE state = 'parked' ORDER BY seq"))
    if found is not None:
        play.world.tell(f"resumes {found}")
        resume.resume(play.stage.house, play.stage.people["officer"], found)
        play.world.wake((found,))


def acknowledges(play: Play) -> None:
    came = [each for each in play.stage.ledger.arrivals if each.agency != CARRIED]
    if came:
        one = came[play.world.choices.below(len(came))]
        reference = ("REF/1", None)[play.world.choices.below(2)]
        play.world.tell(f"acknowledges {one.disclosure}")
        acknowledge.acknowledge(play.stage.house, play.stage.people[one.agency], one.disclosure, reference)


def carries(play: Play) -> None:
    """An officer takes a pack from the folder to the agency, and says so."""
    packs = play.stage.ledger.packs.get(CARRIED, {})
    found = play.one_of(sorted(packs))
    if found is not None:
        play.world.tell(f"carries {found}")
        acknowledge.hand_over(play.stage.house, play.stage.people["officer"], found.removesuffix(".json"), None)


def fetches(play: Play) -> None:
    """The partner that collects asks for what waits for it."""
    found = play.one_of(play.ids("SELECT id FROM disclosure WHERE agency = 'agy_fire' ORDER BY seq"))
    if found is not None:
        play.world.tell(f"fetches {found}")
        message = collect.collect(play.stage.house, play.stage.people[COLLECTED], found)
        leaves = play.stage.disk.leaves()
        if play.world.is_calm or play.world.choices.weighted((4, 1)) == 0:
            play.stage.ledger.arrivals.append(
                Arrival(play.world.process, None, COLLECTED, found, found, message.body, play.world.now(), leaves)
            )  # fmt: skip
