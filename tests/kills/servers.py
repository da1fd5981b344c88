"""A PostgreSQL cluster and a RabbitMQ node of a test's own, which it may kill: nobody else's work is on them."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import psycopg
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from psycopg.sql import SQL, Identifier

from tests.journeys.waiting import until

HOST: Final = "127.0.0.1"
_LOWEST, _HIGHEST = 20_000, 29_999
_RABBITMQ: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    """A port that nobody listens at, outside the range that the system gives to whoever asks for any."""
    for port in range(_LOWEST + os.getpid() % 5_000, _HIGHEST):
        if port in _given:
            continue
        with socket.socket() as trying, suppress(OSError):
            trying.bind((HOST, port))
            _given.add(port)
            return port
    raise AssertionError("no port is free")


_given: set[int] = set()


_OLD_ONES_LIVE = "shared memory block"
"""What the server says, and ends, while children of the one that was killed have not noticed that they are alone."""


def why_no_servers() -> str | None:
    """Why servers of one's own cannot be started here; None where they can."""
    if _postgresql("initdb") is None:
        return "PostgreSQL's initdb is not installed"
    return None if _RABBITMQ.exists() else "RabbitMQ's own server script is not installed"


def _postgresql(program: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return str(found[-1]) if found else shutil.which(program)


class OwnPostgres:
    """One cluster in a folder of its own, its server a child of this process."""

    def __init__(self) -> None:
        """Make it and start it; whoever made it stops it."""
        self._folder = Path(tempfile.mkdtemp(prefix="concordat_kills_"))
        # PostgreSQL refuses to be root.
        self._user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._user:
            postgres = pwd.getpwnam("postgres")
            os.chown(self._folder, postgres.pw_uid, postgres.pw_gid)
        self._port = free_port()
        self.url = f"postgresql+psycopg://postgres@{HOST}:{self._port}/postgres"
        subprocess.run(
            [str(_postgresql("initdb")), "-D", f"{self._folder}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--locale", "C.UTF-8", "--no-sync", "--no-instructions"],
            check=True, capture_output=True, cwd=self._folder, **self._user,
        )  # fmt: skip
        self.start()

    def new_database(self) -> str:
        """The URL of an empty database, for a role that may query there once it was migrated."""
        name = f"kills_{secrets.token_hex(6)}"
        with psycopg.connect(host=HOST, port=self._port, user="postgres", autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
            connection.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(name)))
        return f"postgresql+psycopg://{name}@{HOST}:{self._port}/{name}"

    def start(self) -> None:
        """Start the server (again), and wait until it lets somebody in."""
        self._begin()
        until(self._answers, "PostgreSQL lets us in")

    def _begin(self) -> None:
        with (self._folder / "log").open("ab") as output:
            self._server = subprocess.Popen(
                [str(_postgresql("postgres")), "-D", f"{self._folder}/data", "-h", HOST, "-p", str(self._port),
                 "-k", ""],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self._folder, **self._user,
            )  # fmt: skip

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(host=HOST, port=self._port, user="postgres", connect_timeout=2).close()
            return True
        if self._server.poll() is not None:
            told = (self._folder / "log").read_text()[-2_000:]
            assert _OLD_ONES_LIVE in told, told
            self._begin()
        return False

    @property
    def pid(self) -> int:
        """Its first process, which is not buried before `resume`, so that its number is nobody else's."""
        return self._server.pid

    def resume(self) -> None:
        """Start it again after it was killed, once the last of it is gone."""
        self._server.wait(30)
        self.start()

    def stop(self) -> None:
        """End it, and leave nothing of it."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)
        shutil.rmtree(self._folder)


class OwnRabbit:
    """One node with a name, ports and folders of its own, its server a child of this process."""

    def __init__(self) -> None:
        """Begin to start it: it takes some seconds, see `wait`."""
        self._folder = Path(tempfile.mkdtemp(prefix="concordat_kills_"))
        self._port, talks = free_port(), free_port()
        self.url = f"amqp://guest:guest@{HOST}:{self._port}//"
        (self._folder / "plugins").write_text("[].")
        (self._folder / "env.conf").touch()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")}
        self._environment = kept | {
            "HOME": str(self._folder), "RABBITMQ_NODENAME": f"concordat_kills_{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": HOST, "RABBITMQ_NODE_PORT": str(self._port), "RABBITMQ_DIST_PORT": str(talks),
            "RABBITMQ_MNESIA_BASE": f"{self._folder}/mnesia", "RABBITMQ_LOG_BASE": f"{self._folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{self._folder}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self._folder}/plugins",
            "RABBITMQ_CONF_ENV_FILE": f"{self._folder}/env.conf",
        }  # fmt: skip
        self._start()

    def _start(self) -> None:
        with (self._folder / "output").open("ab") as output:
            self._server = subprocess.Popen(
                [str(_RABBITMQ)], env=self._environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=self._folder, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Until it takes connections."""
        until(self._answers, "RabbitMQ lets us in")

    def _answers(self) -> bool:
        with suppress(OSError, OperationalError), Connection(self.url, connect_timeout=2) as trying:
            trying.connect()
            return True
        assert self._server.poll() is None, (self._folder / "output").read_text()[-2_000:]
        return False

    @property
    def pid(self) -> int:
        """Its first process, the only child of which is the node."""
        return self._server.pid

    def resume(self) -> None:
        """Start it again after it was killed."""
        self._server.wait(30)
        self._start()
        self.wait()

    def stop(self) -> None:
        """End it, and leave nothing of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)
