import json

import pytest

from e2e.cluster.bounded_runtime import missing_capabilities, narrow

LAST = 40
ALL = (1 << LAST + 1) - 1


def status(bounding: int) -> str:
    return f"Name:\tcat\nCapEff:\t0000000000000000\nCapBnd:\t{bounding:016x}\n"


def process(*names: str) -> dict:
    return {
        "args": ["sh"],
        "capabilities": {"bounding": list(names), "effective": list(names), "ambient": []},
    }


def test_a_full_bounding_set_misses_nothing():
    assert missing_capabilities(status(ALL), LAST) == set()


def test_the_absent_bit_is_named():
    assert missing_capabilities(status(ALL & ~(1 << 24)), LAST) == {"CAP_SYS_RESOURCE"}


def test_capabilities_that_the_kernel_does_not_know_are_not_missing():
    assert missing_capabilities(status((1 << 38) - 1), 37) == set()


@pytest.mark.parametrize("flag", [["--bundle", "{}"], ["--bundle={}"], ["-b", "{}"]])
def test_creating_a_container_asks_for_no_more_than_the_host_has(tmp_path, flag):
    spec = {
        "ociVersion": "1.0.2",
        "process": process("CAP_SYS_RESOURCE", "CAP_CHOWN"),
        "root": {"path": "rootfs"},
    }
    (tmp_path / "config.json").write_text(json.dumps(spec))
    arguments = ["--log-format", "json", "create", *(part.format(tmp_path) for part in flag), "an-id"]
    narrow(arguments, {"CAP_SYS_RESOURCE"})
    assert json.loads((tmp_path / "config.json").read_text()) == {**spec, "process": process("CAP_CHOWN")}


def test_running_a_command_in_a_container_asks_for_no_more_either(tmp_path):
    request = tmp_path / "process.json"
    request.write_text(json.dumps(process("CAP_SYS_RESOURCE", "CAP_KILL")))
    narrow(["exec", "--process", str(request), "an-id"], {"CAP_SYS_RESOURCE"})
    assert json.loads(request.read_text()) == process("CAP_KILL")


def test_a_process_without_capabilities_is_left_as_it_is(tmp_path):
    request = tmp_path / "process.json"
    request.write_text(json.dumps({"args": ["sh"]}))
    narrow(["exec", "--process", str(request), "an-id"], {"CAP_SYS_RESOURCE"})
    assert json.loads(request.read_text())["args"] == ["sh"]


def test_other_commands_touch_no_file(tmp_path):
    narrow(["--root", str(tmp_path), "delete", "--force", "an-id"], {"CAP_SYS_RESOURCE"})
    assert list(tmp_path.iterdir()) == []
