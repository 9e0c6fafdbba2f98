"""Names in a message that lead on."""

import pytest

from agent.diagnosis.logs import Forbidden, read_log
from agent.diagnosis.logs.targets import find_targets

HOSTS = [
    ('connection to server at "db.bank", port 5433 failed: Connection refused', ("db.bank", 5433)),
    ("ConnectionRefusedError: [Errno 111] Connect call failed ('10.0.0.1', 5433)", ("10.0.0.1", 5433)),
    (
        "ServerSelectionTimeoutError: ledger-mongo:27018: [Errno 111] Connection refused",
        ("ledger-mongo", 27018),
    ),
    ("Error: getaddrinfo ENOTFOUND db.bank.invalid", ("db.bank.invalid", None)),
    ("Error: connect ECONNREFUSED 10.0.0.1:5439", ("10.0.0.1", 5439)),
    ("dial tcp: lookup db.bank on 10.96.0.10:53: no such host", ("db.bank", None)),
    (
        "dial tcp: lookup db on 10.96.0.10:53: read udp 10.1.0.9:40193->10.96.0.10:53: i/o timeout",
        ("db", None),
    ),
    ('[emerg] host not found in upstream "ledger.bank" in /etc/nginx/nginx.conf:2', ("ledger.bank", None)),
    ("java.net.UnknownHostException: db.bank: Name or service not known", ("db.bank", None)),
    ("curl: (6) Could not resolve host: db.bank", ("db.bank", None)),
    ("wget: bad address 'db.bank'", ("db.bank", None)),
    (
        "curl: (7) Failed to connect to ledger port 8080 after 1 ms: Couldn't connect to server",
        ("ledger", 8080),
    ),
    ("HTTPConnectionPool(host='ledger', port=8080): Read timed out.", ("ledger", 8080)),
    ("Error 111 connecting to cache:6379. Connection refused.", ("cache", 6379)),
    ("postgres://[redacted]@db:5432/ledger: connection refused", ("db", 5432)),
    ("waiting for db:5432", ("db", 5432)),
    ("Waiting for ledger.bank to be ready...", ("ledger.bank", None)),
    (
        "Connection to ledger-db.bank.svc.cluster.local:5432 refused.",
        ("ledger-db.bank.svc.cluster.local", 5432),
    ),
    ("AnnotatedConnectException: Connection refused: ledger/10.0.0.1:8080", ("ledger", 8080)),
    ("Can't connect to MySQL server on 'db.bank' ([Errno 111] Connection refused)", ("db.bank", None)),
    ("dial error (dial tcp 10.1.2.3:5432: connect: connection refused)", ("10.1.2.3", 5432)),
    ('Get "https://ledger:8443/x": EOF', ("ledger", 8443)),
    ("Can't reach database server at `ledger-db`:`5432`", ("ledger-db", 5432)),
    ('connection to server at "db" (10.96.1.2), port 5432 failed: FATAL: no', ("db", 5432)),
    ("FATAL credit is not reachable: <urlopen error timed out>", ("credit", None)),
    ("dial tcp [fd00::7]:5432: connect: connection refused", ("fd00::7", 5432)),
]


@pytest.mark.parametrize(("line", "host"), HOSTS)
def test_the_peer_of_a_message_is_found(line: str, host: tuple[str, int | None]) -> None:
    assert find_targets([line]).hosts[0] == host


@pytest.mark.parametrize(
    "line",
    [
        "at Module._load (node:internal/modules/cjs/loader:1091:12)",
        "2026/11/22 18:00:01 main.go:120: failed",
        "Traceback in app.py:33",
        "listen tcp :8095: bind: address already in use",
        "status code:500, took 12:30:45",
        "Could not resolve placeholder 'ledger.url'",
        "upstream timed out after 20ms",
    ],
)
def test_what_is_no_peer_is_not_taken_for_one(line: str) -> None:
    assert find_targets([line]).hosts == ()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("KeyError: 'LEDGER_URL'", ("LEDGER_URL",)),
        ("Missing required environment variables: LEDGER_URL, LEDGER_MODE", ("LEDGER_URL", "LEDGER_MODE")),
        ("PORT is not set", ("PORT",)),
        ("bash: DATABASE: unbound variable", ("DATABASE",)),
        ('PORT: strconv.Atoi: parsing "eighty": invalid syntax', ("PORT",)),
        ("Could not resolve placeholder 'ledger.url' in value", ("LEDGER_URL",)),
        ("code: 'SELF_SIGNED_CERT_IN_CHAIN'", ()),
        ("Error: EADDRINUSE", ()),
        ('"GET /x HTTP/1.1" 500', ()),
    ],
)
def test_variables_are_told_from_error_names(line: str, names: tuple[str, ...]) -> None:
    assert find_targets([line]).variables == names


