"""`concordat demo`: the main job, played against real local agencies in a folder that is gone afterwards."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import click
from rich.console import Console

from hub.bootstrap import make_private
from hub.cli.demo import evidence, scenes
from hub.cli.demo.checks import Checks
from hub.cli.demo.desk import HubRefused
from hub.cli.demo.embedded import HubDidNotStart
from hub.cli.demo.examples import Case, ExamplesRefused, examples_folder, read_cases
from hub.cli.demo.screen import Screen
from hub.cli.demo.stage import set_up

_SCENES = (
    scenes.play_referrals, scenes.play_crash, scenes.play_withdrawal, scenes.play_review, scenes.play_feed,
    scenes.play_ledgers, evidence.play_log,
)  # fmt: skip
_WIDTH = 140


@click.command()
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path),
    help="Play in this new or empty folder and leave it for a look.",
)  # fmt: skip
@click.option(
    "--examples", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Play these examples instead of the ones that come with Concordat (docs/demo.md).",
)  # fmt: skip
@click.pass_context
def demo(ctx: click.Context, keep: Path | None, examples: Path | None) -> None:
    """Play the main job against agencies on this machine, and check every expectation.

    Starts an embedded hub and receiving agencies as real local servers on free ports, sends the example referrals
    through the HTTP API, and compares what arrived with what may be known. Ends with 0 only when all of it held.
    """
    began = time.monotonic()
    console = Console()
    screen = Screen(console if console.is_terminal else Console(width=_WIDTH))
    checks = Checks()
    asked = Event()
    for told in (signal.SIGINT, signal.SIGTERM):  # being told to end is like Ctrl-C: nothing is left behind
        signal.signal(told, lambda *_: _stop(asked))
    with ExitStack() as leaving:
        try:
            found = examples or examples_folder()
            cases = read_cases(found)
            folder = _folder(keep, leaving)
            checks = play(folder, found, cases, screen, checks, leaving, asked)
        except (ExamplesRefused, HubDidNotStart, HubRefused) as problem:
            checks.that(str(problem), holds=False)
        except KeyboardInterrupt:
            screen.say("Stopped. Closing everything.")
            raise click.Abort from None
    screen.summary(checks, time.monotonic() - began, _shown(keep, checks))
    ctx.exit(1 if checks.failed else 0)


def play(
    folder: Path, examples: Path, cases: tuple[Case, ...], screen: Screen, checks: Checks, leaving: ExitStack,
    asked_to_stop: Event,
) -> Checks:  # fmt: skip
    """Every scene in order; returns what was checked. Raises KeyboardInterrupt once it was asked to stop."""
    screen.scene("An embedded hub and its agencies, on free ports of this machine; everybody is fictional")
    with screen.working("making keys, starting the agencies and the hub"):
        stage = set_up(folder, examples, cases, screen, checks, leaving)
    screen.say(f"The hub runs at {stage.hub.address}.")
    for way in stage.partners.ways():
        screen.say(way)
    for scene in _SCENES:
        if asked_to_stop.is_set():  # an interruption that came while something was cleared away is lost
            raise KeyboardInterrupt
        scene(stage)
    return stage.checks


def _stop(asked: Event) -> None:
    asked.set()
    raise KeyboardInterrupt


def _folder(keep: Path | None, leaving: ExitStack) -> Path:
    if keep is None:
        return Path(leaving.enter_context(TemporaryDirectory(prefix="concordat-demo-")))
    if keep.exists() and any(keep.iterdir()):
        raise click.BadParameter("the folder is not empty; name a new one", param_hint="--keep")
    make_private(keep)
    return keep.resolve()


def _shown(keep: Path | None, checks: Checks) -> list[str]:
    if checks.failed:
        return ["Not everything is as it must be; see below."]
    sentences = [
        "Each agency got what was decided for it and nothing else, in the bytes that it received itself.",
        "A hub killed in mid-delivery went on where it was; nothing was lost and nothing came twice.",
        "What a consent was withdrawn for did not leave; what was held left once somebody else authorised it.",
        "The audit log verifies, names nobody, and shows when one byte of it is altered.",
    ]
    return [*sentences, f"The folder is kept: {keep}"] if keep else sentences
