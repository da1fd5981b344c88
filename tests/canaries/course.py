"""Everything that can be done to a hub, with marks wherever one can write; and what those were told who may not read.

What is left out of planting, and why: texts of registers (agreements, agencies, documents), which hold no personal data
and stand in the clear on purpose; codes and names of machines and teams, which a pattern keeps from being a name.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tests.canaries.places import Piece, response
from tests.canaries.planting import Plants, spoilt
from tests.cases import FIRE, HELPLINE, JAG, POLICE, SOCIAL, Case
from tests.hub.api.operations import PATHS, Operation, operations
from tests.journeys.people import Landlord, Person

OF_REGISTERS = {
    "add_agreement", "record_document", "propose_agency_key", "set_policy_document", "register_machine",
}  # fmt: skip
"""Operations whose texts stand in the clear on purpose."""

HEADERS = ("User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Cookie", "Traceparent", "Baggage", "Origin",
           "On-Behalf-Of", "X-Client-Cert", "X-Proxy-Secret", "Signature-Input", "Accept-Language")  # fmt: skip


def nobody(hub: Landlord) -> Person:
    """Whoever has not signed in."""
    return Person(hub.backend, hub._client, None)


def sound(hub: Landlord, plants: Plants) -> None:
    """Referrals that are taken, and go every way there is."""
    sent = _refer(hub, plants, plants.referral((POLICE, SOCIAL, HELPLINE, JAG, FIRE)), "sent")
    _refer(hub, plants, plants.referral((JAG,), capacity="doubted"), "held")
    held = plants.referral((POLICE,), necessary=None, proportionate=None)
    held["asks"][0]["routine"] = False
    waits = _refer(hub, plants, held, "to review")
    course = hub.settled(sent)
    fire = course["agy_fire"].id
    assert hub.fire.ask("POST", f"/v1/feed/{fire}/collection").status_code == 200
    reference = f"FRS/{plants.mark}"
    acknowledged = hub.fire.ask("POST", f"/v1/feed/{fire}/acknowledgement", {"partner_reference": reference})
    assert acknowledged.status_code == 200, acknowledged.text
    (entry,) = hub.course(waits).values()
    for body in ({"authorise": False, "reason": plants.text("review.reason")}, {"authorise": False}):
        hub.authoriser.ask("POST", f"/v1/disclosures/{entry.id}/review", body)
    _beside(hub, plants, sent)
    withdrawn = _refer(hub, plants, plants.referral((FIRE,)), "withdrawn")
    for consent in hub.officer.get(f"/v1/referrals/{withdrawn}")["consents"]:
        hub.officer.ask("POST", f"/v1/consents/{consent['id']}/withdrawal")
    explained = hub.officer.ask("GET", f"/v1/disclosures/{fire}/explanation?voice=subject")
    assert explained.status_code == 200


def _beside(hub: Landlord, plants: Plants, referral: str) -> None:
    """What is said of a referral after it was sent: consents, contacts, a danger and why, evidence."""
    path = f"/v1/referrals/{referral}"
    consent = plants.referral((FIRE,))["consents"][0]
    dangerous = {"person": "p2", "contact": f"mailbox-{plants.mark}@homes.example"}
    override = {"category": "immediate_danger", "reason": plants.text("override.reason")}
    told = [
        hub.officer.ask("POST", f"{path}/consents", consent),
        hub.officer.ask("POST", f"{path}/unsafe-contacts", dangerous),
        hub.officer.ask("POST", f"{path}/overrides", override),
    ]
    leaflet = b"%PDF-1.4\n" + plants.text("attachment").encode() * 3_000 + b"\n%%EOF\n"
    named = {"Content-Type": "application/pdf", "Content-Disposition": f'attachment; filename="{plants.mark}.pdf"'}
    told.append(hub.officer.ask("POST", f"{path}/attachments", leaflet, **named))
    assert [answer.status_code for answer in told] == [201] * 4, [answer.text for answer in told]


def wait_for_workers(hub: Landlord, plants: Plants) -> None:
    """A referral whose disclosures nobody delivers for now."""
    _refer(hub, plants, plants.referral((POLICE, SOCIAL, HELPLINE)), "waiting")


def _refer(hub: Landlord, plants: Plants, referral: dict[str, Any], name: str) -> str:
    key = {"Idempotency-Key": f"{name} {plants.mark}"}
    answer = hub.officer.ask("POST", "/v1/referrals", referral, **key)
    assert answer.status_code == 201, answer.text
    assert hub.officer.ask("POST", "/v1/previews", referral).status_code == 200
    return str(answer.json()["referral"])


def unsound(hub: Landlord, plants: Plants) -> Iterator[Piece]:
    """What everybody is told to inputs that are wrong: never what they sent."""
    referral = plants.referral((POLICE,))
    for number, raw in enumerate(spoilt(referral, plants)):
        path = "/v1/referrals" if number % 2 else "/v1/previews"
        answer = hub.officer.ask("POST", path, raw, **{"Idempotency-Key": f"spoilt-{number}-{plants.tag}"})
        if answer.status_code >= 400:
            yield response(answer)
    for name in HEADERS:
        for asking in (hub.officer, nobody(hub)):
            yield response(asking.ask("GET", "/v1/feed", None, **{name: f"{plants.mark}; a={plants.mark}"}))
    for path in (f"/{plants.mark}", f"/v1/referrals/{plants.mark}", f"/v1/feed?after={plants.mark}",
                 f"/v1/log/consistency?old={plants.mark}&new=1", f"/v1/agencies?{plants.mark}=1"):  # fmt: skip
        for asking in (hub.officer, hub.administrator, nobody(hub)):
            yield response(asking.ask("GET", path))
    yield response(nobody(hub).ask("GET", "/v1/feed", None, Authorization=f"Bearer {plants.mark}"))


def every_operation(hub: Landlord, plants: Plants) -> Iterator[Piece]:
    """Each operation of the document, asked by everybody with marks in every text it takes.

    Told on are the answers to those who may read no content, and every refusal to those who may. An administrator
    reads by what names colleagues sign in, and nothing else that was planted.
    """
    document = nobody(hub).get("/v1/openapi.json")
    readers = {hub.officer, hub.dpo, hub.authoriser}
    for operation in operations(document):
        if operation.id == "sign_out":  # whoever asks could ask nothing more
            continue
        body = body_of(operation, document, plants)
        address = re.sub(r"{(\w+)}", lambda match: PATHS.get(match[1], plants.mark), operation.path)
        for asking in (nobody(hub), hub.administrator, hub.police, hub.fire, *readers):
            if operation.id in OF_REGISTERS and asking is hub.administrator:
                continue
            answer = asking.ask(operation.method, address, body,
                                **{"Idempotency-Key": f"{operation.id} {plants.mark}"})  # fmt: skip
            may_read = asking in readers or (asking is hub.administrator and operation.id == "list_people")
            if not may_read or answer.status_code >= 400:
                yield response(answer)


def body_of(operation: Operation, document: dict[str, Any], plants: Plants) -> object:
    """A body with a mark in every text; None where none is taken."""
    content = operation.document.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return plants.text(operation.id).encode() if content else None
    schema = content["application/json"]["schema"]
    return plants.filled({**schema, "$defs": document["components"]["schemas"]}, operation.id)


def after_reading(hub: Landlord) -> Iterator[Piece]:
    """What those are told about all that was sent who may not read it: lists, feeds, proofs, metrics."""
    paths = ("/v1/feed", "/v1/reviews", "/v1/parked", "/v1/agencies", "/v1/machines", "/v1/overrides",
             "/log/checkpoint", "/v1/log/key", "/v1/log/consistency?old=1&new=2", "/v1/log/entries/3/proof",
             "/v1/openapi.json", "/", "/metrics", "/v1/metrics", "/v1/health/ready", "/v1/retention")  # fmt: skip
    for path in paths:
        for asking in (nobody(hub), hub.administrator, hub.police, hub.fire):
            yield response(asking.ask("GET", path))


def someone_signs_in(hub: Landlord, plants: Plants) -> Iterator[Piece]:
    """Names and passwords, right and wrong, as people type them: also into the wrong box."""
    name, password = f"{plants.mark}@homes.example", f"{plants.mark} kettle under harbour"
    invited = hub.administrator.ask("POST", "/v1/people", {"role": "officer", "landlord": "LMH"})
    if invited.status_code == 201:
        invitation = invited.json()["invitation"]
        enrol = {"invitation": invitation, "name": name, "password": password}
        yield response(nobody(hub).ask("POST", "/v1/sign-in/enrol", enrol | {"password": plants.mark}))
        assert nobody(hub).ask("POST", "/v1/sign-in/enrol", enrol).status_code == 201
    for said in (
        {"name": name, "password": password, "code": "000000"}, {"name": name, "password": plants.mark, "code": ""},
        {"name": plants.mark, "password": password, "code": plants.mark},
    ):  # fmt: skip
        yield response(nobody(hub).ask("POST", "/v1/sign-in/password", said))
    yield response(nobody(hub).ask("POST", "/v1/sign-in", {"code": f"cct_{plants.mark}{plants.mark}"}))


def sees(hub: Landlord, plants: Plants, broken: Callable[[], None]) -> Iterator[Piece]:
    """What is told when the hub fails in the middle of a referral."""
    broken()
    for referral in (plants.referral((POLICE,)), Case(tag=plants.tag).referral()):
        answer: httpx.Response = hub.officer.ask(
            "POST", "/v1/referrals", json.dumps(referral).encode(), **{"Idempotency-Key": f"broken {plants.mark}"}
        )
        assert answer.status_code in (500, 503), answer.text
        yield response(answer)
