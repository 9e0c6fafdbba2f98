"""The sweep: what fires and has no verdict gets a run, once, under the listener's names, and never too many."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent import cli
from agent.tekton import sweep_plan
from tekton.triggers import listener
from tests.tekton.manifests import TEKTON, documents
from tests.tekton.sweep_server import Cluster, serving

START = "2026-01-31T12:00:00.123Z"
STAMP = 1769860800
LONG_AGO, ENDED = "2026-01-31T11:59:00Z", "2026-01-31T12:01:00Z"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """An Alertmanager and a cluster; the kubeconfig names the second."""
    with serving() as served:
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": served.url}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": "t"}}],
        }  # fmt: skip
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        monkeypatch.setenv("POD_NAMESPACE", "sre")
        yield served


def alert(
    number: int, severity: str = "warning", name: str = "KubePodCrashLooping", **more: Any
) -> dict[str, Any]:
    """An alert as Alertmanager's API lists it."""
    return {
        "annotations": {"summary": "A pod is crash looping."}, "endsAt": "2026-01-31T13:00:00Z",
        "fingerprint": f"{number:016x}", "receivers": [{"name": "incident-agent"}], "startsAt": START,
        "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"}, "updatedAt": START,
        "labels": {"alertname": name, "pod": f"p-{number}", "severity": severity},
    } | more  # fmt: skip


def episode(number: int) -> str:
    return f"incident-{number:016x}-{STAMP}"


def sweep(cluster: Cluster, *more: str) -> int:
    return cli.run(["tekton", "sweep", f"--alertmanager={cluster.url}", *more])


def given(run: dict[str, Any], name: str) -> str:
    (value,) = [each["value"] for each in run["spec"]["params"] if each["name"] == name]
    return value


def carried(run: dict[str, Any]) -> list[str]:
    """The alerts in a batch, by the names of the runs they would have alone."""
    alerts = json.loads(base64.b64decode(given(run, "alerts")))["alerts"]
    found = [f"incident-{each['fingerprint']}-{STAMP}" for each in alerts]
    assert found == run["metadata"]["annotations"]["incident-agent/episodes"].split()
    return found


def test_what_fires_and_has_no_run_gets_one_under_the_listeners_name(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(1), alert(2)]
    assert sweep(cluster) == 0
    assert cluster.created == [episode(1), episode(2)]
    assert capsys.readouterr().out == "firing 2, running 0, waiting 0, started 2, given up 0\n"
    posted = json.loads(base64.b64decode(given(cluster.runs[episode(1)], "alert")))
    assert posted["status"] == "firing"
    assert posted["labels"]["pod"] == "p-1"


