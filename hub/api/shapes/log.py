"""Proofs from the audit log, and how the hub is."""

from typing import Literal

from pydantic import BaseModel


class ProofOut(BaseModel):
    """An entry (base64), and its proof file (C2SP tlog-proof)."""

    number: int
    entry: str
    proof: str


class DisclosureProofOut(ProofOut):
    """An entry about a disclosure with its proof.

    `salt`, in hexadecimal: HMAC-SHA-256 under it over the bytes that came is the entry's `message_commitment`.
    """

    kind: str
    salt: str | None


class ConsistencyOut(BaseModel):
    """Hashes, in hexadecimal, that prove one log to be the beginning of another."""

    old: int
    new: int
    proof: list[str]


class Health(BaseModel):
    """Whether the hub lives, or is ready to take referrals; `degraded`: codes of what is wrong though it is."""

    status: Literal["live", "ready"]
    release: str
    degraded: list[str] = []
