import pytest

from agent.hosts import URL, hosts, is_local, service_named
from agent.ref import Ref


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("curl http://ledger:8080/close", [("ledger", 8080)]),
        ("http://db. and redis://cache_0", [("db", None), ("cache_0", None)]),
        ("jdbc:postgresql://ledger-db.bank.svc:5432/x", [("ledger-db.bank.svc", 5432)]),
        ("amqp://user:word@mq:5672/v", [("mq", 5672)]),
        ("http://[::1]:80/", [("[::1]", 80)]),
        ("postgres://user:word@$(HOST):5432/x", []),
    ],
)
def test_a_url_names_its_host_and_never_the_user_before_it(text: str, found: list) -> None:
    assert list(hosts(URL, text)) == found


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("db", "shop/Service/db"),
        ("DB.bank.", "bank/Service/db"),
        ("db.bank.svc.cluster.local", "bank/Service/db"),
        ("db-0.db.bank.svc", "bank/Service/db"),
        ("api.example.com", None),
        ("10.0.0.1", None),
        ("::1", None),
    ],
)
def test_a_host_name_means_a_service_as_the_dns_of_a_cluster_has_it(host: str, service: str | None) -> None:
    assert service_named(host, "shop") == (Ref.parse(service) if service else None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.53", "::1", "0.0.0.0"])
def test_a_host_that_means_the_own_machine_is_local(host: str) -> None:
    assert is_local(host)
