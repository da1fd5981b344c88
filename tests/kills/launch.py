"""Starts the real `concordat` command, as often as asked, each time in a process of its own with the crash points laid.

The program is imported once and every process is forked from there, before anything of it runs: a hub that is killed is
back within a second, so that hundreds of kills are affordable. One line of JSON on standard input is one order
(`start`, `arm`), one line on standard output one event (`started`, `hit`, `ended`). When standard input ends, so does
everything.
"""

import ctypes
import gc
import json
import os
import random
import select
import signal
import sys
import threading
from typing import Any, NoReturn

from hub.cli import main
from hub.decision import rulebook
from tests.kills.points import Trap, lay

_PR_SET_PDEATHSIG = 1
Order = dict[str, Any]


def serve() -> None:
    """Carry out orders until there are no more, then end everything that was started."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    rulebook.read()  # most of what a start takes, and the same each time
    gc.freeze()
    names: dict[int, str] = {}
    armed: dict[str, int] = {}
    rest = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _bury(names)
        if 0 not in ready:
            continue
        read = os.read(0, 65_536)
        if not read:
            break
        *orders, rest = (rest + read).split(b"\n")
        for line in orders:
            order = json.loads(line)
            if order["do"] == "start":
                if order["name"] in armed:
                    os.close(armed[order["name"]])
                pid, armed[order["name"]] = _start(order)
                names[pid] = order["name"]
                _tell(started=order["name"], pid=pid)
            else:
                os.write(armed[order["name"]], line + b"\n")
    for pid in names:
        os.kill(pid, signal.SIGKILL)


def _bury(names: dict[int, str]) -> None:
    while names:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _tell(ended=names.pop(pid), pid=pid, status=os.waitstatus_to_exitcode(status))


def _tell(**event: object) -> None:
    os.write(1, f"{json.dumps(event)}\n".encode())


def _start(order: Order) -> tuple[int, int]:
    """Fork; returns the process and where orders for its trap are written."""
    orders, to_child = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(to_child)
        _be_the_hub(order, orders)
    os.close(orders)
    return pid, to_child


def _be_the_hub(order: Order, orders: int) -> NoReturn:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report = os.dup(1)
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for new, old in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(new, old)
    for name in [name for name in os.environ if name.startswith("CONCORDAT_")]:
        del os.environ[name]
    os.environ.update(order["environment"])
    random.seed()
    trap = Trap(order["name"], report)
    lay(trap)
    threading.Thread(target=_obey, args=(trap, orders), name="trap", daemon=True).start()
    status = 1
    try:
        for words in order["commands"]:
            status = main.main(words, prog_name="concordat", standalone_mode=False) or 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _obey(trap: Trap, orders: int) -> None:
    with os.fdopen(orders, encoding="utf-8") as lines:
        for line in lines:
            order = json.loads(line)
            trap.arm(order["point"], order["nth"], order["victim"], order["by"])


if __name__ == "__main__":
    serve()
