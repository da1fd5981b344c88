"""Processes of the hub as an administrator runs them, what they print, and how they end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.journeys.waiting import until

ROOT = Path(__file__).parents[2]


class HubProcess:
    """One `concordat` command with its output in a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], logs: Path) -> None:
        """Start it."""
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = [sys.executable, "-m", "hub", *command]
        # Nothing of the tests' own environment decides how the hub behaves.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
        self._environment = kept | dict(environment) | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        self.start()

    def start(self) -> None:
        """Start it (again); its output goes on in the same file."""
        self._began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd=self.log.parent,
            )  # fmt: skip

    def says(self, pattern: str, patience: float = 90.0) -> str:
        """Wait until this start of it printed a line that holds the pattern; returns the pattern's first group."""

        def found() -> str | None:
            match = re.search(pattern, self.output())
            if match is None and self._process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self._process.returncode}:\n{self.output()}")
            return match.group(1) if match else None

        return until(found, f"{self.name} says {pattern!r}; it said:\n{self.output()}", patience) or ""

    def output(self) -> str:
        """What this start of it printed so far."""
        return self.log.read_bytes()[self._began :].decode(errors="replace")

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait(self, patience: float = 60.0) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(patience)

    def stop(self) -> int:
        """Ask it to end (SIGTERM), and wait."""
        self._process.terminate()
        return self.wait()

    def crash(self) -> None:
        """End it as a defect in C would: SIGABRT, of which Python tells where each thread was."""
        self._process.send_signal(signal.SIGABRT)
        self._process.wait(30)

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no handler runs."""
        if self.is_running():
            self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
