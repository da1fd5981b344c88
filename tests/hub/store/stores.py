"""Keys for stores under test."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.keys import KeyRing


def keyring() -> KeyRing:
    """Keys that no other store has."""
    return KeyRing(secrets.token_bytes(32), Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate())
