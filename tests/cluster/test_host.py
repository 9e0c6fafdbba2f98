import json

import pytest

from e2e.cluster import host
from e2e.cluster.errors import ClusterError
from e2e.cluster.host import is_debian, mirror_of, with_runtime


def test_the_users_engine_settings_are_kept():
    settings = {"log-driver": "journald", "runtimes": {"gvisor": {"path": "/usr/bin/runsc"}}}
    changed = with_runtime(settings)
    assert changed["log-driver"] == "journald"
    assert changed["runtimes"].keys() == {"gvisor", "bounded"}
    assert changed["default-runtime"] == "bounded"


def test_settings_that_are_right_already_are_not_written_again(tmp_path, monkeypatch, capsys):
    file = tmp_path / "daemon.json"
    monkeypatch.setattr(host, "DAEMON_CONFIGURATION", file)
    monkeypatch.setattr(host, "RUNTIME_PROGRAM", tmp_path / "lib" / "bounded_runtime.py")
    file.write_text(json.dumps(with_runtime({})))
    before = file.stat().st_mtime_ns
    host.register_runtime()
    assert file.stat().st_mtime_ns == before
    assert capsys.readouterr().err == ""


def test_a_change_of_the_engine_settings_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(host, "DAEMON_CONFIGURATION", tmp_path / "docker" / "daemon.json")
    monkeypatch.setattr(host, "RUNTIME_PROGRAM", tmp_path / "lib" / "bounded_runtime.py")
    monkeypatch.setattr(host.bounded_runtime, "missing_on_this_host", lambda: {"CAP_SYS_RESOURCE"})
    host.register_runtime()
    said = capsys.readouterr().err
    assert str(tmp_path / "docker" / "daemon.json") in said and "CAP_SYS_RESOURCE" in said


@pytest.mark.parametrize("text", ["ID=debian\nVERSION_ID=12\n", 'ID=ubuntu\nID_LIKE="debian"\n'])
def test_debian_and_its_derivatives_are_recognised(text):
    assert is_debian(text)


@pytest.mark.parametrize("text", ["ID=fedora\n", 'ID=almalinux\nID_LIKE="rhel centos fedora"\n', ""])
def test_other_systems_are_not(text):
    assert not is_debian(text)


def test_without_an_engine_and_without_root_one_line_says_what_to_do(monkeypatch):
    monkeypatch.setattr(host.os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="no Docker engine answers: start one"):
        host.install_engine()


def test_a_host_that_lacks_no_capability_is_given_no_runtime(monkeypatch):
    monkeypatch.setattr(host.bounded_runtime, "missing_on_this_host", set)
    monkeypatch.setattr(host, "engine_answers", lambda: True)
    monkeypatch.setattr(host, "register_runtime", lambda: pytest.fail("the engine's settings were touched"))
    monkeypatch.setattr(host, "make_modules_folder", lambda: None)
    host.prepare()


def test_settings_that_are_no_json_are_refused_and_left_as_they_are(tmp_path, monkeypatch):
    file = tmp_path / "daemon.json"
    file.write_text("{broken")
    monkeypatch.setattr(host, "DAEMON_CONFIGURATION", file)
    monkeypatch.setattr(host, "RUNTIME_PROGRAM", tmp_path / "lib" / "bounded_runtime.py")
    with pytest.raises(ClusterError, match="is not valid JSON"):
        host.register_runtime()
    assert file.read_text() == "{broken"


def test_the_package_source_of_the_host_is_used_for_its_release():
    targets = "trixie http://one.test/debian/\nbookworm http://two.test/debian/\n"
    assert mirror_of(targets, "bookworm") == "http://two.test/debian/"


def test_a_host_of_another_release_has_no_source_for_this_one():
    assert mirror_of("noble http://one.test/ubuntu/\n", "bookworm") is None
