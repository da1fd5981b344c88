"""Keys for stores under test."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.keys import KeyRing, LocalRoot, Roots


def keyring() -> KeyRing:
    """Keys that no other store has."""
    roots = Roots(LocalRoot(secrets.token_bytes(32)))
    keys = KeyRing(roots, Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate())
    keys.take_own(secrets.token_bytes(32))
    return keys
