"""`concordat decide`: facts in, decisions out, a line each. Where it is about pipes and files, as a process."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from consent.facts import FACTS
from hub.cli import main
from hub.cli.deciding import LONGEST_LINE
from protocols.vocabulary import AgencyKind, DataCategory, Purpose
from tests.consent.rulebook import case, rules
from tests.consent.test_scenarios import SCENARIOS

ROOT = Path(__file__).parents[3]
MANUAL = (ROOT / "docs" / "decide.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-m", "hub", "decide"]
AS_AT = ["--as-at", "2026-11-20"]
CANARY = "Qanaryzq77"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("CONCORDAT_", "PYTHON"))} | {
    "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "CONCORDAT_DATABASE_URL": "no such database",
    "CONCORDAT_NO_SUCH_SETTING": "1",
}  # fmt: skip
"""Settings under which no hub would open: the command must not look at them. Output is buffered as anywhere."""


@dataclass(frozen=True)
class Ended:
    """How a process ended, and the lines that it wrote."""

    code: int
    lines: list[dict[str, Any]]
    complaint: str


def decide(given: bytes, *words: str, folder: Path) -> Ended:
    apart: dict[str, str | None] = {name: ENVIRONMENT.get(name) for name in {*os.environ, *ENVIRONMENT}}
    with chdir(folder):
        done = CliRunner().invoke(main, ["decide", *words], input=given, env=apart)
    return Ended(done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def lines(facts: Iterable[object]) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in facts)


def test_the_worked_examples_come_out_as_expected_in_their_order(tmp_path: Path) -> None:
    ended = decide(lines(case(**scenario["facts"]) for scenario in SCENARIOS), *AS_AT, folder=tmp_path)
    assert (ended.code, ended.complaint) == (0, "")
    for told, scenario in zip(ended.lines, SCENARIOS, strict=True):
        expected = scenario["expected"]
        assert told["outcome"] == expected["outcome"], scenario["id"]
        assert sorted(told["remove"]) == sorted(expected["remove"]), scenario["id"]
        assert set(expected["obligations"]) <= set(told["obligations"]), scenario["id"]
        article_6 = {token for token in expected["basis"] if token.startswith("a6_")}
        assert not article_6 or article_6 & set(told["basis"]), scenario["id"]
        assert set(expected["basis"]) - article_6 <= set(told["basis"]), scenario["id"]


def test_an_answer_has_its_keys_in_one_order_and_names_its_rules(tmp_path: Path) -> None:
    ended = decide(lines([case(), case(consent="refused"), {}]), *AS_AT, folder=tmp_path)
    for told in ended.lines:
        assert list(told) == [
            "outcome", "remove", "basis", "obligations", "gaps", "reasons", "remedy", "rules", "keep", "authoriser",
            "within", "exemptions", "review_by", "divergences", "determining", "as_at", "valid_until",
        ]  # fmt: skip
        assert all(list(reason) == ["code", "category", "cites", "says"] for reason in told["reasons"])
        assert (told["rules"], told["as_at"]) == (rules().digest, "2026-11-20")


def test_a_question_without_any_fact_is_held_and_names_what_is_missing(tmp_path: Path) -> None:
    (told,) = decide(b"{}", *AS_AT, folder=tmp_path).lines
    assert told["outcome"] == "needs_authoriser"
    assert {"recipient", "purpose", "categories"} & set(told["gaps"])


def test_five_thousand_lines_are_answered_in_their_order_from_a_file(tmp_path: Path) -> None:
    kinds = [case(consent=consent) for consent in ("not_asked", "refused", "given_explicit")] + [{"risk": CANARY}]
    order = [number * (number + 1) // 2 % 7 % len(kinds) for number in range(5_000)]
    (tmp_path / "facts.jsonl").write_bytes(lines(kinds[kind] for kind in order))
    ended = decide(b"", *AS_AT, "facts.jsonl", folder=tmp_path)
    singly = [decide(lines([kind]), *AS_AT, folder=tmp_path).lines[0] for kind in kinds]
    assert len({json.dumps(told) for told in singly}) == len(kinds)
    wrong = singly[-1]["error"]
    expected = [
        {"error": wrong | {"line": line}} if kind == len(kinds) - 1 else singly[kind]
        for line, kind in enumerate(order, 1)
    ]
    assert ended.lines == expected
    assert ended.code == 3


BAD = {
    "a value that is not allowed": (json.dumps({"risk": CANARY}).encode(), "FACT_WRONG", "risk"),
    "a number as text": (b'{"subject_age": "35"}', "FACT_WRONG", "subject_age"),
    "a number as yes": (b'{"necessary": 1}', "FACT_WRONG", "necessary"),
    "nobody is that old": (b'{"subject_age": 131}', "FACT_WRONG", "subject_age"),
    "a kind of data of one's own": (json.dumps({"categories": [CANARY]}).encode(), "FACT_WRONG", "categories"),
    "a list of nothing": (b'{"categories": []}', "FACT_WRONG", "categories"),
    "a misspelt fact": (b'{"recipiant": "police"}', "FACT_UNKNOWN", "recipiant"),
    "a key that may be content": (json.dumps({f"{CANARY} Doe": 1}).encode(), "FACT_UNKNOWN", ""),
    "a list": (b"[{}]", "FACTS_NOT_OBJECT", ""),
    "a text": (json.dumps(CANARY).encode(), "FACTS_NOT_OBJECT", ""),
    "null": (b"null", "FACTS_NOT_OBJECT", ""),
    "not JSON": (CANARY.encode(), "JSON_BROKEN", ""),
    "two objects": (b"{} {}", "JSON_BROKEN", ""),
    "a key twice": (b'{"risk": "low", "risk": "high"}', "JSON_KEY_TWICE", ""),
    "not a number": (b'{"subject_age": NaN}', "JSON_NUMBER", ""),
    "not UTF-8": (b'{"risk": "\xff"}', "JSON_NOT_UTF8", ""),
    "a byte-order mark": (b"\xef\xbb\xbf{}", "JSON_BYTE_ORDER_MARK", ""),
    "nested deep": (b"[" * 10_000, "JSON_BROKEN", ""),
    "too long": (b'{"risk": "' + b"x" * LONGEST_LINE + b'"}', "LINE_TOO_LONG", ""),
    "far too long": (b"x" * 5 * LONGEST_LINE, "LINE_TOO_LONG", ""),
}


def test_every_bad_line_says_what_is_wrong_and_the_good_ones_between_are_decided(tmp_path: Path) -> None:
    good = json.dumps(case()).encode()
    given = b"\n".join(part for line, _, _ in BAD.values() for part in (good, line)) + b"\n" + good
    ended = decide(given, *AS_AT, folder=tmp_path)
    assert len(ended.lines) == 2 * len(BAD) + 1
    assert {json.dumps(told) for told in ended.lines[::2]} == {json.dumps(ended.lines[0])}
    assert ended.lines[0]["outcome"] == "permit"
    for number, (told, (name, (_, code, field))) in enumerate(zip(ended.lines[1::2], BAD.items(), strict=True)):
        error = told["error"]
        assert list(error) == ["line", "code", "field", "reason", "allowed", "remedy"]
        assert (error["line"], error["code"], error["field"]) == (2 * number + 2, code, field), name
        assert error["reason"], name
        assert error["remedy"], name
        assert bool(error["allowed"]) == (code in ("FACT_WRONG", "FACT_UNKNOWN")), name
    assert CANARY not in json.dumps(ended.lines) + ended.complaint
    assert ended.code == 3
    assert ended.complaint == f"{len(BAD)} of {2 * len(BAD) + 1} questions were bad and not decided.\n"


def test_an_error_lists_what_is_allowed(tmp_path: Path) -> None:
    given = lines([{"risk": "HIGH"}, {"recipiant": 1}, {"apd": 1}, {"recipient": "sheriff"}, {"categories": "health"}])
    ended = decide(given, folder=tmp_path)
    allowed = [set(told["error"]["allowed"]) for told in ended.lines]
    assert allowed == [
        {"none", "low", "medium", "high", "immediate_danger"}, set(FACTS), {"true", "false"}, set(AgencyKind),
        set(DataCategory),
    ]  # fmt: skip


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    ended = decide(b"\n{}\r\n   \n\n{}\n\n[]\n\n", folder=tmp_path)
    assert ["error" in told for told in ended.lines] == [False, False, True]
    assert ended.lines[2]["error"]["line"] == 7
    assert ended.complaint == "1 of 3 questions were bad and not decided.\n"


def test_nothing_in_is_nothing_out(tmp_path: Path) -> None:
    assert decide(b"", folder=tmp_path) == Ended(0, [], "")


def test_the_law_of_the_day_asked_about_counts(tmp_path: Path) -> None:
    given = lines([case()])
    (before,) = decide(given, "--as-at", "2026-02-04", folder=tmp_path).lines
    (since,) = decide(given, "--as-at", "2026-02-05", folder=tmp_path).lines
    assert "a6_rli_crime" in since["basis"]
    assert "a6_rli_crime" not in before["basis"]
    assert before["valid_until"] == "2026-02-05T00:00:00Z"


def test_it_decides_as_at_today_unless_told_and_leaves_no_file_behind(tmp_path: Path) -> None:
    first = datetime.now(UTC).date().isoformat()
    (told,) = decide(lines([case()]), folder=tmp_path).lines
    assert told["as_at"] in (first, datetime.now(UTC).date().isoformat())
    assert not list(tmp_path.iterdir())


def test_each_reader_gets_an_explanation_of_their_own(tmp_path: Path) -> None:
    given = lines([case(), case(consent="refused"), {"risk": "low"}, {"recipient": "police"}])
    voices, plain = {}, decide(given, *AS_AT, folder=tmp_path)
    for voice in ("officer", "dpo", "subject"):
        ended = decide(given, *AS_AT, "--explain", voice, folder=tmp_path)
        assert ended.code == 0, ended.complaint
        assert all(told["explanation"] for told in ended.lines)
        voices[voice] = [told.pop("explanation") for told in ended.lines]
        changes = [told.pop("changes") for told in ended.lines]
        assert all(not told for told in changes) if voice == "subject" else changes[1] == []
        assert ended.lines == plain.lines
    assert all(len({voices[voice][number] for voice in voices}) == 3 for number in range(4))


@pytest.mark.parametrize(
    "words",
    [["no-such-file"], ["."], ["--as-at", "20.11.2026"], ["--as-at", "2018-05-24"], ["--as-at", "9999-12-31"],
     ["--explain", "everybody"], ["--no-such-option"], ["-", "-"]],
)  # fmt: skip
def test_what_cannot_be_read_or_done_has_an_exit_code_of_its_own_and_a_sentence(
    tmp_path: Path, words: Sequence[str]
) -> None:
    ended = decide(b"{}", *words, folder=tmp_path)
    assert (ended.code, ended.lines) == (2, [])
    assert "Error: " in ended.complaint
    assert "Traceback" not in ended.complaint


def test_answers_that_cannot_be_written_end_it_with_a_sentence(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(COMMAND, input=b"{}\n", stdout=full, stderr=subprocess.PIPE, cwd=tmp_path,
                              env=ENVIRONMENT, check=False)  # fmt: skip
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert b"Traceback" not in done.stderr


def test_rules_that_cannot_be_used_decide_nothing_and_say_where_they_are_wrong(tmp_path: Path) -> None:
    for package in ("hub", "protocols", "connectors"):
        (tmp_path / package).symlink_to(ROOT / package)
    shutil.copytree(ROOT / "consent", tmp_path / "consent", ignore=shutil.ignore_patterns("__pycache__"))
    wrong = tmp_path / "consent" / "law" / "housing_act_1996.toml"
    wrong.write_text(wrong.read_text(encoding="utf-8").replace("when = {", "when = { no_such_fact = true, "))
    done = subprocess.run(COMMAND, input=b"{}", cwd=tmp_path, env=ENVIRONMENT | {"PYTHONPATH": str(tmp_path)},
                          capture_output=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, b"")
    assert re.fullmatch(rb"Error: the rules cannot be used: law/housing_act_1996.toml: .*no_such_fact.*\n", done.stderr)


def test_a_line_is_answered_before_the_next_one_comes(tmp_path: Path) -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
                          env=ENVIRONMENT) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        for facts in (case(), case(consent="refused"), [], case(risk="immediate_danger")):
            process.stdin.write(lines([facts]))
            process.stdin.flush()  # and nothing more is sent until the answer is here
            assert ("error" in json.loads(process.stdout.readline())) == (facts == [])
        process.stdin.write(b"{}")  # the last line needs no line end
        process.stdin.close()
        assert json.loads(process.stdout.readline())["outcome"] == "needs_authoriser"
        assert process.wait() == 3


def test_a_reader_who_has_had_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "facts.jsonl").write_bytes(lines([case()]) * 5_000)
    with subprocess.Popen([*COMMAND, "facts.jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
                          env=ENVIRONMENT) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["outcome"] == "permit"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_the_manual_names_every_fact_with_its_values() -> None:
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", MANUAL, re.MULTILINE))
    assert {name for name in rows if name in FACTS} == set(FACTS)
    for name, spec in FACTS.items():
        if spec.kind == "choice" and name not in ("recipient", "purpose"):
            assert re.findall(r"`([A-Za-z0-9_]+)`", rows[name]) == list(spec.allowed), name
    for values in (AgencyKind, Purpose, DataCategory):
        assert all(f"`{value}`" in MANUAL for value in values)


def test_the_manual_names_every_error_and_exit_code() -> None:
    codes = {code for _, code, _ in BAD.values()}
    assert codes <= set(re.findall(r"^\| `([A-Z_0-9]+)` \|", MANUAL, re.MULTILINE))
    assert re.findall(r"^\| (\d) \|", MANUAL, re.MULTILINE) == ["0", "1", "2", "3"]


def test_the_examples_of_the_manual_run_and_print_what_it_says(tmp_path: Path) -> None:
    examples = re.findall(r"^```sh\n(.*?)^```\n(?:\n```json\n(.*?)^```)?", MANUAL, re.MULTILINE | re.DOTALL)
    assert len(examples) == 3
    for script, expected in examples:
        ours = script.replace("concordat decide", shlex.join(COMMAND))
        done = subprocess.run(
            ["sh", "-c", ours], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert told
        if expected:
            shown = [json.loads(line) for line in expected.splitlines()]
            assert [{name: entry[name] for name in line} for entry, line in zip(told, shown, strict=True)] == shown
