"""Calls that fail: followed from the caller's log to the first broken thing."""

import pytest

from agent.diagnosis.ranking import Verdict
from agent.evidence.answer import Answer
from tests.diagnosis.objects import (
    container,
    crashing,
    deployed,
    deployment,
    owned,
    pod,
    replica_set,
    running,
    template,
)
from tests.diagnosis.world import World, quoted

ALERT = {
    "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "web-a-x1", "container": "web"}
}
REFUSED = (
    "requests.exceptions.ConnectionError: connect to ledger:8080 failed: [Errno 111] Connection refused\n"
)
TIMED_OUT = (
    "dial tcp: connect to ledger:8080: i/o timeout: context deadline exceeded calling http://ledger:8080/\n"
)
NXDOMAIN = "curl: (6) Could not resolve host: ledger\n"


def world(log: str, *, url: str = "http://ledger:8080") -> World:
    """A crashing caller whose variable names the Service ledger."""
    put = World().add(
        *deployed(crashing(), container(env=[{"name": "LEDGER_URL", "value": url}])),
        {
            "kind": "Namespace",
            "metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}},
        },
    )
    return put.log("shop", "web-a-x1", "web", log, previous=True)


def service(
    name: str = "ledger", *, port: int = 8080, target: int | str = 8080, app: str = "ledger", **spec
) -> dict:
    ports = [{"port": port, "targetPort": target, "protocol": "TCP"}]
    return {"kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": {"app": app}, "ports": ports, "clusterIP": "10.96.0.9"} | spec}  # fmt: skip


def ledger(
    put: World, *, ready: bool = True, status: dict | None = None, ports: tuple[int, ...] = (8080,)
) -> World:
    """The dependency: a Deployment with one pod."""
    own = container("ledger", ports=[{"containerPort": p} for p in ports])
    return put.add(*deployed(status or running("ledger", ready=ready), own, name="ledger", ready=ready))


def policy(name: str, **spec) -> dict:
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def verdict(put: World) -> Verdict:
    return put.investigate(ALERT)[0]


def root(put: World) -> str:
    return put.root(ALERT).id


def test_a_service_that_does_not_exist_is_the_callers_mistake() -> None:
    found = verdict(world(NXDOMAIN).add(service("ledgers")))
    assert found.root and found.root.id == "dependency-service-missing@shop/Deployment/web"
    assert "(ledgers exists)" in found.sentence
    assert "spec.containers[web].env[LEDGER_URL].value" in quoted(found.root)


def test_a_crashing_dependency_is_the_root_and_the_chain_leads_there() -> None:
    put = ledger(world(REFUSED).add(service()), ready=False, status=crashing("ledger"))
    put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
    found = verdict(put)
    assert found.root and found.root.id == "missing-variable@shop/Deployment/ledger"
    causes = [f.cause.id for f in found.chain]
    assert causes == ["dependency-refused", "service-no-ready-endpoints", "missing-variable"]


def test_a_dependency_whose_pods_cannot_be_read_leaves_the_root_open() -> None:
    put = ledger(world(REFUSED).add(service()), ready=False)
    put.refuse["list Pod"] = Answer("forbidden", message="pods is forbidden")
    assert verdict(put).outcome == "inconclusive"


def test_a_selector_that_matches_nothing_is_the_services_fault() -> None:
    put = ledger(world(REFUSED).add(service(app="ledgr")))
    assert root(put) == "service-selector-mismatch@shop/Service/ledger"


def test_a_port_the_service_does_not_offer_is_the_callers_mistake() -> None:
    assert root(ledger(world(REFUSED).add(service(port=80)))) == "dependency-wrong-port@shop/Deployment/web"


def test_a_target_port_by_a_name_no_container_has() -> None:
    put = ledger(world(REFUSED).add(service(target="http")))
    assert root(put) == "service-wrong-target-port@shop/Service/ledger"


def test_a_target_port_other_than_the_program_listens_on() -> None:
    put = ledger(world(REFUSED).add(service(target=9090)))
    put.log("shop", "ledger-a-x1", "ledger", "listening on :8080\n")
    assert root(put) == "service-wrong-target-port@shop/Service/ledger"


