"""Root keys: where they come from, and which one opens what.

A source is written `file` (the default: `kek` in the key folder), `file:PATH`, `command:PROGRAM ARGUMENTS` or
`plugin:NAME`. The root key wraps the landlords' keys and nothing else, so a new one means wrapping a handful anew.
"""

import base64
import binascii
import hashlib
import re
import shlex
import subprocess
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from hub.errors import Conflict, NotTrusted
from hub.keys import files
from hub.keys.seals import decrypt, encrypt, new_key

ENTRY_POINTS: Final = "concordat.root_keys"
_PATIENCE: Final = 30
"""Seconds that a command may take to hand out the key."""
_ID: Final = re.compile(r"(?!.*[0-9]{7})[a-z][a-z0-9_-]{0,18}:[a-z0-9_.:-]{1,40}")
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
"""So that a fingerprint is never taken for somebody's number, in a log or elsewhere."""


@runtime_checkable
class RootKey(Protocol):
    """What a key-management plug-in offers: it wraps and unwraps, and never gives its own key out.

    `id` names the key it wraps under now (at most 40 small letters, digits and `_.:-`, never seven digits in a row).
    `unwrap` opens what any of its keys wrapped, for as long as the service keeps them. `context` is to be bound to the
    wrapped key (additional data, encryption context); `unwrap` raises ValueError where anything does not fit.
    """

    @property
    def id(self) -> str:
        """Which key this is."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """The key, to be stored."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises ValueError where it does not open."""


@dataclass(frozen=True)
class LocalRoot:
    """A root key that this process holds: of a file, or of a command."""

    secret: bytes = field(repr=False)

    @cached_property
    def id(self) -> str:
        """A fingerprint in letters: it tells nothing of 256 random bits."""
        digest = hashlib.sha256(b"concordat root key" + self.secret).hexdigest()[:16]
        return digest.translate(_LETTERS)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce, ciphertext and tag."""
        return encrypt(self.secret, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again. Raises NotTrusted where it does not open."""
        return decrypt(self.secret, wrapped, context)


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where root keys come from: the one in force, and the one before it where that is not a file beside it."""

    now: str = "file"
    before: str | None = None


class Roots:
    """The root key in force, and every earlier one that can still be had. Nothing of them is ever printed."""

    def __init__(self, current: RootKey, *, earlier: tuple[RootKey, ...] = ()) -> None:
        """Root keys that are held ready; those of a hub come from `open_roots`."""
        self.current, self.earlier = current, earlier

    def again(self) -> None:
        """Look at the source again: another process may have made a new key meanwhile."""

    def renew(self) -> None:
        """Make a new root key and put it in force. Raises Conflict where only the operator can."""
        raise Conflict("ROOT_KEY_NOT_OURS", "this root key is not a file of the hub: make a new one where it is kept, "
                       "set CONCORDAT_ROOT_KEY to it and CONCORDAT_ROOT_KEY_BEFORE to the old one")  # fmt: skip

    def kept(self) -> Mapping[str, Path]:
        """The earlier root keys that are files of ours, by id."""
        return {}

    def forget(self, needless: Collection[str]) -> None:
        """Destroy these files, which nothing needs."""
        for root_id, path in self.kept().items():
            if root_id in needless:
                path.unlink(missing_ok=True)
        self.again()

    def named(self, root_id: str) -> RootKey:
        """The root key that wrapped something. Raises NotTrusted where this process does not have it."""
        found = self._find(root_id)
        if found is None:
            self.again()
            found = self._find(root_id)
        if found is None:
            raise NotTrusted("ROOT_KEY_UNKNOWN", f"root key {root_id} is not here; restore it, or set "
                             "CONCORDAT_ROOT_KEY and CONCORDAT_ROOT_KEY_BEFORE and start again")  # fmt: skip
        return found

    def first(self) -> bytes:
        """The `kek` of version 0001, which wrapped data keys itself. Raises NotTrusted where that is not certain."""
        earlier = {root.id: root for root in self.earlier if isinstance(root, LocalRoot)}
        local = list(earlier.values()) or ([self.current] if isinstance(self.current, LocalRoot) else [])
        if len(local) != 1:
            raise NotTrusted("ROOT_KEY_UNKNOWN", "which root key this database of version 0001 was written under is "
                             "not certain; leave that one alone beside the present one")  # fmt: skip
        return local[0].secret

    def _find(self, root_id: str) -> RootKey | None:
        every = (self.current, *self.earlier)
        exact = (root for root in every if root.id == root_id)
        brought = (root for root in every if _service(root.id) is not None and _service(root.id) == _service(root_id))
        return next(exact, None) or next(brought, None)


class SourcedRoots(Roots):
    """The root keys that settings name."""

    def __init__(self, source: KeySource, folder: Path) -> None:
        """Open them. Raises NotTrusted where one cannot be had or is not what it should be."""
        self._source, self._file = source, _path(source.now) or folder / "kek"
        super().__init__(_open(source.now, self._file))
        self.earlier = tuple(self._others())

    def again(self) -> None:
        """Look at the source again."""
        self.current = _open(self._source.now, self._file)
        self.earlier = tuple(self._others())

    def renew(self) -> None:
        """Make a new file; the old key stays beside it as `kek.<id>`."""
        if not _is_file(self._source.now):
            super().renew()
        files.replace(self._file, new_key(0).secret, self._file.with_name(f"kek.{self.current.id}"))
        self.again()

    def _others(self) -> Iterator[RootKey]:
        if self._source.before is not None:
            yield _open(self._source.before, self._file)
        if not _is_file(self._source.now) and self._file.exists():
            yield _local(files.read(self._file))
        for root_id, path in self.kept().items():
            root = _local(files.read(path))
            if root.id != root_id:
                raise NotTrusted("KEY_DAMAGED", f"key file {path.name} does not hold the key of its name")
            if root.id != self.current.id:  # a new key was about to be made, and the machine stopped
                yield root

    def kept(self) -> Mapping[str, Path]:
        """The files `kek.<id>` beside the one in force."""
        return {path.suffix[1:]: path for path in sorted(self._file.parent.glob("kek." + "[a-p]" * 16))}


def _open(source: str, file: Path) -> RootKey:
    kind, _, rest = source.partition(":")
    if _is_file(source):
        return _local(files.read(Path(rest) if rest else file))
    if kind == "command" and rest.strip():
        return _of_command(rest)
    if kind == "plugin" and rest:
        return _of_plugin(rest)
    raise NotTrusted("ROOT_KEY_SOURCE", "CONCORDAT_ROOT_KEY is none of: file, file:PATH, command:PROGRAM, plugin:NAME")


def _is_file(source: str) -> bool:
    return source == "file" or source.startswith("file:")


def _path(source: str) -> Path | None:
    return Path(source.removeprefix("file:")) if source.startswith("file:") else None


def _local(secret: bytes) -> LocalRoot:
    if len(secret) != 32:
        raise NotTrusted("KEY_DAMAGED", "the root key is not 32 bytes; restore it from your copy")
    return LocalRoot(secret)


def _of_command(line: str) -> LocalRoot:
    """The key that a command prints, in hexadecimal or base64. What it prints is never repeated, not even in errors."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command; no shell, nothing added
            shlex.split(line), capture_output=True, timeout=_PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
        printed = done.stdout.decode("ascii").strip()
        secret = bytes.fromhex(printed) if len(printed) == 64 else base64.b64decode(printed, validate=True)
    except (OSError, subprocess.SubprocessError, ValueError, binascii.Error) as problem:
        raise NotTrusted("ROOT_KEY_COMMAND", "the command for the root key did not print 32 bytes in hexadecimal or "
                         f"base64 ({type(problem).__name__})") from None  # fmt: skip
    return _local(secret)


