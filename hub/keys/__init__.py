"""The hub's own keys. How they hang together, in plain words: docs/keys.md.

    root key          a file, a command's answer, or a key-management service: wraps the landlords' keys
    `- landlord keys  in the database, wrapped: one that wraps data keys, one that indexes
       `- data keys   in the database, wrapped: one per case, person and class of data

Beside the tree stand two signing keys, files both: `signing.pem` for what we send, `log.pem` for checkpoints.
"""

from hub.keys.ring import KeyRing, keyed_digest, open_keys
from hub.keys.roots import KeySource, LocalRoot, RootKey, Roots
from hub.keys.seals import Key, Place, is_first, joined, new_key, seal, unseal, unseal_first, version_of

__all__ = [
    "Key", "KeyRing", "KeySource", "LocalRoot", "Place", "RootKey", "Roots", "is_first", "joined", "keyed_digest",
    "new_key", "open_keys", "seal", "unseal", "unseal_first", "version_of",
]  # fmt: skip