def test_an_undeclared_port_is_right_when_the_program_listens_on_it() -> None:
    put = ledger(world(REFUSED).add(service(target=9090)))
    put.log("shop", "ledger-a-x1", "ledger", "listening on :9090\n")
    assert "service-wrong-target-port" not in root(put)


def test_a_service_without_any_workload_has_nobody_behind_it() -> None:
    assert root(world(REFUSED).add(service())) == "service-without-backends@shop/Service/ledger"


def test_a_dependency_scaled_to_zero_is_the_root() -> None:
    put = world(REFUSED).add(service(), deployment("ledger", replicas=0, pod_template=template(app="ledger")))
    assert root(put) == "scaled-to-zero@shop/Deployment/ledger"


def test_a_policy_of_the_dependency_that_admits_others_only_is_in_the_way() -> None:
    put = ledger(world(TIMED_OUT).add(service()))
    put.add(policy("ledger-in", podSelector={"matchLabels": {"app": "ledger"}}, policyTypes=["Ingress"],
                   ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "admin"}}}]}]))  # fmt: skip
    assert root(put) == "network-policy-blocks@shop/NetworkPolicy/ledger-in"


def test_a_policy_that_admits_the_caller_is_not_accused() -> None:
    put = ledger(world(TIMED_OUT).add(service()))
    put.add(policy("ledger-in", podSelector={"matchLabels": {"app": "ledger"}}, policyTypes=["Ingress"],
                   ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}],
                             "ports": [{"port": 8080}]}]))  # fmt: skip
    assert "network-policy" not in root(put)


def test_a_second_policy_may_admit_what_the_first_does_not() -> None:
    put = ledger(world(TIMED_OUT).add(service()))
    put.add(policy("deny", podSelector={}, policyTypes=["Ingress"]))
    put.add(
        policy("allow", podSelector={"matchLabels": {"app": "ledger"}}, policyTypes=["Ingress"], ingress=[{}])
    )
    assert "network-policy" not in root(put)


def test_an_egress_policy_without_dns_keeps_names_from_resolving() -> None:
    line = "socket.gaierror: [Errno -3] Temporary failure in name resolution: http://ledger:8080/\n"
    put = ledger(world(line).add(service()))
    put.add(policy("web-out", podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Egress"],
                   egress=[{"to": [{"podSelector": {}}], "ports": [{"port": 8080}]}]))  # fmt: skip
    assert root(put) == "network-policy-blocks-dns@shop/NetworkPolicy/web-out"


def test_an_external_host_is_named_but_not_followed() -> None:
    line = "curl: (28) Failed to connect to api.partner.example.com port 443: Connection timed out\n"
    found = verdict(world(line, url="https://api.partner.example.com"))
    assert found.root and found.root.id == "dependency-timeout@shop/Deployment/web"
    assert "api.partner.example.com" in found.sentence


def test_localhost_is_searched_in_the_pod_itself() -> None:
    line = "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.\n"
    assert root(world(line, url="redis://localhost:6379")) == "dependency-localhost@shop/Deployment/web"


LINES = [
    ("x509: certificate has expired or is not yet valid: Get https://ledger:8080/", "dependency-tls-expired"),
    ("Get https://ledger:8080/: x509: certificate signed by unknown authority", "dependency-tls-untrusted"),
    (
        "Get https://ledger:8080/: x509: certificate is valid for a.example, not ledger",
        "dependency-tls-wrong-host",
    ),
    ('FATAL: password authentication failed for user "web"', "dependency-auth-failed"),
    ("FATAL: sorry, too many clients already", "too-many-connections"),
]


@pytest.mark.parametrize(("line", "cause"), LINES)
def test_a_peer_that_answers_and_refuses_is_told_by_the_line(line: str, cause: str) -> None:
    put = ledger(world(f"{line}\n").add(service()))
    assert root(put).startswith(f"{cause}@")


def test_a_caller_across_namespaces_is_followed_to_the_root() -> None:
    put = world(REFUSED.replace("ledger:8080", "ledger.core.svc.cluster.local:8080"))
    broken = ledger(
        World().add(service()), ready=False, status=crashing("ledger", code=137, reason="OOMKilled")
    )
    for data in broken.objects.values():
        data["metadata"]["namespace"] = "core"
        put.add(data)
    assert root(put).endswith("@core/Deployment/ledger")


