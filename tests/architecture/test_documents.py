"""What is there is written down, and what is written down is there."""

import ast
import re

import pytest
from fastapi.params import Depends
from fastapi.routing import APIRoute

from hub.api.app import ROUTERS, roles_by_operation
from hub.api.doorway import May, anyone
from hub.audit.kinds import KINDS, EntryKind
from tests.architecture.source import PACKAGES, ROOT, Module, modules

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ERRORS = ("BadInput", "NotSignedIn", "NotAllowed", "NotFound", "Conflict", "Unavailable", "TooManyTries", "NotTrusted",
          "TooLarge", "WrongMediaType", "_bad", "_answer", "_not_now")  # fmt: skip


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_everything_public_says_what_it_promises(module: Module) -> None:
    assert ast.get_docstring(module.tree), module.name
    silent = [
        node.name
        for parent in [module.tree, *(node for node in module.tree.body if isinstance(node, ast.ClassDef))]
        for node in parent.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not (isinstance(parent, ast.ClassDef) and parent.name.startswith("_"))
        and not ast.get_docstring(node)
    ]
    assert not silent


def _error_codes() -> set[str]:
    """Every code that an error of the hub is raised with, the command line's own errors apart."""
    found: set[str] = set()
    for module in modules():
        if not module.name.startswith("hub.") or module.name.startswith("hub.cli"):
            continue
        for called, call in module.calls():
            if called in ERRORS:
                found |= {
                    str(argument.value) for argument in call.args
                    if isinstance(argument, ast.Constant) and re.fullmatch(r"[A-Z][A-Z0-9_]{3,}", str(argument.value))
                }  # fmt: skip
    return found


def test_every_error_code_is_explained_and_none_that_is_gone() -> None:
    table = API.partition("## Problems")[2].partition("\n## ")[0]
    explained = set(re.findall(r"^\| `([A-Z_0-9]+)` \|", table, re.MULTILINE))
    in_other_ways = {"NOT_FOUND", "METHOD_NOT_ALLOWED", "REQUEST_REFUSED", "FIELD_MISSING", "FIELD_WRONG"}
    assert _error_codes() | in_other_ways == explained


def test_every_operation_is_in_the_manual_with_its_roles() -> None:
    for operation, roles in roles_by_operation().items():
        row = next((line for line in API.splitlines() if line.startswith("|") and f"`{operation}`" in line), "")
        assert row, operation
        named = set(
            re.findall(
                r"officer|supervisor|authoriser|partner|dpo|administrator", row.rpartition("|")[0].rpartition("|")[2]
            )
        )
        assert named == set(roles), operation


def test_every_route_says_who_may_call_it() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    assert routes
    for route in routes:
        assert isinstance(route, APIRoute)
        guards = [dependency.call for dependency in route.dependant.dependencies]
        stated = [guard for guard in guards if isinstance(guard, May) or guard is anyone]
        assert len(stated) == 1, route.path


def test_pages_say_who_may_see_them() -> None:
    pages = [module for module in modules() if module.name.startswith("hub.web")]
    for module in pages:
        for function in module.functions():
            for decorator in function.decorator_list:
                if ast.unparse(decorator).startswith("router."):
                    assert "dependencies=[Depends(public)]" in ast.unparse(decorator), (module.name, function.name)
    assert Depends is not None


def test_every_kind_of_entry_has_its_fields_and_every_entry_its_kind() -> None:
    assert {kind for kind, _version in KINDS} == set(EntryKind)


def test_every_kind_of_entry_is_written_by_a_journey() -> None:
    text = "".join(module.text for module in modules() if module.name.startswith("hub.flow."))
    assert {kind for kind in EntryKind if f"EntryKind.{kind.name}" not in text} == set()


def test_the_map_names_every_room_and_no_other() -> None:
    table = ARCHITECTURE.partition("## Map of rooms")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_/]+)` \|", table, re.MULTILINE))
    rooms = {
        ".".join(module.name.split(".")[:2]).replace(".", "/") for module in modules() if module.name.count(".") >= 1
    }
    assert named == rooms
    assert {room.partition("/")[0] for room in rooms} == set(PACKAGES)


def test_the_journeys_in_the_manual_are_the_journeys_there_are() -> None:
    table = ARCHITECTURE.partition("## Journeys")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `hub/flow/([a-z_]+)\.py` \|", table, re.MULTILINE))
    files = {module.name.rpartition(".")[2] for module in modules() if module.name.startswith("hub.flow.")}
    assert named == files
