"""The hub that a command works on, let go of when the command ends."""

import click

from hub.bootstrap import Hub, open_hub
from hub.cli.failing import plainly
from hub.settings import Settings


def the_hub(*, create: bool = False) -> Hub:
    """The hub as the settings say, until the command that runs now has ended; a click error where it does not open."""
    with plainly():
        hub = open_hub(Settings(), create=create)
    click.get_current_context().call_on_close(hub.house.store.close)
    return hub
