"""Witnesses as real servers on this machine, each with its own folder, for logs that tests name."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.api.listening import listen
from hub.audit.cosignatures import cosigner_line
from hub.clock import Clock, SystemClock
from hub.witness.app import make_witness
from hub.witness.memory import Memory, make


class WitnessServer:
    """One witness that takes checkpoints at `url` until it is stopped; its port stays its own meanwhile."""

    def __init__(self, folder: Path, name: str, logs: Sequence[str], clock: Clock | None = None) -> None:
        """Make it where there is none yet, and start it."""
        self.folder, self.name = folder, name
        self._clock = clock or SystemClock()
        self.memory = Memory(folder) if (folder / "key").exists() else make(folder, name, logs)
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """Where it takes checkpoints."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def line(self) -> str:
        """Its line in a policy."""
        return f"witness {self.name.partition('.')[0]} {self.memory.key} {self.url}\n"

    def start(self) -> None:
        """Answer (again), at the same port."""
        listening = listen("127.0.0.1", self._port)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(make_witness(Memory(self.folder), self._clock), log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=asyncio.run, args=(self._server.serve([listening]),), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.should_exit = True
        self._thread.join()


def policy_of(witnesses: Sequence[WitnessServer], enough: int) -> str:
    """A policy that asks for so many of these, each an organisation of its own."""
    names = " ".join(one.name.partition(".")[0] for one in witnesses)
    return "".join(one.line for one in witnesses) + f"group all_of_them {enough} {names}\nquorum all_of_them\n"


def stranger_line(name: str, url: str) -> str:
    """The line of a witness whose key nobody holds."""
    return f"witness {name} {cosigner_line(f'{name}.example/w', Ed25519PrivateKey.generate().public_key())} {url}\n"
