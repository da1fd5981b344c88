"""Ed25519 public keys under which anybody can sign: the 14 encodings of the 8 points of small order (RFC 8032 5.1.7).

OpenSSL takes them, and one fixed signature is good for many messages under each. A partner who holds one can deny what
it signed, and proof of possession does not help. Pure; the tests derive the list from the curve.
"""

from typing import Final

_P: Final = 2**255 - 19
_ORDER_EIGHT_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y: Final = frozenset({0, 1, _P - 1, _P, _P + 1, _ORDER_EIGHT_Y, _P - _ORDER_EIGHT_Y})


def is_weak(public_key: bytes) -> bool:
    """Whether these 32 bytes encode a point of small order, with either sign, canonically or not."""
    return int.from_bytes(public_key, "little") % (1 << 255) in _SMALL_ORDER_Y
