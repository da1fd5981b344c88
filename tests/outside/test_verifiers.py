"""Four verifiers by others accept a hub's log, proofs and checkpoints, and each sees every alteration that it can."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit import log
from hub.audit.cosignatures import cosign
from hub.audit.note import parse_proof_file
from hub.audit.signed_note import divide
from hub.bootstrap import Hub
from hub.flow.checkpoint import checkpoint, verifier_key
from hub.flow.proof import prove
from hub.store.scope import NOBODY
from tests.hubs import lengthen_log, open_test_hub
from tests.outside.claims import TAMPERINGS, Claim
from tests.outside.verifiers import VERIFIERS, why_no_go
from tests.servers import REQUIRED

GROWTH = (1, 2, 3, 7, 64, 65, 130)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    data: Path = tmp_path_factory.mktemp("outside") / "data"
    made = open_test_hub(data, f"sqlite:///{data / 'concordat.sqlite3'}")
    yield made
    made.house.store.close()


@pytest.fixture(scope="module")
def claims(hub: Hub) -> list[Claim]:
    """Of logs of several sizes: the first, the last and a middle entry, and that each begins with the one before."""
    key, found = verifier_key(hub.house), list[Claim]()
    older = checkpoint(hub.house)
    for more in GROWTH:
        lengthen_log(hub, more)
        newer = checkpoint(hub.house)
        before, size = int(older.split("\n")[1]), int(newer.split("\n")[1])
        with hub.house.store.read(NOBODY) as tx:
            consistency = tuple(log.consistency(tx, before, size))
        for index in {0, size // 2, size - 1}:
            told = prove(hub.house, index)
            proof = parse_proof_file(told.proof)
            assert proof.checkpoint_text == newer
            found.append(Claim(key, newer, told.entry, index, proof.proof, older, consistency))
        older = newer
    return found


@pytest.fixture(params=VERIFIERS)
def verifier(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    why = why_no_go() if name == "go" else None
    if why is not None and REQUIRED:
        pytest.fail(f"{why}, and is required here", pytrace=False)
    if why is not None:
        pytest.skip(f"{why}: its verifier was not asked")
    return name


def test_it_accepts_every_entry_of_the_log_and_that_the_log_only_grew(verifier: str, claims: list[Claim]) -> None:
    ask, _sees = VERIFIERS[verifier]
    assert ask(claims) == [True] * len(claims)


def test_it_sees_every_alteration_that_it_can(verifier: str, claims: list[Claim]) -> None:
    ask, sees = VERIFIERS[verifier]
    for what in sees:
        altered = [TAMPERINGS[what](claim) for claim in claims]
        assert ask(altered) == [False] * len(altered), what


def test_lines_of_witnesses_and_of_other_kinds_of_keys_change_nothing_for_it(
    verifier: str, claims: list[Claim]
) -> None:
    ask, _sees = VERIFIERS[verifier]
    for key in (Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()):
        seen = [_cosigned(claim, key) for claim in claims]
        assert ask(seen) == [True] * len(seen)


def _cosigned(claim: Claim, key: Ed25519PrivateKey | MLDSA44PrivateKey) -> Claim:
    line = cosign(divide(claim.note)[0], "witness.example/w", key, datetime(2026, 3, 1, tzinfo=UTC))
    return Claim(claim.key, claim.note + line, claim.leaf, claim.index, claim.proof, claim.older, claim.consistency)
