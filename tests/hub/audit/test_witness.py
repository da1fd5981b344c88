import pytest

from hub.audit import tree
from hub.audit.note import Checkpoint, sign_checkpoint
from hub.audit.signed_note import to_base64
from hub.audit.witness import Refused, Submission, consider, origin_of, read, write
from tests.hub.audit.sample import KEY, ORIGIN, OTHER_KEY, VKEY, checkpoint_of, entries, signed_for_another_log

LOGS = {ORIGIN: [VKEY]}


def hashes(count: int) -> list[bytes]:
    return list(map(tree.leaf_hash, entries(count)))


def at(count: int) -> Checkpoint:
    return Checkpoint(ORIGIN, count, tree.root_of(hashes(count)))


def submission(old: int, new: int) -> Submission:
    leaves = hashes(new)

    def node(level: int, index: int) -> bytes:
        return tree.root_of(leaves[index << level : (index + 1) << level])

    return Submission(old, tuple(tree.consistency_proof(old, new, node)), checkpoint_of(entries(new)))


def refusal(asked: Submission, last: Checkpoint | None = None) -> tuple[int, int | None]:
    with pytest.raises(Refused) as refused:
        consider(asked, LOGS, last)
    return refused.value.status, refused.value.size


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (0, 5), (1, 2), (3, 7), (4, 8), (7, 7), (6, 300)])
def test_what_adds_to_the_last_checkpoint_may_be_cosigned(old: int, new: int) -> None:
    asked = consider(submission(old, new), LOGS, at(old) if old else None)
    assert asked.checkpoint == at(new)
    assert checkpoint_of(entries(new)).startswith(f"{asked.body}\n")


def test_every_submission_reads_back_as_it_was_written() -> None:
    for old, new in ((0, 0), (0, 5), (3, 7), (6, 300)):
        assert read(write(submission(old, new))) == submission(old, new)
        assert origin_of(submission(old, new)) == ORIGIN


def test_a_log_that_is_not_known_and_a_signature_by_nobody_known_are_told_apart() -> None:
    stranger = sign_checkpoint(Checkpoint("stranger.example", 0, tree.EMPTY_ROOT), "stranger.example", KEY)
    assert refusal(Submission(0, (), stranger)) == (404, None)
    assert refusal(Submission(0, (), checkpoint_of(entries(1), OTHER_KEY))) == (403, None)
    assert refusal(Submission(0, (), signed_for_another_log())) == (404, None)


def test_another_history_is_refused_whatever_is_said_of_it() -> None:
    assert refusal(submission(0, 5), at(3)) == (409, 3)
    assert refusal(submission(4, 5), at(3)) == (409, 3)
    assert refusal(Submission(3, (), checkpoint_of(entries(2))), at(3)) == (400, None)
    # Of the same size, with another entry in it.
    other = [*entries(2), b"another"]
    assert refusal(Submission(3, (), checkpoint_of(other)), at(3)) == (409, 3)
    # Longer, and changed before the last that was cosigned.
    longer = [b"another", *entries(5)[1:]]
    assert refusal(Submission(3, submission(3, 5).proof, checkpoint_of(longer)), at(3)) == (422, None)
    assert refusal(Submission(3, (), checkpoint_of(entries(5))), at(3)) == (422, None)
    good = submission(3, 5)
    assert refusal(Submission(3, (*good.proof, bytes(32)), good.checkpoint), at(3)) == (422, None)
    assert refusal(Submission(0, (bytes(32),), checkpoint_of(entries(5)))) == (422, None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 1", b"old 01\n\n", b"old -1\n\n", b"old 1\nnot base64\n\n", b"\xff\n\n", b"new 1\n\n",
        b"old 0\n" + b"".join(to_base64(bytes(32)).encode() + b"\n" for _ in range(64)) + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_submission_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        origin_of(read(body))
    assert refused.value.status == 400
