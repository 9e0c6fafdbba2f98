"""An alert on a host leads to its node, by name or by address."""

import pytest

from tests.intake.alerts import BANK, HOST_EXPORTER, STATE_EXPORTER, ref, routed


@pytest.mark.parametrize(
    "name",
    ["NodeFilesystemAlmostOutOfSpace", "NodeMemoryHighUtilization", "NodeCPUHighUsage",
     "NodeClockSkewDetected", "HostOutOfMemory", "CustomDiskFull"],
)  # fmt: skip
def test_an_alert_on_a_host_leads_to_its_node_not_to_the_exporter(name):
    assert routed(name, HOST_EXPORTER | {"instance": "worker-1:9100"}).ref == ref("Node/worker-1")
    assert routed(name, HOST_EXPORTER | {"nodename": "worker-2"}).ref == ref("Node/worker-2")


@pytest.mark.parametrize(
    ("instance", "address"),
    [
        ("10.0.0.5:9100", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.5"),
        ("[fd00::5]:9100", "fd00::5"),
        ("fd00::5", "fd00::5"),
    ],
)
def test_an_address_is_a_node_to_be_found_not_the_name_of_one(instance, address):
    subject = routed("NodeClockSkewDetected", HOST_EXPORTER | {"instance": instance})
    assert (subject.ref, subject.node, subject.namespace) == (None, address, "")


def test_a_node_alert_that_names_no_node_does_not_lead_to_the_exporter():
    labels = {key: STATE_EXPORTER[key] for key in ("namespace", "pod", "service")}
    subject = routed("KubeNodeNotReady", labels)
    assert (subject.ref, subject.service, subject.namespace) == (None, "", "")


def test_a_node_alert_may_name_its_node_in_words():
    assert routed("KubeNodeNotReady", description="Node worker-1 is not ready.").ref == ref("Node/worker-1")


@pytest.mark.parametrize("name", ["NodeJSEventLoopLag", "NodejsHeapFull", "Node.jsDown"])
def test_node_js_is_no_node(name):
    assert routed(name, BANK | {"pod": "desk-0"}).ref == ref("bank/Pod/desk-0")


def test_the_hints_of_a_node_known_by_address_are_kept():
    subject = routed("NodeFilesystemAlmostOutOfSpace", HOST_EXPORTER | {"mountpoint": "/var"})
    assert subject.hints == {"mountpoint": "/var"}
