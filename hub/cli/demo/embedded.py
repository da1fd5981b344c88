"""The hub as a process of its own, started as anybody would start it: `concordat up`."""

import os
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_ADDRESS = re.compile(r"running at (http://\S+)")
_CODE = re.compile(r"sign-in, works once .*: (\S+)")


class HubDidNotStart(Exception):
    """The hub ended, or said nothing in time. Its own words are in hub.log of the data folder."""


class EmbeddedHub:
    """One embedded hub over `data`. It may be killed and started again; `address` is where it listens now."""

    def __init__(self, data: Path, log: Path) -> None:
        """Hold the folders; start nothing."""
        self._data = data
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.address = ""
        self.first_code: str | None = None

    def start(self) -> None:
        """Start it and wait until it says where it listens. Raises HubDidNotStart."""
        with self._log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "hub", "up", "--port", "0"], env=self._environment(), text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._process = process
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(process, lines), name="hub output", daemon=True).start()
        self._read_announcement(lines)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
        settings = {"CONCORDAT_DATA_DIR": str(self._data), "CONCORDAT_LEASE_SECONDS": "5",
                    "CONCORDAT_HOLD_MINUTES": "0", "PYTHONUNBUFFERED": "1"}  # fmt: skip
        return kept | settings

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ask it to end, and see to it that it does."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _read_announcement(self, lines: "queue.SimpleQueue[str]") -> None:
        """Address first, then the sign-in code, which only the first start has."""
        self.address = ""
        until = time.monotonic() + _START_SECONDS
        wants_code = self.first_code is None
        while not self.address or (wants_code and self.first_code is None):
            try:
                line = lines.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                raise HubDidNotStart("the hub said nothing in time; see hub.log (run again with --keep)") from None
            if not line:
                raise HubDidNotStart("the hub ended while starting; see hub.log (run again with --keep)")
            if found := _ADDRESS.search(line):
                self.address = found[1]
            if found := _CODE.search(line):
                self.first_code = found[1]


def _listen(process: "subprocess.Popen[str]", lines: "queue.SimpleQueue[str]") -> None:
    if process.stdout is not None:
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
    lines.put("")
