"""Refer: one referral goes in, each recipient gets what was decided, and the log proves it."""

import io
import zipfile
from pathlib import Path

from tests.cases import HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.journeys.people import Landlord, LogEntry, verify

MACHINES = ("agy_police", "agy_social")


def previewed(hub: Landlord, case: Case) -> dict[str, set[tuple[str, str, str]]]:
    answer = hub.officer.ask("POST", "/v1/previews", case.raw())
    assert answer.status_code == 200, answer.text
    return {
        entry["agency"]: {(item["path"], item["of"], item["value"]) for item in entry["items"]}
        for entry in answer.json()["previews"]
    }


def taken_in(hub: Landlord, folder: Path) -> list[LogEntry]:
    """What the log says was taken in and decided; deliveries of earlier cases may still go on meanwhile."""
    kinds = ("referral.accepted", "consent.recorded", "disclosure.queued")
    return [entry for entry in hub.log(folder) if entry["kind"] in kinds]


def test_four_recipients_get_exactly_what_was_decided_and_the_officer_gets_their_receipts(hub: Landlord) -> None:
    case = Case((POLICE, SOCIAL, HELPLINE, JAG))
    decided = previewed(hub, case)

    course = hub.settled(hub.refer(case))

    assert {agency: entry.state for agency, entry in course.items()} == {
        "agy_police": "receipted", "agy_social": "receipted", "agy_helpline": "sent", "agy_jag": "prepared",
    }  # fmt: skip
    for agency in MACHINES:
        assert hub.partners.told_items(agency, course[agency].id) == decided[agency]
    for agency, entry in course.items():
        said = hub.partners.told(agency, entry.id)
        # A page for people breaks lines where it likes; tokens hold no space to break at.
        going = {token for token in case.secrets if any(token in value for _, _, value in decided[agency])}
        assert {token for token in case.secrets if token in said} == going
        assert hub.partners.ledger(agency)[entry.id] == 1
        assert entry.told["receipts"], agency
    (receipt,) = course["agy_police"].told["receipts"]
    assert receipt["partner_reference"].startswith("CRIME/26/")


def test_no_recipient_is_told_what_it_has_no_need_of(hub: Landlord) -> None:
    case = Case((POLICE, SOCIAL, HELPLINE, JAG))

    course = hub.settled(hub.refer(case))

    told = {agency: hub.partners.told(agency, entry.id) for agency, entry in course.items()}
    assert all(case.token("witness") not in said for said in told.values())
    assert case.token("neighbour") not in told["agy_helpline"]
    assert case.token("street") not in told["agy_helpline"]
    assert all(case.token(name) not in told["agy_jag"] for name in ("asthma", "illness", "care"))
    withheld = {entry["path"] for entry in course["agy_helpline"].told["decision"]["withheld"]}
    assert {"alleged.name", "victim.address", "witness.name"} <= withheld


def test_the_audit_export_verifies_offline_and_tells_of_each_release_before_its_end(
    hub: Landlord, tmp_path: Path
) -> None:
    course = hub.settled(hub.refer(Case()))

    log = hub.log(tmp_path)

    for entry in course.values():
        kinds = [line["kind"] for line in log if line["facts"].get("disclosure") == entry.id]
        assert kinds[:3] == ["disclosure.queued", "release.intended", "release.settled"]


def test_an_export_with_one_byte_changed_does_not_verify(hub: Landlord, tmp_path: Path) -> None:
    hub.refer(Case((POLICE,)))
    packed = hub.export()
    assert verify(packed, hub.log_key(), tmp_path).returncode == 0

    forged = _with_one_byte_changed(packed)

    assert verify(forged, hub.log_key(), tmp_path).returncode != 0


def test_the_same_key_and_body_twice_is_one_referral(hub: Landlord) -> None:
    case = Case((POLICE,))
    first, again = hub.officer.refer(case), hub.officer.refer(case)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["referral"] == again.json()["referral"]
    course = hub.settled(first.json()["referral"])
    assert hub.partners.ledger("agy_police")[course["agy_police"].id] == 1


def test_the_same_key_for_another_referral_is_refused(hub: Landlord) -> None:
    first, other = Case((POLICE,)), Case((POLICE,))
    hub.refer(first)

    answer = hub.officer.refer(other, key=f"key-{first.tag}")

    assert answer.status_code == 409
    assert answer.json()["title"] == "IDEMPOTENCY_KEY_REUSED"


def test_a_preview_keeps_nothing_and_tells_nobody(hub: Landlord, tmp_path: Path) -> None:
    case = Case((POLICE, JAG))
    before = taken_in(hub, tmp_path)
    ledgers = {agency: hub.partners.ledger(agency) for agency in ("agy_police", "agy_jag")}

    assert previewed(hub, case)["agy_police"]

    assert taken_in(hub, tmp_path) == before
    assert {agency: hub.partners.ledger(agency) for agency in ledgers} == ledgers
    # The key and the case number are still free: the hub remembers neither.
    assert hub.officer.refer(case).status_code == 201


def _with_one_byte_changed(packed: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as bundle, zipfile.ZipFile(changed, "w") as target:
        first = next(name for name in bundle.namelist() if name.startswith("tile/entries/"))
        for name in bundle.namelist():
            content = bytearray(bundle.read(name))
            if name == first:
                content[len(content) // 2] ^= 1
            target.writestr(name, bytes(content))
    return changed.getvalue()
