"""What is measured from outside: a hub of either kind in processes of its own, the bare stack likewise, and partners.

Embedded: `concordat up` on SQLite. Scaled out: api, worker and timetable on PostgreSQL and a RabbitMQ quorum queue.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import Engine, create_engine, text

from bench.officers import wait_for
from hub.access.roles import Role
from hub.bootstrap import Hub, open_hub
from hub.cli.demo.certificates import make_certificate_authority
from hub.flow import agree, document, enrol
from hub.flow.document import NewDocument
from hub.ids import Prefix, new_id
from hub.register.documents import Kind
from hub.settings import Settings
from protocols.parse import write_agreement
from tests.cases import agreement
from tests.hubs import migrate_as_owner
from tests.servers import RABBITMQ_URL, as_owner, fresh_database, fresh_queue, query_role

WORDS: Final = ("alder", "birch", "cedar", "damson", "elder", "fir", "gorse", "hazel", "ivy", "juniper")
"""Names of the partners, unlike each other."""
AT_ONCE = 8
"""Requests under way at one partner at the most, here and for the bare stack."""
_ROOT: Final = Path(__file__).parents[1]


@dataclass
class Partners:
    """The receiving end, and what has reached it."""

    folder: Path
    ports: list[int]
    processes: "Processes"

    def arrivals(self) -> dict[str, tuple[int, float]]:
        """Door and time of the first arrival of each id; of the bare stack's ids too."""
        found: dict[str, tuple[int, float]] = {}
        for line in (self.folder / "arrivals").read_text().splitlines():
            number, at, identity = line.split(" ")
            found.setdefault(identity, (int(number), float(at)))
        return found

    def count(self) -> int:
        """How many requests arrived."""
        path = self.folder / "arrivals"
        return path.read_bytes().count(b"\n") if path.exists() else 0


@dataclass
class Processes:
    """Processes that were started, and what they use."""

    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, command: Sequence[str], environment: dict[str, str], says: str) -> str:
        """Start one, and wait for the line that holds `says` where that is not empty; returns it."""
        log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=_ROOT, env={**os.environ, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
        self.running.append(process)
        while says and process.stdout is not None:
            line = process.stdout.readline()
            if says in line:
                return line
            if not line:
                log.seek(0)
                raise RuntimeError(f"{command} ended: {log.read()[-2_000:]}")
        return ""

    def stop(self) -> None:
        """End all of them, the last first."""
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
        self.running.clear()

    def cpu_seconds(self) -> float:
        """Time on processors so far, of all of them together."""
        used = 0.0
        for process in self.running:
            stat = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            used += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        return used

    def memory_mb(self) -> float:
        """Memory that is theirs: shared pages are counted in parts (PSS)."""
        found = 0
        for process in self.running:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            found += int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0])
        return found / 1024


@dataclass
class Stage:
    """A hub that is set up and does not run yet, on one kind of store."""

    kind: str
    folder: Path
    partners: Partners
    environment: dict[str, str]
    token: str
    processes: Processes = field(default_factory=Processes)

    def open(self) -> Hub:
        """The hub in this process, with nothing that delivers; to be closed before others run on SQLite."""
        return open_hub(self.settings, create=False)

    @property
    def settings(self) -> Settings:
        """As its processes have them."""
        return Settings(**{name.removeprefix("CONCORDAT_").lower(): value
                           for name, value in self.environment.items()})  # type: ignore[arg-type]  # fmt: skip

    @property
    def agencies(self) -> list[str]:
        """The partners' ids, in the order of their doors."""
        return [f"agy_{word}" for word in WORDS[: len(self.partners.ports)]]

    def start(self) -> str:
        """Run it; returns the address at which it listens."""
        if self.kind == "sqlite":
            said = self.processes.start(["hub", "up", "--port", "0"], self.environment, "running at")
        else:
            said = self.processes.start(["hub", "api"], {**self.environment, "CONCORDAT_PORT": "0"}, "running at")
            self.processes.start(["hub", "worker"], self.environment, "")
            self.processes.start(["hub", "timetable"], self.environment, "")
        address = said.strip().rpartition(" ")[2]
        wait_for(lambda: _is_ready(address), "the hub is ready", 60)
        return address

    def engine(self) -> Engine:
        """The database as its owner sees it."""
        return create_engine(as_owner(self.settings.database))

    def asked(self) -> dict[str, tuple[str, str]]:
        """The disclosure of each referral, and its agency; of several, the last."""
        engine = self.engine()
        with engine.connect() as connection:
            rows = connection.execute(text("SELECT referral_id, id, agency FROM disclosure ORDER BY seq")).all()
        engine.dispose()
        return {row[0]: (row[1], row[2]) for row in rows}


def kinds(postgres: str | None) -> list[str]:
    """The stores there are to measure on."""
    return ["sqlite", "postgresql"] if postgres else ["sqlite"]


