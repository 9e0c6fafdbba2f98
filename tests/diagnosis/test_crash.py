"""Containers that end by themselves: what decided it, and what did not."""

import pytest

from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import (
    container,
    crashing,
    deployed,
    deployment,
    meta,
    owned,
    pod,
    running,
)
from tests.diagnosis.world import World, ago, quoted

ALERT = {
    "labels": {
        "alertname": "KubePodCrashLooping",
        "namespace": "shop",
        "pod": "web-a-x1",
        "container": "web",
    },
    "annotations": {"summary": "Pod is crash looping."},
}
KEY_ERROR = """\
web 3.1 starting
Traceback (most recent call last):
  File "/app/main.py", line 7, in <module>
    url = os.environ["LEDGER_URL"]
KeyError: 'LEDGER_URL'
"""


def world(status: dict, *, log: str = "", previous: bool = True, **spec) -> World:
    """One pod of Deployment web with this container status."""
    put = World().add(*deployed(status, *spec.pop("containers", ()), **spec))
    return put.log("shop", "web-a-x1", "web", log, previous=previous)


def verdict(put: World, alert: dict = ALERT) -> Verdict:
    return put.investigate(alert)[0]


def said(found: Verdict) -> str:
    """All quotes of the root's claims."""
    assert found.root is not None, found.sentence
    return quoted(found.root)


def test_a_missing_variable_is_named_with_the_line_that_says_so() -> None:
    found = verdict(world(crashing(), log=KEY_ERROR))
    assert found.root and found.root.id == "missing-variable@shop/Deployment/web"
    assert found.sentence == "The container web crashes because the variable LEDGER_URL is not set"
    assert "KeyError: 'LEDGER_URL'" in said(found)
    assert any("set env deployment/web" in str(r.command) for r in found.root.recommendations)


def test_a_variable_of_a_similar_name_is_shown() -> None:
    spec = [container(env=[{"name": "LEDGER_URI", "value": "http://ledger"}])]
    assert "LEDGER_URI" in said(verdict(world(crashing(), log=KEY_ERROR, containers=spec)))


def test_an_alert_that_says_memory_does_not_decide_and_memory_is_ruled_out() -> None:
    lying = ALERT | {"annotations": {"summary": "web is out of memory (OOMKilled)"}}
    found = verdict(world(crashing(code=1), log=KEY_ERROR), lying)
    assert found.root and found.root.cause.id == "missing-variable"
    memory = next(r for r in found.ruled_out if r.cause == "oom-killed")
    assert "exit code 1" in memory.why
    assert memory.quotes


def test_an_optional_key_that_its_configmap_lacks_is_named_as_the_origin() -> None:
    reference = {"configMapKeyRef": {"name": "web-config", "key": "ledger", "optional": True}}
    put = world(
        crashing(),
        log=KEY_ERROR,
        containers=[container(env=[{"name": "LEDGER_URL", "valueFrom": reference}])],
    )
    put.add(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "web-config", "namespace": "shop"},
            "data": {"level": "info"},
        }
    )
    found = verdict(put)
    assert found.root and any("which has no such key" in claim.text for claim in found.root.claims)


LINES = [
    ("ModuleNotFoundError: No module named 'requests'", 1, "missing-module"),
    ("Error: listen EADDRINUSE: address already in use :::8080", 1, "port-in-use"),
    ("open /etc/app/config.yaml: no such file or directory", 1, "missing-file"),
    ("OSError: [Errno 30] Read-only file system: '/var/cache/app'", 1, "read-only-filesystem"),
    ("PermissionError: [Errno 13] Permission denied: '/data/spool'", 1, "file-permission-denied"),
    ("sh: ledgerd: not found", 127, "command-not-found"),
    ("sh: /app/job: Permission denied", 126, "command-not-executable"),
    ("exec /app/run: exec format error", 1, "wrong-architecture"),
    ('FATAL:  database "ledger" does not exist', 1, "database-missing"),
    ('psycopg2.errors.UndefinedTable: relation "accounts" does not exist', 1, "schema-missing"),
    (
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        134,
        "heap-exhausted",
    ),
    ("yaml: line 4: did not find expected key", 1, "bad-configuration"),
    ("psycopg2.errors.DeadlockDetected: deadlock detected", 1, "deadlock"),
    (
        "TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out",
        1,
        "pool-exhausted",
    ),
    ("OSError: [Errno 24] Too many open files: '/data/spool'", 1, "too-many-open-files"),
    ("ZeroDivisionError: division by zero", 1, "application-error"),
]


