"""The house rules that an import linter cannot see."""

import ast

import pytest

from tests.architecture.source import Module, callers_of, modules

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)

BROAD = {
    "hub.delivery.doors": 3, "hub.worker.courier": 4, "hub.flow.claim": 2, "hub.flow.lapse": 1, "hub.flow.sweeping": 1,
    "hub.flow.override": 1, "hub.flow.reconsider": 1, "hub.flow.follow": 1, "hub.store.commits": 2,
}  # fmt: skip
"""Where anything at all may be caught: around a connector's own code, at rendering, sending and taking back; in the
courier, an entrance that no request waits for: whatever is wrong with one row, the next look must come; and where many
are decided one after another for nobody's request: whatever one of them fails by, it alone is parked or passed over.
Commits catch an interrupt to undo what it cut short, and raise it again."""

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


def test_a_disclosure_that_exists_gets_other_dates_and_nothing_else() -> None:
    """Copies of a disclosure are made in one place, which sets the dates of its first time again."""
    copies = [
        (module.name, ast.unparse(call))
        for module in modules()
        for called, call in module.calls()
        if called.endswith(("disclosure.model_copy", "Disclosure.model_construct"))
    ]
    assert copies == [("hub.flow.release", "disclosure.model_copy(update=same)")]
    assigned = {
        ast.unparse(node.targets[0]): node.value
        for module in modules()
        if module.name == "hub.flow.release"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
    }
    same = assigned["same"]
    assert isinstance(same, ast.Dict)
    assert [ast.unparse(key) for key in same.keys if key] == ["'decided_at'", "'valid_until'"]


def test_a_disclosure_is_never_read_back_from_bytes() -> None:
    assert not _of_the_house(callers_of("Disclosure.model_validate") | callers_of("Disclosure.model_validate_json"))


def test_only_the_doors_send() -> None:
    assert callers_of("transport.deliver") == {"hub.delivery.doors"}
    assert callers_of("doors.send") == {"hub.flow.deliver"}


def test_only_the_door_renders_what_goes_and_only_after_a_decision() -> None:
    assert callers_of("doors.render") == {"hub.flow.release"}
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
                      and any("store.write(" in ast.unparse(item) for item in node.items)]  # fmt: skip
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
    "hub.keys.files", "hub.keys.seals", "hub.ids", "hub.access.tokens", "hub.audit.commitments", "hub.flow.settle",
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
    assert callers_of("random.random") == {"hub.flow.settle"}
    assert not [module.name for module in modules() for called, _ in module.calls()
                if called.startswith("random.") and called != "random.random"]  # fmt: skip


def test_celery_tasks_take_an_id_or_nothing() -> None:
    (app,) = [module for module in modules() if module.name == "hub.worker.tasks"]
    tasks = {ast.unparse(call.args[0]) for called, call in app.calls() if called == "app.task"}
    taken = {function.name: [(a.arg, ast.unparse(a.annotation)) for a in function.args.args if a.annotation]
             for function in app.functions() if function.name in tasks}  # fmt: skip
    assert taken == {"look": [("disclosure_id", "str")], "sweep": [], "sign_checkpoint": [], "retain": [], "mail": []}
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


BEYOND_ONE_LANDLORD = {
    "who somebody is, before it is known whose they are": {
        "enrol": {"sign_in", "who_is"}, "join": {"invited_options", "join", "join_by_provider", "more_options",
                                                 "add_passkey"},
        "prove": {"grant", "machine_by_token", "machine_by_signature", "_find"},
        "session": {"prove_by_code", "prove_by_passkey", "prove_by_provider", "own", "end"},
        "sign_in": {"by_password", "by_passkey", "by_provider"},
    },
    "people, credentials, machines and agencies: an administrator's, who belongs to no landlord": {
        "enrol": {"start", "first_code", "enrol", "confirm_credential", "revoke"},
        "invite": {"invite", "invite_again", "change", "disable", "end_sessions", "listed"},
        "machines": {"register_machine", "confirm_machine", "add_key", "make_token", "retire_key", "revoke_machine",
                     "list_machines"},
        "vouch": {"propose_key", "confirm", "retire", "suspend", "resume"},
    },
    "whose a thing is that is due, and then it is done in the scope of that landlord": {
        "claim": {"claim", "_claim", "_park_undecidable"}, "settle": {"settle"}, "hold": {"scope_of"},
        "overdue": {"raise_overdue"}, "recall": {"recall"}, "follow": {"look"}, "lapse": {"lapse"},
        "retain": {"read_schedules"}, "erase": {"to_repeat"},
        "find_again": {"enter_missing"},
    },
    "counting and clearing away, for nobody's request": {
        "attach": {"sweep_unfinished"}, "rotate": {"status"}, "status": {"figures"}, "still": {"put_right"},
    },
}  # fmt: skip
"""Which journeys see every landlord's rows, and what for. Never to answer somebody who asks about a case."""


def test_only_named_journeys_see_the_rows_of_every_landlord() -> None:
    named = {
        f"hub.flow.{flow}.{function}"
        for flows in BEYOND_ONE_LANDLORD.values()
        for flow, functions in flows.items()
        for function in functions
    }
    found = {
        f"{module.name}.{function.name}"
        for module in modules()
        for function in module.functions()
        for node in ast.walk(function)
        if not module.name.startswith("hub.store") and "EVERY" in (getattr(node, "id", ""), getattr(node, "attr", ""))
    }
    assert found == named
    assert callers_of("Scope") == {"hub.store.scope"}


def test_every_statement_is_one_that_can_be_narrowed() -> None:
    """Nothing outside the store speaks SQL as text, hints, or to a connection past its scope, or lays tables."""
    hidden = {"text", "literal_column", "exec_driver_sql", "prefix_with", "suffix_with", "with_hint", "tablesample",
              "with_statement_hint", "from_statement", "get_bind", "Table", "create_engine"}  # fmt: skip
    for module in modules():
        if not module.name.startswith(("hub.", "connectors.")) or module.name.startswith("hub.store."):
            continue
        called = {called.rpartition(".")[2] for called, _ in module.calls()} & hidden
        speaks_sql = any("sqlalchemy" in ast.unparse(node) for node in ast.walk(module.tree)
                         if isinstance(node, ast.Import | ast.ImportFrom))  # fmt: skip
        assert not (called and speaks_sql), (module.name, called)
        assert "connection._connection" not in module.text, module.name
    assert callers_of("Gate") == {"hub.store.unit_of_work"}
    assert callers_of("Scoped") == {"hub.store.unit_of_work", "hub.store.commits", "hub.store.parts"}
