import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.contract import Message
from connectors.kit.canaries import disclosure_with_canaries
from connectors.kit.checks import check_told
from connectors.partners.document import document
from connectors.partners.sections import Profile
from connectors.registry import WAYS, build, parse_doors
from connectors.signing import public_key_text, sign
from protocols.vocabulary import AgencyKind

PAGE = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")


def block(language: str, holding: str) -> str:
    """The one fenced block of `language` that holds these words."""
    (found,) = (text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holding in text)
    return str(found)


def run(code: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(code, "docs/connectors.md", "exec"), names)  # noqa: S102  # it is our own page
    return names


def test_a_partner_who_copies_our_page_can_tell_our_signature_from_others(
    signing_key: Ed25519PrivateKey, now: datetime
) -> None:
    is_from_the_hub = run(block("python", "def is_from_the_hub"))["is_from_the_hub"]
    assert callable(is_from_the_hub)
    ours = public_key_text(signing_key.public_key())
    headers = sign(signing_key, "dsc_1", now, b"body")
    assert is_from_the_hub(ours, headers, b"body")
    assert not is_from_the_hub(ours, headers, b"bodx")
    assert not is_from_the_hub(ours, sign(signing_key, "dsc_1", now - timedelta(minutes=6), b"body"), b"body")
    assert not is_from_the_hub(ours, sign(Ed25519PrivateKey.generate(), "dsc_1", now, b"body"), b"body")
    assert not is_from_the_hub(ours, headers | {"webhook-signature": "v1a,==== v1a,é"}, b"body")
    assert not is_from_the_hub(ours, {}, b"body")


def test_the_settings_on_our_page_build(signing_key: Ed25519PrivateKey) -> None:
    connectors = build(parse_doors(block("toml", "[agencies.agy_jag]")), signing_key, "hub.lmh.example")
    assert {connector.manifest.id for connector in connectors.values()} == {
        "police.webhook",
        "social_services.sftp",
        "stop_hate_uk.secure_email",
        "jag_citysafe.carried",
    }


def test_the_profile_on_our_page_tells_everything_it_is_given() -> None:
    profile = cast("Profile", run(block("python", "victim's solicitor"))["PROFILE"])
    disclosure = disclosure_with_canaries(AgencyKind.SOLICITOR)
    message: Message = document(profile, disclosure)
    check_told(message.body, disclosure)


def test_the_kit_on_our_page_runs(signing_key: Ed25519PrivateKey) -> None:
    conforms = run(block("python", "check_connector(connector)"))["test_our_door_conforms"]
    assert callable(conforms)
    conforms(signing_key, block("toml", "[agencies.agy_jag]"))


@pytest.mark.parametrize("name", WAYS)
def test_every_transport_is_on_our_page(name: str) -> None:
    assert f"| `{name}` |" in PAGE
    assert f"**{name}.**" in PAGE
