"""Files that are none: pipes, sockets, devices and what only looks like a file never hang a run, and are named."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.cli import run
from agent.evidence.cluster import ClusterError, ClusterSource
from agent.evidence.recording import RecordingError, RecordingSource
from agent.files import open_regular, read_file
from agent.settings import Settings, SettingsError
from agent.team.models.choice import open_model
from agent.team.models.spending import Spending, SpendingError
from agent.tekton.notify import NotifyError, read_url
from agent.verdict import store
from tests.hostile.process import wait_until_handled
from tests.samples import CRASH, empty_recording

pytestmark = pytest.mark.timeout(60)
KINDS = {"pipe": "a pipe", "socket": "a socket", "device": "a device", "folder": "directory"}


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name is short enough for the address of a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def make(kind: str, path: Path) -> Path:
    """Something that is no regular file, at a path."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(path))
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_regular_file_is_opened(kind: str, short: Path) -> None:
    with pytest.raises(OSError, match=KINDS[kind]):
        open_regular(make(kind, short / "x"))


def test_a_link_to_a_regular_file_is_one_as_a_mounted_secret_is(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "key").write_text("k")
    (tmp_path / "key").symlink_to("..data/key")
    assert read_file(tmp_path / "key", 10) == b"k"


@pytest.mark.parametrize("size", [11, 100_000])
def test_what_is_read_is_bounded(size: int, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * size)
    assert read_file(tmp_path / "x", size) == b"x" * size
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_file(tmp_path / "x", 10)


def test_a_file_of_proc_that_has_no_size_and_no_end_is_read_within_the_bound() -> None:
    endless = Path("/proc/self/pagemap")
    assert endless.stat().st_size == 0
    with pytest.raises(OSError, match="more than 1,000,000 bytes"):
        read_file(endless, 1_000_000)


READERS: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "recording": (lambda path: RecordingSource(path), RecordingError),
    "kubeconfig": (lambda path: ClusterSource.connect(str(path)), ClusterError),
    "key": (lambda path: open_model(Settings(model="openai:m", max_usd=0, model_key_file=str(path))), SettingsError),
    "budget": (lambda path: Spending(path, 1.0).read(), SpendingError),
    "address": (read_url, NotifyError),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses_what_is_no_file_in_one_line(reader: str, kind: str, short: Path) -> None:
    read, error = READERS[reader]
    with pytest.raises(error) as caught:
        read(make(kind, short / "x.tar.gz"))
    assert "\n" not in str(caught.value)
    assert KINDS[kind] in str(caught.value)


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_manifest_that_is_no_file_is_refused_and_an_answer_costs_only_itself(
    kind: str, short: Path
) -> None:
    entries = [{"query": "get Pod bank/desk-0", "file": "x.json"}]
    recording = empty_recording(short / "recording", entries)
    make(kind, recording / "x.json")
    (short / "alert").write_text(json.dumps(CRASH))
    assert run(["investigate", str(short / "alert"), "--replay", str(recording)]) == 0
    (recording / "manifest.json").unlink()
    make(kind, recording / "manifest.json")
    with pytest.raises(RecordingError, match=r"manifest\.json cannot be read"):
        RecordingSource(recording)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
@pytest.mark.parametrize("command", ["investigate", "encode"])
def test_an_alert_that_is_no_file_is_refused(
    command: str, kind: str, short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, str(make(kind, short / "alert"))]) == 2
    said = capsys.readouterr().err
    assert KINDS[kind] in said and "- for stdin" in said and said.count("\n") == 1


def test_a_stored_result_that_is_no_file_is_as_none(short: Path) -> None:
    make("pipe", short / "1a30ba71cca2921f-1.json")
    assert store.load(str(short), "1a30ba71cca2921f-1") is None


def test_an_alert_may_come_through_a_pipe_as_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "encode", "-"], input=json.dumps(CRASH).encode(), capture_output=True
    )
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["investigate", "encode"])
def test_who_waits_for_an_alert_on_a_silent_pipe_can_be_told_to_end(command: str, tmp_path: Path) -> None:
    results = ["--tekton-results", str(tmp_path)] if command == "investigate" else []
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", command, "-", *results],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    wait_until_handled(process)
    time.sleep(1)  # in which it comes to wait for the alert
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, b"")
    assert err == b"incident-agent: terminated before it finished\n"
    if results:
        assert (tmp_path / "outcome").read_text() == "failed"
