"""The checks. Each raises `Nonconformity`, naming the check by its number in docs/connectors.md, or returns None."""

import socket
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from connectors.contract import CONTRACT, Connector, DeliveryProblem, Message, Transport
from connectors.kit.canaries import PATHS, canary, disclosure_with_canaries
from connectors.kit.decode import everything_said
from protocols.disclosure import Disclosure


class Nonconformity(AssertionError):
    """A connector does not do what the contract asks; the text begins with the check's number."""


def check_connector(connector: Connector) -> None:
    """Every check that needs no server, for each kind of recipient the manifest names. Sends nothing."""
    if connector.manifest.contract != CONTRACT:
        raise Nonconformity(f"K01: the manifest is for contract {connector.manifest.contract}, the kit for {CONTRACT}")
    for recipient in sorted(connector.manifest.recipients):
        everything = disclosure_with_canaries(recipient)
        check_deterministic(connector, [everything])
        check_minimisation(connector, everything)
        for path in PATHS:
            check_minimisation(connector, disclosure_with_canaries(recipient, (path,)))


def check_deterministic(connector: Connector, disclosures: Iterable[Disclosure]) -> None:
    """K04, within one process: equal disclosures give equal messages, byte for byte."""
    for disclosure in disclosures:
        again = Disclosure.model_validate_json(disclosure.model_dump_json())
        if connector.render(disclosure) != connector.render(again):
            raise Nonconformity("K04: the same disclosure rendered twice gave two messages")


def check_minimisation(connector: Connector, disclosure: Disclosure) -> None:
    """K05, on the rendered bytes: they tell every item of the disclosure and no other; names and subject tell none.

    `disclosure` must be one of `disclosure_with_canaries`.
    """
    message = connector.render(disclosure)
    check_told(message.body, disclosure)
    allowed = {item.path for item in disclosure.items}
    if message.paths != allowed:
        raise Nonconformity("K05: message.paths are not the disclosure's own paths")
    for name, text in {"filename": message.filename, "subject": message.subject, "type": message.media_type}.items():
        if _tokens_in(text):
            raise Nonconformity(f"K05: {name} tells an item")
    if len(message.body) > connector.manifest.max_bytes:
        raise Nonconformity("K12: a small disclosure is larger than max_bytes")


def check_told(captured: bytes, disclosure: Disclosure) -> None:
    """K05, on bytes that a peer really received: once decoded, exactly the disclosure's tokens stand in them."""
    told = _tokens_in(everything_said(captured))
    allowed = {item.path for item in disclosure.items}
    if told - allowed:
        raise Nonconformity(f"K05: told but not disclosed: {', '.join(sorted(told - allowed))}")
    if allowed - told:
        raise Nonconformity(f"K05: disclosed but not told: {', '.join(sorted(allowed - told))}")


def check_silent_without_tls(make: Callable[[str, int], Transport], message: Message) -> None:
    """K08: at a listener that greets like a mail server and never offers TLS, delivery fails and no item is told.

    `make` builds the transport for a host and port. What it says of itself before TLS (a greeting) is allowed.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard = bytearray()
        thread = threading.Thread(target=_listen_in_clear, args=(listener, heard), daemon=True)
        thread.start()
        try:
            make("127.0.0.1", listener.getsockname()[1]).deliver(message, message.disclosure_id, datetime.now(UTC))
        except DeliveryProblem:
            pass
        else:
            raise Nonconformity("K08: delivered to a peer that offers no TLS")
        thread.join(timeout=30)
    said = everything_said(bytes(heard))
    if _tokens_in(said) or message.reference in said or message.disclosure_id in said:
        raise Nonconformity("K08: something of the disclosure was said in clear")


def _tokens_in(text: str) -> set[str]:
    return {path for path in PATHS if canary(path).token in text}


def _listen_in_clear(listener: socket.socket, heard: bytearray) -> None:
    connection, _ = listener.accept()
    connection.settimeout(10)
    try:
        with connection:
            connection.sendall(b"220 kit.example\r\n")
            while said := connection.recv(65536):
                heard += said
                connection.sendall(b"250 ok\r\n")
    except OSError:
        return
