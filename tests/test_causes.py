"""--causes: a file, or a folder as Kubernetes mounts a ConfigMap, which may be one that is not there."""

from pathlib import Path

import pytest

from agent.diagnosis.switches import Switches, SwitchesError
from agent.run import read_switches

OFF = "off:\n  oom-killed: batch pods may be killed\n"


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """A ConfigMap with causes.yaml, mounted: links into a folder whose name begins with dots."""
    version = tmp_path / "mount" / "..2026_12_01"
    version.mkdir(parents=True)
    (version / "causes.yaml").write_text(OFF)
    (tmp_path / "mount" / "..data").symlink_to(version.name)
    (tmp_path / "mount" / "causes.yaml").symlink_to("..data/causes.yaml")
    return tmp_path / "mount"


def test_a_file_and_the_folder_of_a_config_map_are_the_same(mount: Path) -> None:
    expected = Switches(off={"oom-killed": "batch pods may be killed"})
    assert read_switches(str(mount / "causes.yaml")) == read_switches(str(mount)) == expected


def test_an_optional_config_map_that_is_not_there_switches_nothing(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    assert read_switches(str(tmp_path)) == read_switches("") == Switches()


def test_a_config_map_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "switches.yml").write_text(OFF)
    with pytest.raises(
        SwitchesError, match=r"has no causes.yaml, but switches.yml; expected causes.yaml, or nothing"
    ):
        read_switches(str(tmp_path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SwitchesError, match="cannot read --causes"):
        read_switches(str(tmp_path / "causes.yaml"))
