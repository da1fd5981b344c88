"""What a running command shows to whoever watches it, where the settings say so."""

import click
from celery import Celery

from hub.bootstrap import Hub
from hub.watch.process import Watched


def watch(hub: Hub, app: Celery) -> Watched:
    """Begin to show it; ends the command plainly where the address is taken."""
    try:
        watched = hub.watched(app)
    except OSError:
        raise click.ClickException(
            "cannot listen on CONCORDAT_METRICS_HOST and CONCORDAT_METRICS_PORT: another process does, or may not"
        ) from None
    if watched.port is not None:
        click.echo(f"Figures for whoever watches: http://{hub.settings.metrics_host}:{watched.port}/metrics")
    return watched
