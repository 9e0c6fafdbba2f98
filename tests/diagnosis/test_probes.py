"""Probes that keep a container out of service or have it killed."""

import pytest

from agent.diagnosis.causes import causes
from agent.diagnosis.ranking import Verdict
from tests.diagnosis.objects import (
    container,
    crashing,
    deployed,
    pod,
    running,
)
from tests.diagnosis.world import World, ago, quoted

ALERT = {"labels": {"alertname": "KubePodNotReady", "namespace": "shop", "pod": "web-a-x1"}}
HTTP = {"httpGet": {"path": "/ready", "port": 8080}}
REFUSED = 'Get "http://10.1.1.1:8080/ready": dial tcp 10.1.1.1:8080: connect: connection refused'


def world(status: dict, own: dict, *, ready: bool = False, log: str = "") -> World:
    return World().add(*deployed(status, own, ready=ready)).log("shop", "web-a-x1", "web", log)


def unready(
    tail: str, probe: dict = HTTP, *, log: str = "", ports: tuple[int, ...] = (), errored: bool = False
) -> World:
    """A running container whose readiness probe fails with that tail."""
    own = container(readinessProbe=probe, ports=[{"containerPort": p} for p in ports])
    words = "errored and resulted in unknown state" if errored else "failed"
    put = world(running(ready=False) | {"started": True}, own, log=log)
    text = f"Readiness probe {words}: {tail}"
    return put.event("Pod", "shop", "web-a-x1", "Unhealthy", text, field_path="spec.containers{web}")


def killed(tail: str, probe: dict, *, lived: float, log: str = "") -> World:
    """A container in CrashLoopBackOff, last killed by its liveness probe after so many seconds."""
    status = crashing(code=137, minutes=1)
    status["lastState"]["terminated"]["startedAt"] = ago(1 + lived / 60)
    put = world(status, container(livenessProbe=probe)).log("shop", "web-a-x1", "web", log, previous=True)
    killing = "Container web failed liveness probe, will be restarted"
    put.event(
        "Pod",
        "shop",
        "web-a-x1",
        "Killing",
        killing,
        minutes=1.4,
        type="Normal",
        field_path="spec.containers{web}",
    )
    return put.event("Pod", "shop", "web-a-x1", "Unhealthy", f"Liveness probe failed: {tail}", minutes=1.4,
                     field_path="spec.containers{web}")  # fmt: skip


def aged(*, code: int, probe: bool = True, minutes: float = 25) -> World:
    """A container that ended a minute ago; of its probe only an event of an earlier end is left."""
    own = container(livenessProbe=HTTP) if probe else container()
    put = world(crashing(code=code, minutes=1, restarts=9), own)
    text = "Liveness probe failed: HTTP probe failed with statuscode: 503"
    return put.event(
        "Pod", "shop", "web-a-x1", "Unhealthy", text, minutes=minutes, field_path="spec.containers{web}"
    )


@pytest.mark.parametrize("code", [137, 143])
def test_a_kill_whose_own_event_is_gone_is_the_probes_where_that_failed_before(code: int) -> None:
    found = verdict(aged(code=code))
    assert found.root and found.root.cause.family == "probes"
    assert "Liveness probe failed" in quoted(found.root)


@pytest.mark.parametrize("put", [aged(code=1), aged(code=137, probe=False)], ids=["an error", "no probe"])
def test_an_end_of_another_kind_is_not_laid_on_a_probe_that_failed_before(put: World) -> None:
    assert cause_or_none(put) not in {each.id for each in causes().values() if each.family == "probes"}


def cause_or_none(put: World) -> str | None:
    root = verdict(put).root
    return root.cause.id if root else None


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def cause(put: World) -> str:
    return put.root(ALERT).cause.id


