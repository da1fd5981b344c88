"""Each fault does what it says: a plain socket sees it. Without this, the other tests here would prove nothing."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from hub.cli.demo.certificates import Certificates
from tests.faults.loop import HOST, LoopThread
from tests.faults.partner import http, partner, server_context
from tests.faults.proxy import Arrival, FaultProxy, Plan, Way, fault_proxy
from tests.faults.speak import post, tls_line

SAID = b"0123456789" * 10


class Echo:
    """Says back what it hears, piece by piece, until the other side has finished."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.ended = threading.Event()
        self._thread = LoopThread("echo")
        self._server = self._thread.run(self._listen())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._thread.end(self._server)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, HOST, 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                self.heard += piece
                writer.write(piece)
                await writer.drain()
        except OSError:
            writer.transport.abort()
        writer.close()
        self.ended.set()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.stop()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with fault_proxy(echo.port) as standing:
        yield standing


def line(proxy: FaultProxy, timeout: float = 10) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), timeout=timeout)


def reset_line(proxy: FaultProxy) -> None:
    with line(proxy) as connection:
        connection.recv(1)


def converse(proxy: FaultProxy, said: bytes = SAID) -> bytes:
    """All that comes back until the line ends."""
    with line(proxy) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        heard = to_the_end(connection)
    assert proxy.last.over.wait(10)
    return heard


def to_the_end(connection: socket.socket, *, may_break: bool = False) -> bytes:
    heard = bytearray()
    try:
        while piece := connection.recv(65536):
            heard += piece
    except ConnectionResetError:
        if not may_break:
            raise
    return bytes(heard)


def test_without_a_fault_everything_passes_both_ways_and_is_counted(proxy: FaultProxy) -> None:
    assert converse(proxy) == SAID
    assert (proxy.last.up, proxy.last.down, bytes(proxy.last.heard)) == (100, 100, SAID)


def test_a_line_that_is_closed_on_arrival_says_nothing_and_reaches_nobody(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(Arrival.CLOSE))
    with line(proxy) as connection:
        assert connection.recv(1) == b""
    assert echo.heard == b""


def test_a_line_that_is_reset_on_arrival_is_an_error(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(Arrival.RESET))
    with pytest.raises(ConnectionResetError):
        reset_line(proxy)
    assert echo.heard == b""


def test_a_half_open_line_takes_what_is_said_and_neither_answers_nor_ends(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(Arrival.HOLD))
    with line(proxy, timeout=0.2) as connection:
        connection.sendall(SAID)
        connection.shutdown(socket.SHUT_WR)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert bytes(proxy.last.heard) == SAID
        assert not proxy.last.over.is_set()
    assert echo.heard == b""


def test_nobody_listens_any_more_behind_a_proxy_that_was_stopped(echo: Echo) -> None:
    with fault_proxy(echo.port) as proxy:
        pass
    with pytest.raises(ConnectionRefusedError):
        line(proxy)


@pytest.mark.parametrize("count", [0, 1, 37, 99])
def test_a_request_is_cut_after_exactly_so_many_bytes(count: int, echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(up=Way(cut_after=count)))
    with line(proxy) as connection:
        connection.sendall(SAID)
        to_the_end(connection, may_break=True)
    assert echo.ended.wait(10)
    assert bytes(proxy.last.heard) == SAID[:count]
    assert bytes(echo.heard) == SAID[:count]


@pytest.mark.parametrize("count", [0, 1, 37, 99])
def test_an_answer_is_cut_after_exactly_so_many_bytes_though_all_was_heard(
    count: int, echo: Echo, proxy: FaultProxy
) -> None:
    proxy.befall(Plan(down=Way(cut_after=count, delay=0.05)))
    assert converse(proxy) == SAID[:count]
    assert echo.ended.wait(10)
    assert bytes(echo.heard) == SAID


def test_a_cut_by_reset_is_an_error_and_not_an_end(proxy: FaultProxy) -> None:
    proxy.befall(Plan(down=Way(cut_after=10), cuts_by_reset=True))
    with line(proxy) as connection:
        connection.sendall(SAID)
        with pytest.raises(ConnectionResetError):
            to_the_end(connection)


