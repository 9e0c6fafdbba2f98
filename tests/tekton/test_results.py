import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tekton.results import (
    TOTAL_BYTES,
    conclusion,
    no_results,
    stored_size,
    tekton_results,
    write_values,
)
from agent.verdict.output import as_json
from tests.tekton.manifests import task
from tests.tekton.samples import result

LONGEST = "n" * 63 + "/" + "K" * 63 + "/" + "a" * 253


def declared() -> dict[str, str]:
    """The results of the Task with their types."""
    return {
        each["name"]: each.get("type", "string") for each in task("incident-investigate")["spec"]["results"]
    }


def test_every_result_of_the_task_is_written_and_no_other(tmp_path: Path):
    write_values(tmp_path, tekton_results([result()]))
    assert {path.name for path in tmp_path.iterdir()} == set(declared())
    assert set(no_results("not-actionable", "nothing")) == set(declared())


def test_a_diagnosed_incident_is_told_in_small_values():
    values = tekton_results([result()])
    assert values["outcome"] == "diagnosed"
    assert values["cause"] == "oom-killed"
    assert values["entity"] == "shop/StatefulSet/cart"
    assert values["confidence"] == "0.90"
    assert values["severity"] == "warning"
    assert values["incident-id"] == "1a30ba71cca2921f-1769860800"


def test_without_a_cause_the_subject_of_the_alert_is_the_entity():
    values = tekton_results([result(outcome="inconclusive", cause=None, entity=None)])
    assert (values["cause"], values["entity"]) == ("none", "shop/Pod/cart-0")


def test_the_digest_is_that_of_result_json():
    one = result()
    digest = hashlib.sha256(as_json(one).encode()).hexdigest()
    values = tekton_results([one])
    assert values["result-digest"] == f"sha256:{digest}"
    hint = json.loads(values["report_ARTIFACT_OUTPUTS"])
    assert hint == {
        "uri": "urn:incident-agent:1a30ba71cca2921f-1769860800:0123456789ab",
        "digest": f"sha256:{digest}",
    }


def test_of_several_incidents_the_one_that_most_needs_a_person_stands_for_all():
    batch = [result(outcome="self-resolved"), result(outcome="inconclusive", summary="Unclear."), result()]
    values = tekton_results(batch)
    assert values["outcome"] == "inconclusive"
    assert values["summary"] == "3 incidents: 1 inconclusive, 1 diagnosed, 1 self-resolved. First: Unclear."


def test_the_longest_name_kubernetes_allows_is_not_cut():
    assert tekton_results([result(entity=LONGEST)])["entity"] == LONGEST


@pytest.mark.parametrize("character", ["a", "<", '"', "\\", "\U0001f525", "\n", "日", "\x01", "$("])
def test_values_stay_below_the_limit_whatever_they_hold(character: str):
    endless = character * 5000
    alert = result().alert.model_copy(update={"severity": endless})
    long = result(
        summary=endless, entity=endless, cause=endless, incident_id=endless, run_id="r" * 12, alert=alert
    )
    values = tekton_results([long]) | conclusion("diagnosed", endless)
    assert stored_size(values) < TOTAL_BYTES
    assert all(len(value.splitlines()) <= 1 for value in values.values())


@given(st.text(max_size=3000))
def test_any_summary_is_one_printable_line_that_no_template_expands(text: str):
    summary = tekton_results([result(summary=text or "x")])["summary"]
    assert summary.isprintable()
    assert "$(" not in summary
    assert len(summary.encode("utf-8", "replace")) <= 1024


def test_a_result_file_has_no_line_end_since_tekton_would_keep_it(tmp_path: Path):
    write_values(tmp_path, tekton_results([result()]))
    assert not [path.name for path in tmp_path.iterdir() if path.read_bytes().endswith(b"\n")]