def test_that_a_server_lacks_the_file_the_probe_asks_for_is_the_probes_fault() -> None:
    """A web server logs each request of the probe for a file that nobody else misses."""
    at = ago(0)
    missing = (
        f'{at} [error] 29#29: *7 open() "/usr/share/nginx/html/ready" failed (2: No such file or directory)'
    )
    asked = f'{at} 10.1.0.1 - - "GET /ready HTTP/1.1" 404 153 "-" "kube-probe/1.34"'
    found = verdict(unready("HTTP probe failed with statuscode: 404", log=f"{missing}\n{asked}\n" * 8))
    assert found.root and found.root.cause.id == "probe-wrong-path", found.sentence
    assert [each.part for each in found.considered if each.finding.cause.id == "missing-file"] == ["first"]


def test_a_path_that_answers_404_is_wrong() -> None:
    found = verdict(unready("HTTP probe failed with statuscode: 404"))
    assert found.root and found.root.id == "probe-wrong-path@shop/Deployment/web"
    assert (
        found.sentence
        == "The container web is not ready because the probe requests /ready, which returns 404"
    )


def test_a_port_is_wrong_when_the_program_says_it_listens_on_another() -> None:
    put = unready(REFUSED, log="Serving HTTP on 0.0.0.0 port 9000 (http://0.0.0.0:9000/) ...\n")
    assert cause(put) == "probe-wrong-port"


def test_a_port_that_the_container_does_not_declare_is_wrong() -> None:
    assert cause(unready(REFUSED, ports=(9000,))) == "probe-wrong-port"


def test_a_program_that_listens_on_the_loopback_address_only_is_named() -> None:
    assert cause(unready(REFUSED, log=" * Running on http://127.0.0.1:8080\n")) == "listens-on-loopback"


def test_a_refused_probe_without_any_hint_stays_open() -> None:
    assert verdict(unready(REFUSED, ports=(8080,))).outcome == "inconclusive"


def test_a_probe_that_is_not_answered_in_time() -> None:
    tail = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert cause(unready(f'Get "http://10.1.1.1:8080/ready": {tail}')) == "probe-timeout"


def test_a_probe_command_that_the_image_lacks() -> None:
    tail = 'rpc error: exec failed: unable to start: exec: "/bin/check": stat /bin/check: no such file or directory'
    assert (
        cause(unready(tail, {"exec": {"command": ["/bin/check"]}}, errored=True)) == "probe-command-missing"
    )


def test_a_probe_of_an_unknown_port_name() -> None:
    tail = 'strconv.Atoi: parsing "http": invalid syntax'
    assert (
        cause(unready(tail, {"httpGet": {"path": "/", "port": "http"}}, errored=True)) == "probe-port-unknown"
    )


def test_a_probe_with_https_to_a_plain_port() -> None:
    tail = 'Get "https://10.1.1.1:8080/": http: server gave HTTP response to HTTPS client'
    assert cause(unready(tail)) == "probe-wrong-scheme"


