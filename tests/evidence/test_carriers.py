"""Secrets leave a text wherever secrets stand; what only talks about them stays."""

import base64
import json
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.credentials import MARK
from agent.evidence.redaction import Redactor

# Each is put together here so that no scanner takes this file for a leak.
SECRETS = {
    "aws key id": "AKIA" + "Z7Q2W3E4R5T6Y7U8",
    "aws secret": "wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYEX9MPLEKEY",
    "github": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "github fine-grained": "github_pat_" + "11AAAAAA0a1B2c3D4e5F6_g7H8i9J0k1L2m3N4o5P6",
    "gitlab": "glpat-" + "x1Y2z3A4b5C6d7E8f9G0",
    "slack": "xoxb-" + "123456789012-1234567890123-a1B2c3D4e5F6g7H8i9J0k1L2",
    "openai": "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "google": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "azure storage": base64.b64encode(bytes(range(64))).decode(),
    "vault": "hvs." + "CAESIJa1B2c3D4e5F6g7H8i9J0k1L2m3N4",
    "twilio": "SK" + "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "unknown generator": "q7Xw" + "9ZpL2mNv4RtY8uKc3BhJ6sDf1GaE5oWi0",
}
PASSWORDS = ["hunter2", "s3cr3t!", "correct-horse-battery", "Tr0ub4dor&3", "pa$$w0rd"]
CARRIERS = [
    "password={}",
    "DB_PASSWORD={}",
    "DB_PASSWORD: {}",
    'password="{}" user=joe',
    '{{"password":"{}","user":"joe"}}',
    '{{"apiKey": "{}"}}',
    '{{"msg":"{{\\"clientSecret\\":\\"{}\\"}}"}}',
    "{{'password': '{}', 'user': 'joe'}}",
    "Settings(user='joe', password='{}')",
    "{{User:joe Password:{} Port:1}}",
    "{{password={}, user=joe}}",
    "Server=tcp:ledger,1433;User Id=sa;Password={};Encrypt=True",
    "ledgerd --password={} --port=80",
    "ledgerd --api-token {} --port 80",
    "ALTER USER ledger WITH PASSWORD '{}'",
    "requirepass {}",
    "GET /v1?access_token={}&page=2",
    "<password>{}</password>",
    "spring.datasource.password={}",
    "curl -u admin:{} http://ledger",
    "  client-key-data: {}",
    "ledger:{}@tcp(db:3306)/ledger",
    "X-Api-Key: {}",
]
BARE = ["saw {} in the request", "[{}]", "tokens are ({}), ok", '"{}"', "https://ledger/hook/{}", "value:{}"]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("carrier", BARE)
def test_a_known_shape_is_found_wherever_it_stands(carrier: str, secret: str) -> None:
    if "://" in carrier:
        secret = secret.replace("/", "9")  # a URL has no room for a slash
    assert secret not in Redactor().redact_text(carrier.format(secret))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_value_is_dropped_for_the_name_it_stands_under(carrier: str) -> None:
    for secret in [*PASSWORDS, *SECRETS.values()]:
        if "?" in carrier:
            secret = secret.replace("&", "%26")
        said = Redactor().redact_text(carrier.format(secret))
        assert secret not in said
        assert MARK in said


@given(
    secret=st.text(string.ascii_letters + string.digits + "!%^*_-+", min_size=8, max_size=40).filter(
        lambda s: any(c.isdigit() for c in s) and any(c.isalpha() for c in s) and s[0].isalnum()
    ),
    carrier=st.sampled_from([c for c in CARRIERS if "{}@" not in c]),
    before=st.text(string.ascii_lowercase + " ", max_size=20),
)
def test_no_planted_password_survives_any_carrier(secret: str, carrier: str, before: str) -> None:
    said = Redactor().redact_text(f"{before} {carrier.format(secret)}")
    assert secret not in said
    assert Redactor().redact_text(said) == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgres://ledger:hunter2@db.bank:5432/ledger", "postgres://[redacted]@db.bank:5432/ledger"),
        ("postgres://l:p@ss/w0rd@db:5432/x?ssl=1", "postgres://[redacted]@db:5432/x?ssl=1"),
        ("amqp://u:p1@a:1,amqp://u:p2@b:2", "amqp://[redacted]@a:1,amqp://[redacted]@b:2"),
        ("https://abc123def@github.example/x", "https://[redacted]@github.example/x"),
        ("Authorization: Bearer abc.def.ghi123", "Authorization: [redacted]"),
        ("curl -H 'Authorization: Basic am9lOng=' http://x", "curl -H 'Authorization: [redacted]' http://x"),
        ("proxy said: Bearer a1b2c3d4e5f6", "proxy said: Bearer [redacted]"),
        ("Set-Cookie: sid=8a7b6c5d; Path=/", "Set-Cookie: [redacted]"),
        ("url=https://x/?sig=Ab3dEf6hIj9kLm2nOp5q&a=1", "url=https://x/?sig=[redacted]&a=1"),
    ],
)
def test_scheme_host_and_path_of_a_url_stay(text: str, expected: str) -> None:
    assert Redactor().redact_text(text) == expected


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq1\nx+Zc9/8=\n-----END RSA PRIVATE KEY-----"
LONG = "MIIEpAIBAAKCAQEA7bq1x9Zc9Qw8Er7Ty6Ui5Op4As3Df2Gh1Jk0Lz9Xc8Vb7Nm6"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        KEY.rsplit("\n", 1)[0],
        "\n".join(f"2026-11-22T18:00:01.123456789Z {line}" for line in KEY.split("\n")),
        json.dumps({"key": KEY}),
        f"{LONG}\nMIIEpAIBAAKCAQEA7bq1\n-----END PRIVATE KEY-----",
        f"some line\n{LONG}\nanother line",
        "key: |\n  " + KEY.replace("\n", "\n  "),
    ],
    ids=["whole", "no end", "time stamps", "in JSON", "no begin", "only the middle", "in YAML"],
)
def test_a_private_key_is_dropped_whole_or_cut(text: str) -> None:
    said = Redactor().redact_text(f"before\n{text}\nafter")
    assert "MIIE" not in said
    assert "Zc9" not in said
    assert said.startswith("before\n")
    assert said.endswith("\nafter")


