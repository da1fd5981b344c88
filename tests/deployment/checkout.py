"""What the tests in this folder read: files of the checkout, as git knows them, YAML and Dockerfile parsed strictly."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "connectors", "consent", "protocols")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def files() -> list[Path]:
    """Every file that is committed or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


class StrictLoader(yaml.SafeLoader):
    """YAML in which saying a thing twice is an error, not a silent choice of the last."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.composer.ComposerError(None, None, f"said twice: {sorted(twice)}", node.start_mark)
        return node


def parse_yaml(source: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(source, Loader=StrictLoader)  # noqa: S506 - it is a SafeLoader
    return loaded


def compose_file() -> dict[str, Any]:
    return parse_yaml(text("docker-compose.yml"))


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction with what follows it, comments dropped and continued lines joined."""
    lines = [line for line in dockerfile.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined)]


def last_stage(dockerfile: str) -> dict[str, str]:
    """The instructions that the shipped image is made by; of several of one kind, the last, as Docker does."""
    parsed = instructions(dockerfile)
    start = max(index for index, (word, _) in enumerate(parsed) if word == "FROM")
    return dict(parsed[start:])
