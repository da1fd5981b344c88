"""An OpenID provider on this machine, as a process of its own, and the browser that visits it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from hub.access.oidc import Provider
from tests.journeys.waiting import until

CLIENT, BACK = "concordat", "http://localhost:8080/v1/sign-in/oidc/callback"
TWO_FACTORS = {"amr": ["pwd", "mfa"]}


@contextmanager
def provider() -> Iterator[str]:
    """The address of a running one."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    address = f"http://localhost:{port}"
    try:
        until(lambda: _answers(address), "the provider answers")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def trusted(issuer: str) -> Provider:
    """That provider, as a hub has it in its settings."""
    return Provider(issuer, CLIENT, "example secret", BACK, frozenset({"mfa"}))


def visit(issuer: str, address: str, subject: str, **claims: Any) -> tuple[str, str]:  # noqa: ANN401 - any JSON
    """What a browser does: sign in at the provider, and come back with state and code."""
    with httpx.Client(trust_env=False) as browser:
        browser.put(f"{issuer}/users/{subject}", json=TWO_FACTORS | claims)
        back = browser.post(address, data={"sub": subject})
    assert back.status_code == 302, back.text
    assert back.headers["Location"].startswith(BACK)
    said = parse_qs(urlsplit(back.headers["Location"]).query)
    return said["state"][0], said["code"][0]


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/.well-known/openid-configuration", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
