"""Every deletion, swap, insertion and truncation of a log, each put before the verifier that goes with an export.

    python -m tests.hub.audit.tampering --entries 10000

The suite does the same with a few hundred of them. The verifier reads a folder; here the folder is in memory.
"""

import argparse
import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from hub.audit import verify
from hub.audit.entry import canonical_bytes
from hub.audit.tiles import bundles
from tests.hub.audit.sample import VKEY, an_entry, entries, export

Tamper = Callable[[list[bytes], int], list[bytes]]

TAMPERINGS: Mapping[str, Tamper] = {
    "deletion": lambda logged, at: logged[:at] + logged[at + 1 :],
    "swap": lambda logged, at: [*logged[:at], logged[(at + 1) % len(logged)], logged[at], *logged[at + 2 :]],
    "insertion": lambda logged, at: [*logged[:at], canonical_bytes(an_entry(10**6 + at)), *logged[at:]],
    "truncation": lambda logged, at: logged[:at],
}


@dataclass(frozen=True)
class File:
    """A file of an export that is nowhere on a disk."""

    content: bytes

    def open(self, _mode: str) -> io.BytesIO:
        """As a path is opened."""
        return io.BytesIO(self.content)


def uncaught(count: int, places: Sequence[int]) -> Iterator[tuple[str, int]]:
    """What the verifier takes for good though it was altered: what was done, and where."""
    logged = entries(count)
    whole = export(logged)
    for what, tamper in TAMPERINGS.items():
        for at in places:
            altered = {name: content for name, content in whole.items() if not name.startswith("tile/entries/")}
            altered |= dict(bundles(tamper(logged, at)))
            if _is_good(altered):
                yield what, at


def _is_good(files: Mapping[str, bytes]) -> bool:
    export_of: Any = {name: File(content) for name, content in files.items()}
    before, verify.open_export = verify.open_export, lambda _path: export_of
    try:
        verify.verify_export(export_of, VKEY)
    except verify.Bad:
        return False
    finally:
        verify.open_export = before
    return True


def _share(given: tuple[int, range]) -> list[tuple[str, int]]:
    return list(uncaught(*given))


def main() -> None:
    """Try all of them, and say how many were caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1, help="only every so many places")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    began = time.monotonic()
    step = asked.every * asked.processes
    shares = [(asked.entries, range(first * asked.every, asked.entries, step)) for first in range(asked.processes)]
    with ProcessPoolExecutor(asked.processes) as pool:
        missed = [one for share in pool.map(_share, shares) for one in share]
    tried = len(TAMPERINGS) * len(range(0, asked.entries, asked.every))
    print(f"{tried} alterations of a log of {asked.entries} entries, {len(missed)} not caught "
          f"{dict(Counter(what for what, _ in missed))}, {time.monotonic() - began:.0f} s")  # fmt: skip
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
