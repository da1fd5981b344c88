"""What one process shows to whoever watches it, from its start to its end."""

from collections.abc import Callable

from hub import traces
from hub.flow.house import House
from hub.flow.readiness import Looked
from hub.watch.listener import Listener


class Watched:
    """A process that traces where an endpoint is set, and listens where a port is. Stop it before the store closes."""

    def __init__(
        self, house: House, readiness: Callable[[], Looked], release: str, *, host: str, port: int | None,
        otlp_endpoint: str | None,
    ) -> None:  # fmt: skip
        """Begin. Raises OSError where the address cannot be had."""
        self.readiness = readiness
        self._listener = Listener(house, readiness, host, port) if port is not None else None
        traces.begin(otlp_endpoint, house.name, release)

    @property
    def port(self) -> int | None:
        """Where it listens; None where it does not."""
        return self._listener.port if self._listener is not None else None

    def stop(self) -> None:
        """Send what was traced and answer nobody any more."""
        if self._listener is not None:
            self._listener.stop()
        traces.stop()
