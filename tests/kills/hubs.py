"""A hub of either kind that is run to be killed, on servers of its own, with its partners and the load on it."""

import itertools
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.keys import open_keys
from tests.cases import IN_FORCE, write_agreements
from tests.history.checker import Fault, check
from tests.journeys.waiting import until
from tests.kills.launcher import Command, Launcher
from tests.kills.load import Load
from tests.kills.partners import Partners
from tests.kills.servers import HOST, OwnPostgres, OwnRabbit, free_port
from tests.servers import as_owner, query_role

KINDS = ("embedded", "scaled_out")
SELF, DATABASE, DATABASE_AT_ONCE, BROKER = "itself", "database", "database_at_once", "broker"
"""Whom to kill at a point: the process that is there, or a server. `database_at_once` is an immediate shutdown."""


@dataclass(frozen=True)
class Kill:
    """One kill: whom, and at the how-manieth time that a point is reached."""

    point: str
    victim: str = SELF
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.victim} at {self.point}"


@dataclass
class KilledHub:
    """One hub with everything round it."""

    kind: str
    folder: Path
    launcher: Launcher
    load: Load
    environment: dict[str, str]
    apis: tuple[str, ...]
    workers: tuple[str, ...]
    database: OwnPostgres | None = None
    broker: OwnRabbit | None = None
    server_was_away: bool = False

    def kill(self, process: str, kill: Kill) -> None:
        """Have it happen, and bring back what died."""
        server: OwnPostgres | OwnRabbit | None = self.broker if kill.victim == BROKER else self.database
        if kill.victim == SELF:
            since = self._hit(process, kill)
            self.launcher.heard(since, ended=process)
            self.launcher.heard(since, started=process)
        elif server is not None:
            by = signal.SIGQUIT if kill.victim == DATABASE_AT_ONCE else signal.SIGKILL
            self._hit(process, kill, server.pid, by)
            server.resume()

    def _hit(self, process: str, kill: Kill, victim: int = 0, by: int = signal.SIGKILL) -> int:
        """Returns since when to listen for what comes of it."""
        self.server_was_away = self.server_was_away or kill.victim != SELF
        while True:
            since = self.launcher.arm(process, kill.point, kill.nth, victim, by)
            if kill.point.startswith("checkpoint") and process in self.apis:
                self.load.ask_for_checkpoint()
            hit = {"hit": kill.point, "name": process}
            if "hit" in self.launcher.heard_any(since, hit, {"ended": process}):
                return since
            self.launcher.heard(since, started=process)  # it ended by itself, as where its database is away

    def kill_all(self, plan: Mapping[str, Sequence[Kill]]) -> None:
        """Carry out a plan under load, the processes beside each other."""

        def through(process: str) -> None:
            for kill in plan[process]:
                self.kill(process, kill)

        self.load.begin()
        with ThreadPoolExecutor(len(plan)) as threads:
            for done in [threads.submit(through, process) for process in plan]:
                done.result()

    def unexpected(self) -> list[str]:
        """What happened since the last look that no kill explains: server errors; processes that ended by themselves,
        unless a server was away, which they may find at their start."""
        fallen = [] if self.server_was_away else self.launcher.fallen
        found = [*self.load.surprises, *(f"{event['ended']} ended by itself: {event['status']}" for event in fallen)]
        self.server_was_away = False
        self.load.surprises.clear()
        self.launcher.fallen.clear()
        return found

    def judge(self) -> list[Fault]:
        """Settle, take the export, and have the history checked."""
        self.load.pause()
        self.load.settle()
        evidence = self.folder / "evidence"
        said = self.launcher.run(Command(
            "export", [["export", str(evidence / "export.zip"), "--openings", str(evidence / "openings.jsonl")]],
            self.environment, self.folder / "logs" / "export.log", lasting=False,
        ))  # fmt: skip
        return check(evidence, re.findall(r"--key '(.+)'", said)[-1])


