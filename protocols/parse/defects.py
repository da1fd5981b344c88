"""What is wrong with an agreement file, in words a data protection officer can act on. Never what the file says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from protocols.agreement import Agreement, Clause, Mailbox, OnwardSharing, Retention, Security, Signatory
from protocols.parties import Controller, Recipient

_TABLES: Mapping[str, type[BaseModel]] = {
    "clauses": Clause,
    "contacts": Mailbox,
    "controllers": Controller,
    "onward_sharing": OnwardSharing,
    "recipients": Recipient,
    "retention": Retention,
    "security": Security,
    "signatories": Signatory,
}
_SHAPES = {
    "id": "write agr_ and 3 to 60 small letters, digits or _",
    "agency": "write agy_ and 2 to 60 small letters, digits or _",
    "landlord": "write the code in 2 to 20 capital letters or digits, a letter first",
    "number": "write numbers with points between them, as in 4.2",
    "evidence_sha256": "write the SHA-256 of the signed document as 64 hexadecimal digits in small letters",
    "mailbox": "write a role mailbox in small letters, as in dpo@harbour.example",
    "transports": "write the id of a transport, as in secure_email",
}
_TYPES = {
    "date_type": ("is not a date", "write it bare, without quotes, as in 2026-04-01"),
    "int_type": ("is not a whole number", "write digits alone, without quotes"),
    "string_type": ("is not a text", "put it in double quotes"),
    "tuple_type": ("is not a list", "write [ ] with items between; for tables, [[ ]] above each"),
    "model_type": ("is not a table", "write its fields under a heading in [ ]"),
    "model_attributes_type": ("is not a table", "write its fields under a heading in [ ]"),
}
_SYNTAX = (
    ("Cannot overwrite|Cannot declare|Duplicate inline", "is given twice", "keep one of them"),
    ("Invalid date", "is not a day of the calendar", "write year, month and day, as in 2026-04-01"),
    ("Unterminated string", "opens a text that never ends", "close its quotation marks"),
    ("Unclosed", "opens a bracket that never closes", "close it"),
    ("Invalid value", "has no value that TOML knows", "put text in double quotes, dates and numbers bare"),
    ("", "is not TOML", "write one key = value on a line, or a heading in [ ] or [[ ]]"),
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong: where (line from 1, field path from the top of the file), why, and what to do."""

    line: int
    field: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        """In one line, without the file's name."""
        return f"{self.line}: {self.field}: {self.reason}; {self.remedy}"


class AgreementError(ValueError):
    """A text that is no sound agreement. `file` is the name it was given, `defects` all that was found, by line."""

    def __init__(self, file: str, defects: tuple[Defect, ...]) -> None:
        """Keep the defects beside a text that lists them, one on a line, each "file:line: field: reason; remedy"."""
        super().__init__("\n".join(f"{file}:{defect}" for defect in defects))
        self.file = file
        self.defects = defects


def explain_syntax(message: str) -> tuple[str, str]:
    """Reason and remedy for a message of `tomllib`, which may itself quote the file."""
    return next((reason, remedy) for start, reason, remedy in _SYNTAX if re.match(start, message))


def explain_model(error: ErrorDetails) -> tuple[str, str, str]:
    """Field path, reason and remedy for one error of the model. An unknown key is not repeated."""
    at = error["loc"]
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return field_path(at), "is missing", "add it; docs/agreements.md says what it holds"
        case "extra_forbidden":
            return field_path((*at[:-1], "(unknown key)")), "is no field of an agreement", _nearest_field(at)
        case "enum":
            return field_path(at), "is not a word of the vocabulary", _nearest_word(error["input"], context["expected"])
        case "string_pattern_mismatch":
            name = next(part for part in reversed(at) if isinstance(part, str))
            remedy = _SHAPES.get(name, "docs/agreements.md says how")
            return field_path(at), "is not written as this field needs", remedy
        case kind if kind in _TYPES:
            return (field_path(at), *_TYPES[kind])
        case _:
            pass
    return (
        field_path(at),
        error["msg"],
        str(context.get("remedy", "change it to fit; docs/agreements.md has the limits")),
    )


def field_path(at: tuple[str | int, ...]) -> str:
    """A place in the file as people write it, items counted from 1: `clauses[2].heading`."""
    path = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in at)
    return path.removeprefix(".") or "(the whole file)"


def _nearest_field(at: tuple[str | int, ...]) -> str:
    model = Agreement if len(at) == 1 else _TABLES[str(at[0])]
    return _nearest(str(at[-1]), list(model.model_fields)) or "take it out"


def _nearest_word(given: object, expected: str) -> str:
    words = re.findall(r"'([^']*)'", expected)
    return _nearest(str(given), words) or f"use one of: {', '.join(words)}"


def _nearest(given: str, words: list[str]) -> str | None:
    near = get_close_matches(given[:80], words, n=1)
    return f"did you mean {near[0]}?" if near else None
