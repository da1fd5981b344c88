"""A referral in which every text that somebody may write is a mark: made from the JSON Schema, so none is missed."""

import copy
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from protocols.record import Referral
from tests.cases import Ask, Case

PHONE, BORN = "07700 900461", "1907-08-09"
"""A telephone number kept for fiction, and a date of birth that nobody in these tests has by chance."""

_FIXED = {
    "subject": "p1", "id": "p1", "date_of_birth": BORN, "postcode": "ZZ99 3VZ", "uprn": "400770090461",
    "evidence_sha256": "ab" * 32, "landlord": "LMH", "kind": "other", "channel": "mobile", "said_by": "self",
}  # fmt: skip
_OF_A_FORM = {"date": "2026-11-01", "date-time": "2026-11-01T10:00:00Z"}


@dataclass
class Plants:
    """One run's marks. Each text names the field it was planted in, so that a hit says where the leak began."""

    tag: str = field(default_factory=lambda: secrets.token_hex(5))
    paths: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """What every text holds, and nothing else in the world."""
        return f"qz{self.tag}"

    def text(self, where: str) -> str:
        """A text to plant. Letters beyond ASCII and a quote are in it, so that encodings show."""
        return f"{''.join(part.title() for part in where.replace('_', '.').split('.'))[-40:]}{self.mark} Zoë's"

    def referral(self, asks: tuple[Ask, ...], **circumstances: object) -> dict[str, Any]:
        """A referral that the hub takes, with a mark in every field that takes a text."""
        case = Case(asks=asks, number=self.text("case.reference"), tag=self.tag, circumstances=circumstances)
        given = case.referral()
        made = self.filled(Referral.model_json_schema())
        assert isinstance(made, dict)
        for name in ("landlord", "subject", "circumstances", "asks"):
            made[name] = given[name]
        made["record"]["people"] = [made["record"]["people"][0], *given["record"]["people"][1:]]
        made["record"]["people"][0] |= {"role": "victim", "contacts": [{"channel": "mobile", "value": PHONE}]}
        made["record"]["case"]["reference"] = given["record"]["case"]["reference"]
        said = made["consents"][0]
        conditions = {"answer": "given_with_conditions", "conditions": said.pop("conditions")}
        made["consents"] = [said | consent for consent in given["consents"]]
        for consent in made["consents"]:
            if consent["recipient"] == "jag":
                consent.update(conditions)
        return json.loads(json.dumps(made))  # type: ignore[no-any-return]

    def filled(self, schema: dict[str, Any], name: str = "") -> Any:  # noqa: ANN401 - as JSON has it
        """What fits a schema, with a mark in every text that has no form of its own."""
        return self._value(schema, schema.get("$defs", {}), name)

    def _value(self, node: dict[str, Any], defs: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - as JSON has it
        if "$ref" in node:
            return self._value(defs[node["$ref"].rpartition("/")[2]], defs, path)
        if "anyOf" in node:
            return self._value(next(one for one in node["anyOf"] if one.get("type") != "null"), defs, path)
        if "const" in node or "enum" in node:
            return node.get("const", node.get("enum", [None])[0])
        match node.get("type"):
            case "object":
                return self._object(node, defs, path)
            case "array":
                return [self._value(node["items"], defs, path)]
            case "string":
                return self._string(node, path)
            case "boolean":
                return True
            case _:
                return node.get("minimum", 1)

    def _object(self, node: dict[str, Any], defs: dict[str, Any], path: str) -> dict[str, Any]:
        made = {name: self._value(one, defs, f"{path}.{name}") for name, one in node.get("properties", {}).items()}
        if "marks" in made:  # a mark quotes its text
            made["marks"][0]["quote"] = made["text"]
        if path.endswith("when"):
            made["end"] = "2026-11-01T11:00:00Z"
        if "expires_at" in made:
            made["expires_at"] = "2089-12-31T00:00:00Z"
        return made

    def _string(self, node: dict[str, Any], path: str) -> str:
        name = path.rpartition(".")[2]
        if name in _FIXED and (node.keys() & {"pattern", "format"}):
            return _FIXED[name]
        if "format" in node:
            return _OF_A_FORM[node["format"]]
        if "pattern" in node:
            return "other"
        self.paths.append(path.removeprefix("."))
        return self.text(path.removeprefix("."))


def spoilt(referral: dict[str, Any], plants: Plants) -> list[bytes]:
    """The same referral made wrong, one field at a time and as a whole, with marks where they hurt: values and keys."""
    made = []
    for path in plants.paths:
        for wrong in ({plants.text("object"): 1}, [plants.text("list")], plants.text("much") * 2_000, 7):
            changed = copy.deepcopy(referral)
            if _set(changed, path.split("."), wrong):
                made.append(json.dumps(changed).encode())
    text = json.dumps(referral)
    made += [text[:-40].encode(), text.encode("utf-16"), f'{text}"{plants.text("after")}"'.encode(),
             text.replace('{"', '{"' + plants.text("unknown") + '": "' + plants.text("value") + '", "', 1).encode(),
             json.dumps(plants.text("alone")).encode(), plants.text("raw").encode("latin-1")]  # fmt: skip
    return made


def _set(place: Any, steps: list[str], value: object) -> bool:  # noqa: ANN401 - as JSON has it
    for step in steps[:-1]:
        place = place.get(step)
        place = place[0] if isinstance(place, list) else place
        if not isinstance(place, dict):
            return False
    place[steps[-1]] = value
    return True
