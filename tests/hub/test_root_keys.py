"""Root keys: of a file, of a command, of a key-management service that is installed as a plug-in; and new ones."""

import base64
import os
import shlex
import sys
from pathlib import Path

import pytest

from hub.errors import Conflict, NotTrusted
from hub.keys import Key, KeySource, LocalRoot, Place, open_keys
from hub.keys.roots import SourcedRoots

SECRET = bytes(range(32))
KEY = Key(1, SECRET[::-1])
PLACE = Place("LMH", "landlord_key", "wrapped", ("wrap",))

SERVICE = """
import pathlib

from hub.keys import LocalRoot

class Service:
    \"\"\"Keeps its keys to itself; a new one every time the file says so.\"\"\"

    def __init__(self):
        self._keys = {f"key-{number}": LocalRoot(bytes([number]) * 32) for number in (1, 2)}
        self.id = pathlib.Path(FILE).read_text()

    def wrap(self, key, context):
        return self.id.encode() + b"|" + self._keys[self.id].wrap(key, context)

    def unwrap(self, wrapped, context):
        name, _, rest = wrapped.partition(b"|")
        if name.decode() not in self._keys:
            raise ValueError("unknown key")
        return self._keys[name.decode()].unwrap(rest, context)

class Empty:
    id = "nothing"
"""


def refusal(source: str, folder: Path) -> NotTrusted:
    with pytest.raises(NotTrusted) as refused:
        SourcedRoots(KeySource(source), folder)
    return refused.value


