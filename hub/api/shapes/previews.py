"""What would be decided if a referral were sent."""

from pydantic import BaseModel

from hub.api.shapes.decisions import DecisionOut, decision_told
from hub.flow.refer import Previewed


class ItemOut(BaseModel):
    """One item as it would go."""

    path: str
    title: str
    of: str
    value: str


class PreviewOut(BaseModel):
    """What would be decided now for one agency, and what it would get."""

    agency: str
    agency_name: str
    purpose: str
    decision: DecisionOut
    items: list[ItemOut]


class PreviewsOut(BaseModel):
    """What would be decided now; nothing was kept."""

    previews: list[PreviewOut]


def preview_out(entry: Previewed) -> PreviewOut:
    """A preview as the API tells it."""
    verdict = entry.judged.verdict
    going = verdict.disclosure.items if verdict.disclosure else ()
    return PreviewOut(
        agency=entry.agency.id, agency_name=entry.agency.name, purpose=entry.ask.purpose.value,
        decision=decision_told(verdict.decision, verdict.withheld),
        items=[ItemOut(path=item.path, title=item.title, of=item.of, value=item.value) for item in going],
    )  # fmt: skip
