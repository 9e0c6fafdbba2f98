import json
import re
from dataclasses import fields
from typing import Any

import pytest
import yaml

from agent.settings import Settings, variable
from tekton import catalog
from tekton.install import advice, advice_on_interceptors
from tekton.manifests import ManifestError, kustomization
from tekton.sweeping import Sweeping
from tests.tekton.manifests import ROOT, TEKTON, documents, everything, pipeline, task

TASKS = ("incident-investigate", "incident-report")


@pytest.mark.parametrize("path", catalog.resources(), ids=lambda path: path.stem)
def test_the_catalog_has_nothing_to_complain_about(path: Any):
    assert list(catalog.problems(path)) == []


def test_the_check_of_the_catalog_sees_what_catlin_sees(tmp_path: Any):
    bad = task("incident-report")
    bad["metadata"]["labels"] = {}
    bad["metadata"]["annotations"]["tekton.dev/categories"] = "Miracles"
    step = bad["spec"]["steps"][0]
    step |= {"image": "agent:latest", "script": "echo $(params.run)", "command": []}
    step["env"] = [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]
    step["securityContext"] = {"runAsUser": 0}
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(bad))
    said = "\n".join(catalog.problems(path))
    expected = ("metadata.name", "label app.kubernetes.io/version", "Miracles", "latest", "runs a shell", "no command",
                "expected a file", "numeric user", "README.md", "sample")  # fmt: skip
    assert [words for words in expected if words not in said] == []


def test_every_setting_the_task_gives_is_one_the_agent_has():
    known = {variable(setting.name) for setting in fields(Settings)}
    given = {each["name"] for each in task("incident-investigate")["spec"]["steps"][0]["env"]}
    assert given <= known


@pytest.mark.parametrize("name", TASKS)
def test_no_parameter_is_expanded_inside_a_script_or_a_shell(name: str):
    for step in task(name)["spec"]["steps"]:
        assert "script" not in step
        assert not {"sh", "bash"} & {part.rsplit("/", 1)[-1] for part in step["command"]}


def test_the_pipeline_hands_every_task_what_it_declares():
    for each in [*pipeline()["spec"]["tasks"], *pipeline()["spec"]["finally"]]:
        spec = task(each["taskRef"]["name"])["spec"]
        given = {param["name"] for param in each["params"]}
        declared = {param["name"]: param for param in spec["params"]}
        assert given <= set(declared)
        assert {name for name, param in declared.items() if "default" not in param} <= given
        assert {w["name"] for w in each.get("workspaces", [])} <= {
            w["name"] for w in spec.get("workspaces", [])
        }


def test_causes_are_switched_by_a_workspace_that_need_not_be_bound():
    spec = task("incident-investigate")["spec"]
    (of_task,) = [each for each in spec["workspaces"] if each["name"] == "causes"]
    (of_pipeline,) = [each for each in pipeline()["spec"]["workspaces"] if each["name"] == "causes"]
    assert of_task["optional"] and of_task["readOnly"] and of_pipeline["optional"]
    assert {"name": "INCIDENT_CAUSES", "value": "$(workspaces.causes.path)"} in spec["steps"][0]["env"]
    (investigate,) = [each for each in pipeline()["spec"]["tasks"] if each["name"] == "investigate"]
    assert {"name": "causes", "workspace": "causes"} in investigate["workspaces"]


def test_a_run_of_a_listener_has_the_causes_of_a_config_map_that_need_not_be_there():
    templates = [d for _, d in everything() if d["kind"] == "TriggerTemplate"]
    runs = [run["spec"] for each in templates for run in each["spec"]["resourcetemplates"]]
    assert runs
    for run in runs:
        (bound,) = run["workspaces"]
        assert bound == {"name": "causes", "configMap": {"name": "incident-causes", "optional": True}}
        assert bound["name"] in {each["name"] for each in pipeline()["spec"]["workspaces"]}


def test_every_result_the_pipeline_uses_is_one_that_a_task_has():
    text = yaml.safe_dump(pipeline())
    tasks = {
        t["name"]: t["taskRef"]["name"] for t in pipeline()["spec"]["tasks"] + pipeline()["spec"]["finally"]
    }
    for used, result in re.findall(r"\$\((?:tasks|finally)\.([\w-]+)\.results\.([\w-]+)\)", text):
        assert result in {each["name"] for each in task(tasks[used])["spec"]["results"]}