def test_a_program_that_calls_itself_unwell_is_explained_by_its_log() -> None:
    line = '{"level":"error","msg":"ping ledger-db:5432 failed: Connection refused"}\n'
    put = unready("HTTP probe failed with statuscode: 503", log=line * 3)
    put.add({"kind": "Service", "metadata": {"name": "ledger-db", "namespace": "shop"},
             "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}], "clusterIP": "10.96.0.7"}})  # fmt: skip
    limit = {"limits": {"memory": "64Mi"}}
    crashed = crashing(code=137, reason="OOMKilled")
    put.add(pod("db-0", crashed, app="db", ready=False, containers=[container(resources=limit)]))
    found = verdict(put)
    causes = [f.cause.id for f in found.chain]
    assert (causes[0], causes[-1]) == ("dependency-refused", "oom-killed")


def test_a_slow_start_is_told_from_a_wrong_port_by_the_log_and_the_short_life() -> None:
    probe = HTTP | {"initialDelaySeconds": 3, "periodSeconds": 3}
    put = killed(REFUSED, probe, lived=14, log="loading stock of region 1\nloading stock of region 2\n")
    found = verdict(put)
    assert found.root and found.root.cause.id == "slow-start"
    assert any(r.action == "adding a startupProbe" for r in found.root.recommendations)


def test_a_program_that_ran_long_before_its_probe_timed_out_did_not_start_slowly() -> None:
    tail = 'Get "http://10.1.1.1:8080/ready": context deadline exceeded'
    assert cause(killed(tail, HTTP, lived=7200)) == "probe-timeout"


def test_a_killing_long_before_the_last_end_does_not_explain_it() -> None:
    put = killed("HTTP probe failed with statuscode: 404", HTTP, lived=5)
    for event in put.happened:
        event["lastTimestamp"] = ago(50)
    put.objects["Pod", "shop", "web-a-x1"]["status"]["containerStatuses"][0]["lastState"]["terminated"][
        "exitCode"
    ] = 1
    put.log("shop", "web-a-x1", "web", "KeyError: 'LEDGER_URL'\n", previous=True)
    assert cause(put) == "missing-variable"


def test_unhealthy_at_the_start_and_ready_since_is_no_fault() -> None:
    put = world(running() | {"started": True}, container(readinessProbe=HTTP), ready=True)
    put.event("Pod", "shop", "web-a-x1", "Unhealthy", f"Readiness probe failed: {REFUSED}", minutes=58)
    assert verdict(put).outcome in ("self-resolved", "not-actionable")


def test_a_readiness_gate_that_nobody_opens() -> None:
    put = world(running(), container(), ready=False)
    status = put.objects["Pod", "shop", "web-a-x1"]
    status["spec"]["readinessGates"] = [{"conditionType": "lb.example.com/ready"}]
    status["status"]["conditions"][1]["reason"] = "ReadinessGatesNotReady"
    assert cause(put) == "readiness-gate-unmet"


@pytest.mark.parametrize("phase", ["Succeeded"])
def test_a_pod_that_finished_well_is_healthy_although_not_ready(phase: str) -> None:
    put = world(running(ready=False), container(), ready=False)
    put.objects["Pod", "shop", "web-a-x1"]["status"]["phase"] = phase
    assert verdict(put).outcome == "not-actionable"


def test_a_program_that_calls_itself_unwell_and_logs_nothing_leaves_the_reason_open() -> None:
    found = verdict(unready("HTTP probe failed with statuscode: 503"))
    assert found.outcome == "inconclusive"
    assert found.root and found.root.cause.id == "app-reports-unhealthy"


def test_a_probe_command_that_runs_and_fails_is_told_from_one_that_is_missing() -> None:
    found = verdict(unready("not ready: queue is behind", {"exec": {"command": ["/bin/check"]}}))
    assert found.root and found.root.id == "probe-command-fails@shop/Deployment/web"
    assert "not ready: queue is behind" in found.sentence


def test_a_crash_loop_that_a_liveness_probe_makes_is_told_by_the_probe() -> None:
    probe = {"grpc": {"port": 8080}}
    found = verdict(killed('service unhealthy (responded with "NOT_SERVING")', probe, lived=900))
    assert found.outcome == "inconclusive"
    assert found.root and found.root.cause.id == "liveness-probe-kill"
    assert "crash-loop" in [each.finding.cause.id for each in found.considered if each.part == "first"]


SILENT = {"exec": {"command": ["sh", "-c", "test -f /tmp/ready"]}}


@pytest.mark.parametrize(
    "put", [unready("", SILENT), killed("", SILENT, lived=30)], ids=["unready", "killed"]
)
def test_a_command_that_fails_without_a_word_is_the_cause_and_is_quoted(put: World) -> None:
    found = verdict(put)
    assert (found.outcome, found.root and found.root.cause.id) == ("diagnosed", "probe-command-fails")
    assert found.root and "without a word: sh -c test -f /tmp/ready" in found.root.headline
    assert "exec.command" in quoted(found.root)


def test_a_command_that_fails_without_a_word_is_no_cause_where_the_log_complains() -> None:
    log = "ERROR cannot read /data/index: permission denied"
    assert cause(unready("", SILENT, log=log)) == "file-permission-denied"
