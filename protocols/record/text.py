"""Free text, typed: it may repeat anything, so it carries every category flagged on the case until screened."""

from typing import Self

from pydantic import Field, model_validator

from protocols.record.labels import Category, Prose, Strict
from protocols.vocabulary import AgencyKind


class Mark(Strict):
    """A passage of a text that tells more than the story: the exact words, and what they reveal."""

    quote: Prose
    categories: tuple[Category, ...] = Field(min_length=1, max_length=10, strict=False)


class FreeText(Strict):
    """A text somebody wrote.

    Unscreened (the default), it counts as holding every category flagged on the case, and goes only where all may go.
    Screened, a person has read it and marked what is more than the story: marked passages are cut where not allowed.
    """

    text: Prose
    screened: bool = False
    marks: tuple[Mark, ...] = Field(default=(), max_length=200, strict=False)

    @model_validator(mode="after")
    def _marks_are_found(self) -> Self:
        if self.marks and not self.screened:
            raise ValueError("marks need screened: true, which says that the rest of the text was read")
        for number, mark in enumerate(self.marks, start=1):
            if mark.quote not in self.text:
                raise ValueError(f"mark {number} quotes words that are not in the text; copy them exactly")
        return self


class Summary(Strict):
    """A text written for one kind of recipient: it takes the place of every narrative for them."""

    written_for: AgencyKind = Field(strict=False)
    text: Prose
    reveals: tuple[Category, ...] = Field(default=(), max_length=20, strict=False)