def test_a_stalled_line_passes_so_many_bytes_and_stays_open(proxy: FaultProxy) -> None:
    proxy.befall(Plan(down=Way(stall_after=10)))
    with line(proxy, timeout=0.2) as connection:
        connection.sendall(SAID)
        heard = connection.recv(65536)
        with pytest.raises(TimeoutError):
            heard += connection.recv(65536)
        assert heard == SAID[:10]
        assert not proxy.last.over.is_set()


def test_a_stalled_request_is_not_read_any_more_so_that_the_caller_cannot_go_on(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(up=Way(stall_after=10)))
    with line(proxy, timeout=0.2) as connection, pytest.raises(TimeoutError):
        connection.sendall(b"x" * 64 * 1024 * 1024)
    assert bytes(echo.heard) == b"x" * 10


def test_a_delayed_line_is_silent_first_and_whole_then(proxy: FaultProxy) -> None:
    proxy.befall(Plan(down=Way(delay=0.3)))
    with line(proxy, timeout=0.1) as connection:
        connection.sendall(SAID)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(10)
        connection.shutdown(socket.SHUT_WR)
        assert to_the_end(connection) == SAID
    proxy.befall(Plan(up=Way(delay=0.01), down=Way(delay=0.01)))
    assert converse(proxy) == SAID


def test_a_dripping_line_gives_one_byte_at_a_time_and_all_of_them(proxy: FaultProxy) -> None:
    proxy.befall(Plan(down=Way(drip=0.001)))
    with line(proxy) as connection:
        connection.sendall(SAID)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
    assert b"".join(pieces) == SAID
    assert len(pieces) > 1


def test_doubled_bytes_arrive_two_times(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(up=Way(is_twice=True)))
    assert converse(proxy, b"once") == b"onceonce"
    assert bytes(echo.heard) == b"onceonce"


def test_what_was_said_is_said_again_over_another_line(echo: Echo, proxy: FaultProxy) -> None:
    proxy.befall(Plan(repeats=2))
    with line(proxy) as connection:
        connection.sendall(b"once")
        assert connection.recv(65536) == b"once"
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(65536) == b""
    assert proxy.last.over.wait(10)
    assert bytes(echo.heard) == b"onceonceonce"


def test_plans_fall_due_in_turn_and_the_last_stays(proxy: FaultProxy) -> None:
    proxy.befall(Plan(Arrival.CLOSE), Plan(down=Way(cut_after=3, delay=0.05)), Plan())
    with line(proxy) as connection:
        assert connection.recv(1) == b""
    assert [converse(proxy), converse(proxy), converse(proxy)] == [b"012", SAID, SAID]


def test_a_partner_says_what_it_was_told_and_writes_down_what_came(certificates: Certificates) -> None:
    with partner(server_context(certificates)) as door:
        door.answer = http("202 Accepted", b"{}", takes=True, x_seen="1")
        assert post(door.port, certificates, "k1", b"body") == (
            b"HTTP/1.1 202 Accepted\r\nx-seen: 1\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
        )
        door.answer = http("503 Busy")
        assert post(door.port, certificates, "k2", b"body").startswith(b"HTTP/1.1 503 Busy\r\n")
        door.answer = http("200 OK", cut=9)
        assert post(door.port, certificates, "k3", b"body") == b"HTTP/1.1 "
        with tls_line(door.port, certificates) as cut:
            cut.sendall(b"POST / HTTP/1.1\r\nwebhook-id: k4\r\ncontent-length: 4\r\n\r\nbo")
            cut.unwrap().close()
        assert post(door.port, certificates, "k5", b"") == b"HTTP/1.1 "
    assert sorted((one.key, one.body, one.is_whole, one.was_taken) for one in door.ledger) == [
        ("k1", b"body", True, True),
        ("k2", b"body", True, False),
        ("k3", b"body", True, False),
        ("k4", b"bo", False, False),
        ("k5", b"", True, False),
    ]
    assert door.taken == {"k1": 1}


def test_a_proxy_that_ends_tls_hears_the_request_and_can_say_it_again(certificates: Certificates) -> None:
    with partner(server_context(certificates)) as door, fault_proxy(door.port, certificates) as proxy:
        door.answer = http("202 Accepted", takes=True)
        proxy.befall(Plan(repeats=1))
        assert post(proxy.port, certificates, "k1", b"body").startswith(b"HTTP/1.1 202")
        assert proxy.last.over.wait(10)
        assert b"body" in bytes(proxy.last.heard)
        assert door.taken == {"k1": 2}