@contextmanager
def stage(kind: str, postgres: str | None, doors: int = 1, hanging: int = 0) -> Iterator[Stage]:
    """A hub with so many partners, each with an agreement in force; everything ends with the block."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
        with_partners = ending.enter_context(_partners(folder / "partners", doors, hanging))
        data = folder / "data"
        data.mkdir(mode=0o700)
        environment = {"CONCORDAT_DATA_DIR": str(data), "CONCORDAT_MOST_WAITING": "10000000",
                       "CONCORDAT_HOLD_MINUTES": "0"}  # fmt: skip
        _write_partners(data, with_partners)
        if kind == "postgresql":
            url = ending.enter_context(fresh_database(str(postgres)))
            environment |= {
                "CONCORDAT_DATABASE_URL": url, "CONCORDAT_QUERY_ROLE": str(query_role(url)),
                "CONCORDAT_BROKER_URL": RABBITMQ_URL, "CONCORDAT_QUEUE_NAME": ending.enter_context(fresh_queue()),
            }  # fmt: skip
            migrate_as_owner(data, url, str(postgres))
        made = Stage(kind, folder, with_partners, environment, "")
        hub = open_hub(made.settings, create=kind == "sqlite")
        made.token = _set_up(hub)
        hub.house.store.close()
        ending.callback(made.processes.stop)
        yield made


@contextmanager
def bare(kind: str, postgres: str | None, partners: Partners) -> Iterator[tuple[Processes, dict[str, str]]]:
    """The bare stack's places, on the same kind of store; nothing runs yet."""
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
        places = {
            "BARE_TARGET": f"https://127.0.0.1:{partners.ports[0]}/", "BARE_CA": str(partners.folder / "ca.pem"),
            "BARE_QUEUE": f"bare_{secrets.token_hex(4)}",
            "BARE_DATABASE": f"sqlite:///{folder / 'bare.sqlite3'}", "BARE_BROKER": "memory://",
        }  # fmt: skip
        if kind == "postgresql":
            places |= {"BARE_DATABASE": as_owner(ending.enter_context(fresh_database(str(postgres))), str(postgres)),
                       "BARE_BROKER": RABBITMQ_URL, "BARE_QUEUE": ending.enter_context(fresh_queue())}  # fmt: skip
        processes = Processes()
        ending.callback(processes.stop)
        yield processes, places


def start_bare(kind: str, processes: Processes, places: dict[str, str], *, worker: bool = True) -> str:
    """Run it; returns the address at which it listens. Without a `worker`, on PostgreSQL, it only accepts."""
    half = "both" if kind == "sqlite" else "api"
    said = processes.start(["bench.bare_stack", half], places, "running at")
    if kind == "postgresql" and worker:
        processes.start(["bench.bare_stack", "worker"], places, "")
    return said.strip().rpartition(" ")[2]


@contextmanager
def _partners(folder: Path, doors: int, hanging: int) -> Iterator[Partners]:
    make_certificate_authority(folder)
    processes = Processes()
    said = processes.start(["bench.receiver", str(folder), str(doors), str(hanging)], {}, "[")
    try:
        yield Partners(folder, json.loads(said), processes)
    finally:
        processes.stop()


def _write_partners(data: Path, partners: Partners) -> None:
    agreements = data / "agreements"
    agreements.mkdir()
    original = write_agreement(agreement("agy_police"))
    doors = []
    for word, port in zip(WORDS, partners.ports, strict=False):
        own = original.replace("agy_police", f"agy_{word}").replace("agr_police", f"agr_{word}")
        (agreements / f"{word}.toml").write_text(
            own.replace("Harbour Example Police", f"{word.title()} Example Police")
        )
        doors.append(
            f'[agencies.agy_{word}]\nkind = "police"\nname = "{word.title()} Example Police"\npartner = "police"\n'
            f'transport = "webhook"\nsettings = {{ url = "https://127.0.0.1:{port}/", '
            f'ca_file = "{partners.folder / "ca.pem"}", timeout = 20 }}\n'
            f"[agencies.agy_{word}.pace]\nat_once = {AT_ONCE}\n"
        )
    (data / "partners.toml").write_text("\n".join(doors))


def _set_up(hub: Hub) -> str:
    hub.start()
    until = datetime.now(UTC) + timedelta(days=300)
    document.set_policy_document(hub.house, None, "LMH", until)
    document.record(hub.house, None, "LMH", NewDocument(Kind.DATA_PROTECTION_IMPACT_ASSESSMENT, None, None, until))
    drafts = [seen.paper.reference for seen in agree.list_agreements(hub.house, None) if seen.life == "draft"]
    agree.take_here(hub.house, "LMH", drafts, agree.Step.APPROVED, [new_id(Prefix.PERSON), new_id(Prefix.PERSON)])
    return enrol.enrol(hub.house, None, role=Role.OFFICER, landlord="LMH", agency=None).token


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/v1/health/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False
