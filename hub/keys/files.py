"""Key files: private or refused, written once and whole, replaced in one step."""

import os
import secrets
import stat
from pathlib import Path

from hub.errors import NotTrusted


def make(path: Path, content: bytes) -> None:
    """Write once, atomically and already with mode 0600; a file that is there stays."""
    if path.exists():
        return
    partial = _partial(path, content)
    try:
        os.link(partial, path)
    except FileExistsError:
        pass  # another process of the same hub was first, and its key is the key
    finally:
        partial.unlink()


def replace(path: Path, content: bytes, before: Path) -> None:
    """Put a new key in the place of the old one, which stays as `before`; after a crash either is whole."""
    if not before.exists():
        os.link(path, before)
    _partial(path, content).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path) -> bytes:
    """A key file's bytes. Raises NotTrusted where it is missing, or others could read it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise NotTrusted("KEY_MISSING", f"key file {path.name} is missing; restore it from your copy") from None
    if mode & 0o077:
        raise NotTrusted("KEY_EXPOSED", f"key file {path.name} can be read by others; set its mode to 0600")
    return path.read_bytes()


def _partial(path: Path, content: bytes) -> Path:
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return partial
