"""Nothing else in the code base can send: who may import what reaches another machine, and who opens a line at all.

Read from the source for what can be imported and called; and watched while a hub runs, by the interpreter's own audit
events, for what is done.
"""

import ast
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.contract import Connector
from connectors.registry import AgencyDoor, build
from hub.access.roles import Role
from hub.bootstrap import Hub
from hub.cli.demo.certificates import make_certificate_authority
from hub.cli.demo.receivers import PoliceReceiver
from hub.delivery.doors import Doors
from hub.flow.checkpoint import checkpoint
from hub.flow.consult import read_referral
from hub.flow.deliver import deliver_due
from hub.flow.refer import refer
from protocols.vocabulary import AgencyKind
from tests.architecture.source import ROOT, Module, modules
from tests.cases import POLICE, Case
from tests.hubs import somebody

REACHING = (
    "socket", "_socket", "ssl", "asyncio", "select", "selectors", "socketserver", "wsgiref", "http.client",
    "http.server", "urllib.request", "ftplib", "smtplib", "imaplib", "poplib", "nntplib", "telnetlib", "xmlrpc",
    "logging.handlers", "multiprocessing", "subprocess", "pty", "ctypes", "httpx", "httpcore", "h11", "h2", "requests",
    "urllib3", "aiohttp", "websockets", "anyio", "trio", "asyncssh", "paramiko", "aiosmtpd", "aiosmtplib", "celery",
    "kombu", "amqp", "pika", "redis", "psycopg", "uvicorn", "prometheus_client", "opentelemetry.exporter",
    "opentelemetry.sdk", "authlib.integrations", "grpc", "dns", "ldap3", "boto3",
)  # fmt: skip
"""Modules by which one may speak to another machine or start a program that could."""

MAY_REACH = {
    "the transports: this is the way out": {
        "connectors.transports.deadline": {"asyncio", "socket"},
        "connectors.transports.files": {"ssl"},
        "connectors.transports.mail_line": {"smtplib", "socket", "ssl"},
        "connectors.transports.relay": {"smtplib", "ssl"},
        "connectors.transports.sftp": {"asyncio", "asyncssh"},
        "connectors.transports.webhook": {"asyncio", "httpx", "ssl"},
    },
    "a provider of sign-in, named in settings: learns that somebody signs in, never of a case": {
        "hub.access.oidc": {"httpx"},
    },
    "witnesses, named in their policy: the size of the log, its root, hashes": {
        "hub.audit.asking": {"asyncio", "httpx", "ssl"},
    },
    "the broker, named in settings: hints that hold an id": {
        "hub.bootstrap": {"celery"}, "hub.worker.app": {"celery"}, "hub.worker.run": {"celery"},
        "hub.worker.hints": {"celery", "kombu"}, "hub.worker.tasks": {"celery"}, "hub.worker.broker": {"celery"},
        "hub.cli.watching": {"celery"},
    },
    "a collector of traces, named in settings: ids and codes from an allow-list, never content": {
        "hub.traces": {"opentelemetry.exporter", "opentelemetry.sdk", "requests"},
    },
    "listening, waiting one's turn, and a name for this process; nothing is opened to anybody": {
        "hub.cli.serving": {"socket", "uvicorn"}, "hub.api.listening": {"socket"}, "hub.worker.names": {"socket"},
        "hub.api.admission": {"anyio", "asyncio"}, "hub.metrics": {"prometheus_client"},
        "hub.watch.collector": {"prometheus_client"},
        "hub.watch.listener": {"prometheus_client", "socketserver", "wsgiref"},
    },
    "a key that lies elsewhere: the operator's own command, given no data of ours": {"hub.keys.roots": {"subprocess"}},
    "what plays the agencies in the demonstration, and what third parties test with: no hub runs it": {
        "hub.cli.demo.receivers": {"asyncio", "asyncssh", "aiosmtpd", "http.server", "ssl"},
        "hub.cli.demo.partners": {"asyncssh"}, "hub.cli.demo.desk": {"httpx"}, "hub.cli.demo.stage": {"httpx"},
        "hub.cli.demo.embedded": {"subprocess"}, "hub.cli.demo.evidence": {"subprocess"},
        "connectors.kit.checks": {"socket"},
    },
}  # fmt: skip
"""Every module that imports one of those, and what for. Psycopg is SQLAlchemy's, by the database's URL."""


