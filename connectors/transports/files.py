"""Small files that settings name: certificates, keys, passwords. Secrets are read when needed and never kept."""

import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from connectors.contract import Refused, TryLater

LARGEST = 64 * 1024

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("give the full path, from /")
    return path


FilePath = Annotated[Path, Field(strict=False), AfterValidator(_absolute)]
"""A full path in settings; what it leads to is looked at only when a message is carried."""


def read_secret(path: Path, field: str) -> bytes:
    """The bytes of the file that settings `field` names. Raises TryLater("secret_unreadable"): nothing has left."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError:
        raise TryLater("secret_unreadable", f"the file named by {field} cannot be read; is it there?") from None


def require_plain_name(filename: str) -> None:
    """Raise Refused("name_unsafe") for a name that could lead out of a folder or hide in it."""
    if not _PLAIN_NAME.fullmatch(filename):
        raise Refused(
            "name_unsafe", "a message's name holds only letters, digits, dot, _ and -, a letter or digit first"
        )


_LINE_BROKE = (
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
)


def is_mistrust(problem: BaseException | None) -> bool:
    """Whether a peer failed to prove itself, rather than that it was silent or the line broke in the handshake."""
    while problem is not None:
        if isinstance(problem, ssl.SSLError) and not isinstance(problem, _LINE_BROKE):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def trusting(ca_file: Path | None, speaks: Literal["http", "smtp"]) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and name verified against `ca_file`, or the system's store where it is None.

    Kept until the file changes, since reading a system's store takes longer than all else of an attempt; one for each
    protocol, which a handshake may tell (RFC 7301). Raises TryLater("secret_unreadable") where the file is not there or
    is not PEM.
    """
    certificates = ca_file or ssl.get_default_verify_paths().cafile
    try:
        told = Path(certificates).stat() if certificates else None
        return _trusting(ca_file, speaks, told and (told.st_dev, told.st_ino, told.st_mtime_ns, told.st_size))
    except OSError:
        raise TryLater("secret_unreadable", "the file named by ca_file cannot be read as PEM certificates") from None


@lru_cache(maxsize=64)
def _trusting(ca_file: Path | None, _speaks: str, _as_it_is: tuple[int, ...] | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
