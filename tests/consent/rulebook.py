"""The rules as shipped, the ordinary case of the vocabulary, and a short way to ask a question."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from consent.decide import decide
from consent.decision import Decision
from consent.facts import parse_facts
from consent.parse import load
from consent.rules import RuleSet

CONSENT = Path(__file__).parents[2] / "consent"
DATA = Path(__file__).parent / "data"
TODAY = date(2026, 11, 20)


@cache
def texts() -> Mapping[str, str]:
    files = sorted([*(CONSENT / "law").glob("*.toml"), *(CONSENT / "policies").glob("*.toml")])
    return {f"{file.parent.name}/{file.name}": file.read_text(encoding="utf-8") for file in files}


@cache
def rules() -> RuleSet:
    return load(texts())


@cache
def vocabulary() -> Mapping[str, Mapping[str, object]]:
    loaded: Mapping[str, Mapping[str, object]] = yaml.safe_load((DATA / "vocabulary.yaml").read_text(encoding="utf-8"))
    return loaded


def case(**changes: object) -> dict[str, object]:
    """The ordinary case with these facts changed."""
    return {**vocabulary()["defaults"], **changes}


def ask(**changes: object) -> Decision:
    return decide(parse_facts(case(**changes)), rules(), TODAY)