@cache
def _imported(module: Module) -> tuple[str, ...]:
    return tuple(_names(module))


def _names(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _reached(module: Module) -> set[str]:
    names = {f"{name}." for name in _imported(module)}
    return {one for one in REACHING if any(name.startswith(f"{one}.") for name in names)}


def _callers(ending: str) -> set[str]:
    """The modules that call something whose written name ends so; most are passed over by their text alone."""
    last = ending.rpartition(".")[2]
    return {
        module.name
        for module in modules()
        if f"{last}(" in module.text
        for called, _ in module.calls()
        if f".{called}".endswith(f".{ending}")
    }


def _is_played(module: Module) -> bool:
    """Of the kit that third parties run, or of the demonstration's agencies: no hub runs either."""
    return module.name.startswith(("connectors.kit.", "hub.cli.demo."))


def test_only_named_modules_import_what_reaches_another_machine() -> None:
    found = {module.name: reached for module in modules() if (reached := _reached(module))}
    assert found == {name: what for group in MAY_REACH.values() for name, what in group.items()}


def test_nothing_is_imported_by_a_name_made_up_at_run_time() -> None:
    """Past entry points, which two registries load: of third parties' connectors, and of keys that lie elsewhere."""
    making = ("import_module", "__import__", "exec_module", "load_module", "run_module", "run_path", "spec_from_loader")
    assert not {
        module.name
        for module in modules()
        if any(word in module.text for word in making)
        for called, _ in module.calls()
        if called.endswith(making)
    }
    assert _callers("entry_points") == {"connectors.registry", "hub.keys.roots"}


def test_only_the_doors_hold_a_transport() -> None:
    """Nobody else calls one, nor takes hold of one to call it under another name."""
    holders = {(module.name, ast.unparse(node.value)) for module in modules() if ".transport" in module.text
               for node in ast.walk(module.tree)
               if isinstance(node, ast.Attribute) and node.attr == "transport" and not _is_played(module)}  # fmt: skip
    assert holders == {
        ("hub.delivery.doors", "self._door(agency)"),
        ("connectors.registry", "door"),  # the name of one, in settings
    }
    delivering = {module.name for module in modules() if ".deliver" in module.text for node in ast.walk(module.tree)
                  if isinstance(node, ast.Attribute) and node.attr == "deliver" and not _is_played(module)}  # fmt: skip
    assert delivering == {"hub.delivery.doors"}
    assert _callers("Connector") == {"connectors.registry"}


def test_only_one_function_sends_and_only_the_senders_call_it() -> None:
    uses = [
        (module.name, function.name)
        for module in modules()
        if "doors" in module.text
        for function in module.functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "send" and ast.unparse(node.value).endswith("doors")
    ]
    assert uses == [("hub.flow.deliver", "send")]
    assert _callers("send") & _of_the_hub() == {"hub.flow.deliver", "hub.worker.courier"}
    importers = {module.name for module in modules() for name in _imported(module)
                 if f"{name}.".startswith("hub.flow.deliver.") and not _is_played(module)}  # fmt: skip
    assert importers == {"hub.worker.courier"}


def _of_the_hub() -> set[str]:
    return {module.name for module in modules() if module.name.startswith("hub.") and not _is_played(module)}


def test_beside_messages_a_relay_takes_nothing_but_the_checkpoint_of_the_log() -> None:
    """Numbers and hashes that anybody may have; the journey that mails it is handed no disclosure to send."""
    assert _callers("Relay") == {"connectors.transports.secure_email", "hub.delivery.checkpoint_mail"}
    assert _callers("mail.post") == {"hub.flow.mail_checkpoint"}
    posted = {ast.unparse(call) for module in modules() if "mail.post(" in module.text
              for called, call in module.calls() if called == "mail.post"}  # fmt: skip
    assert posted == {"mail.post(address, text, house.clock.now())"}


def test_only_a_decided_release_makes_a_message_and_only_two_journeys_hand_one_out() -> None:
    assert _callers("doors.render") == {"hub.flow.release"}
    assert {name for name in _callers("release") if name.startswith("hub.flow.")} == {
        "hub.flow.claim", "hub.flow.collect",
    }  # fmt: skip
    handed = {
        module.name: {ast.unparse(node) for node in ast.walk(module.tree)
                      if isinstance(node, ast.Call | ast.Return | ast.Compare | ast.Assign)
                      and "intent.message" in ast.unparse(node)}
        for module in modules() if "intent.message" in module.text
    }  # fmt: skip
    assert handed == {
        "hub.flow.deliver": {
            statement := "house.doors.send(intent.row.agency, intent.message, intent.row.id, house.clock.now())",
            f"return {statement}",
        },
        "hub.flow.collect": {"return intent.message"},
        "hub.flow.settle": {"message.body == intent.message.body"},
    }


def test_the_proof_sees_a_module_that_would_send() -> None:
    """What these tests look for is found where it is planted."""
    planted = "import os\nfrom urllib import request, parse\nfrom http.client import HTTPSConnection as Quiet\n"
    module = Module("hub.flow.sneaky", ROOT / "sneaky.py", planted, ast.parse(planted))
    assert _reached(module) == {"urllib.request", "http.client"}


OPENING = ("socket.connect", "socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system", "os.exec",
           "os.posix_spawn", "smtplib.connect", "ftplib.connect", "http.client.connect", "urllib.Request")  # fmt: skip
"""Audit events of the interpreter for whatever speaks to somebody else."""

_watchers: list[list[tuple[str, tuple[str, ...]]]] = []


@pytest.fixture(scope="module", autouse=True)
def _hook() -> None:
    """Once in this process, for an audit hook cannot be taken out; it looks at nothing where nothing is watched."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if not _watchers or event not in OPENING:
        return
    is_to_a_machine = event != "socket.connect" or isinstance(arguments[1], tuple)
    if is_to_a_machine:
        stack = traceback.walk_stack(None)
        _watchers[-1].append((event, tuple(frame.f_globals.get("__name__", "") for frame, _ in stack)))


@contextmanager
def _watched() -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """What was opened meanwhile in this process, each with the modules on the stack, the nearest first."""
    seen: list[tuple[str, tuple[str, ...]]] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


@pytest.fixture
def police(tmp_path: Path) -> Iterator[tuple[PoliceReceiver, Connector]]:
    """The police's own server, and this hub's door to it."""
    key, certificates = Ed25519PrivateKey.generate(), make_certificate_authority(tmp_path / "ca")
    receiver = PoliceReceiver(certificates, key.public_key())
    settings = {"url": receiver.address, "ca_file": str(certificates.ca_file)}
    door = AgencyDoor(
        kind=AgencyKind.POLICE, name="Police", partner="police", transport="webhook", settings=dict(settings)
    )
    yield receiver, build({"agy_police": door}, key, "hub.lmh.example")["agy_police"]
    receiver.stop()


def test_while_a_hub_takes_decides_delivers_and_is_read_only_a_transport_opens_a_line(
    embedded_hub: Hub, police: tuple[PoliceReceiver, Connector]
) -> None:
    receiver, connector = police
    doors = Doors({"agy_police": connector}, {"agy_police": embedded_hub.house.doors.digest("agy_police")})
    house, officer = replace(embedded_hub.house, doors=doors), somebody(embedded_hub, Role.OFFICER)
    case = Case((POLICE,))
    with _watched() as opened:
        accepted = refer(house, officer, case.raw(), f"key-{case.tag}")
        assert opened == []
        assert deliver_due(house, "worker", 10) == 1
        during = len(opened)
        read_referral(house, officer, accepted.referral_id)
        checkpoint(house)
    assert len(receiver.received) == 1
    assert len(opened) == during > 0
    assert {event for event, _ in opened} == {"socket.connect"}
    for _, modules_on_the_way in opened:
        ours = [name for name in modules_on_the_way if name.partition(".")[0] in ("hub", "connectors")]
        ours = [name for name in ours if name != "connectors.transports.deadline"]  # runs what a transport gives it
        assert ours[0].startswith("connectors.transports.")
        assert [name for name, _ in groupby(ours)][1:3] == ["hub.delivery.doors", "hub.flow.deliver"]


def test_the_watch_sees_a_line_that_somebody_else_opens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, _watched() as opened:
        socket.create_connection(listening.getsockname(), timeout=10).close()
    assert __name__ in opened[0][1]
