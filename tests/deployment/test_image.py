"""The image: hash-locked, nobody's root, with a health check, made of what the builder is shown."""

import json
import re

from tests.deployment.checkout import ROOT, instructions, last_stage, text

ALL = instructions(text("Dockerfile"))
FINAL = last_stage(text("Dockerfile"))


def test_it_does_not_run_as_root() -> None:
    user, _, group = FINAL["USER"].partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_it_says_how_to_ask_whether_it_is_well() -> None:
    assert "/v1/health/ready" in FINAL["HEALTHCHECK"]
    assert "curl" not in FINAL["HEALTHCHECK"]


def test_it_is_the_command_line() -> None:
    assert json.loads(FINAL["ENTRYPOINT"]) == ["concordat"]


def test_every_stage_stands_on_a_tagged_image() -> None:
    defaults = dict(rest.split("=") for word, rest in ALL if word == "ARG")
    named = [rest.split()[0] for word, rest in ALL if word == "FROM"]
    bases = [re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], base) for base in named]
    assert all(re.fullmatch(r"python:3\.\d+[\w.-]*", base) for base in bases)
    assert len(bases) > 1


def test_everything_from_an_index_is_held_to_its_hash() -> None:
    installs = [rest for word, rest in ALL if word == "RUN" and " install " in rest and rest.startswith("pip")]
    from_index = [rest for rest in installs if "-r requirements/run.txt" in rest]
    ours = [rest for rest in installs if rest.endswith(" .")]
    assert len(installs) == len(from_index) + len(ours)
    assert all("--require-hashes" in rest and "--only-binary :all:" in rest for rest in from_index)
    assert all("--no-deps" in rest and "--no-build-isolation" in rest for rest in ours)


def test_no_environment_variable_holds_a_secret() -> None:
    assert not re.search(r"PASS|SECRET|TOKEN|_URL", FINAL["ENV"])


def test_what_is_copied_exists_and_the_builder_may_see_it() -> None:
    shown = [line.removeprefix("!") for line in text(".dockerignore").splitlines() if line.startswith("!")]
    copied = [source for word, rest in ALL if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]]
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    assert {source.split("/")[0] for source in copied} == set(shown)


def test_the_builder_is_shown_nothing_by_default() -> None:
    rules = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
