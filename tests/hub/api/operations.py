"""What the API offers, read from its own OpenAPI document, with a plausible address for each operation."""

from dataclasses import dataclass
from typing import Any

METHODS = ("get", "put", "post", "delete", "patch")
NOBODY = f"{'0' * 26}"
PATHS = {
    "referral": f"ref_{NOBODY}", "disclosure": f"dsc_{NOBODY}", "consent": f"con_{NOBODY}",
    "credential": f"crd_{NOBODY}", "person": f"usr_{NOBODY}", "session_id": f"ses_{NOBODY}",
    "override": f"ovr_{NOBODY}", "landlord": "PCHA", "number": "0",
    "bundle": "000.p/1", "hashes": "0/000.p/1",
    "agency": "agy_no_such", "pin": f"pin_{NOBODY}", "mark": f"uns_{NOBODY}",
    "agreement": "agr_no_such@1", "document_id": f"doc_{NOBODY}",
    "machine": f"mch_{NOBODY}", "key": f"mky_{NOBODY}", "hold": f"hld_{NOBODY}", "attachment": f"atc_{NOBODY}",
}  # fmt: skip
"""Well-shaped parameters that name nothing, or something harmless."""


@dataclass(frozen=True)
class Operation:
    """One operation as the document has it."""

    id: str
    method: str
    path: str
    document: dict[str, Any]

    @property
    def takes_json(self) -> bool:
        """Whether it has a body."""
        return "application/json" in self.document.get("requestBody", {}).get("content", {})

    def address(self, **instead: str) -> str:
        """The path, with parameters that name nothing unless given."""
        queries = {"prove_consistency": "?old=0&new=1"}
        return self.path.format(**(PATHS | instead)) + queries.get(self.id, "")


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation of an OpenAPI document."""
    return [
        Operation(operation["operationId"], method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