def test_a_running_init_container_waits_for_a_service_that_does_not_exist() -> None:
    put = world("")
    waiter = container("wait", command=["sh", "-c", "until nc -z legder 5432; do sleep 2; done"])
    data = put.objects["Pod", "shop", "web-a-x1"]
    data["spec"]["initContainers"] = [waiter]
    data["status"] |= {"phase": "Pending", "initContainerStatuses": [running("wait", ready=False, minutes=9)]}
    data["status"]["containerStatuses"] = [
        {
            "name": "web",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "PodInitializing"}},
        }
    ]
    put.log("shop", "web-a-x1", "wait", "")
    assert root(put) == "dependency-service-missing@shop/Deployment/web"


def test_a_healthy_service_is_not_accused_when_the_alert_names_it() -> None:
    put = ledger(World().add(service()))
    alert = {"labels": {"alertname": "KubeServiceCheck", "namespace": "shop", "service": "ledger"}}
    assert put.investigate(alert)[0].outcome in ("self-resolved", "not-actionable", "inconclusive")


ELSEWHERE = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.9.9.9"]}}


@pytest.mark.parametrize("spec", [{"dnsPolicy": "Default"}, {"hostNetwork": True}, ELSEWHERE])
def test_a_pod_that_does_not_ask_the_clusters_dns_is_told_so(spec: dict) -> None:
    put = world(NXDOMAIN).add(service(), pod("ledger-1", app="ledger"))
    put.objects["Pod", "shop", "web-a-x1"]["spec"] |= spec
    verdict, _ = put.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "dependency-dns"
    assert (
        "the pod queries" in verdict.root.headline and "dnsPolicy" in verdict.root.recommendations[0].sentence
    )


def test_a_stateful_set_whose_headless_service_is_missing_lacks_the_names_of_its_pods() -> None:
    log = "raft: lookup of peer web-1.web-peers.shop.svc.cluster.local failed: Name or service not known\n"
    put = world(log)
    verdict, _ = put.investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "dependency-service-missing"
    assert "no Service web-peers" in verdict.root.headline


NO_NAME = "socket.gaierror: [Errno -2] Name or service not known\n"


def configured(put: World, **data: str) -> World:
    """The caller takes its variables from a ConfigMap, not from its own specification."""
    for held in put.objects.values():
        spec = held.get("spec", {})
        spec = spec.get("template", {}).get("spec", spec)
        for each in spec.get("containers", []):
            each["env"], each["envFrom"] = [], [{"configMapRef": {"name": "web-env"}}]
    return put.add({"kind": "ConfigMap", "metadata": {"name": "web-env", "namespace": "shop"}, "data": data})


def test_a_host_that_only_a_config_map_names_is_the_one_that_does_not_resolve() -> None:
    found = verdict(configured(world(NO_NAME), DB_HOST="ledgerr", DB_PORT="5432").add(service()))
    assert found.root and found.root.id == "dependency-service-missing@shop/Deployment/web"
    assert "calls ledgerr:5432" in found.sentence and "(ledger exists)" in found.sentence
    assert "data.DB_HOST: ledgerr" in quoted(found.root)


def test_the_upstream_that_a_silent_proxy_has_in_its_file_is_followed() -> None:
    own = container(volumeMounts=[{"name": "conf", "mountPath": "/etc/proxy"}])
    volumes = [{"name": "conf", "configMap": {"name": "proxy"}}]
    put = World().add(
        *deployed(running(), own, ready=True, volumes=volumes),
        {"kind": "ConfigMap", "metadata": {"name": "proxy", "namespace": "shop"},
         "data": {"proxy.conf": "location / {\n  proxy_pass http://ledger:8080;\n}\n"}},
        service(),
    )  # fmt: skip
    put = ledger(put, ready=False, status=crashing("ledger"))
    put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
    labels = {"alertname": "HighErrorRate", "namespace": "shop", "deployment": "web"}
    found = put.investigate({"labels": labels})[0]
    assert found.root and found.root.id == "missing-variable@shop/Deployment/ledger"
    assert any("proxy_pass http://ledger:8080;" in quoted(each).splitlines() for each in found.chain)


