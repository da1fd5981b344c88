"""What the documents on security promise is held by tests that exist."""

import re

import pytest

from tests.architecture import asvs
from tests.architecture.source import ROOT

_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


@pytest.mark.parametrize("document", ["security.md", "asvs.md"])
def test_every_test_that_is_named_exists(document: str) -> None:
    named = _NAMED.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))
    missing = [f"{path}::{name}" for path, name in named if not _exists(path, name)]

    assert named
    assert missing == []


def test_every_threat_has_a_control_a_default_and_a_test() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| T\d", line)
    ]

    assert [row[0].strip("| ") for row in rows] == [f"T{number}" for number in range(1, 25)]
    for row in rows:
        assert all(row[1:4]), row[0]
        assert _NAMED.search(row[4]), row[0]


def test_the_table_of_the_standard_is_made_from_its_source() -> None:
    assert asvs.TABLE.read_text(encoding="utf-8") == asvs.table()


def test_a_row_that_is_met_names_what_holds_it_and_one_that_is_not_says_why() -> None:
    unheld = [
        number
        for number, row in asvs.rows().items()
        if row["is"] == "met" and not row.get("tests") and "docs/" not in row["how"] and ".md" not in row["how"]
    ]

    assert unheld == []
    assert {row["is"] for row in asvs.rows().values()} == set(asvs.WORDS)
    assert all(row["how"] for row in asvs.rows().values())


def _exists(path: str, name: str) -> bool:
    file = ROOT / path
    return file.is_file() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))
