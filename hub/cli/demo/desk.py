"""Somebody at a desk, with one credential, speaking to the hub through its public HTTP API and no other way."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import httpx
from pydantic import BaseModel

from hub.api.routes.reviews import WaitingList
from hub.api.shapes.access import SignedIn
from hub.api.shapes.feed import FeedOut, ReceiptMade
from hub.api.shapes.referrals import NewState, ReferralAccepted, ReferralOut, WithdrawnOut

Answer = TypeVar("Answer", bound=BaseModel)


class HubRefused(Exception):
    """The hub answered with a problem: its status and stable code."""

    def __init__(self, status: int, code: str) -> None:
        """Keep both; the detail of a problem is not repeated."""
        super().__init__(f"the hub answered {status} {code}")
        self.status = status
        self.code = code


class Desk:
    """A credential in use. `address` is asked each time: a hub that was restarted listens elsewhere."""

    def __init__(self, client: httpx.Client, address: Callable[[], str], token: str | None = None) -> None:
        """Sit down with a token; None before signing in."""
        self._client = client
        self._address = address
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def sign_in(self, code: str) -> "Desk":
        """Trade the one-time code; returns the desk of whoever signed in."""
        made = self._told(SignedIn, "POST", "/v1/sign-in", {"code": code})
        return Desk(self._client, self._address, made.token)

    def beside(self, token: str) -> "Desk":
        """The desk of whoever has this token."""
        return Desk(self._client, self._address, token)

    def set_policy_document(self, landlord: str, review_by: str) -> None:
        """Record until when a landlord's policy document is in date."""
        self._ask("PUT", f"/v1/landlords/{landlord}/policy-document", {"review_by": review_by})

    def record_assessments(self, landlord: str, purposes: Iterable[str], review_by: str) -> None:
        """Record that sharing was assessed for its impact, and legitimate interests for each of these purposes."""
        said: list[dict[str, str]] = [{"kind": "data_protection_impact_assessment"}]
        said += [{"kind": "legitimate_interests_assessment", "about": purpose} for purpose in purposes]
        for entry in said:
            self._ask("POST", f"/v1/landlords/{landlord}/documents", {**entry, "review_by": review_by})

    def send(self, raw: bytes, key: str) -> str:
        """Send a referral; returns its id."""
        headers = {"content-type": "application/json", "idempotency-key": key}
        answer = self._ask("POST", "/v1/referrals", raw, headers)
        return ReferralAccepted.model_validate_json(answer.content).referral

    def follow(self, referral: str) -> ReferralOut:
        """The course of a referral."""
        return self._told(ReferralOut, "GET", f"/v1/referrals/{referral}")

    def withdraw(self, consent: str) -> WithdrawnOut:
        """Withdraw a consent."""
        return self._told(WithdrawnOut, "POST", f"/v1/consents/{consent}/withdrawal")

    def held(self) -> WaitingList:
        """What waits for an authoriser."""
        return self._told(WaitingList, "GET", "/v1/reviews")

    def authorise(self, disclosure: str) -> NewState:
        """Let a held disclosure go."""
        return self._told(NewState, "POST", f"/v1/disclosures/{disclosure}/review", {"authorise": True})

    def hand_over(self, disclosure: str, reference: str) -> ReceiptMade:
        """Record that a pack was handed over, and the reference that came back."""
        told = {"partner_reference": reference}
        return self._told(ReceiptMade, "POST", f"/v1/disclosures/{disclosure}/handover", told)

    def feed(self) -> FeedOut:
        """The partner's own feed, from the beginning."""
        return self._told(FeedOut, "GET", "/v1/feed?after=0&limit=200")

    def collect(self, disclosure: str) -> bytes:
        """Fetch what waits for the partner."""
        return self._ask("POST", f"/v1/feed/{disclosure}/collection").content

    def acknowledge(self, disclosure: str, reference: str) -> ReceiptMade:
        """Say that the partner has it, and by which reference."""
        told = {"partner_reference": reference}
        return self._told(ReceiptMade, "POST", f"/v1/feed/{disclosure}/acknowledgement", told)

    def log_key(self) -> str:
        """The key that the log's checkpoints verify under."""
        return self._ask("GET", "/v1/log/key").text.strip()

    def export_log(self) -> bytes:
        """The whole audit log as a zip."""
        return self._ask("GET", "/v1/log/export").content

    def _told(self, shape: type[Answer], method: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        return shape.model_validate_json(self._ask(method, path, body).content)

    def _ask(
        self, method: str, path: str, body: Mapping[str, object] | bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        answer = self._client.request(
            method, self._address() + path, headers=self._headers | (headers or {}),
            content=body if isinstance(body, bytes) else None, json=None if isinstance(body, bytes) else body,
        )  # fmt: skip
        if answer.is_error:
            raise HubRefused(answer.status_code, str(answer.json()["title"]))
        return answer
