"""`concordat demo`."""

import click


@click.command()
def demo() -> None:
    """Play the main job."""
