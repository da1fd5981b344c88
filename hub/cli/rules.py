"""`concordat rules`: prove the rules, tell what a change of them changes, export them. No database, no settings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from time import perf_counter

import click

from hub.clock import SystemClock
from hub.decision.proving import Impact, Report, check, compare, export_cedar, export_cedar_schema, in_words, record
from hub.decision.rulebook import RECORD, read_properties, read_rules

_DAY = click.DateTime(["%Y-%m-%d"])
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_VALUES_TOLD = 8


@click.group()
def rules() -> None:
    """Prove the rules, compare two rule sets, export them (docs/changing-rules.md).

    A rule set is a folder that holds `law` and `policies`; this version's own where none is named.
    """


@rules.command("check")
@click.argument("folder", type=_FOLDER, required=False)
@click.option(
    "--as-at", type=_DAY, metavar="DATE", help="On that day only, not today and in every later period of the law."
)
@click.option("--past", is_flag=True, help="Also in every earlier period of the law.")
@click.option(
    "--record", "recorded", is_flag=True, help="Record in FOLDER that these rules were proved, in every period."
)
def check_rules(folder: Path | None, as_at: datetime | None, past: bool, recorded: bool) -> None:
    """Prove every safety property of the rules in FOLDER over every combination of facts, missing facts included.

    Under the law of today and of every later day on which it is known to change.

    Prints each property, and for a broken one a case that breaks it. Exit code 1 where one is broken or a rule can
    never apply.
    """
    if recorded and (folder is None or as_at):
        raise click.UsageError("--record needs a FOLDER, and no --as-at: every period is proved.")
    started = perf_counter()
    with _readable():
        report = check(
            read_rules(folder), read_properties(_own_properties(folder)), None if past or recorded else _today(),
            as_at.date() if as_at else None,
        )  # fmt: skip
    for line in _told(report):
        click.echo(line)
    click.echo(f"{len(report.proof.verdicts)} proofs in {perf_counter() - started:.1f} s.")
    if not report.holds:
        raise click.ClickException("the rules must not decide anything until this is mended.")
    if recorded and folder:
        (folder / RECORD).write_text(record(report), encoding="utf-8")
        click.echo(f"Recorded in {RECORD}.")


@rules.command("diff")
@click.argument("old", type=_FOLDER)
@click.argument("new", type=_FOLDER, required=False)
@click.option("--as-at", type=_DAY, metavar="DATE", help="Under the law of that day; today unless given.")
def diff_rules(old: Path, new: Path | None, as_at: datetime | None) -> None:
    """Tell exactly which questions the rules in NEW answer otherwise than those in OLD, grouped by recipient.

    Under the law of one day: a change that only tells on another day is not seen.
    """
    on = as_at.date() if as_at else _today()
    with _readable():
        impact = compare(read_rules(old), read_rules(new), on)
    for line in _impact(impact):
        click.echo(line)


@rules.command("export")
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--cedar", "form", flag_value="cedar", help="As Cedar policies, for partners who run Cedar.")
@click.option("--cedar-schema", "form", flag_value="schema", help="The schema without which Cedar fails open.")
@click.option("--as-at", type=_DAY, metavar="DATE", help="The law of that day; today unless given.")
def export_rules(folder: Path | None, form: str | None, as_at: datetime | None) -> None:
    """Print the rules in the form of another engine: choose one."""
    if form is None:
        raise click.UsageError("choose --cedar or --cedar-schema.")
    with _readable():
        found = read_rules(folder)
        on = as_at.date() if as_at else _today()
        click.echo(export_cedar(found, on) if form == "cedar" else export_cedar_schema(found))


def _today() -> date:
    return SystemClock().now().date()


def _own_properties(folder: Path | None) -> Path | None:
    return folder if folder and (folder / "properties").is_dir() else None


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as problem:  # names file, rule and field
        raise click.ClickException(f"the rules cannot be used: {problem}") from None


def _told(report: Report) -> Iterator[str]:
    verdicts = report.proof.verdicts
    days = len({verdict.as_at for verdict in verdicts})
    kind = f"{len(report.properties)} properties, {days} {'period' if days == 1 else 'periods'} of the law"
    yield f"{len(report.rules.rules)} rules ({report.rules.digest[:16]}), {kind}"
    for one in report.properties:
        broken = [verdict for verdict in verdicts if verdict.about is one and not verdict.holds]
        yield f"{'BROKEN' if broken else 'ok':6} {one.id}: {one.says} [{'; '.join(one.source)}]"
        for verdict in broken[:1]:
            yield f"       On {verdict.as_at}, for example: {in_words(verdict.breaks or {})}."
    yield f"{'BROKEN' if report.proof.idle else 'ok':6} Every rule cites its source and can apply."
    yield from (f"       {rule_id} can never apply." for rule_id in report.proof.idle)
    most = max((verdict.questions for verdict in verdicts), default=0)
    yield f"The widest property was tried over {most:.1e} questions."


def _impact(impact: Impact) -> Iterator[str]:
    if impact.is_none:
        yield f"On {impact.as_at} every question gets the same answer."
    for change in impact.changes:
        yield f"{change.kind}: {change.questions:.1e} questions"
        for one in change.statements:
            yield f"  to {', '.join(one.recipients)}: {one.questions:.1e} questions{_within(one.within)}"
            yield f"    for example: {in_words(one.example)}"
    if impact.reworded:
        yield f"The same, in other words or with another remedy, authoriser or clock: {', '.join(impact.reworded)}"


def _within(terms: Mapping[str, tuple[str, ...]]) -> str:
    told = [
        f"{name} {' or '.join(values)}" if len(values) <= _VALUES_TOLD else f"{name} one of {len(values)}"
        for name, values in terms.items()
    ]
    return f", all with {'; '.join(told)}" if told else ""