def command(tmp_path: Path, body: str) -> str:
    """A real program that does this, as the setting names it."""
    script = tmp_path / "hand out key.py"
    script.write_text(body, encoding="utf-8")
    return f"command:{shlex.quote(sys.executable)} {shlex.quote(str(script))}"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution that is installed, with two plug-ins; the file names the key that the service wraps under."""
    site = tmp_path / "site"
    info = site / "example_kms-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-kms\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[concordat.root_keys]\npigeon = example_kms:Service\nempty = example_kms:Empty\nmissing = example_kms:Gone\n"
    )
    named = tmp_path / "key in force"
    named.write_text("key-1")
    (site / "example_kms.py").write_text(SERVICE.replace("FILE", repr(str(named))))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "example_kms", raising=False)
    return named


@pytest.mark.parametrize("printed", [SECRET.hex(), SECRET.hex().upper(), base64.b64encode(SECRET).decode()])
def test_a_command_hands_out_the_root_key_in_hexadecimal_or_base64(tmp_path: Path, printed: str) -> None:
    roots = SourcedRoots(KeySource(command(tmp_path, f"print({printed!r})")), tmp_path)
    assert roots.current.id == LocalRoot(SECRET).id


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    source = command(
        tmp_path, f"import sys; print({SECRET.hex()!r}); assert sys.argv[1:] == [';', 'touch', {str(ran)!r}]"
    )
    SourcedRoots(KeySource(f"{source} ';' touch {shlex.quote(str(ran))}"), tmp_path)
    assert not ran.exists()


@pytest.mark.parametrize("body", [
    "print('Zebedeeqz')", "print()", f"print({SECRET.hex()[:-2]!r})", f"print({SECRET.hex()!r}); raise SystemExit(3)",
    "import sys; sys.stdout.buffer.write(bytes(range(200, 232)))", "raise RuntimeError('Zebedeeqz')",
])  # fmt: skip
def test_a_command_that_prints_anything_else_is_refused_and_its_output_is_not_repeated(
    tmp_path: Path, body: str, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = refusal(command(tmp_path, body), tmp_path)
    assert refused.code in ("ROOT_KEY_COMMAND", "KEY_DAMAGED")
    told = refused.says + "".join(capfd.readouterr()) + str(refused.__cause__)
    assert "Zebedee" not in told
    assert SECRET.hex()[:20] not in told


def test_a_command_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refusal("command:/nowhere/at-all", tmp_path).code == "ROOT_KEY_COMMAND"
    assert refusal("command:'unfinished", tmp_path).code == "ROOT_KEY_COMMAND"


@pytest.mark.parametrize("source", ["", "kek", "command:", "plugin:", "http://keys.example"])
def test_a_source_that_is_none_of_the_four_is_refused(tmp_path: Path, source: str) -> None:
    assert refusal(source, tmp_path).code == "ROOT_KEY_SOURCE"


def test_a_root_key_file_may_stand_elsewhere_and_must_be_private(tmp_path: Path) -> None:
    elsewhere = tmp_path / "mount" / "kek"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(SECRET)
    elsewhere.chmod(0o600)
    assert SourcedRoots(KeySource(f"file:{elsewhere}"), tmp_path).current.id == LocalRoot(SECRET).id
    elsewhere.chmod(0o640)
    assert refusal(f"file:{elsewhere}", tmp_path).code == "KEY_EXPOSED"


def test_with_a_command_no_root_key_is_ever_written_to_the_folder(tmp_path: Path) -> None:
    open_keys(tmp_path / "keys", create=True, source=KeySource(command(tmp_path, f"print({SECRET.hex()!r})")))
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["log.pem", "signing.pem"]


def test_an_installed_service_wraps_and_unwraps_and_keeps_its_key(tmp_path: Path, installed: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True, source=KeySource("plugin:pigeon"))
    root, wrapped = keys.wrap(KEY, PLACE)
    assert root == "pigeon:key-1"

    installed.write_text("key-2")  # the service goes over to another key, and still opens what the first wrapped
    again = open_keys(tmp_path / "keys", create=False, source=KeySource("plugin:pigeon"))
    assert again.roots.current.id == "pigeon:key-2"
    assert again.unwrap(root, wrapped, 1, PLACE) == KEY
    with pytest.raises(NotTrusted):
        open_keys(tmp_path / "keys", create=False, source=KeySource("plugin:pigeon")).unwrap(
            root, wrapped, 1, Place("OHG", "landlord_key", "wrapped", ("wrap",))
        )


@pytest.mark.usefixtures("installed")
def test_what_a_service_cannot_open_is_not_trusted(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True, source=KeySource("plugin:pigeon"))
    _, wrapped = keys.wrap(KEY, PLACE)
    with pytest.raises(NotTrusted):
        keys.unwrap("pigeon:key-1", wrapped.replace(b"key-1", b"key-9"), 1, PLACE)


@pytest.mark.parametrize("name", ["empty", "missing", "nobody"])
@pytest.mark.usefixtures("installed")
def test_a_plug_in_that_is_not_one_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(f"plugin:{name}", tmp_path).code == "ROOT_KEY_PLUGIN"


def test_a_new_root_key_leaves_the_old_one_beside_it_and_both_open_what_they_wrapped(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True)
    old_root, old = keys.wrap(KEY, PLACE)
    keys.roots.renew()
    new_root, new = keys.wrap(KEY, PLACE)

    assert old_root != new_root
    kept = tmp_path / "keys" / f"kek.{old_root}"
    assert kept.stat().st_mode & 0o777 == (tmp_path / "keys" / "kek").stat().st_mode & 0o777 == 0o600
    fresh = open_keys(tmp_path / "keys", create=False)
    assert fresh.unwrap(old_root, old, 1, PLACE) == fresh.unwrap(new_root, new, 1, PLACE) == KEY


def test_a_process_that_was_there_before_sees_a_root_key_that_another_made(tmp_path: Path) -> None:
    before, other = open_keys(tmp_path / "keys", create=True), open_keys(tmp_path / "keys", create=False)
    other.roots.renew()
    root, wrapped = other.wrap(KEY, PLACE)
    assert before.unwrap(root, wrapped, 1, PLACE) == KEY


def test_a_machine_that_stopped_while_a_root_key_was_made_has_either_the_old_or_the_new(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    keys = open_keys(folder, create=True)
    root, wrapped = keys.wrap(KEY, PLACE)
    os.link(folder / "kek", folder / f"kek.{root}")  # the first step was done, and nothing after it

    again = open_keys(folder, create=False)
    assert again.roots.current.id == root
    assert again.roots.earlier == ()
    again.roots.renew()
    assert again.roots.current.id != root
    assert again.unwrap(root, wrapped, 1, PLACE) == KEY


def test_an_earlier_key_file_that_holds_another_key_is_refused(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True)
    keys.roots.renew()
    (kept,) = (tmp_path / "keys").glob("kek.*")
    kept.write_bytes(SECRET)
    with pytest.raises(NotTrusted) as refused:
        open_keys(tmp_path / "keys", create=False)
    assert refused.value.code == "KEY_DAMAGED"


def test_only_earlier_root_keys_that_nothing_needs_are_forgotten(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True)
    ids = [keys.roots.current.id]
    for _ in range(2):
        keys.roots.renew()
        ids.append(keys.roots.current.id)
    assert set(keys.roots.kept()) == set(ids[:2])
    keys.roots.forget([ids[1]])
    assert set(keys.roots.kept()) == {ids[0]}
    assert {root.id for root in keys.roots.earlier} == {ids[0]}


def test_a_root_key_that_is_not_ours_is_not_renewed_by_us(tmp_path: Path) -> None:
    roots = SourcedRoots(KeySource(command(tmp_path, f"print({SECRET.hex()!r})")), tmp_path)
    with pytest.raises(Conflict):
        roots.renew()


def test_going_over_from_the_file_to_a_command_still_opens_what_the_file_wrapped(tmp_path: Path) -> None:
    keys = open_keys(tmp_path / "keys", create=True)
    root, wrapped = keys.wrap(KEY, PLACE)
    source = KeySource(command(tmp_path, f"print({SECRET.hex()!r})"))
    after = open_keys(tmp_path / "keys", create=False, source=source)
    assert after.roots.current.id != root
    assert after.unwrap(root, wrapped, 1, PLACE) == KEY

    back = open_keys(tmp_path / "keys", create=False, source=KeySource("file", before=source.now))
    assert back.unwrap(*after.wrap(KEY, PLACE), 1, PLACE) == KEY
