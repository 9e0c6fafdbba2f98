"""Objects lose their secrets and keep their names; what was secret once is secret everywhere."""

import copy
import json
from typing import Any

import pytest

from agent.evidence.credentials import MARK
from agent.evidence.redaction import Redactor


def pod(*env: dict[str, Any], **container: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": "desk", "namespace": "bank", "uid": "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"},
        "spec": {"containers": [{"name": "main", "env": list(env), **container}]},
    }


def value_of(name: str, value: str) -> str:
    said = Redactor().redact_data(pod({"name": name, "value": value}))
    return str(said["spec"]["containers"][0]["env"][0]["value"])


PLAIN = """\
8080 | true | 30s | 512Mi | 1.5 | 0.5 | info | ledger-db | ledger-db:5432 | 10.96.0.7:80 | http://ledger:8080/v1
/etc/ledger/app.yaml | a,b,c | kafka-0:9092,kafka-1:9092 | eu-central-1 | UTC | en_US.UTF-8 | $(POD_IP) | postgres
-Xmx512m -XX:+UseG1GC | v1.2.3 | false | mode=fast level=info | registry.bank:5000/ledger:1.2 | 1h30m | *
ledger.bank.svc.cluster.local"""


@pytest.mark.parametrize(
    "value", ["", *(value.strip() for line in PLAIN.splitlines() for value in line.split("|"))]
)
def test_a_plainly_harmless_value_of_a_variable_stays(value: str) -> None:
    assert value_of("LEDGER_SETTING", value) == value


@pytest.mark.parametrize(
    "value", ["x7Kp9!", "q1w2e3r4t5", "hunter2!x", "Zm9vYmFyMTIzNDU2", "a:b:c!d#e", "p@ssw0rd?"]
)
def test_a_value_that_is_not_plainly_harmless_is_dropped_whatever_its_name(value: str) -> None:
    assert value_of("LEDGER_SETTING", value) == MARK


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "API_TOKEN", "ledgerSecret", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "DB_PASS", "API_KEY"],
)
def test_the_value_of_a_secret_looking_variable_is_dropped_even_if_plain(name: str) -> None:
    assert value_of(name, "summer") == MARK


@pytest.mark.parametrize(
    "name", ["PASSWORD_FILE", "SECRET_NAME", "TOKEN_TTL", "MAX_TOKENS", "KEYBOARD", "AUTHOR"]
)
def test_a_variable_that_only_tells_about_a_secret_stays(name: str) -> None:
    assert value_of(name, "300") == "300"


def test_a_connection_string_keeps_all_but_its_password() -> None:
    assert (
        value_of("LEDGER_DSN", "postgres://ledger:hunter2@db:5432/ledger")
        == "postgres://[redacted]@db:5432/ledger"
    )
    assert value_of("LEDGER_DSN", "host=db user=ledger password=hunter2 port=5432") == (
        "host=db user=ledger password=[redacted] port=5432"
    )


def test_a_password_seen_in_a_variable_is_found_in_a_later_log() -> None:
    redactor = Redactor()
    redactor.redact_data(
        pod(
            {"name": "DB_PASSWORD", "value": "Summer-2026-bank"},
            {"name": "DSN", "value": "postgres://ledger:Winter%212026@db/ledger"},
        )
    )
    said = redactor.redact_text("login with Summer-2026-bank failed, then with Winter!2026 and Winter%212026")
    assert said == "login with [redacted] failed, then with [redacted] and [redacted]"


@pytest.mark.parametrize(
    "text",
    ["password=Summer-2026-bank", "ledgerd --password Summer-2026-bank.", "psql://ledger:Summer-2026-bank@db/x",
     "token: 'Summer-2026-bank'", "ledger:Summer-2026-bank@tcp(db:3306)/ledger", "?pwd=Summer%2D2026-bank&a=1"],
)  # fmt: skip
def test_a_password_seen_in_a_text_is_found_in_a_later_one(text: str) -> None:
    redactor = Redactor()
    redactor.redact_text(text)
    assert redactor.redact_text("login with Summer-2026-bank failed") == "login with [redacted] failed"


def test_a_password_is_found_in_front_of_where_it_is_named() -> None:
    said = Redactor().redact_text("tried Summer-2026-bank\npassword=Summer-2026-bank")
    assert said == "tried [redacted]\npassword=[redacted]"


@pytest.mark.parametrize(
    ("text", "name"),
    [("secret=ledger-db-2", "ledger-db-2"), ("credentials: com.bank.LedgerVault", "com.bank.LedgerVault"),
     ("password=authentication failed", "authentication")],
)  # fmt: skip
def test_what_may_be_a_name_or_a_word_is_not_learned_from_a_text(text: str, name: str) -> None:
    redactor = Redactor()
    redactor.redact_text(text)
    assert redactor.redact_text(f"{name} is not there") == f"{name} is not there"


