"""The test's side of `tests.kills.launch`: starts processes of the hub, asks for kills, hears of what happened."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.journeys.processes import ROOT

Event = dict[str, Any]
PATIENCE = 180.0
"""Seconds after which something is not coming; far beyond what anything takes on a busy machine."""


@dataclass(frozen=True)
class Command:
    """What one process runs: one or several commands after each other, and where it says what."""

    name: str
    commands: Sequence[Sequence[str]]
    environment: Mapping[str, str]
    log: Path
    lasting: bool = True
    """Started again whenever it ends, as a supervisor would."""


@dataclass
class Launcher:
    """One launching process, and every event that it told."""

    events: list[Event] = field(default_factory=list)
    fallen: list[Event] = field(default_factory=list)
    """Lasting processes that ended though nobody killed them."""

    def __post_init__(self) -> None:
        """Start it; it is ready at once, and obeys once it has imported the hub."""
        self._running: dict[str, Command] = {}
        self._told, self._ordering = threading.Condition(), threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.launch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        self._ends = False
        self._listener = threading.Thread(target=self._listen, name="launcher", daemon=True)
        self._listener.start()

    def start(self, command: Command) -> None:
        """Start a process."""
        self._running[command.name] = command
        self._order(do="start", name=command.name, commands=[list(words) for words in command.commands],
                    environment=dict(command.environment), log=str(command.log))  # fmt: skip

    def run(self, command: Command) -> str:
        """Run a process to its end; returns what it printed. Raises AssertionError where it failed."""
        since = len(self.events)
        began = command.log.stat().st_size if command.log.exists() else 0
        self.start(command)
        ended = self.heard(since, ended=command.name)
        said = command.log.read_bytes()[began:].decode()
        assert ended["status"] == 0, said
        return said

    def arm(self, name: str, point: str, nth: int, victim: int = 0, by: int = signal.SIGKILL) -> int:
        """Have a process killed when this one reaches the point for the n-th time, 0 being itself.

        Returns since when to listen for it.
        """
        since = len(self.events)
        self._order(do="arm", name=name, point=point, nth=nth, victim=victim, by=by)
        return since

    def heard(self, since: int, **like: object) -> Event:
        """The first event since then with these facts, once it is told."""
        return self.heard_any(since, like)

    def heard_any(self, since: int, *likes: dict[str, object]) -> Event:
        """The first event since then with the facts of any of these, once it is told."""
        until = time.monotonic() + PATIENCE
        with self._told:
            while True:
                for event in self.events[since:]:
                    if any(like.items() <= event.items() for like in likes):
                        return event
                left = until - time.monotonic()
                assert left > 0, f"never heard of {likes} among {self.events[since:]}"
                self._told.wait(min(left, 1.0))

    def pid(self, name: str) -> int:
        """The process that now has that name."""
        return int(next(event["pid"] for event in reversed(self.events) if event.get("started") == name))

    def end_all(self) -> None:
        """End every lasting process, as a power cut would, and wait for it."""
        lasting = [name for name, command in self._running.items() if command.lasting]
        self._running.clear()
        for name in lasting:
            with suppress(ProcessLookupError):
                os.kill(self.pid(name), signal.SIGKILL)
            self.heard(0, ended=name, pid=self.pid(name))

    def stop(self) -> None:
        """End everything that was started, and itself."""
        self._ends = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._listener.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _order(self, **order: object) -> None:
        assert self._process.stdin is not None
        with self._ordering:
            self._process.stdin.write(f"{json.dumps(order)}\n".encode())
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            with self._told:
                self.events.append(event)
                self._told.notify_all()
            ended = self._running.get(event.get("ended", ""))
            if ended is not None and ended.lasting and not self._ends:
                if event["status"] != -9:
                    self.fallen.append(event)
                self.start(ended)
