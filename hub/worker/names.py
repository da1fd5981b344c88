"""Who holds a lease."""

import socket
import threading


def worker_name() -> str:
    """This machine and thread."""
    return f"{socket.gethostname()[:40]}:{threading.get_ident()}"
