"""The rules and needs in force, read once from the package: the one place that opens the law's files."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from consent.analyse.properties import Property, load_properties
from consent.needed import Profiles, load_profiles
from consent.parse import load
from consent.rules import RuleSet as Rules
from hub.decision.proving import assure
from hub.errors import NotTrusted

__all__ = ["RECORD", "Rulebook", "Rules", "read", "read_properties", "read_rules"]

RECORD = "proved.toml"
"""Which rules and properties were proved already, by digest."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What decisions are made by: legal and policy rules, and what each recipient needs."""

    rules: Rules
    profiles: Profiles


@cache
def read() -> Rulebook:
    """The rulebook of this version, proved; a process reads it once.

    Raises `NotTrusted` where a file is wrong or a safety property broken.
    Then no hub starts. Without a record of the proof the rules are proved now.
    """
    try:
        rules = read_rules()
        record = _package().joinpath(RECORD)
        assure(rules, read_properties(), record.read_text(encoding="utf-8") if record.is_file() else "")
        return Rulebook(rules, load_profiles(_texts(_package(), "needs")))
    except ValueError as problem:  # names file, rule and field, or the property
        raise NotTrusted("RULES_REFUSED", f"the rules cannot be used: {problem}") from None


def read_rules(folder: Path | None = None) -> Rules:
    """The rules of `folder`, which holds `law` and `policies`, or of this version. Not proved."""
    place = folder or _package()
    return load(_texts(place, "law") | _texts(place, "policies"))


def read_properties(folder: Path | None = None) -> tuple[Property, ...]:
    """The safety properties in `properties` of `folder`, or of this version."""
    return load_properties(_texts(folder or _package(), "properties"))


def _package() -> Traversable:
    return files("consent")


def _texts(place: Traversable, folder: str) -> dict[str, str]:
    return {
        f"{folder}/{entry.name}": entry.read_text(encoding="utf-8")
        for entry in (place / folder).iterdir()
        if entry.name.endswith(".toml")
    }
