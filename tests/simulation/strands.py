"""Strands: whoever acts in a history, one at a time. A strand runs until its next seam, then another is chosen.

Threads that hand each other one baton: only its holder runs, so the order is that of the choices and of nothing else.
"""

import threading
from collections.abc import Callable


class Killed(BaseException):
    """Raised at the seam where a strand dies, and again at each after it: `kill -9` cannot be caught.

    A door takes it for a connector's fault, as it does whatever a connector raises; nothing comes of that any more.
    """


class Strand:
    """One actor: a script, run from seam to seam. Strands of one process die together."""

    def __init__(self, name: str, script: Callable[[], None], process: str | None = None) -> None:
        self.name, self.script, self.process = name, script, process or name
        self.at = "begins"
        self.attempt: int | None = None
        self.is_over = False
        self.problem: BaseException | None = None
        self._go, self._paused = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._paused.acquire()
        self._is_killed = False
        self._thread: threading.Thread | None = None

    def step(self) -> None:
        """Run until the next seam or the end."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()
        else:
            self._go.release()
        self._paused.acquire()
        if self.is_over:
            self._thread.join()

    def pause(self, seam: str) -> None:
        """Called by the strand itself: hand the baton back. Raises Killed where it dies here."""
        if self._is_killed:
            raise Killed
        self.at = seam
        self._paused.release()
        self._go.acquire()
        if self._is_killed:
            raise Killed

    def kill(self) -> None:
        """Let it die where it is."""
        self._is_killed = True
        if self._thread is None:
            self.is_over = True
        elif not self.is_over:
            self.step()

    def _run(self) -> None:
        try:
            self.script()
        except Killed:
            pass
        except BaseException as problem:  # noqa: BLE001 - told by the history, whatever it is
            self.problem = problem
        self.is_over = True
        self._paused.release()
