"""Who may take a cluster away."""

import json
import subprocess
import sys

import pytest

from e2e.cluster import ownership, process
from e2e.cluster.ownership import Ownership


@pytest.fixture
def networks(monkeypatch):
    """The docker networks there are; the removals that were asked for are appended to `removed`."""

    class Networks:
        there, removed = False, []

    def answers(*command):
        if command[:3] == ("docker", "network", "rm"):
            Networks.removed = [*Networks.removed, command[3]]
        return Networks.there

    monkeypatch.setattr(ownership, "answers", answers)
    return Networks


def ended_process() -> str:
    """The identity of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as ended:
        return process.identity(ended.pid)


def test_a_cluster_that_nobody_noted_is_a_persons(networks):
    assert not Ownership("one").abandoned()


def test_the_cluster_of_a_killed_run_is_abandoned(networks):
    owner = Ownership("one")
    owner.note.parent.mkdir(parents=True)
    owner.note.write_text(json.dumps({"processes": [ended_process()], "network_was_there": True}))
    assert owner.abandoned()


def test_the_cluster_of_a_run_that_lives_is_not(networks):
    Ownership("one").claim()
    assert not Ownership("one").abandoned()


def test_a_process_that_got_the_number_of_an_ended_one_is_not_its_owner():
    mine = process.identity()
    assert process.lives(mine)
    assert not process.lives(mine + "0")


def test_a_cluster_given_to_a_person_is_never_abandoned(networks):
    owner = Ownership("one")
    owner.claim()
    owner.give_to_person()
    assert not owner.abandoned()


def test_the_network_goes_with_the_cluster_that_brought_it(networks):
    owner = Ownership("one")
    owner.claim()
    owner.forget()
    assert networks.removed == ["kind"]


def test_a_network_that_was_there_before_stays(networks):
    networks.there = True
    owner = Ownership("one")
    owner.claim()
    owner.give_to_person()
    owner.forget()
    assert networks.removed == []


def test_a_cluster_that_two_processes_use_goes_with_the_last_of_them(networks):
    owner = Ownership("one")
    owner.claim()
    mine = process.identity()
    with subprocess.Popen(["sleep", "60"]) as other:
        theirs = process.identity(other.pid)
        owner.note.write_text(json.dumps({"processes": [theirs, mine]}))
        assert not owner.leave()
        other.kill()
    owner.join()
    assert owner.leave()


def test_a_persons_cluster_is_left_running_by_who_joins_and_leaves_it(networks):
    owner = Ownership("one")
    owner.join()
    assert not owner.leave()
    assert owner.of_a_person()
