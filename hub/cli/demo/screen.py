"""What the demonstration shows: each scene as it is played, a table for each referral, a short summary."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hub.api.shapes.decisions import DecisionOut
from hub.api.shapes.referrals import DisclosureOut, ReferralOut
from hub.cli.demo.checks import Checks
from hub.cli.demo.examples import Case

_COLOURS = {"permit": "green", "permit_redacted": "yellow", "needs_authoriser": "magenta", "deny": "red"}
_WHO = {
    "victim": "victim", "alleged": "accused", "child": "child", "parent": "parent", "witness": "witness",
    "reporter": "reporter", "household": "household", "staff": "colleague", "professional": "professional",
}  # fmt: skip


class Screen:
    """A console, and the manner of speaking on it."""

    def __init__(self, console: Console) -> None:
        """Speak on this console."""
        self._console = console

    def scene(self, title: str) -> None:
        """A heading."""
        self._console.print()
        self._console.rule(Text(title, style="bold"), align="left")

    def say(self, sentence: str) -> None:
        """One sentence of what just happened."""
        self._console.print(Text(f"  {sentence}"))

    @contextmanager
    def working(self, sentence: str) -> Iterator[None]:
        """Show that something is being waited for."""
        with self._console.status(Text(sentence)):
            yield

    def referral(self, case: Case, told: ReferralOut) -> None:
        """The table of one referral: for each agency the outcome, what went, what stayed and why, the receipt."""
        title = f"{case.number}. {case.expected.title} ({case.referral.landlord}; {', '.join(case.expected.policy)})"
        self._console.print()
        self._console.print(Text(title, style="bold"))
        table = Table(expand=True, show_lines=True, padding=(0, 1))
        for heading, ratio in (("Agency", 3), ("Outcome", 3), ("Sent", 5), ("Withheld, and why", 8), ("Receipt", 4)):
            table.add_column(heading, ratio=ratio, overflow="fold")
        titles = {item.path: named(item.path, item.title) for item in case.items}
        for disclosure in told.disclosures:
            table.add_row(*_row(disclosure, titles))
        self._console.print(table)

    def summary(self, checks: Checks, seconds: float, sentences: list[str]) -> None:
        """What was shown, how many expectations held, and each that did not."""
        lines = [Text(f"- {sentence}") for sentence in sentences]
        lines.append(Text(f"{checks.held} expectations held, {len(checks.failed)} did not; {seconds:.0f} seconds."))
        lines += [Text(f"NOT SO: {sentence}", style="bold red") for sentence in checks.failed]
        colour = "red" if checks.failed else "green"
        self._console.print()
        self._console.print(Panel(Text("\n").join(lines), title="Summary", border_style=colour))


def named(path: str, title: str) -> tuple[str, str]:
    """Whose an item is, or "case", and what it is: ("victim", "name")."""
    who = path.partition(".")[0]
    return (_WHO[who], title) if who in _WHO else ("case", title)


def _row(told: DisclosureOut, titles: dict[str, tuple[str, str]]) -> tuple[Text, Text, Text, Text, Text]:
    outcome = Text(told.decision.outcome.replace("_", " "), style=_COLOURS[told.decision.outcome])
    outcome.append(f"\n{told.state}", style="dim")
    may_go = told.decision.outcome in {"permit", "permit_redacted"}
    going = _listed(titles[path] for path in told.sent_paths) if may_go else "nothing"
    why = Text("\n".join(_why(told.decision, told.sent_paths)))
    return Text(told.agency_name), outcome, Text(going), why, Text(_receipt(told))


def _listed(things: Iterable[tuple[str, str]]) -> str:
    """Things by whose they are: "victim: name, contact"."""
    groups: dict[str, list[str]] = {}
    for who, title in dict.fromkeys(things):
        groups.setdefault(who, []).append(title)
    return "; ".join(f"{who}: {', '.join(titles)}" for who, titles in groups.items())


def _why(decision: DecisionOut, sent_paths: list[str]) -> Iterator[str]:
    """What was withheld, reason by reason; of a refusal or a hold, the reasons for it."""
    if decision.outcome in {"deny", "needs_authoriser"}:
        for reason in decision.reasons:
            if reason.determining and reason.category is None:
                yield f"everything: {reason.says} [{'; '.join(reason.cites)}]"
        return
    groups: dict[str, list[tuple[str, str]]] = {}
    for entry in decision.withheld:
        if entry.category is not None:
            why = f"{entry.says} [{'; '.join(entry.cites)}]"
            passage = "a passage of the " if entry.path in sent_paths else ""
            who, title = named(entry.path, entry.title)
            groups.setdefault(why, []).append((who, passage + title))
    for why, things in groups.items():
        yield f"{_listed(things)}. {why}"
    rest = sum(entry.category is None for entry in decision.withheld)
    if rest:
        yield f"and {rest} more that it does not need for this purpose [UK GDPR Art 5(1)(c)]"


def _receipt(told: DisclosureOut) -> str:
    if not told.receipts:
        return "none"
    last = told.receipts[-1]
    said = [last.rung.replace("_", " "), last.partner_reference or last.evidence or ""]
    return "\n".join(part for part in (*said, f"our reference {told.reference}") if part)
