"""Each verifier behind one question: whether it accepts a claim. What it cannot see, it is not asked about."""

import base64
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import metamorphic_log
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof, InvalidProof
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring
from sigstore.errors import VerificationError
from sigstore_models.common import v1 as common

from hub.audit.note import parse_vkey
from hub.audit.tree import leaf_hash
from tests.outside.claims import Claim

GO_PACKAGES = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev puts golang.org/x/mod."""

_SOURCE = Path(__file__).parent / "verify.go"


def why_no_go() -> str | None:
    """Why Go's verifier cannot be built here; None when it can."""
    if which("go") is None:
        return "Go is not installed"
    there = (GO_PACKAGES / "src/golang.org/x/mod/sumdb/note").is_dir()
    return None if there else "golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)"


@cache
def _built() -> tuple[TemporaryDirectory[str], Path]:
    folder = TemporaryDirectory()
    program = Path(folder.name) / "verify"
    # Nothing is fetched: the packages are those that are installed.
    environment = {
        "GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOFLAGS": "", "GOCACHE": f"{folder.name}/cache",
        "CGO_ENABLED": "0", "PATH": f"{Path(which('go') or '/usr/bin/go').parent}:/usr/bin:/bin",
    }  # fmt: skip
    subprocess.run(["go", "build", "-o", str(program), str(_SOURCE)], env=environment, check=True, capture_output=True)
    return folder, program


def by_go(claims: Sequence[Claim]) -> list[bool]:
    """Go's checksum database: golang.org/x/mod/sumdb, note and tlog."""
    given = "".join(f"{json.dumps(_as_json(asdict(claim)))}\n" for claim in claims)
    done = subprocess.run([str(_built()[1])], input=given, capture_output=True, text=True, check=True)
    return [line == "good" for line in done.stdout.splitlines()]


def _as_json(value: Any) -> Any:  # noqa: ANN401 - whatever is in a claim
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _as_json(one) for name, one in value.items()}
    return [_as_json(one) for one in value] if isinstance(value, tuple) else value


def by_metamorphic_log(claims: Sequence[Claim]) -> list[bool]:
    """metamorphic-log, in Rust."""

    def accepts(claim: Claim) -> bool:
        keys = [claim.key]
        try:
            metamorphic_log.checkpoint_verify_inclusion(
                claim.note, keys, claim.index, leaf_hash(claim.leaf), list(claim.proof)
            )
            metamorphic_log.checkpoint_verify_consistency(claim.older, claim.note, keys, list(claim.consistency))
        except metamorphic_log.VerifyError:
            return False
        return True

    return list(map(accepts, claims))


def by_sigstore(claims: Sequence[Claim]) -> list[bool]:
    """Sigstore's verifier, its parts for the log. It proves no consistency."""

    def accepts(claim: Claim) -> bool:
        size, root = claim.head()
        known = parse_vkey(claim.key)
        shown = SimpleNamespace(_inner=SimpleNamespace(canonicalized_body=claim.leaf, inclusion_proof=SimpleNamespace(
            log_index=claim.index, tree_size=size, hashes=list(claim.proof), root_hash=root
        )))  # fmt: skip
        public = common.PublicKey(
            raw_bytes=base64.b64encode(known.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
            key_details=common.PublicKeyDetails.PKIX_ED25519,
        )
        try:
            verify_merkle_inclusion(shown)
            SignedCheckpoint.from_text(claim.note).signed_note.verify(Keyring([public]), known.key_id)
        except VerificationError:
            return False
        return True

    return list(map(accepts, claims))


def by_pymerkle(claims: Sequence[Claim]) -> list[bool]:
    """pymerkle, the tree alone: it knows no checkpoints, and is told what ours says."""

    def accepts(claim: Claim) -> bool:
        size, root = claim.head()
        base = leaf_hash(claim.leaf)
        try:
            rule, _ = _inclusion_path_layout(claim.index + 1, size)
            proof = InclusionProof("sha256", True, size, claim.index + 1, rule, [base, *claim.proof])
            proof.verify(base, root, index=claim.index + 1, size=size)
        except InvalidProof:
            return False
        return True

    return list(map(accepts, claims))


_TREE = ("leaf", "index", "proof", "root")

VERIFIERS: Mapping[str, tuple[Callable[[Sequence[Claim]], list[bool]], tuple[str, ...]]] = {
    "go": (by_go, (*_TREE, "size", "signature", "old root")),
    "metamorphic-log": (by_metamorphic_log, (*_TREE, "size", "signature", "old root")),
    "sigstore": (by_sigstore, (*_TREE, "size", "signature")),
    "pymerkle": (by_pymerkle, _TREE),
}
"""Each verifier, and what it can see altered."""
