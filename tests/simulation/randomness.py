"""Ids, salts, nonces and jitter from a seed: the same seed writes the same bytes."""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


@contextmanager
def all_from(seed: str) -> Iterator[None]:
    """Let everything that the hub draws come from this seed until the end of the block."""
    source = random.Random(seed)  # noqa: S311 - that it can be repeated is what is wanted
    instead = {
        "token_bytes": lambda count=32: source.randbytes(count),
        "token_hex": lambda count=32: source.randbytes(count).hex(),
        "token_urlsafe": lambda count=32: "".join(source.choices(_ALPHABET, k=count * 4 // 3)),
        "choice": source.choice,
    }
    before = {name: getattr(secrets, name) for name in instead}
    shared = random.getstate()
    random.seed(seed)
    try:
        for name, drawn in instead.items():
            setattr(secrets, name, drawn)
        yield
    finally:
        for name, drawn in before.items():
            setattr(secrets, name, drawn)
        random.setstate(shared)
