"""The example referrals, and beside each what the law and the landlord's policy make of it (`*.expected.toml`)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

import hub
from hub.delivery.outbox import State
from protocols.record import Item, Referral, Strict, items
from protocols.vocabulary import Basis, Obligation, Outcome

Words = tuple[str, ...]


class ExamplesRefused(Exception):
    """The examples cannot be played: names the file and the field, never what stands there."""


class ExpectedWithheld(Strict):
    """An item that must stay behind, with a citation that must be among the reasons given."""

    path: str
    cites: str


class ExpectedRecipient(Strict):
    """What must happen for one agency: outcome and state, grounds, and the words that must or must not arrive there."""

    agency: str
    outcome: Outcome = Field(strict=False)
    state: State = Field(strict=False)
    basis: tuple[Annotated[Basis, Field(strict=False)], ...] = Field(default=(), strict=False)
    obligations: tuple[Annotated[Obligation, Field(strict=False)], ...] = Field(default=(), strict=False)
    reasons: Words = Field(default=(), strict=False)
    arrives: Words = Field(default=(), strict=False)
    never: Words = Field(min_length=1, strict=False)
    withheld: tuple[ExpectedWithheld, ...] = Field(default=(), strict=False)
    after_withdrawal: State | None = Field(default=None, strict=False)


class Expected(Strict):
    """What must come of one referral, and under which sections of which policy."""

    title: str
    policy: Words = Field(min_length=1, strict=False)
    why: str
    recipients: tuple[ExpectedRecipient, ...] = Field(min_length=1, strict=False)

    def of(self, agency: str) -> ExpectedRecipient:
        """What is expected for that agency. KeyError where nothing is."""
        return {entry.agency: entry for entry in self.recipients}[agency]


@dataclass(frozen=True, slots=True)
class Case:
    """One example: the bytes that are sent, the same as a referral, and what is expected."""

    name: str
    raw: bytes
    referral: Referral
    expected: Expected

    @property
    def number(self) -> int:
        """Its number, which its file name begins with."""
        return int(self.name[:2])

    @property
    def items(self) -> tuple[Item, ...]:
        """Every item of its record."""
        return items(self.referral)


def examples_folder() -> Path:
    """Where the examples are: inside the installed package, or at the root of a checkout. Raises ExamplesRefused."""
    package = Path(hub.__file__).parent
    for folder in (package / "examples", package.parent / "examples"):
        if (folder / "referrals").is_dir():
            return folder
    raise ExamplesRefused("the examples are neither inside the hub package nor beside it; install the whole wheel")


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Every example of `folder`/referrals by number. Raises ExamplesRefused on the first that cannot be read."""
    found = tuple(_read(path) for path in sorted((folder / "referrals").glob("*.json")))
    if not found:
        raise ExamplesRefused("there is no referral among the examples")
    return found


def _read(path: Path) -> Case:
    beside = path.with_suffix(".expected.toml")
    raw = path.read_bytes()
    try:
        referral = Referral.model_validate_json(raw)
        expected = Expected.model_validate(tomllib.loads(beside.read_text(encoding="utf-8")))
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ExamplesRefused(f"{path.stem}: {field}: {first['msg']}") from None
    except (OSError, tomllib.TOMLDecodeError):
        raise ExamplesRefused(f"{beside.name}: is not there or is not TOML") from None
    asked, told = [ask.agency for ask in referral.asks], [entry.agency for entry in expected.recipients]
    if asked != told:
        raise ExamplesRefused(f"{beside.name}: recipients: must be those that the referral asks for, in its order")
    return Case(path.stem, raw, referral, expected)