def test_a_run_with_an_outcome_is_one_pod():
    (only,) = pipeline()["spec"]["tasks"]
    assert len(task(only["taskRef"]["name"])["spec"]["steps"]) == 1
    for each in pipeline()["spec"]["finally"]:
        unless = {"input": f"$(tasks.{only['name']}.status)", "operator": "notin", "values": ["Succeeded"]}
        assert unless in each["when"]


def test_where_to_post_is_one_optional_secret_of_the_installation():
    (default,) = [p["default"] for p in pipeline()["spec"]["params"] if p["name"] == "notify-secret"]
    (teller,) = [
        d for _, d in everything() if d["kind"] == "CronJob" and d["metadata"]["name"] == "incident-teller"
    ]
    mounted = [teller["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]]
    mounted += [task(name)["spec"]["volumes"] for name in TASKS]
    secrets = [v["secret"] for volumes in mounted for v in volumes if v["name"] == "notify"]
    assert [secret["optional"] for secret in secrets] == [True] * 3
    assert [secret["secretName"] for secret in secrets] == [default, *["$(params.notify-secret)"] * 2]


def test_the_report_uses_no_result_so_that_it_is_never_skipped():
    assert ".results." not in yaml.safe_dump(pipeline()["spec"]["finally"])


def test_every_timeout_leaves_time_for_the_report():
    def seconds(text: str) -> int:
        parts = re.findall(r"(\d+)([smh])", text)
        return sum(int(number) * {"s": 1, "m": 60, "h": 3600}[unit] for number, unit in parts)

    needed = {
        t["name"]: seconds(t["timeout"]) * (1 + t.get("retries", 0)) for t in pipeline()["spec"]["tasks"]
    }
    runs = [
        r for _, d in everything() if d["kind"] == "TriggerTemplate" for r in d["spec"]["resourcetemplates"]
    ]
    runs += [document for _, document in everything() if document["kind"] == "PipelineRun"]
    for run in runs:
        limits = {name: seconds(text) for name, text in run["spec"]["timeouts"].items()}
        assert limits["pipeline"] >= limits["tasks"] + limits["finally"]
        assert limits["tasks"] >= needed["investigate"]
        assert limits["finally"] >= seconds(pipeline()["spec"]["finally"][0]["timeout"])


def test_every_manifest_is_installed_or_a_sample():
    listed = set()
    for path in TEKTON.rglob("kustomization.yaml"):
        named = yaml.safe_load(path.read_text())
        for entry in named.get("resources", []):
            listed.add((path.parent / entry).resolve())
    shown = {"samples", "tests", "bundle"}
    listed |= {TEKTON / "admission.yaml", TEKTON / "room.yaml"}  # where the cluster has the API
    unlisted = [p for p, _ in everything() if p.resolve() not in listed and not shown & set(p.parts)]
    assert unlisted == []


def test_nothing_names_a_namespace_so_that_any_can_be_chosen():
    assert [str(path) for path, document in everything() if "namespace" in document["metadata"]] == []


def test_what_belongs_to_the_cluster_is_named_after_the_installation():
    owned = [d["metadata"]["name"] for _, d in everything() if d["kind"].startswith("ClusterRole")]
    assert owned
    assert all(name.endswith(".namespace") for name in owned)


def test_the_reader_may_read_exactly_what_the_raw_manifests_grant():
    def rules(path: Any) -> Any:
        (found,) = [d["rules"] for d in documents(path) if d["kind"] == "ClusterRole"]
        return found

    assert rules(TEKTON / "rbac" / "agent.yaml") == rules(ROOT / "k8s" / "rbac.yaml")


def test_nobody_reads_secrets_or_uses_wildcards_and_only_the_named_may_write():
    writes: dict[str, list[Any]] = {}
    for _, document in everything():
        for rule in document.get("rules", []):
            assert "secrets" not in rule["resources"]
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            verbs = set(rule["verbs"]) - {"get", "list", "watch"}
            if verbs:
                writes.setdefault(document["metadata"]["name"], []).append((tuple(rule["resources"]), verbs))
    assert writes == {
        "incident-listener": [(("pipelineruns",), {"create"}), (("events",), {"create", "patch"})],
        "incident-pruner": [(("pipelineruns",), {"delete"})],
        "incident-teller": [(("pipelineruns",), {"patch"})],
        "incident-sweep": [(("pipelineruns",), {"create"})],
    }


def test_an_overlay_takes_namespace_and_image_by_digest():
    digest = "sha256:" + "0" * 64
    written = yaml.safe_load(kustomization("../tekton", "sre", f"registry:5000/a/agent:1.2@{digest}"))
    assert written["namespace"] == "sre"
    (image,) = written["images"]
    assert image == {
        "name": "incident-agent",
        "newName": "registry:5000/a/agent",
        "newTag": "1.2",
        "digest": digest,
    }


@pytest.mark.parametrize("image", ["agent", "agent@sha256:123", "Agent:1", "a b:1", "agent:1\nnamePrefix: x"])
def test_an_image_without_a_tag_is_refused(image: str):
    with pytest.raises(ManifestError, match="expected NAME:TAG"):
        kustomization("../tekton", "sre", image)


def test_advice_is_given_only_where_runs_could_not_start():
    assert "set-security-context" in advice("sre", "restricted", sets_context=False)
    assert "enforce=baseline" in advice("sre", "restricted", sets_context=False)
    assert advice("sre", "restricted", sets_context=True) == ""
    assert advice("sre", "baseline", sets_context=False) == ""
    assert advice("sre", "", sets_context=False) == ""


def test_the_cap_counts_the_pods_of_runs_and_the_sweep_starts_no_more():
    quota = {d["kind"]: d for d in documents(TEKTON / "sweep" / "cap.yaml")}["ResourceQuota"]["spec"]
    sweep = {d["kind"]: d for d in documents(TEKTON / "sweep" / "sweep.yaml")}["CronJob"]["spec"]
    (container,) = sweep["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert quota["scopes"] == ["Terminating"]
    assert f"--most={quota['hard']['pods']}" in container["args"]
    # or the quota would hold back the sweep itself
    assert "activeDeadlineSeconds" not in sweep["jobTemplate"]["spec"]["template"]["spec"]


def test_the_installer_says_whom_the_sweep_asks_and_how_many_pods_there_may_be():
    asked = (
        "http://alertmanager-main.monitoring.svc:9093",
        "https://am.example.com/prefix",
        "http://am.shop",
    )
    sweeping = Sweeping(asked, "sre|shop", 25)
    assert sweeping.peers() == ("monitoring:9093", "shop:80")
    patches = {each["target"]["kind"]: json.loads(each["patch"]) for each in sweeping.patches()}
    (cron,) = [d for d in documents(TEKTON / "sweep" / "sweep.yaml") if d["kind"] == "CronJob"]
    args = list(cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"])
    for operation in patches["CronJob"]:
        place = operation["path"].rsplit("/", 1)[1]
        if operation["op"] == "add":
            args.append(operation["value"])
        else:
            args[int(place)] = operation["value"]
    assert args[2:] == ["--most=25", *(f"--alertmanager={url}" for url in asked), "--receiver=sre|shop"]
    assert patches["ResourceQuota"] == [{"op": "replace", "path": "/spec/hard/pods", "value": "25"}]
    assert Sweeping().patches() == []


@pytest.mark.parametrize(
    "url", ["alertmanager:9093", "ftp://a", "http://", "http://u:p@a", "http://a:0", "http://a?b"]
)
def test_what_is_no_address_of_an_alertmanager_is_refused_in_words(url: str):
    with pytest.raises(ManifestError, match="no address of an Alertmanager"):
        Sweeping((url,)).peers()


def test_a_cap_that_cannot_be_is_refused_in_words():
    with pytest.raises(ManifestError, match="expected 1 to 1000"):
        Sweeping(most=0)


def test_two_pods_of_interceptors_are_advised_where_there_is_one_and_where_that_can_be_known():
    assert "--replicas=2" in advice_on_interceptors("1")
    assert [advice_on_interceptors(replicas) for replicas in ("2", "3", "")] == [""] * 3
