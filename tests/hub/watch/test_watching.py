"""What whoever watches a hub is told: figures that are so, traces that join, and never a word of anybody's case."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, event

from hub import metrics, traces
from hub.delivery.outbox import State
from hub.flow.checkpoint import checkpoint
from hub.flow.deliver import deliver_due
from hub.flow.readiness import Readiness
from hub.flow.status import figures
from hub.watch.listener import Listener
from hub.watch.process import Watched
from tests.canaries.planting import PHONE, Plants
from tests.canaries.scanner import Scanner
from tests.cases import ADVICE, FIRE, HELPLINE, JAG, POLICE, Ask, Case
from tests.collector import Collector, collecting, facts
from tests.hub.api.served import Api, served

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]

AN_ID = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")
LABELS = {"agency", "at", "code", "event", "kind", "lane", "le", "operation", "outcome", "rung", "state", "status"}


@dataclass
class Seen:
    """A hub that lived through a little, and what was told of it."""

    api: Api
    watched: Watched
    collector: Collector
    plants: Plants
    before: Figures
    after: Figures
    told: list[tuple[str, bytes]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.watched.port}"

    def grew(self, name: str, **labels: str) -> float:
        """By how much a counter grew meanwhile."""
        key = (name, tuple(sorted(labels.items())))
        return self.after.get(key, 0.0) - self.before.get(key, 0.0)


def read(address: str) -> tuple[Figures, bytes]:
    answer = httpx.get(f"{address}/metrics", trust_env=False)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }, answer.content


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder: Path = tmp_path_factory.mktemp("watched")
    plants = Plants()
    with collecting() as collector, served(folder) as api:
        house = api.hub.house
        watched = Watched(
            house, Readiness(house).now, "9.9.9", host="127.0.0.1", port=0, otlp_endpoint=collector.endpoint
        )
        address = f"http://127.0.0.1:{watched.port}"
        before, _ = read(address)
        live(api, plants)
        traces.stop()
        after, text = read(address)
        told = [("metrics", text), ("ready", httpx.get(f"{address}/ready", trust_env=False).content)]
        yield Seen(api, watched, collector, plants, before, after, told)
        watched.stop()


def live(api: Api, plants: Plants) -> None:
    """A referral taken, one held, one that waits; released, collected, withdrawn; and somebody at the door."""
    house = api.hub.house
    taken = refer(api, plants, (POLICE, HELPLINE, JAG, FIRE, ADVICE), "taken")
    refer(api, plants, (POLICE,), "held", necessary=None, proportionate=None)
    deliver_due(house, "worker", 20)
    course = api.ask("GET", f"/v1/referrals/{taken}", "officer").json()
    (fire,) = [row["id"] for row in course["disclosures"] if row["agency"] == "agy_fire"]
    assert api.ask("POST", f"/v1/feed/{fire}/collection", "partner").status_code == 200
    api.ask("POST", f"/v1/feed/{fire}/acknowledgement", "partner", json={"partner_reference": f"FRS {plants.mark}"})
    for consent in course["consents"]:
        api.ask("POST", f"/v1/consents/{consent['id']}/withdrawal", "officer")
    for address in (f"/{plants.mark}", f"/v1/referrals/{plants.mark}", f"/v1/agencies?{plants.mark}=1"):
        api.ask("GET", address, "officer")
    wrong = api.client.post("/v1/sign-in/password", json={"name": plants.mark, "password": "x" * 20, "code": "000000"})
    assert wrong.status_code == 401, wrong.text
    api.sent(Case((JAG, POLICE)))
    checkpoint(house)


def refer(api: Api, plants: Plants, asks: tuple[Ask, ...], name: str, **circumstances: object) -> str:
    given = plants.referral(asks, **circumstances)
    if circumstances:
        given["asks"][0]["routine"] = False
    answer = api.ask("POST", "/v1/referrals", "officer", json=given,
                     headers={"Idempotency-Key": f"{name} {plants.mark}"})  # fmt: skip
    assert answer.status_code == 201, answer.text
    return str(answer.json()["referral"])


def test_what_was_done_is_counted_once_it_is_durable(seen: Seen) -> None:
    assert seen.grew("concordat_referrals_accepted_total") == 3
    kinds = "concordat_log_entries_total"
    made = sum(seen.grew("concordat_decisions_total", outcome=outcome, at=at) for at in ("intake", "door")
               for outcome in ("permit", "permit_redacted", "needs_authoriser", "deny"))  # fmt: skip
    assert made == seen.grew(kinds, kind="decision.made") > 8
    assert seen.grew("concordat_attempts_total", agency="agy_fire", outcome="done") == 1
    assert seen.grew("concordat_attempts_total", agency="agy_advice", outcome="try_later") == 1
    assert seen.grew("concordat_receipts_total", rung="prepared") == seen.grew(
        "concordat_attempts_total", agency="agy_police", outcome="done"
    ) + seen.grew("concordat_attempts_total", agency="agy_helpline", outcome="done") + seen.grew(
        "concordat_attempts_total", agency="agy_jag", outcome="done"
    )
    assert seen.grew("concordat_receipts_total", rung="referenced") == 1
    assert seen.grew("concordat_sign_in_failures_total", code="SIGN_IN_REFUSED") == 1
    assert seen.grew("concordat_request_seconds_count", operation="send_referral", status="2xx") == 3
    assert seen.grew("concordat_request_seconds_count", operation="none", status="4xx") >= 1


def test_what_waits_is_told_as_the_database_has_it(seen: Seen) -> None:
    house = seen.api.hub.house
    asked_anew = Listener(house, Readiness(house).now, "127.0.0.1", 0)  # the other tells its figures again for a while
    found = figures(house)
    told, _ = read(f"http://127.0.0.1:{asked_anew.port}")
    asked_anew.stop()
    assert found.queues.queues
    for queue in found.queues.queues:
        labels = (("agency", queue.agency), ("lane", queue.lane))
        assert told["concordat_queue_waiting", labels] == queue.waiting
        assert told["concordat_queue_due", labels] == queue.due
        assert told["concordat_queue_age_seconds", labels] > 0
    for state, counts in found.queues.by_state.items():
        for agency, count in counts.items():
            assert told["concordat_disclosures", (("agency", agency), ("state", state.value))] == count
    assert found.queues.by_state[State.HELD]
    assert found.queues.by_state[State.QUEUED]
    assert told["concordat_log_size", ()] == found.log.size
    assert (found.log.unsigned, found.log.decisions_unsigned) == (0, 0)
    assert told["concordat_ready", ()] == told["concordat_figures_known", ()] == 1


def test_a_decision_is_not_yet_durable_until_it_is_committed_and_then_no_more(seen: Seen) -> None:
    at_commits: list[float] = []

    def look(_connection: Connection) -> None:
        at_commits.append(metrics.NOT_YET_DURABLE._value.get())

    event.listen(seen.api.hub.house.store.engine, "commit", look)
    seen.api.sent(Case((JAG, POLICE)))
    event.remove(seen.api.hub.house.store.engine, "commit", look)
    assert max(at_commits) == 2
    assert metrics.NOT_YET_DURABLE._value.get() == 0


def test_no_label_is_an_id_and_none_holds_what_somebody_may_write(seen: Seen) -> None:
    for name, labels in seen.after:
        if name.startswith("concordat_"):
            assert {label for label, _ in labels} <= LABELS, name
            assert not [value for _, value in labels if AN_ID.search(value)], name


def test_nothing_that_was_planted_is_in_metrics_health_or_traces(seen: Seen) -> None:
    scanner = Scanner([seen.plants.mark], [PHONE.replace(" ", "")])
    sent = [*seen.told, *(("trace", body) for body in seen.collector.received + seen.collector.around)]
    assert Counter(place for place, _ in sent)["trace"] >= 2
    assert [(place, scanner.hits(body)) for place, body in sent if scanner.hits(body)] == []
    assert scanner.hits(json.dumps(seen.plants.referral((POLICE,))).encode()), "a mark would be found"


def test_the_steps_of_a_disclosure_join_one_trace_that_begins_at_intake(seen: Seen) -> None:
    spans = seen.collector.spans()
    steps = Counter(span.name for span in spans)
    assert {"refer", "queue", "hold", "claim", "send", "settle", "collect", "acknowledge", "withdraw",
            "checkpoint"} <= steps.keys(), steps  # fmt: skip
    assert len({span.span_id for span in spans}) == len(spans)
    (collected,) = [span for span in spans if span.name == "collect"]
    (fire,) = {facts(collected)["concordat.disclosure"]}
    ours = [span for span in spans if facts(span).get("concordat.disclosure") == fire]
    assert len({span.trace_id for span in ours}) == 1
    (first,) = [span for span in ours if not span.parent_span_id]
    assert first.name == "queue"
    assert {span.parent_span_id for span in ours if span is not first} == {first.span_id}
    taken = {span.span_id: span for span in spans if span.name == "refer"}
    assert [link.span_id in taken for link in first.links] == [True]
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def test_a_withdrawal_is_tied_to_what_it_stopped(seen: Seen) -> None:
    spans = seen.collector.spans()
    linked = {link.trace_id for span in spans if span.name == "withdraw" for link in span.links}
    assert linked & {span.trace_id for span in spans if span.name == "cancel"}
    assert linked <= {span.trace_id for span in spans}


def test_spans_hold_ids_and_codes_from_the_list_and_nothing_of_an_exception(seen: Seen) -> None:
    allowed = {f"concordat.{name}" for name in traces.ATTRIBUTES}
    for span in seen.collector.spans():
        assert facts(span).keys() <= allowed, span.name
        assert not span.events
        assert not span.status.message
        assert "[withheld]" not in facts(span).values()
    assert {tuple(sorted(one)) for one in seen.collector.resources()} == {
        ("service.name", "service.namespace", "service.version")
    }


def test_a_step_that_fails_is_told_by_its_code_and_not_in_its_words() -> None:
    with collecting() as collector:
        traces.begin(collector.endpoint, "hub.example", "9.9.9")
        with pytest.raises(ValueError, match="Zoe"), traces.Step("send", "dsc_x", code="Not a code, but Zoe's words"):
            raise ValueError("Zoe lives at 1 Harbour Street")
        with traces.Step("send", "dsc_x", agency="Not a code, but Zoe's words"):
            pass
        traces.stop()
        failed, withheld = collector.spans()
    assert facts(failed) == {"concordat.code": "ValueError"}
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert facts(withheld) == {"concordat.agency": "[withheld]"}
    assert not [body for body in collector.received if b"Zoe" in body or b"Harbour" in body]


def test_an_attribute_that_is_not_on_the_list_is_a_defect_even_while_nothing_is_traced() -> None:
    with pytest.raises(KeyError):
        traces.tell("send", 0, None, {"name": "x"})


def test_nothing_is_traced_unless_an_endpoint_is_set() -> None:
    traces.begin(None, "hub.example", "9.9.9")
    assert traces.moment() == 0
    with traces.Step("send", "dsc_x"):
        pass
    traces.stop()


def test_a_collector_that_is_away_costs_spans_and_nothing_else(seen: Seen) -> None:
    traces.begin("http://127.0.0.1:1", "hub.example", "9.9.9")
    seen.api.sent(Case((JAG,)))
    traces.stop()


def test_the_listener_tells_figures_and_health_and_nothing_else(seen: Seen) -> None:
    with httpx.Client(base_url=seen.address, trust_env=False) as client:
        assert client.get("/live").json() == {"status": "live"}
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready", "reasons": [], "degraded": []})
        assert [client.get(path).status_code for path in ("/", "/v1/feed", "/metrics/", "/favicon.ico")] == [404] * 4
        assert client.post("/metrics").status_code == 405


def test_the_address_that_people_and_partners_know_tells_no_figures(seen: Seen) -> None:
    for who in (None, "officer", "administrator", "partner"):
        assert [seen.api.ask("GET", path, who).status_code for path in ("/metrics", "/v1/metrics")] == [404, 404]


def test_without_a_port_nobody_listens(seen: Seen) -> None:
    silent = Watched(seen.api.hub.house, seen.watched.readiness, "9.9.9", host="127.0.0.1", port=None,
                     otlp_endpoint=None)  # fmt: skip
    assert silent.port is None
    silent.stop()


def test_a_database_that_went_away_is_told_while_what_this_process_counted_stays(seen: Seen) -> None:
    house = seen.api.hub.house
    house.store.close()
    file = seen.api.hub.settings.data_dir / "concordat.sqlite3"
    for part in file.parent.glob("concordat.sqlite3*"):
        part.unlink()
    file.mkdir()
    alone = Watched(house, Readiness(house).now, "9.9.9", host="127.0.0.1", port=0, otlp_endpoint=None)
    try:
        told, _ = read(f"http://127.0.0.1:{alone.port}")
        unready = httpx.get(f"http://127.0.0.1:{alone.port}/ready", trust_env=False)
        live = httpx.get(f"http://127.0.0.1:{alone.port}/live", trust_env=False)
    finally:
        alone.stop()
    assert told["concordat_ready", ()] == told["concordat_figures_known", ()] == 0
    assert told["concordat_reason", (("code", "STORE_UNAVAILABLE"),)] == 1
    assert told["concordat_referrals_accepted_total", ()] >= 3
    assert sum(value for (name, _), value in told.items() if name == "concordat_store_errors_total") > 0
    assert (unready.status_code, unready.json()["reasons"]) == (503, ["STORE_UNAVAILABLE"])
    assert live.status_code == 200
