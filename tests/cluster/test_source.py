import pytest

from e2e.cluster import source
from e2e.cluster.errors import ClusterError
from e2e.cluster.source import Source, choose, choose_here


def test_a_reachable_registry_is_used():
    assert choose(None, reachable=True)[0] is Source.REGISTRY


def test_without_a_registry_everything_is_built_from_packages():
    assert choose(None, reachable=False)[0] is Source.PACKAGES


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize("forced", list(Source))
def test_the_variable_forces_either_whatever_is_reachable(forced, reachable):
    chosen, reason = choose(forced.value, reachable)
    assert chosen is forced
    assert "INCIDENT_CLUSTER_SOURCE" in reason


def test_an_unknown_value_is_refused_with_what_would_be_right():
    with pytest.raises(ClusterError, match=r"'banana'.*packages or registry"):
        choose("banana", reachable=True)


def test_a_forced_source_asks_no_network(monkeypatch):
    monkeypatch.setattr(source, "registry_answers", lambda: pytest.fail("the network was asked"))
    assert choose_here({"INCIDENT_CLUSTER_SOURCE": "packages"})[0] is Source.PACKAGES


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    monkeypatch.setattr(source, "registry_answers", lambda: True)
    assert choose_here({"INCIDENT_CLUSTER_SOURCE": ""})[0] is Source.REGISTRY
