"""Audit of what is locked: every locked package is looked up among known vulnerabilities, and the count must agree.

    python requirements/audit.py              audit both lock files
    python requirements/audit.py refresh DIR  make `advisories.json` again from a checkout of pypa/advisory-database

Two sources. The live one (`pip-audit`, where an advisory service answers) is the better; where none answers, the audit
says so and rests on the snapshot in `advisories.json`, whose date it prints. A package that a source did not look up is
a failure, never silence: pip-audit alone ends with success after auditing nothing.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

HERE = Path(__file__).parent
LOCKS = (HERE / "run.txt", HERE / "dev.txt")
SNAPSHOT = HERE / "advisories.json"

Advisory = dict[str, Any]
Snapshot = dict[str, Any]


def locked(lock: Path) -> dict[str, Version]:
    """Name and version of every package of a lock file that is for this kind of machine."""
    found = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if re.match(r"[a-z0-9]", line):
            wanted = Requirement(line.rstrip("\\ "))
            if wanted.marker is None or Marker(str(wanted.marker)).evaluate():
                (pin,) = wanted.specifier
                found[wanted.name.lower().replace("_", "-")] = Version(pin.version)
    return found


def is_affected(version: Version, advisory: Advisory) -> bool:
    """Whether an advisory (OSV schema, "affected") speaks of this version."""
    if str(version) in advisory["versions"]:
        return True
    return any(_in_range(version, events) for events in advisory["ranges"])


def _in_range(version: Version, events: Iterable[Mapping[str, str]]) -> bool:
    inside = False
    for event in events:
        if "introduced" in event and version >= Version(event["introduced"]):
            inside = True
        if "fixed" in event and version >= Version(event["fixed"]):
            inside = False
        if "last_affected" in event and version > Version(event["last_affected"]):
            inside = False
    return inside


def audit(packages: Mapping[str, Version], snapshot: Snapshot) -> tuple[int, list[str]]:
    """How many packages the snapshot knows, and each locked version that an advisory speaks of."""
    known = [name for name in packages if name in snapshot["packages"]]
    faults = [
        f"{name} {packages[name]}: {advisory['id']}"
        for name in known
        for advisory in snapshot["packages"][name]
        if is_affected(packages[name], advisory)
    ]
    return len(known), faults


def refresh(database: Path) -> Snapshot:
    """The snapshot for what is locked now, from a checkout of the advisory database; a package without any is [] ."""
    names = sorted(set().union(*(locked(lock) for lock in LOCKS)))
    told = subprocess.run(
        ["git", "-C", str(database), "log", "-1", "--format=%H %cs"], capture_output=True, text=True, check=True
    ).stdout.split()
    packages = {
        name: [_advisory(text) for text in _files(database, name) if "\nwithdrawn:" not in text] for name in names
    }
    return {"source": "pypa/advisory-database", "commit": told[0], "date": told[1], "packages": packages}


def _files(database: Path, name: str) -> list[str]:
    listed = subprocess.run(
        ["git", "-C", str(database), "ls-tree", "--name-only", "HEAD", f"vulns/{name}/"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    show = ["git", "-C", str(database), "show"]
    return [
        subprocess.run([*show, f"HEAD:{path}"], capture_output=True, text=True, check=True).stdout for path in listed
    ]


def _advisory(text: str) -> Advisory:
    said = yaml.safe_load(text)
    affected = [part for part in said["affected"] if part["package"]["ecosystem"] == "PyPI"]
    ranges = [found["events"] for part in affected for found in part.get("ranges", ()) if found["type"] == "ECOSYSTEM"]
    # Where ranges say it all, the list of versions is their expansion and many times as long.
    versions = [] if ranges else [version for part in affected for version in part.get("versions", ())]
    return {"id": said["id"], "ranges": ranges, "versions": versions}


def audit_live(lock: Path) -> tuple[int, list[str]] | None:
    """As `audit`, asked of an advisory service by pip-audit; None where none answers."""
    said = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--disable-pip", "--require-hashes",
         "--requirement", str(lock), "--format", "json", "--progress-spinner", "off", "--timeout", "20"],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    try:
        report = json.loads(said)["dependencies"]
    except (ValueError, KeyError):
        return None
    audited = [entry for entry in report if "skip_reason" not in entry]
    return len(audited), [
        f"{entry['name']} {entry['version']}: {fault['id']}" for entry in audited for fault in entry["vulns"]
    ]


def main() -> int:
    """Audit both lock files; 0 when each package was looked up and none is known to be vulnerable."""
    if sys.argv[1:2] == ["refresh"]:
        SNAPSHOT.write_text(json.dumps(refresh(Path(sys.argv[2])), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    snapshot = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    failed = False
    for lock in LOCKS:
        packages = locked(lock)
        sources = {f"{snapshot['source']} of {snapshot['date']}": audit(packages, snapshot)}
        live = audit_live(lock)
        if live is None:
            print(f"{lock.name}: NO LIVE ADVISORY SERVICE ANSWERS; this rests on the snapshot alone")
        else:
            sources["live advisory service"] = live
        for source, (audited, faults) in sources.items():
            print(f"{lock.name}: {audited} of {len(packages)} packages audited ({source}), {len(faults)} vulnerable")
            for fault in faults:
                print(f"  {fault}")
            failed = failed or audited < len(packages) or bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