def test_the_fields_of_a_structured_line_name_the_peer() -> None:
    line = '{"level":"error","msg":"scoring failed: Connection refused","url":"http://fraud:8080/score","attempt":3}'
    assert read_log(line, exited=False)[0].targets.hosts == (("fraud", 8080),)
    line = '{"level":"error","msg":"Connection refused","host":"ledger-db","port":5432}'
    assert read_log(line, exited=False)[0].targets.hosts == (("ledger-db", 5432),)


def test_a_refusal_of_the_kubernetes_api_is_taken_apart() -> None:
    line = (
        'deployments.apps "teller" is forbidden: User "system:serviceaccount:bank:desk" cannot get resource '
        '"deployments" in API group "apps" in the namespace "bank"'
    )
    assert find_targets([line]).forbidden == Forbidden(
        "system:serviceaccount:bank:desk", "get", "deployments", "apps", "bank", "teller"
    )


def test_a_refusal_at_the_cluster_scope_has_no_namespace() -> None:
    line = 'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope'
    assert find_targets([line]).forbidden == Forbidden("u", "list", "nodes", "", "")


def test_a_refusal_inside_escaped_json_is_read() -> None:
    said = r"pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"bank\""
    line = f'HTTP body: {{"message":"{said}"}}'
    found = read_log(line, exited=True)[0].targets.forbidden
    assert found == Forbidden("u", "list", "pods", "", "bank")


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("open /etc/ledger/app.yaml: no such file or directory", "paths", "/etc/ledger/app.yaml"),
        ('password authentication failed for user "ledger"', "users", "ledger"),
        ("Access denied for user 'ledger'@'10.0.0.1'", "users", "ledger"),
        ('database "ledger" does not exist', "databases", "ledger"),
        ('relation "accounts" does not exist', "tables", "accounts"),
        ("no such table: accounts", "tables", "accounts"),
        ("unknown flag: --stroage", "flags", "--stroage"),
        ("flag provided but not defined: -stroage", "flags", "-stroage"),
        ("listen tcp :8095: bind: address already in use", "ports", 8095),
        ("Port 8080 was already in use.", "ports", 8080),
        ("address already in use :::8080", "ports", 8080),
        ("field scrap_interval not found in type config", "keys", "scrap_interval"),
        ('unrecognized configuration parameter "shared_bufers"', "keys", "shared_bufers"),
        ("'url' attribute is not specified", "keys", "url"),
        ("calling http://ledger:8080/v1: 500", "urls", "http://ledger:8080/v1"),
    ],
)
def test_each_kind_of_name_has_its_place(line: str, field: str, value: str | int) -> None:
    assert value in getattr(find_targets([line]), field)


NAMED_BEFORE = """\
WARN Connection to node -1 (broker.bank/10.0.0.9:9092) could not be established. Broker may not be available.
Exception in thread "main" java.util.concurrent.TimeoutException: Timed out waiting for a node assignment."""


def test_a_failed_call_that_names_no_peer_is_about_the_one_peer_complained_of_before() -> None:
    found = read_log(NAMED_BEFORE, exited=True)[0]
    assert found.kind == "connection-timeout"
    assert found.targets.hosts == (("broker.bank", 9092),)
    assert "broker.bank" in found.context[-1]


def test_a_failed_call_is_about_no_peer_where_two_were_complained_of() -> None:
    other = "WARN dial tcp cache:6379: connection refused\n"
    assert read_log(other + NAMED_BEFORE, exited=True)[0].targets.hosts == ()