def test_a_second_sweep_starts_nothing_and_says_what_runs(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(1), alert(2)]
    sweep(cluster)
    cluster.end(episode(2), "True", ENDED)
    capsys.readouterr()
    assert sweep(cluster, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert len(cluster.created) == 2
    assert (said["running"], said["investigated"], said["started"], said["done"]) == (1, 1, 0, True)


def test_a_run_deleted_by_hand_is_started_again(cluster: Cluster):
    cluster.alerts = [alert(1)]
    sweep(cluster)
    del cluster.runs[episode(1)]
    sweep(cluster)
    assert cluster.created == [episode(1)] * 2


def test_what_the_listener_would_not_start_is_not_started(cluster: Cluster):
    silenced: dict[str, Any] = {"status": {"state": "suppressed", "silencedBy": ["x"], "inhibitedBy": []}}
    cluster.alerts = [
        alert(1, name="Watchdog"), alert(2, name="InfoInhibitor"), alert(3, name="DeadMansSwitch"),
        alert(4, severity="none"), alert(5, **silenced),
    ]  # fmt: skip
    assert sweep(cluster) == 0
    assert cluster.created == []


def test_alertmanager_is_asked_for_active_alerts_of_the_receiver_with_what_the_secret_holds(
    cluster: Cluster, tmp_path: Path
):
    (tmp_path / "token").write_text("Bearer sesame\n")
    (tmp_path / "header").write_text("X-Scope-OrgID: shop\n")
    assert sweep(cluster, "--receiver=incident-agent", f"--access={tmp_path}") == 0
    path, parameters, headers = cluster.asked[0]
    assert path == "/api/v2/alerts"
    wanted = {"active": "true", "silenced": "false", "inhibited": "false", "unprocessed": "false"}
    assert parameters == wanted | {"receiver": "incident-agent"}
    assert (headers["Authorization"], headers["X-Scope-Orgid"]) == ("Bearer sesame", "shop")


@pytest.mark.parametrize(
    ("file", "content"),
    [("token", "two words"), ("header", "Bad\nX: y"), ("header", "no colon"), ("ca.crt", "sesame")],
)
def test_a_secret_that_cannot_be_used_is_refused_in_one_line_without_it(
    file: str, content: str, cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / file).write_text(content)
    assert sweep(cluster, f"--access={tmp_path}") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert content not in said


@pytest.mark.parametrize(
    "url", ["alertmanager:9093", "ftp://a", "http://", "http://u:secret@a", "http://a?b=c", "http://a b"]
)
def test_an_address_that_is_none_is_refused_without_what_is_secret(
    url: str, capsys: pytest.CaptureFixture[str]
):
    assert cli.run(["tekton", "sweep", f"--alertmanager={url}"]) == 2
    assert "secret" not in capsys.readouterr().err


def test_of_two_alertmanagers_each_alert_is_started_once_and_a_silent_one_is_said(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(1), alert(2)]
    silent = "--alertmanager=http://127.0.0.1:9"
    assert sweep(cluster, f"--alertmanager={cluster.url}/", silent) == 0
    assert cluster.created == [episode(1), episode(2)]
    assert "127.0.0.1:9 gave no whole answer" in capsys.readouterr().err


def test_of_two_starts_of_one_alert_the_oldest_names_it(cluster: Cluster):
    later = alert(1, startsAt="2026-01-31T12:00:09Z")
    cluster.alerts = [later, alert(1)]
    sweep(cluster)
    assert cluster.created == [episode(1)]


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, []), (401, []), (200, {"alerts": []}), (200, b"<html>"), (200, b"[{"), (200, b"")],
)
def test_when_no_alertmanager_answers_that_is_said_and_the_exit_status_is_1(
    status: int, body: Any, cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.status, cluster.alerts = status, body
    assert sweep(cluster) == 1
    assert "gave no whole answer" in capsys.readouterr().err


def test_no_redirect_is_followed(cluster: Cluster):
    cluster.alerts = [alert(1)]
    assert cli.run(["tekton", "sweep", f"--alertmanager={cluster.url}/moved"]) == 1
    assert cluster.created == []
    assert cluster.asked[0][0] == "/moved/api/v2/alerts"
    assert "/api/v2/alerts" not in [path for path, _, _ in cluster.asked]


HOSTILE: tuple[Any, ...] = (
    None, 7, "text", [], {}, {"labels": 7}, {"labels": {"alertname": "A"}},
    {"labels": {"alertname": "A"}, "fingerprint": "../../etc"}, {"labels": {"alertname": "A"}, "fingerprint": 7},
)  # fmt: skip


def test_what_is_no_alert_costs_no_other_and_is_counted(cluster: Cluster, capsys: pytest.CaptureFixture[str]):
    cluster.alerts = [*HOSTILE, alert(1)]
    assert sweep(cluster, "--json") == 0
    assert cluster.created == [episode(1)]
    assert json.loads(capsys.readouterr().out)["unread"] == len(HOSTILE)


def test_hostile_words_reach_the_run_as_base64_only(cluster: Cluster):
    words = "\"'`$(params.alert) $(HOME) {{ .X }}\n\x1b[31m \u202e é"
    cluster.alerts = [alert(1, name=f"A {words}", annotations={"summary": words})]
    sweep(cluster)
    run = cluster.runs[episode(1)]
    posted = json.loads(base64.b64decode(given(run, "alert")))
    assert posted["annotations"]["summary"] == words
    assert run["metadata"]["labels"]["incident-agent/alertname"] == ""
    assert "$(" not in json.dumps(run)


@pytest.mark.parametrize(
    ("started", "stamp"),
    [("soon", 0), (None, 0), ("0001-01-01T00:00:00Z", 0), ("3000-01-01T00:00:00Z", 0), (START, STAMP)],
)
def test_a_start_that_is_no_time_is_named_as_the_listener_names_it(
    started: Any, stamp: int, cluster: Cluster
):
    cluster.alerts = [alert(1, startsAt=started)]
    sweep(cluster)
    assert cluster.created == [f"incident-{1:016x}-{stamp}"]


def test_never_more_runs_than_there_is_room_for_the_most_severe_alone_then_the_oldest(cluster: Cluster):
    older = alert(9, startsAt="2026-01-31T11:00:00Z")
    cluster.alerts = [
        alert(1, "info"),
        alert(2),
        alert(3, "page"),
        alert(4, "error"),
        alert(5, "critical"),
        older,
    ]
    cluster.add(
        {
            "metadata": {"name": "by-hand", "labels": {"app.kubernetes.io/part-of": "incident-agent"}},
            "status": {},
        }
    )
    assert sweep(cluster, "--most=5") == 0
    assert cluster.of("single") == [episode(3), episode(5), episode(4)]
    (batch,) = cluster.of("batch")
    old = f"incident-{9:016x}-{STAMP - 3600}"
    assert cluster.runs[batch]["metadata"]["annotations"]["incident-agent/episodes"].split() == [
        old, episode(2), episode(1),
    ]  # fmt: skip


def test_without_room_all_wait_and_nothing_is_created(cluster: Cluster, capsys: pytest.CaptureFixture[str]):
    cluster.alerts = [alert(number) for number in range(3)]
    sweep(cluster, "--most=1")
    created = list(cluster.created)
    cluster.alerts += [alert(7), alert(8)]
    assert sweep(cluster, "--most=1") == 0
    assert cluster.created == created
    assert capsys.readouterr().out.endswith("firing 5, running 3, waiting 2, started 0, given up 0\n")


def test_five_hundred_at_once_are_all_in_a_run_of_few(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(500)]
    assert sweep(cluster) == 0
    singles, batches = cluster.of("single"), cluster.of("batch")
    assert len(singles) + len(batches) == 10
    worked = singles + [name for batch in batches for name in carried(cluster.runs[batch])]
    assert sorted(worked) == sorted(map(episode, range(500)))


def test_what_a_batch_works_keeps_its_name_so_that_the_listener_starts_nothing(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(4)]
    sweep(cluster, "--most=1")
    (batch,) = cluster.of("batch")
    assert cluster.created[-1] == batch  # the names were taken first
    for name in cluster.of("place"):
        assert cluster.runs[name]["spec"]["status"] == "Cancelled"
        assert cluster.runs[name]["metadata"]["labels"]["incident-agent/worked-by"] == batch
        assert cluster.runs[name]["metadata"]["annotations"] == {"incident-agent/told": f"worked by {batch}"}
    assert sorted(cluster.of("place")) == sorted(carried(cluster.runs[batch]))


def test_what_a_batch_of_the_listener_works_keeps_its_name_too(cluster: Cluster):
    cluster.alerts = [alert(1), alert(2), alert(3)]
    cluster.add(
        {
            "metadata": {
                "name": "incident-batch-x", "labels": {"incident-agent/batch": "true"},
                "annotations": {"incident-agent/episodes": f"{episode(1)} {episode(2)}"},
            }
        }
    )  # fmt: skip
    for _ in range(2):
        assert sweep(cluster) == 0
    assert cluster.created == [episode(3), episode(1), episode(2)]
    assert cluster.of("place") == [episode(1), episode(2)]


def test_an_alert_that_the_listener_takes_meanwhile_is_left_to_it(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(number) for number in range(4)]
    cluster.taken = {episode(2)}
    sweep(cluster, "--most=1")
    assert capsys.readouterr().out == "firing 4, running 1, waiting 0, started 3, given up 0\n"
    (batch,) = cluster.of("batch")
    assert carried(cluster.runs[batch]) == [episode(0), episode(1), episode(3)]


def test_a_sweep_that_was_killed_before_its_batch_is_made_good_by_the_next(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(4)]
    cluster.refused = {"incident-batch-": 500}
    assert sweep(cluster, "--most=1") == 1
    cluster.refused = {}
    assert sweep(cluster, "--most=1") == 0
    (batch,) = cluster.of("batch")
    assert carried(cluster.runs[batch]) == [episode(number) for number in range(4)]


def test_an_alert_too_large_for_a_variable_goes_into_a_batch_and_one_beyond_any_run_is_given_up(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    large = alert(1, annotations={"description": ["y" * 60_000] * 2, "d": "y" * 95_000})
    cluster.alerts = [large, alert(2, annotations={str(n): "y" * 60_000 for n in range(12)})]
    assert sweep(cluster) == 0
    (batch,) = cluster.of("batch")
    assert carried(cluster.runs[batch]) == [episode(1)]
    said = capsys.readouterr()
    assert said.out == "firing 2, running 0, waiting 0, started 1, given up 1\n"
    assert f"NOT investigated: KubePodCrashLooping ({episode(2)}): the alert is too large" in said.err


def test_a_run_that_the_api_server_refuses_costs_no_other_and_is_said(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(1), alert(2)]
    cluster.refused = {episode(1): 403}
    assert sweep(cluster) == 1
    assert cluster.created == [episode(2)]
    said = capsys.readouterr()
    assert f"cannot create the PipelineRun {episode(1)}: HTTP 403 not this one" in said.err
    assert said.out == "firing 2, running 0, waiting 1, started 1, given up 0\n"


def test_a_run_without_a_verdict_is_tried_twice_more_and_then_given_up_with_one_message(
    cluster: Cluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "url").write_text(f"{cluster.url}/chat")
    cluster.alerts = [alert(1)]
    for name in (episode(1), f"{episode(1)}-2", f"{episode(1)}-3"):
        assert sweep(cluster, f"--url-file={tmp_path / 'url'}") == 0
        assert cluster.created[-1] == name
        cluster.end(name, "False", LONG_AGO)
    for _ in range(3):
        assert sweep(cluster, f"--url-file={tmp_path / 'url'}") == 0
    assert capsys.readouterr().out.endswith("firing 1, running 0, waiting 0, started 0, given up 1\n")
    assert cluster.of("single") == [episode(1), f"{episode(1)}-2", f"{episode(1)}-3"]
    (message,) = cluster.posted
    assert message.startswith(f"`NOT investigated: KubePodCrashLooping ({episode(1)}): 3 runs ended")
    assert "tkn pipelinerun describe incident-" in message


def test_a_message_that_could_not_be_sent_is_sent_by_the_next_sweep(
    cluster: Cluster,
    tmp_path: Path,
):
    cluster.alerts = [alert(1)]
    for name in (episode(1), f"{episode(1)}-2", f"{episode(1)}-3"):
        sweep(cluster)
        cluster.end(name, "False", LONG_AGO)
    (tmp_path / "url").write_text(f"{cluster.url}/gone")
    assert sweep(cluster, f"--url-file={tmp_path / 'url'}") == 2
    (tmp_path / "url").write_text(f"{cluster.url}/chat")
    assert sweep(cluster, f"--url-file={tmp_path / 'url'}") == 0
    assert len(cluster.posted) == 1


def test_between_two_attempts_there_is_time(cluster: Cluster, capsys: pytest.CaptureFixture[str]):
    cluster.alerts = [alert(1)]
    sweep(cluster)
    cluster.end(episode(1), "False", "2999-01-01T00:00:00Z")
    assert sweep(cluster) == 0
    assert cluster.created == [episode(1)]
    assert capsys.readouterr().out.endswith("waiting 1, started 0, given up 0\n")


def test_a_verdict_in_the_results_of_a_failed_run_is_one(cluster: Cluster):
    cluster.alerts = [alert(1)]
    sweep(cluster)
    cluster.end(episode(1), "False", LONG_AGO, results=[{"name": "outcome", "value": "diagnosed"}])
    sweep(cluster)
    assert cluster.created == [episode(1)]


def test_what_a_failed_batch_carried_is_tried_again(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(3)]
    sweep(cluster, "--most=1")
    (batch,) = cluster.of("batch")
    cluster.end(batch, "False", LONG_AGO)
    sweep(cluster, "--most=3")
    assert cluster.of("single") == [f"{episode(number)}-2" for number in range(3)]
    for name in cluster.of("single"):
        assert cluster.runs[name]["metadata"]["labels"]["incident-agent/attempt"] == "2"


def test_the_third_attempt_is_in_no_batch_since_one_alert_can_kill_the_pod_of_all(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
):
    cluster.alerts = [alert(number) for number in range(5)]
    for _ in range(2):
        sweep(cluster, "--most=1")
        cluster.end(cluster.created[-1], "False", LONG_AGO)
    assert len(cluster.of("batch")) == 2
    assert sweep(cluster, "--most=2") == 0
    assert len(cluster.of("batch")) == 2
    assert cluster.of("single") == [f"{episode(number)}-3" for number in range(2)]
    assert capsys.readouterr().out.endswith("firing 5, running 0, waiting 3, started 2, given up 0\n")


def test_what_a_batch_left_to_a_run_that_failed_later_has_no_verdict(cluster: Cluster):
    cluster.alerts = [alert(1), alert(2)]
    sweep(cluster, "--most=1")
    (batch,) = cluster.of("batch")
    cluster.end(batch, "True", ENDED)  # it left the second alert to the run that follows, which then failed
    cluster.runs[episode(2)]["metadata"]["labels"] = {}
    cluster.end(episode(2), "False", ENDED)
    sweep(cluster)
    assert cluster.created[-1] == f"{episode(2)}-2"


def test_many_runs_are_read_page_by_page(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(90)]
    sweep(cluster, "--most=1000")
    created = len(cluster.created)
    cluster.asked.clear()
    sweep(cluster, "--most=1000")
    assert created == len(cluster.created) == 90
    assert len([path for path, _, _ in cluster.asked if path.endswith("/pipelineruns")]) == 3


@pytest.mark.parametrize("number", ["0", "-1", "1001", "many"])
def test_the_cap_is_a_number_that_can_be(number: str, capsys: pytest.CaptureFixture[str]):
    assert cli.run(["tekton", "sweep", "--alertmanager=http://a", f"--most={number}"]) == 2
    assert f"invalid most value: '{number}'" in capsys.readouterr().err


def test_the_runs_are_those_of_the_listeners_template(cluster: Cluster):
    cluster.alerts = [alert(number) for number in range(4)]
    sweep(cluster, "--most=2")
    templates = {d["metadata"]["name"]: d["spec"] for d in documents(TEKTON / "triggers" / "templates.yaml")}
    (resource,) = templates["incident-run"]["resourcetemplates"]
    known = {param["name"] for param in resource["spec"]["params"]}
    for name in cluster.of("single") + cluster.of("batch"):
        run = cluster.runs[name]
        assert run["spec"].keys() == resource["spec"].keys()
        for key in resource["spec"].keys() - {"params"}:
            assert run["spec"][key] == resource["spec"][key]
        assert {param["name"] for param in run["spec"]["params"]} <= known
        for key in ("labels", "annotations"):
            assert run["metadata"].get(key, {}).keys() <= resource["metadata"][key].keys()


def test_what_the_listener_calls_large_the_sweep_calls_large_too():
    assert (sweep_plan.LARGEST, sweep_plan.FOLD, sweep_plan.BATCH_BYTES) == (
        listener.LARGEST, listener.FOLD, listener.BATCH_BYTES,
    )  # fmt: skip
