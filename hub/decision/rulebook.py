"""The rules and needs in force, read once from the package: the one place that opens the law's files."""

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from consent.needed import Profiles, load_profiles
from consent.parse import load
from consent.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What decisions are made by: legal and policy rules, and what each recipient needs."""

    rules: RuleSet
    profiles: Profiles


def read() -> Rulebook:
    """The rulebook of this version. Raises consent's own errors where a file is wrong: then no hub starts."""
    return Rulebook(load(_texts("law") | _texts("policies")), load_profiles(_texts("needs")))


def _texts(folder: str) -> dict[str, str]:
    found: Traversable = files("consent") / folder
    return {
        f"{folder}/{entry.name}": entry.read_text(encoding="utf-8")
        for entry in found.iterdir()
        if entry.name.endswith(".toml")
    }
