"""How a field says which kind of data it holds; a field that does not is a defect (tests/protocols/test_record.py)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from protocols.vocabulary import DataCategory


@dataclass(frozen=True, slots=True)
class Holds:
    """Label of a field: the data category it holds about the person, `None` where it identifies nobody.

    `title` is the name a person reads.
    """

    category: DataCategory | None
    title: str


class Strict(BaseModel):
    """A frozen model that takes no unknown field and coerces nothing (`hub/intake/strict_json.py` reads the bytes)."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def wrong_fields(problem: ValidationError, within: str = "") -> str:
    """Every field that does not fit and why, in one line; never the value found there. `within`: what holds them."""
    errors = problem.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{within}{'.'.join(map(str, error['loc'])) or 'table'}: {error['msg']}" for error in errors)


def labels_of(model: type[Strict]) -> Iterator[tuple[str, Holds]]:
    """The labelled fields of a model, in the order they are written."""
    for name, field in model.model_fields.items():
        for mark in field.metadata:
            if isinstance(mark, Holds):
                yield name, mark


Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^p[0-9]{1,3}$")]
Category = Annotated[DataCategory, Field(strict=False)]
Count = Annotated[int, Field(ge=0, le=100_000)]
