"""The two ways to run a hub, each as its administrator would, with the same journeys on both."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from hub.keys import open_keys
from tests.cases import write_agreements
from tests.journeys.partners import Partners
from tests.journeys.processes import ROOT, HubProcess
from tests.servers import RABBITMQ_URL, as_owner, fresh_database, fresh_queue, query_role

BROKER_AWAY = "amqp://guest:guest@127.0.0.1:1//"
"""Nothing listens at port 1."""


class Embedded:
    """`concordat up` on SQLite: one process, no server."""

    name = "embedded"

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """Start it for the first time."""
        self.data, self.keys = Path(environment["CONCORDAT_DATA_DIR"]), Path(environment["CONCORDAT_KEYS_DIR"])
        self.database_url = f"sqlite:///{self.data / 'concordat.sqlite3'}"
        self._up = HubProcess("up", ["up", "--port", "0"], environment, folder)
        self.processes = {"up": self._up}
        try:
            self.address = _address(self._up)
            self.sign_in_code = self._up.says(r"works once within 7 days: (\S+)")
        except BaseException:
            self._up.kill()
            raise

    def kill(self) -> None:
        """kill -9: all that takes and all that delivers dies at once."""
        self._up.kill()

    def resume(self) -> None:
        """Start it again on the same folder, as a supervisor would."""
        self._up.start()
        self.address = _address(self._up)


class ScaledOut:
    """The commands of docker-compose.yml as processes, on PostgreSQL and RabbitMQ, APIs and workers twice."""

    name = "scaled_out"

    def __init__(self, folder: Path, environment: dict[str, str], database_url: str, queue: str) -> None:
        """Migrate, then start everything for the first time."""
        self.data, self.keys = Path(environment["CONCORDAT_DATA_DIR"]), Path(environment["CONCORDAT_KEYS_DIR"])
        self.database_url, self.queue = database_url, queue
        self._folder = folder
        self.environment = environment | {
            "CONCORDAT_DATABASE_URL": database_url, "CONCORDAT_QUERY_ROLE": str(query_role(database_url)),
            "CONCORDAT_BROKER_URL": RABBITMQ_URL,
            "CONCORDAT_QUEUE_NAME": queue, "CONCORDAT_PORT": "0",
        }  # fmt: skip
        composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
        self._commands = {name: composed[name]["command"] for name in ("migrate", "api", "worker", "timetable")}
        self.processes: dict[str, HubProcess] = {}
        try:
            self._start()
        except BaseException:
            stop_all(self.processes)
            raise

    def _start(self) -> None:
        migrate = self.run("migrate", "migrate", CONCORDAT_DATABASE_URL=as_owner(self.database_url))
        assert migrate.wait(120) == 0, migrate.output()
        for name, command in (("api", "api"), ("worker", "worker"), ("worker_2", "worker"), ("timetable", "timetable")):
            self.run(name, command)
        # The first API to start tells the sign-in code; were both to start at once, either might.
        self.sign_in_code = self.processes["api"].says(r"works once within 7 days: (\S+)")
        self.run("api_2", "api")
        self._addresses = [_address(self.processes[name]) for name in ("api", "api_2")]

    def run(self, name: str, command: str, **environment: str) -> HubProcess:
        """Start one more process of this hub, under a name of its own."""
        made = HubProcess(name, self._commands[command], self.environment | environment, self._folder)
        self.processes[name] = made
        return made

    @property
    def address(self) -> str:
        """Either API, by turns: what one accepted, the other must know."""
        self._addresses.append(self._addresses.pop(0))
        return self._addresses[0]

    def kill(self) -> None:
        """One API and one worker die; the others go on."""
        self.processes["worker"].kill()
        self.processes["api"].kill()
        self._addresses = [_address(self.processes["api_2"])]

    def resume(self) -> None:
        """Start the two again."""
        for name in ("worker", "api"):
            self.processes[name].start()
        self._addresses = [_address(self.processes[name]) for name in ("api", "api_2")]


Backend = Embedded | ScaledOut


def _address(process: HubProcess) -> str:
    return process.says(r"Concordat is running at (\S+)")


def stop_all(processes: dict[str, HubProcess]) -> None:
    """Leave nothing running."""
    for process in processes.values():
        process.kill()


@contextmanager
def running(
    kind: str, folder: Path, witnesses: str | None = None, **settings: str
) -> Iterator[tuple[Backend, Partners]]:
    """A hub of that kind, just set up, with its partners; all ends with the block. `settings` is its environment.

    `witnesses`: the policy by which its log is witnessed.
    """
    folder.chmod(0o700)
    data, keys = folder / "data", folder / "keys"
    data.mkdir(mode=0o700)
    partners = Partners(folder, open_keys(keys, create=True).signing.public_key())
    logs = folder / "logs"
    logs.mkdir()
    environment = {
        "CONCORDAT_DATA_DIR": str(data), "CONCORDAT_KEYS_DIR": str(keys), "CONCORDAT_LEASE_SECONDS": "5",
        "CONCORDAT_SWEEP_SECONDS": "0.3", "CONCORDAT_HOLD_MINUTES": "0", **settings,
    }  # fmt: skip
    with ExitStack() as ending:
        ending.callback(partners.stop)
        (data / "partners.toml").write_text(partners.toml(), encoding="utf-8")
        write_agreements(data / "agreements")
        if witnesses is not None:
            (data / "witnesses.policy").write_text(witnesses, encoding="utf-8")
        backend: Backend
        if kind == "embedded":
            backend = Embedded(logs, environment)
        else:
            url, queue = ending.enter_context(fresh_database()), ending.enter_context(fresh_queue())
            backend = ScaledOut(logs, environment, url, queue)
        ending.callback(stop_all, backend.processes)
        yield backend, partners