def test_of_several_configured_hosts_the_one_that_is_not_there_is_meant() -> None:
    put = ledger(world(NO_NAME).add(service()))
    found = verdict(configured(put, LEDGER_URL="http://ledger:8080", CACHE_URL="redis://cache:6379"))
    assert found.root and found.root.id == "dependency-service-missing@shop/Deployment/web"
    assert "calls cache:6379" in found.sentence


def test_a_service_whose_program_listens_for_its_own_pod_only_refuses() -> None:
    put = ledger(world(REFUSED).add(service()))
    put.log("shop", "ledger-a-x1", "ledger", "listening on 127.0.0.1:8080\n")
    assert root(put) == "listens-on-loopback@shop/Deployment/ledger"


def test_a_refused_address_that_nobody_has_is_said_to_be_nobodys() -> None:
    found = verdict(world("connect 10.96.250.250:5432: [Errno 111] Connection refused\n", url=""))
    assert found.root and any("No Service and no pod" in c.text for c in found.root.claims)


def test_a_lookup_that_is_no_name_lookup_is_a_refused_connection() -> None:
    put = ledger(world("price lookup failed: http://ledger:8080/: Connection refused\n").add(service()))
    assert "dependency-refused" in root(put)


def test_a_refused_call_without_a_name_is_that_of_the_command() -> None:
    put = world("URLError: <urlopen error [Errno 111] Connection refused>\n", url="")
    for held in put.objects.values():
        for each in held.get("spec", {}).get("containers", []):
            each["command"] = ["python3", "-c", "urlopen('http://ledger:8080/close')"]
    put = ledger(put.add(service()), ready=False, status=crashing("ledger"))
    put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
    assert root(put) == "missing-variable@shop/Deployment/ledger"


def test_a_container_killed_by_its_probe_for_a_dependency_leads_to_it() -> None:
    put = world("healthcheck failed: ledger:8080: Connection refused\n" * 3)
    put.event("Pod", "shop", "web-a-x1", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500",
              field_path="spec.containers{web}")  # fmt: skip
    put.event("Pod", "shop", "web-a-x1", "Killing", "Container web failed liveness probe, will be restarted",
              type="Normal", field_path="spec.containers{web}", minutes=1)  # fmt: skip
    put = ledger(put.add(service()), ready=False, status=crashing("ledger"))
    put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
    assert root(put) == "missing-variable@shop/Deployment/ledger"


def test_a_word_of_prose_is_no_missing_service() -> None:
    put = world("FATAL voucher backend unavailable: [Errno 111] Connection refused\n")
    put = ledger(put.add(service()), ready=False, status=crashing("ledger"))
    put.log("shop", "ledger-a-x1", "ledger", "KeyError: 'DB_HOST'\n", previous=True)
    assert root(put) == "missing-variable@shop/Deployment/ledger"


def indexer(*, ports: list | None = None) -> list[dict]:
    """Another workload whose pods carry the label that the Service ledger selects."""
    made = template(container("index", ports=ports or []), app="ledger")
    labelled = pod("indexer-a-1", running("index"), app="ledger", owner=owned("ReplicaSet", "indexer-a"),
                   containers=made["spec"]["containers"])  # fmt: skip
    owner = replica_set("indexer-a", deployment="indexer", pod_template=made)
    return [deployment("indexer", replicas=1, pod_template=made), owner, labelled]


def test_a_selector_that_takes_in_pods_of_another_workload_is_the_cause_of_refusals() -> None:
    verdict, _ = ledger(world(REFUSED)).add(service(), *indexer()).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "service-selector-too-wide"
    assert "pods of Deployment indexer" in verdict.root.headline


def test_pods_of_two_workloads_that_both_serve_the_port_are_a_canary() -> None:
    both = indexer(ports=[{"containerPort": 8080}])
    verdict, _ = ledger(world(REFUSED)).add(service(), *both).investigate(ALERT)
    assert verdict.root and verdict.root.cause.id == "dependency-refused"


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: http://ledger:8080/rates",
            "dependency-rate-limited",
        ),
        (
            "requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: http://ledger:8080/rates",
            "dependency-error",
        ),
        (
            'Get "https://ledger:8080/rates": http: server gave HTTP response to HTTPS client',
            "dependency-tls-protocol",
        ),
    ],
    ids=["429", "502", "https"],
)
def test_a_dependency_that_is_well_and_answers_with_an_error_is_named_by_its_answer(
    line: str, cause: str
) -> None:
    found = verdict(ledger(world(f"{line}\n").add(service())))
    assert found.root and found.root.id == f"{cause}@shop/Deployment/web"
    assert line in quoted(found.root)