UNTOUCHED = """\
token expired
fetch token: unexpected status: 401
failed to fetch anonymous token: unexpected status: 401 Unauthorized
failed to get token: Post "https://sts.bank/y": dial tcp: lookup sts.bank on 10.96.0.10:53: no such host
token: x509: certificate signed by unknown authority
FATAL:  password authentication failed for user "ledger"
Access denied for user 'ledger'@'10.0.0.1' (using password: YES)
SyntaxError: Unexpected token } in JSON at position 17
KeyError: 'DB_PASSWORD'
Error: DB_PASSWORD is required
bash: DB_PASSWORD: unbound variable
entrypoint.sh: line 3: API_TOKEN: parameter null or not set
Could not resolve placeholder 'ledger.password' in value "${ledger.password}"
flag --token is required
open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory
secretName: ledger-db
automountServiceAccountToken: true
spec.containers[main].env[DB].valueFrom.secretKeyRef.name: ledger-db
spec.containers[main].env[DB].valueFrom.secretKeyRef.key: password
prompt_tokens=4096 max_tokens: 100
PASSWORD_FILE=/run/secrets/db-password
{"error":"invalid_token","error_description":"The access token expired"}
configmap "ledger-config" not found, secret "ledger-db" not found
couldn't find key LEVEL in Secret bank/db
Unable to retrieve some image pull secrets (ledger-pull); attempting to pull the image may not succeed.
back-off 20s restarting failed container=main pod=desk-7c9d8f6b5d-x2x9k_bank(0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f)
MountVolume.SetUp failed for volume "kube-api-access-8kq2z" : object "bank"/"kube-root-ca.crt" not registered
pods "desk-5f7c9d8f6b" is forbidden: exceeded quota: team-quota, requested: pods=1, used: pods=2, limited: pods=2
secrets is forbidden: User "system:serviceaccount:bank:desk" cannot list resource "secrets" in API group ""
error looking up service account bank/runner: serviceaccount "runner" not found
Failed to pull image "registry.bank:5000/ledger@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
containerd://0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
registry.bank/ledger:1.2@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 status=200
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696) ~[HikariCP-5.0.1.jar:na]
at org.springframework.beans.AbstractAutowireCapableBeanFactory$$Lambda$123/0x00000008001234.getObject
github.com/bank/ledger@v0.0.0-20230822172742-b8732ec3820d/main.go:12 +0x1d4
2026-11-22T18:00:01.123456789Z http://ledger-api.bank.svc.cluster.local:8080/v1/accounts/12345?page=2
0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).
call = Request(url, headers={"Authorization": "Bearer " + token()})
checksum/secret: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
compass: north, author: joe, bypass: none, keyboard: us, monkey=banana
""".splitlines()


@pytest.mark.parametrize("line", UNTOUCHED)
def test_what_only_talks_about_secrets_stays(line: str) -> None:
    assert Redactor().redact_text(line) == line


@given(st.text(alphabet=st.sampled_from("aZ9 =:/@\"'\\-_.[]{}()<>,;&\nkeypasswordtoken"), max_size=200))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = Redactor().redact_text(text)
    assert Redactor().redact_text(once) == once


def test_the_library_is_not_loaded_for_ordinary_logs() -> None:
    import subprocess
    import sys

    program = (
        "import sys; from agent.evidence.redaction import Redactor; "
        "Redactor().redact_text('2026-11-22T18:00:01Z GET /v1/accounts/12 trace=4bf92f3577b34da6a3ce929d0e0e4736'); "
        "sys.exit('detect_secrets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    "text",
    ["password=[" * 20000, "eyJ" * 60000, "a://" * 50000, "-----BEGIN " * 20000, "x" * 200000, "key=\"" * 40000,
     "token: " * 30000, "\n".join(f"password=x{n:09}" for n in range(20000)),
     "--a " * 50000, "a.b-c_" * 40000, "A1b2" * 50000, "@:" * 90000, "0" * 200001,
     "password \"" + "\"" * 60000 + "!", "password x" + "." * 60000 + "y"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_hostile_text_costs_linear_time(text: str) -> None:
    Redactor().redact_text("warm A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6")
    start = time.process_time()
    Redactor().redact_text(text)
    assert time.process_time() - start < 8


@pytest.mark.parametrize("start", ["V5", "x3", "sha9", "UTF8", "tls1"])
def test_a_generated_password_that_begins_like_a_version_is_dropped(start: str) -> None:
    secret = f"{start}hy60Lww60HGfuD3ouo7q"
    assert secret not in Redactor().redact_text(f"login failed for app with password {secret}")