@pytest.mark.parametrize(("line", "code", "cause"), LINES, ids=[cause for _, _, cause in LINES])
def test_the_last_line_before_the_exit_names_the_cause(line: str, code: int, cause: str) -> None:
    found = verdict(world(crashing(code=code), log=f"starting\n{line}\n"))
    assert found.root and found.root.cause.id == cause, found.sentence
    assert line in said(found)


def test_a_segmentation_fault_is_a_signal_and_not_memory() -> None:
    found = verdict(world(crashing(code=139), log="loading codec\n"))
    assert found.root and found.root.cause.id == "crash-signal"
    assert "SIGSEGV" in found.sentence


def test_a_program_that_ends_well_again_and_again_is_no_error() -> None:
    found = verdict(world(crashing(code=0, reason="Completed"), log="report written\n"))
    assert found.root and found.root.cause.id == "exits-normally"
    assert "report written" in said(found)


def test_an_error_that_a_wrapper_hides_behind_status_zero_is_the_cause() -> None:
    found = verdict(world(crashing(code=0, reason="Completed"), log=KEY_ERROR))
    assert found.root and found.root.cause.id == "missing-variable"


def test_a_crash_without_a_log_is_not_explained() -> None:
    found = verdict(world(crashing(code=3), log=""))
    assert found.outcome == "inconclusive"


def test_a_crash_whose_log_cannot_be_read_is_not_explained_and_says_so() -> None:
    put = world(crashing(code=1))
    put.logged.clear()
    found = verdict(put)
    assert found.outcome == "inconclusive" and found.root and found.root.cause.symptom
    assert "its log could not be read; the evidence does not show why" in found.sentence


def test_a_crash_whose_log_names_no_reason_is_not_explained_and_says_so() -> None:
    found = verdict(world(crashing(code=1), log="reading /data/in.csv\n12400 rows imported\n"))
    assert found.outcome == "inconclusive"
    assert "its log gives no reason" in found.sentence


def test_a_log_that_the_next_start_has_begun_is_left_for_the_one_of_the_end() -> None:
    status = crashing(minutes=2)
    status["state"] = status.pop("lastState")
    begun = f"{ago(1)} web 3.1 starting\n{ago(1)} Traceback (most recent call last):\n"
    put = world(status, log=begun, previous=False).log("shop", "web-a-x1", "web", KEY_ERROR, previous=True)
    assert "KeyError: 'LEDGER_URL'" in said(verdict(put))


def test_the_other_log_is_read_where_the_node_dropped_the_previous_one() -> None:
    found = verdict(world(crashing(), log=KEY_ERROR, previous=False))
    assert found.root and found.root.cause.id == "missing-variable"


def test_a_container_that_crashed_and_runs_well_since_has_recovered() -> None:
    ended = crashing()["lastState"]
    status = running(restarts=3, minutes=20) | {"lastState": ended}
    put = world(status, log=KEY_ERROR)
    put.add(deployment(replicas=1), pod("web-a-x1", status, owner=owned("ReplicaSet", "web-a")))
    found = verdict(put)
    assert found.outcome == "self-resolved"
    assert "restarted 3 times and has run well since" in found.sentence


def test_a_container_that_was_only_just_restarted_has_not_recovered() -> None:
    ended = {"exitCode": 1, "reason": "Error", "startedAt": ago(6), "finishedAt": ago(1)}
    status = running(restarts=3, minutes=0.9) | {"lastState": {"terminated": ended}}
    found = verdict(world(status, log=KEY_ERROR))
    assert found.root and found.root.cause.id == "missing-variable"


def test_a_failing_init_container_is_named_as_such() -> None:
    init = crashing("migrate")
    waiting = {
        "name": "web",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": "PodInitializing"}},
    }
    put = world(waiting, initContainers=[container("migrate")])
    put.objects["Pod", "shop", "web-a-x1"]["status"] |= {"phase": "Pending", "initContainerStatuses": [init]}
    put.log(
        "shop", "web-a-x1", "migrate", "sqlite3.OperationalError: no such table: accounts\n", previous=True
    )
    found = verdict(put)
    assert found.root and found.root.cause.id == "schema-missing"
    assert found.sentence.startswith("The init container migrate fails because")


