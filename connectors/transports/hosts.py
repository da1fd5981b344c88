"""Names of machines in settings: one host, spelt so that no resolver or certificate check can stumble over it."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")


def require_host(host: str) -> str:
    """The host, where it is a host name (RFC 1123, 2.1) or an IP address. Raises ValueError."""
    if _HOST.fullmatch(host):
        return host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError("must be a host name or an IP address") from None
    return host


HostName = Annotated[str, AfterValidator(require_host)]
"""A host in settings."""