class _Brought:
    """A plug-in's key under a name of ours; what it raises becomes ours."""

    def __init__(self, name: str, service: RootKey) -> None:
        self._name, self._service = name, service

    @property
    def id(self) -> str:
        return f"{self._name}:{self._service.id}"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return self._service.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._service.unwrap(wrapped, context)
        except ValueError:
            raise NotTrusted("SEAL_BROKEN", "the key-management plug-in does not open a landlord's key") from None


def _of_plugin(name: str) -> RootKey:
    found = list(entry_points(group=ENTRY_POINTS, name=name))
    if len(found) != 1:
        many = "is not installed" if not found else "is installed more than once"
        raise NotTrusted("ROOT_KEY_PLUGIN", f"the key-management plug-in {name} {many}")
    try:
        offered: object = found[0].load()
        service: object = offered() if callable(offered) else offered
    except (ImportError, AttributeError, ValueError, OSError) as problem:
        raise NotTrusted("ROOT_KEY_PLUGIN", f"the key-management plug-in {name} does not start "
                         f"({type(problem).__name__})") from None  # fmt: skip
    if not isinstance(service, RootKey) or not _ID.fullmatch(f"{name}:{service.id}"):
        raise NotTrusted("ROOT_KEY_PLUGIN", f"the key-management plug-in {name} offers no id, wrap and unwrap; "
                         "see docs/keys.md")  # fmt: skip
    return _Brought(name, service)


def _service(root_id: str) -> str | None:
    name, colon, _ = root_id.partition(":")
    return name if colon else None
