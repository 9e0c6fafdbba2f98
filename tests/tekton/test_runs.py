"""PipelineRuns read from an API server, and the commands that do."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from agent import cli
from agent.tekton.runs import Runs, RunsError
from tests.evidence.fake_api import FakeApi, status

PATH = "/apis/tekton.dev/v1/namespaces/sre/pipelineruns"
PART_OF = {"app.kubernetes.io/part-of": "incident-agent"}


def run(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": PART_OF, "creationTimestamp": "2026-01-31T12:00:00Z"}} | more


def test_all_runs_are_read_page_by_page(api: FakeApi):
    other = {"metadata": {"name": "somebody-else", "labels": {}}}
    api.objects[PATH] = [*(run(f"r-{number}") for number in range(250)), other]
    assert [each["metadata"]["name"] for each in Runs.here().all()] == [
        f"r-{number}" for number in range(250)
    ]
    assert len(api.requests) == 7


def test_runs_that_together_carry_more_than_one_value_may_have_are_read(api: FakeApi):
    large = {"params": [{"name": "alerts", "value": "A" * 900_000}]}
    api.objects[PATH] = [run(f"r-{number}", spec=large) for number in range(4)]
    assert len(list(Runs.here().all())) == 4
    assert [set(each) for each in Runs.here().traces()] == [{"metadata", "status"}] * 4


def test_what_may_not_be_read_or_deleted_is_said_in_words(api: FakeApi):
    api.refusals[PATH] = 403, status("pipelineruns is forbidden")
    with pytest.raises(
        RunsError, match="cannot read the PipelineRuns of this namespace: pipelineruns is forbidden"
    ):
        list(Runs.here().all())
    with pytest.raises(
        RunsError, match="cannot delete the PipelineRun r-1: the API server answered HTTP 501"
    ):
        Runs.here().delete("r-1")


def test_pruning_without_the_right_to_list_is_one_line_and_exit_status_2(
    api: FakeApi, capsys: pytest.CaptureFixture[str]
):
    api.refusals[PATH] = 403, status("pipelineruns is forbidden")
    assert cli.run(["tekton", "prune"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_batch_whose_alerts_other_runs_took_says_so_and_leaves_all_results(
    api: FakeApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    alert = {"labels": {"alertname": "A"}, "fingerprint": "f" * 16, "startsAt": "2026-01-31T12:00:00Z"}
    carried = base64.b64encode(json.dumps({"version": "4", "alerts": [alert]}).encode()).decode()
    batch = run("b", spec={"params": [{"name": "alerts", "value": carried}]})
    batch["metadata"]["labels"] = PART_OF | {"incident-agent/batch": "true"}
    api.objects[f"{PATH}/b"] = batch
    api.objects[PATH] = [batch, run(f"incident-{'f' * 16}-1769860800")]
    results = tmp_path / "results"
    assert cli.run(["investigate", "--batch=b", f"--tekton-results={results}"]) == 0
    assert "Nothing is left to investigate." in capsys.readouterr().out
    assert (results / "outcome").read_text() == "not-actionable"
