"""Read an agreement from TOML text."""

import re
import tomllib

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from protocols.agreement import Agreement
from protocols.parse.defects import AgreementError, Defect, explain_model, explain_syntax
from protocols.parse.lines import key_lines, last_statement_line, line_of, most_points

_LONGEST = 200_000  # characters; a long agreement has some ten thousand
_MOST_DEFECTS = 100
_MOST_POINTS = 16  # an agreement has no key deeper than two; time and memory of `tomllib` grow with the square of depth


def parse_agreement(text: str, name: str) -> Agreement:
    """The agreement that the TOML text describes; `name` is the file's, for the error alone.

    Raises AgreementError with every defect found, at most 100, by line. Rules between fields (dates in order, clauses
    within the agreement, signatures) are looked at once each field for itself is sound.
    """
    table = _read_toml(text, name)
    try:
        return Agreement.model_validate(table)
    except ValidationError as error:
        lines = key_lines(text)
        found = sorted(_own_errors(error), key=lambda each: line_of(each["loc"], lines))[:_MOST_DEFECTS]
        defects = tuple(Defect(line_of(each["loc"], lines), *explain_model(each)) for each in found)
    raise AgreementError(name, defects)  # outside the handler: pydantic's error holds what the file said


def _read_toml(text: str, name: str) -> dict[str, object]:
    if len(text) > _LONGEST:
        raise AgreementError(name, (Defect(1, "(the whole file)", f"is longer than {_LONGEST} characters", "cut it"),))
    if most_points(text) > _MOST_POINTS:
        raise AgreementError(name, (Defect(1, "(syntax)", "holds keys too deep to read", "write keys without points"),))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        defect = Defect(_syntax_line(str(error), text), "(syntax)", *explain_syntax(str(error)))
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets nested hundreds deep
        defect = Defect(1, "(syntax)", "holds a number too long or brackets too deep to read", "take them out")
    raise AgreementError(name, (defect,))


def _own_errors(error: ValidationError) -> list[ErrorDetails]:
    """The errors without the echo by which pydantic calls a list too short because its items were unsound."""
    found = error.errors(include_url=False)
    around = {each["loc"][:depth] for each in found for depth in range(len(each["loc"]))}
    return [each for each in found if each["type"] != "too_short" or each["loc"] not in around]


def _syntax_line(message: str, text: str) -> int:
    """The line `tomllib` names; at the end of the text, that on which the unfinished statement began."""
    named = re.search(r"\(at line ([0-9]+), column [0-9]+\)\Z", message)
    return int(named.group(1)) if named else last_statement_line(text)