@pytest.mark.parametrize("code", [143, 139, 0])
def test_a_pod_on_its_way_out_is_not_accused_of_how_it_ends(code: int) -> None:
    put = world(crashing(code=code), log="shutting down\n")
    assert verdict(put).root is not None
    put.objects["Pod", "shop", "web-a-x1"]["metadata"]["deletionTimestamp"] = ago(0)
    assert verdict(put).root is None


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ('exec: "/bin/ledgerd": stat /bin/ledgerd: no such file or directory', "command-not-found"),
        ('exec: "ledgerd": executable file not found in $PATH', "command-not-found"),
        ('exec: "/opt/run.sh": permission denied', "command-not-executable"),
        ("error during container init: mkdir /etc/passwd: not a directory", "working-directory-invalid"),
        (
            'error mounting "/volume-subpaths/v/main/0" to rootfs at "/etc": not a directory',
            "mount-over-wrong-type",
        ),
        ("something never seen before", "start-failed"),
    ],
)
def test_a_start_error_is_read_by_the_tail_of_its_message(message: str, cause: str) -> None:
    status = crashing(code=128, reason="StartError")
    beginning = "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    text = f"{beginning}runc create failed: unable to start container process: {message}: unknown"
    status["lastState"]["terminated"] |= {"message": text, "startedAt": "1970-01-01T00:00:00Z"}
    found = verdict(world(status))
    assert found.root and found.root.cause.id == cause
    assert message in said(found)


def test_a_token_that_the_pod_is_not_given_is_said_to_be_withheld() -> None:
    line = (
        "FileNotFoundError: No such file or directory: '/var/run/secrets/kubernetes.io/serviceaccount/token'"
    )
    found = verdict(world(crashing(), log=line, automountServiceAccountToken=False))
    assert found.root and found.root.cause.id == "missing-file"
    assert "spec.automountServiceAccountToken: False" in said(found).replace("false", "False")


def test_a_mounted_document_that_is_not_valid_json_is_shown_beside_the_programs_complaint() -> None:
    config = {"kind": "ConfigMap", "metadata": meta("rates"), "data": {"config.json": '{"ttl": 30,}'}}
    own = container(volumeMounts=[{"name": "c", "mountPath": "/etc/rates"}])
    volumes = [{"name": "c", "configMap": {"name": "rates"}}]
    log = (
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 12\n"
    )
    found = verdict(world(crashing(code=1), log=log, containers=[own], volumes=volumes).add(config))
    assert found.root and found.root.cause.id == "bad-configuration"
    assert any(
        "config.json of ConfigMap rates is not valid JSON" in claim.text for claim in found.root.claims
    )


def test_a_kill_that_nothing_explains_is_not_called_memory() -> None:
    """Exit code 137 without a limit, an event or a word in the log: anything may have sent the signal."""
    found = verdict(world(crashing(code=137), log="serving\n"))
    assert found.outcome == "inconclusive"
    assert "killed" in [each.finding.cause.id for each in found.considered]


def waits_for_init(log: str, minutes: float = 60) -> World:
    """A pod whose init container migrate has run for so long."""
    waiting = {"reason": "PodInitializing"}
    behind = {"name": "web", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    put = world(behind, initContainers=[container("migrate")])
    init = running("migrate", ready=False, minutes=minutes)
    put.objects["Pod", "shop", "web-a-x1"]["status"] |= {"phase": "Pending", "initContainerStatuses": [init]}
    return put.log("shop", "web-a-x1", "migrate", log)


def test_an_init_container_that_runs_on_and_on_is_what_the_pod_waits_for() -> None:
    found = verdict(waits_for_init("copying rows\n"))
    assert found.root and found.root.id == "init-container-hangs@shop/Deployment/web"


def test_an_init_container_that_has_only_just_begun_does_not_hang() -> None:
    found = verdict(waits_for_init("copying rows\n", minutes=0.2))
    assert found.root is None or found.root.cause.id != "init-container-hangs"