@contextmanager
def running(kind: str, folder: Path, servers: "Servers") -> Iterator[KilledHub]:
    """A hub of that kind, set up, with partners and people; everything ends with the block."""
    folder.chmod(0o700)
    (folder / "logs").mkdir()
    data, keys = folder / "data", folder / "keys"
    data.mkdir(mode=0o700)
    with ExitStack() as ending:
        partners = Partners(_made(folder / "evidence"), open_keys(keys, create=True).signing.public_key())
        ending.callback(partners.stop)
        (data / "partners.toml").write_text(partners.toml(), encoding="utf-8")
        write_agreements(data / "agreements")
        environment = {
            "CONCORDAT_DATA_DIR": str(data), "CONCORDAT_KEYS_DIR": str(keys), "CONCORDAT_LEASE_SECONDS": "5",
            "CONCORDAT_SWEEP_SECONDS": "0.3", "CONCORDAT_HOLD_MINUTES": "0",
        }  # fmt: skip
        owner = environment
        if kind == "scaled_out":
            url = servers.database.new_database()
            environment |= {
                "CONCORDAT_DATABASE_URL": url, "CONCORDAT_QUERY_ROLE": str(query_role(url)),
                "CONCORDAT_BROKER_URL": servers.broker.url, "CONCORDAT_QUEUE_NAME": f"kills_{folder.name}"[:60],
            }  # fmt: skip
            owner = environment | {"CONCORDAT_DATABASE_URL": as_owner(url, servers.database.url)}
        launcher = servers.launcher
        tokens = _set_up(launcher, folder, owner, environment)
        hub = _started(kind, folder, servers, environment, tokens, partners)
        ending.callback(hub.load.close)
        ending.callback(launcher.end_all)
        yield hub


class Servers:
    """What several hubs after each other are run with: a launcher, and for scaled-out ones two servers."""

    def __init__(self, kind: str) -> None:
        """Start what that kind needs, all at the same time."""
        self._ending = ExitStack()
        try:
            self.launcher = Launcher()
            self._ending.callback(self.launcher.stop)
            if kind == "scaled_out":
                self.broker = OwnRabbit()
                self._ending.callback(self.broker.stop)
                self.database = OwnPostgres()
                self._ending.callback(self.database.stop)
                self.broker.wait()
        except BaseException:
            self._ending.close()
            raise

    def stop(self) -> None:
        """End them."""
        self._ending.close()


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _set_up(launcher: Launcher, folder: Path, owner: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """Migrate, have people approve what counts, and make the tokens of everybody."""
    log = folder / "logs" / "set_up.log"
    launcher.run(Command("migrate", [["migrate"]], owner, log, lasting=False))
    people = ["--person", f"usr_{'0' * 25}1", "--person", f"usr_{'0' * 25}2"]
    said = launcher.run(Command("set_up", [
        ["policy-document", "LMH", "2089-12-31"],
        ["documents", "add", "LMH", "data_protection_impact_assessment", "2089-12-31"],
        ["agreements", "approve", *IN_FORCE, "--landlord", "LMH", *people],
        ["token", "officer", "--landlord", "LMH"],
        ["token", "dpo", "--landlord", "LMH"],
        ["token", "partner", "--agency", "agy_fire"],
    ], environment, log, lasting=False))  # fmt: skip
    made = re.findall(r"credential \S+, person \S+\n(\S+)", said)
    return dict(zip(("officer", "dpo", "fire"), made, strict=True))


def _started(
    kind: str, folder: Path, servers: Servers, environment: dict[str, str], tokens: dict[str, str], partners: Partners
) -> KilledHub:
    launcher = servers.launcher
    if kind == "embedded":
        apis, workers, commands = ("up",), ("up",), {"up": "up"}
    else:
        apis, workers = ("api", "api_2"), ("worker", "worker_2")
        commands = {"api": "api", "api_2": "api", "worker": "worker", "worker_2": "worker", "timetable": "timetable"}
    ports = {name: free_port() for name in apis}
    for name, command in commands.items():
        own = environment | ({"CONCORDAT_PORT": str(ports[name])} if name in ports else {})
        launcher.start(Command(name, [[command]], own, folder / "logs" / f"{name}.log"))
    turns = itertools.cycle([f"http://{HOST}:{port}" for port in ports.values()])
    load = Load(folder / "evidence" / "clients", tokens, partners, lambda: next(turns))
    for port in ports.values():
        until(lambda port=port: _is_ready(port), "the hub is ready")  # type: ignore[misc]
    return KilledHub(
        kind, folder, launcher, load, environment, apis, workers, getattr(servers, "database", None),
        getattr(servers, "broker", None),
    )  # fmt: skip


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://{HOST}:{port}/v1/health/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
