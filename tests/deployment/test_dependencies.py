"""What is installed: declared, locked to exact versions and hashes, from no named index; nothing undeclared is used."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.deployment.checkout import PACKAGES, ROOT, files, text

LOCKS = ("requirements/run.txt", "requirements/dev.txt")
_LOCKED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*)(\[[a-z0-9,._-]+\])?==(?P<version>[^\s;]+)( ; [^\\]+?)?"
    r"(\s+--hash=sha256:[0-9a-f]{64})+"
)
# Written so that this file does not contain what it looks for.
_INDEX = re.compile(
    r"://[^\s/\"']+/(?:[\w.-]+/)*simple\b|(?<!no-emit-)(?:index-url|find-links)[ =]"
    r"|\b(?:pypi|pythonhosted|npmjs)\.[a-z]{2,4}\b"
)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(lock: str) -> list[str]:
    """One string for each requirement or option of a lock file, comments dropped and continued lines joined."""
    bare = re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE)
    return [line for line in re.sub(r"\s*\\\n\s*", " ", bare).splitlines() if line.strip()]


def locked(lock: str) -> dict[str, str]:
    """Name to exact version. Raises ValueError for a line that is not an exact version with a hash."""
    pins = {}
    for line in requirements(lock):
        match = _LOCKED.fullmatch(line)
        if match is None:
            raise ValueError(f"not an exact version with a hash: {line[:60]}")
        pins[canonical(match["name"])] = match["version"]
    return pins


def named(specifiers: list[str]) -> set[str]:
    return {canonical(re.split(r"[\[<>=!~; ]", specifier)[0]) for specifier in specifiers}


PROJECT = tomllib.loads(text("pyproject.toml"))
RUN_TIME = named(PROJECT["project"]["dependencies"])


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_requirement_has_one_exact_version_and_a_hash(name: str) -> None:
    assert len(locked(text(name))) > 30


@pytest.mark.parametrize(
    "line",
    [
        "click==8.5.1\n",
        "click>=8.5.1 \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "click @ https://files.example/click.whl \\\n    --hash=sha256:" + "0" * 64 + "\n",
        "--extra-index-url https://index.example/packages\n",
        "-e .\n",
    ],
)
def test_a_lock_without_version_or_hash_or_with_an_address_is_noticed(line: str) -> None:
    with pytest.raises(ValueError, match="not an exact version"):
        locked(line)


def test_what_is_declared_is_locked() -> None:
    run, dev = (locked(text(name)) for name in LOCKS)
    groups = PROJECT["dependency-groups"]
    assert RUN_TIME | named(groups["build"]) <= set(run)
    assert named(groups["dev"]) <= set(dev)


def test_development_runs_on_the_very_versions_that_are_shipped() -> None:
    run, dev = (locked(text(name)) for name in LOCKS)
    assert run.items() <= dev.items()


def test_our_own_name_is_asked_of_no_index() -> None:
    ours = canonical(PROJECT["project"]["name"])
    asked = RUN_TIME | {name for group in PROJECT["dependency-groups"].values() for name in named(group)}
    assert ours not in asked
    assert all(ours not in locked(text(name)) for name in LOCKS)


def imported() -> Iterator[tuple[str, str]]:
    """Each file of the four packages with each top-level name that it imports."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Import):
                    yield from ((str(file.relative_to(ROOT)), alias.name.split(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module is not None:
                    yield str(file.relative_to(ROOT)), node.module.split(".")[0]


def test_every_import_is_ours_pythons_or_declared() -> None:
    provided_by = packages_distributions()
    known = sys.stdlib_module_names | set(PACKAGES)
    undeclared = {
        (file, module)
        for file, module in imported()
        if module not in known and not {canonical(name) for name in provided_by.get(module, [])} & RUN_TIME
    }
    assert not undeclared


@pytest.mark.parametrize(
    "line",
    ["--index-url=x", "--find-links x", "https://mirror.example/root/simple/click/", "--extra-index-url x"],
)
def test_the_address_of_an_index_is_recognised(line: str) -> None:
    assert _INDEX.search(line)


def test_no_file_names_the_address_of_a_package_index() -> None:
    texts = {file: _readable(file.read_bytes()) for file in files() if file != Path(__file__)}
    assert not [str(file.relative_to(ROOT)) for file, content in texts.items() if _INDEX.search(content)]


def _readable(content: bytes) -> str:
    """Text, or nothing for a binary file."""
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")
