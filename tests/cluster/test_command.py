import os
import subprocess
import sys

from e2e.cluster.paths import PROJECT


def run(*arguments, **environment):
    return subprocess.run([sys.executable, "-m", "e2e.cluster", *arguments], capture_output=True, text=True,
                          cwd=PROJECT, env={**os.environ, **environment})  # fmt: skip


def test_help_names_every_command_and_shows_examples():
    shown = run("--help").stdout
    for word in ("build", "create", "delete", "clean", "status", "install", "examples:"):
        assert word in shown


def test_a_wrong_source_is_one_line_and_status_2(tmp_path):
    done = run("status", INCIDENT_CLUSTER_SOURCE="banana", INCIDENT_CACHE=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: INCIDENT_CLUSTER_SOURCE is 'banana': it must be packages or registry, or unset to choose by itself"
    ]


def test_status_with_an_empty_cache_says_what_is_missing(tmp_path):
    done = run("status", INCIDENT_CLUSTER_SOURCE="packages", INCIDENT_CACHE=str(tmp_path))
    assert done.returncode == 0
    assert "missing kubernetes: " in done.stdout
    assert "cluster incident-agent: not running" in done.stdout
