"""The house rules that an import linter cannot see."""

import ast

import pytest

from tests.architecture.source import Module, callers_of, modules

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)

BROAD = {"hub.delivery.doors": 3}
"""Where anything at all may be caught: around a connector's own code, at rendering, sending and taking back."""

NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "manager", "base", "core", "service", "util", "helper"}


def _of_the_house(names: set[str]) -> set[str]:
    """Without the kit that third parties run, and the demo that plays the agencies: the hub itself runs neither."""
    return {name for name in names if not name.startswith(("connectors.kit.", "hub.cli.demo."))}


def test_nothing_of_the_hub_runs_the_conformance_kit() -> None:
    users = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom | ast.Import) and "connectors.kit" in ast.unparse(node)
    }
    assert users
    assert not _of_the_house(users)


def test_only_the_minimiser_makes_a_disclosure() -> None:
    assert _of_the_house(callers_of("Disclosure")) == {"consent.minimise"}


def test_a_disclosure_that_exists_is_only_ever_narrowed() -> None:
    """Copies of a disclosure are made in one place, which takes items away and sets nothing else."""
    copies = [
        (module.name, ast.unparse(call))
        for module in modules()
        for called, call in module.calls()
        if called.endswith(("disclosure.model_copy", "Disclosure.model_construct"))
    ]
    assert copies == [("hub.flow.deliver", "disclosure.model_copy(update=same)")]
    assigned = {
        ast.unparse(node.targets[0]): node.value
        for module in modules()
        if module.name == "hub.flow.deliver"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
    }
    same = assigned["same"]
    assert isinstance(same, ast.Dict)
    assert [ast.unparse(key) for key in same.keys if key] == ["'items'", "'decided_at'", "'valid_until'"]
    assert (
        ast.unparse(assigned["items"])
        == "tuple((item for item in verdict.disclosure.items if (item.path, item.of) in first))"
    )


def test_a_disclosure_is_never_read_back_from_bytes() -> None:
    assert not _of_the_house(callers_of("Disclosure.model_validate") | callers_of("Disclosure.model_validate_json"))


def test_only_the_doors_send() -> None:
    assert callers_of("transport.deliver") == {"hub.delivery.doors"}
    assert callers_of("doors.send") == {"hub.flow.deliver"}


def test_only_the_door_renders_what_goes_and_only_after_a_decision() -> None:
    assert callers_of("doors.render") == {"hub.flow.deliver"}
    assert callers_of("ask_gate") == {"hub.flow.judge"}


def test_transactions_begin_in_the_corridor_and_nowhere_else() -> None:
    for began in ("store.write", "store.read"):
        assert {name.rpartition(".")[0] for name in callers_of(began)} == {"hub.flow"}
    assert not callers_of("connection.commit") | callers_of("connection.rollback") | callers_of("begin_nested")


def test_every_transaction_that_changes_something_is_one_block_of_one_journey() -> None:
    """Nothing that writes runs inside a write of its own, which would wait for itself."""
    for module in modules():
        for function in module.functions():
            writes = [node for node in ast.walk(function) if isinstance(node, ast.With)
                      and any("store.write()" in ast.unparse(item) for item in node.items)]  # fmt: skip
            for write in writes:
                inner = {ast.unparse(node.func) for node in ast.walk(write) if isinstance(node, ast.Call)}
                assert sum("store." in called for called in inner) == 1, (module.name, function.name)


def test_nothing_is_sent_with_a_transaction_open() -> None:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.With) and any("store." in ast.unparse(item) for item in node.items):
                inner = {ast.unparse(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
                assert not {called for called in inner if called.endswith(("doors.send", ".deliver"))}
                # A pack is taken out of its folder holding the case, or a pack prepared anew could be taken for it.
                assert "house.doors.recall" not in inner or module.name == "hub.flow.recall"


@every_module
def test_every_import_stands_at_the_top(module: Module) -> None:
    for function in module.functions():
        assert not [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)], function.name
    assert "TYPE_CHECKING" not in module.text
    assert "importlib.import_module" not in module.text
    assert "__import__" not in module.text


@every_module
def test_nothing_is_caught_that_is_not_named(module: Module) -> None:
    broad = [
        handler
        for handler in ast.walk(module.tree)
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or {"Exception", "BaseException"} & set(ast.unparse(handler.type).split(", ")))
    ]
    assert len(broad) == BROAD.get(module.name, 0)


@every_module
def test_its_name_says_what_it_holds(module: Module) -> None:
    assert not NAMES_THAT_SAY_NOTHING & set(module.name.split("."))


def test_the_present_moment_is_asked_of_the_clock_alone() -> None:
    asks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    found = {(module.name, called) for module in modules() for called, _ in module.calls() if called in asks}
    assert _of_the_house({name for name, _ in found}) == {"hub.clock"}


RANDOM = {
    "hub.keys", "hub.ids", "hub.access.credentials", "hub.audit.commitments", "hub.flow.deliver",
}  # fmt: skip
"""Keys and nonces; ids; tokens; salts; and the jitter of retries, which guards nothing."""


def test_randomness_is_drawn_in_few_places() -> None:
    found = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import) and {"random", "secrets", "uuid"} & {name.name for name in node.names}
    }
    assert _of_the_house(found) == RANDOM


def test_only_retries_draw_from_the_weak_generator() -> None:
    assert callers_of("random.random") == {"hub.flow.deliver"}
    assert not [module.name for module in modules() for called, _ in module.calls()
                if called.startswith("random.") and called != "random.random"]  # fmt: skip


def test_celery_tasks_take_an_id_or_nothing() -> None:
    (app,) = [module for module in modules() if module.name == "hub.worker.app"]
    tasks = {ast.unparse(call.args[0]) for called, call in app.calls() if called == "app.task"}
    taken = {function.name: [(a.arg, ast.unparse(a.annotation)) for a in function.args.args if a.annotation]
             for function in app.functions() if function.name in tasks}  # fmt: skip
    assert taken == {"deliver_one": [("disclosure_id", "str")], "sweep": [], "sign_checkpoint": []}
    sent = [call for module in modules() for called, call in module.calls() if called.endswith("send_task")]
    assert [ast.unparse(keyword.value) for call in sent for keyword in call.keywords if keyword.arg == "args"] == [
        "[disclosure_id]"
    ]
    assert not [called for module in modules() for called, _ in module.calls()
                if called.endswith((".delay", ".apply_async", ".s", ".si"))]  # fmt: skip


def test_the_name_of_every_log_event_is_static() -> None:
    for module in modules():
        for called, call in module.calls():
            if called == "event" and module.name.startswith("hub."):
                name = call.args[1]
                assert isinstance(name, ast.Constant), module.name
                assert str(name.value).replace("_", "").isalpha(), module.name
        logs = [called for called, _ in module.calls()
                if called.rpartition(".")[0] in ("_log", "log", "logger", "logging")
                and called.rpartition(".")[2] in ("debug", "info", "warning", "error", "exception", "critical", "log")
                and module.name != "hub.logs"]  # fmt: skip
        assert not logs, f"{module.name} logs past the allow-list"


def test_nothing_prints_but_the_command_line_and_the_verifier() -> None:
    assert {name for name in callers_of("print") if not name.startswith("hub.cli.")} <= {"hub.audit.verify"}


def test_nothing_is_run_or_unpickled_from_text() -> None:
    for dangerous in ("eval", "exec", "compile", "pickle.loads", "marshal.loads", "yaml.load", "os.system"):
        found = {module.name for module in modules() for called, _ in module.calls() if called == dangerous}
        assert not found, dangerous