def test_a_connection_that_breaks_is_not_taken_for_one_without_tls() -> None:
    line = "read tcp 10.1.1.1:40112->ledger:8080: read: connection reset by peer\n"
    found = verdict(ledger(world(line).add(service())))
    assert found.outcome == "inconclusive" and found.root and found.root.cause.id == "dependency-reset"


def test_an_alias_of_a_service_that_does_not_exist_is_the_aliass_fault() -> None:
    alias = service() | {"spec": {"type": "ExternalName", "externalName": "ledger.bank.svc.cluster.local"}}
    found = verdict(world(NXDOMAIN).add(alias))
    assert found.root and found.root.id == "service-external-name@shop/Service/ledger"
    assert [link.cause.id for link in found.chain] == ["dependency-dns", "service-external-name"]


def test_an_alias_of_a_service_that_exists_leads_to_it() -> None:
    alias = service() | {"spec": {"type": "ExternalName", "externalName": "accounts.shop.svc.cluster.local"}}
    found = verdict(world(NXDOMAIN).add(alias, service("accounts")))
    assert found.root and found.root.id == "service-without-backends@shop/Service/accounts"


def test_a_connection_that_somebody_outside_breaks_is_the_cause() -> None:
    line = "read tcp 10.1.1.1:40112->203.0.113.7:5432: read: connection reset by peer\n"
    found = verdict(world(line, url="http://203.0.113.7:5432"))
    assert found.root and found.root.id == "dependency-reset@shop/Deployment/web"


# -- Services that a program names where it complains, whatever stands around the name ----------------

ODD_ALERT = {"labels": {"alertname": "CheckoutErrors", "namespace": "shop", "deployment": "web"}}
FAILING = "ERROR: Connection to stock-service failed!"


def shop(line: str, *more: dict) -> World:
    """A ready Deployment `web` that logs a line again and again, beside Service stock-service."""
    put = World().add(*deployed(running("web"), container("web"), name="web", ready=True), *more)
    return put.log("shop", "web-a-x1", "web", "\n".join([line] * 20))


def test_a_service_named_in_an_error_that_selects_nobody_is_the_cause() -> None:
    put = shop(FAILING, service("stock-service", app="stok"))
    verdict, _ = put.investigate(ODD_ALERT)
    assert [each.cause.id for each in verdict.chain] == ["dependency-down", "service-without-backends"]
    assert verdict.chain[0].claims[0].quotes[0].text == FAILING


def test_what_ails_the_pods_of_a_service_named_in_an_error_is_the_cause() -> None:
    callee = deployed(running("stock"), container("stock"), name="stock", ready=True)
    put = shop("ERROR reservation refused by stock-service", service("stock-service", app="stock"), *callee)
    put.log(
        "shop", "stock-a-x1", "stock", "\n".join(["FATAL cannot write /data: No space left on device"] * 5)
    )
    verdict, _ = put.investigate(ODD_ALERT)
    assert [str(each.entity) for each in verdict.chain] == ["shop/Deployment/web", "shop/Deployment/stock"]
    assert verdict.root and verdict.root.cause.id == "disk-full"


def test_a_service_named_in_an_error_whose_pods_are_well_is_only_a_lead() -> None:
    callee = deployed(running("stock"), container("stock"), name="stock", ready=True)
    put = shop("ERROR reservation refused by stock-service", service("stock-service", app="stock"), *callee)
    verdict, _ = put.investigate(ODD_ALERT)
    assert verdict.outcome == "inconclusive" and "names Service stock-service" in verdict.sentence


@pytest.mark.parametrize(
    "line", ["ERROR the api failed", "ERROR my-stock-service-2 failed", "INFO called stock-service"]
)
def test_a_name_that_is_a_word_part_of_another_or_in_no_trouble_is_none(line: str) -> None:
    put = shop(line, service("api", app="none"), service("stock-service", app="none"))
    assert put.investigate(ODD_ALERT)[0].outcome == "inconclusive"
