"""The ordinary case, so that an example differs from it only where it matters; and an example in words."""

from collections.abc import Mapping
from types import MappingProxyType

USUAL: Mapping[str, str] = MappingProxyType({
    "recipient": "police", "purpose": "crime_investigation", "category": "identity", "pack": "personal",
    "jurisdiction": "england", "controller_public_authority": "false", "landlord": "LMH", "direction": "push",
    "routine": "true", "subject_role": "victim", "age_band": "adult", "subject_living": "true",
    "subject_is_customer": "true", "reporter_type": "customer", "consent": "not_asked", "consent_covers_this": "true",
    "consent_freely_given": "true", "consent_covers_special": "true", "consent_covers_item": "unstated",
    "agreement_covers_item": "unstated", "asking_would_prejudice": "false", "capacity": "presumed", "gillick": "n_a",
    "coercion_suspected": "false", "risk": "medium", "child_at_risk": "false", "adult_at_risk": "false",
    "others_at_risk": "false", "serious_crime": "false", "demand": "none", "request": "n_a",
    "requester_verified": "true", "request_states_public_task": "false", "necessary": "true", "proportionate": "true",
    "prejudice_if_informed": "false", "informed_already": "true", "protocol": "in_force", "contractor_agreement": "n_a",
    "apd": "true", "authoriser_available": "true", "stage": "decision", "allegation_validated": "true",
    "gra_specific_agreement": "false", "victim_wishes": "refer", "objection_received": "false",
    "strand_value": "unspecified", "certificate_known": "false",
})  # fmt: skip
"""What an ordinary case looks like to the rules. Only examples use it: a decision never fills anything in."""


def in_words(example: Mapping[str, str]) -> str:
    """Recipient, purpose and kind of data, then what is out of the ordinary: "police, ...; consent refused"."""
    first = [example.get(name, USUAL[name]).replace("_", " ") for name in ("recipient", "purpose", "category")]
    told = {name: value for name, value in example.items() if name not in {"recipient", "purpose", "category"}}
    unusual = [_said(name, value) for name, value in told.items() if USUAL.get(name) != value]
    return f"{first[2]} to {first[0]} for {first[1]}" + (f", where {', '.join(unusual)}" if unusual else "")


def _said(name: str, value: str) -> str:
    plain = name.replace("_", " ")
    return {"true": plain, "false": f"not {plain}"}.get(value, f"{plain} is {value.replace('_', ' ')}")
