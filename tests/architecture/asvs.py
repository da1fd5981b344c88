"""Make `docs/asvs.md` from `docs/asvs.toml`: python -m tests.architecture.asvs"""

import tomllib
from collections import Counter
from typing import Any

from tests.architecture.source import ROOT

SOURCE, TABLE = ROOT / "docs" / "asvs.toml", ROOT / "docs" / "asvs.md"
WORDS = {"met": "met", "part": "in part", "no": "not met", "na": "does not apply"}


def rows() -> dict[str, dict[str, Any]]:
    """The rows of the source, by number."""
    found: dict[str, dict[str, Any]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["rows"]
    return found


def table() -> str:
    """The page."""
    kept = rows()
    counts = Counter(row["is"] for row in kept.values())
    told = ", ".join(f"{counts[word]} {says}" for word, says in WORDS.items())
    lines = [
        "# OWASP ASVS 5.0.0, row by row",
        "",
        "Made from [asvs.toml](asvs.toml) by `python -m tests.architecture.asvs`; the requirements' texts are OWASP's.",
        "These are the rows of levels 1 and 2 that decide this product, and the rows of level 3 adopted beside them;",
        f"the rest of level 2 is not evidenced yet. Of {len(kept)} rows: {told}.",
        "",
        "| row | is | how | held by |",
        "|---|---|---|---|",
    ]
    for number, row in kept.items():
        held = " ".join(f"`{test}`" for test in row.get("tests", ()))
        lines.append(f"| {number} | {WORDS[row['is']]} | {row['how']} | {held} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