def test_a_flood_of_passwords_in_a_log_keeps_none_of_a_variable_from_being_learned() -> None:
    redactor = Redactor()
    redactor.redact_text("\n".join(f"password=flood-{n:06}-X" for n in range(5000)))
    redactor.redact_data(pod({"name": "DB_PASSWORD", "value": "Summer-2026-bank"}))
    assert redactor.redact_text("flood-004999-X Summer-2026-bank") == "flood-004999-X [redacted]"


def test_a_log_that_calls_a_pod_a_password_does_not_hide_the_pod() -> None:
    redactor = Redactor()
    redactor.redact_text("login failed: password=desk-7c9d8f6b5d-x2x9k")
    event = {"involvedObject": {"name": "desk-7c9d8f6b5d-x2x9k"}, "message": "saw desk-7c9d8f6b5d-x2x9k"}
    assert redactor.redact_data(event) == {
        "involvedObject": {"name": "desk-7c9d8f6b5d-x2x9k"},
        "message": "saw [redacted]",
    }


def test_a_secret_variable_is_found_in_the_arguments_of_the_same_pod() -> None:
    data = pod({"name": "API_TOKEN", "value": "blue-Lagoon-77"}, args=["--greeting", "hello blue-Lagoon-77"])
    assert "blue-Lagoon-77" not in json.dumps(Redactor().redact_data(data))


@pytest.mark.parametrize(
    "value", ["postgres", "123456", "ledger", "true", "localhost", "ledger-db", "10.96.0.7", "abc"]
)
def test_an_ordinary_word_is_not_learned(value: str) -> None:
    redactor = Redactor()
    redactor.learn(value)
    assert redactor.redact_text(f"cannot reach {value} now") == f"cannot reach {value} now"


def test_the_value_after_a_secret_flag_in_a_list_of_arguments_is_dropped() -> None:
    said = Redactor().redact_data(
        pod(args=["--user", "joe", "--password", "summer", "--api-key=winter", "-v"])
    )
    assert said["spec"]["containers"][0]["args"] == [
        "--user", "joe", "--password", MARK, f"--api-key={MARK}", "-v"
    ]  # fmt: skip


def test_nothing_of_a_secret_object_survives_but_its_keys() -> None:
    data = {"kind": "Secret", "data": {"password": "c3VtbWVy", "user": "am9l"}, "stringData": {"x": "y"}}
    said = Redactor().redact_data(data)
    assert said == {"kind": "Secret", "data": {"password": MARK, "user": MARK}, "stringData": {"x": MARK}}


def test_an_item_of_a_list_of_secrets_is_known_by_its_type() -> None:
    data = [{"metadata": {"name": "db"}, "type": "Opaque", "data": {"user": "am9l"}}]
    assert Redactor().redact_data(data)[0]["data"] == {"user": MARK}


def test_a_config_map_is_redacted_by_key_and_by_line() -> None:
    data = {
        "kind": "ConfigMap",
        "data": {
            "mode": "fast",
            "db_password": "summer",
            "app.yaml": "port: 80\npassword: summer\nurl: http://x:1/",
        },
        "binaryData": {"blob": "AAEC"},
    }
    said = Redactor().redact_data(data)
    assert said["data"] == {
        "mode": "fast",
        "db_password": MARK,
        "app.yaml": f"port: 80\npassword: {MARK}\nurl: http://x:1/",
    }
    assert said["binaryData"] == {"blob": MARK}


def test_the_last_applied_configuration_is_left_out() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{...}", "team": "ledger"}
    said = Redactor().redact_data({"metadata": {"annotations": annotations}})
    assert said == {"metadata": {"annotations": {"team": "ledger"}}}


def test_headers_of_a_probe_are_redacted() -> None:
    headers = [
        {"name": "Authorization", "value": "Bearer a1b2c3d4e5f6"},
        {"name": "X-Api-Key", "value": "summer"},
    ]
    said = Redactor().redact_data({"httpGet": {"path": "/healthz", "httpHeaders": headers}})
    assert [h["value"] for h in said["httpGet"]["httpHeaders"]] == [f"Bearer {MARK}", MARK]


def test_references_to_secrets_and_structure_stay() -> None:
    data = {
        "metadata": {"name": "desk-7c9d8f6b5d-x2x9k", "labels": {"pod-template-hash": "7c9d8f6b5d"}},
        "spec": {
            "automountServiceAccountToken": False,
            "imagePullSecrets": [{"name": "ledger-pull"}],
            "containers": [
                {
                    "name": "main",
                    "image": "registry.bank/ledger@sha256:" + "ab12" * 16,
                    "env": [
                        {"name": "T", "valueFrom": {"secretKeyRef": {"name": "ledger-db", "key": "password"}}}
                    ],
                    "envFrom": [{"secretRef": {"name": "ledger-env"}}],
                }
            ],
            "volumes": [
                {"name": "v", "secret": {"secretName": "ledger-tls", "defaultMode": 420}},
                {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
            ],
        },
        "status": {"containerStatuses": [{"containerID": "containerd://" + "0a1b" * 16, "restartCount": 3}]},
    }
    before = copy.deepcopy(data)
    assert Redactor().redact_data(data) == before
    assert data == before
