from e2e.cluster.cluster import configuration


def test_our_own_node_image_brings_its_own_network():
    assert configuration(True, False, True)["networking"]["disableDefaultCNI"]
    assert "disableDefaultCNI" not in configuration(False, False, True)["networking"]


def test_only_a_host_that_lacks_a_capability_gets_the_feature_gate():
    assert configuration(True, True, True)["featureGates"] == {"KubeletInUserNamespace": True}
    assert "featureGates" not in configuration(True, False, True)


def test_every_port_is_open_to_this_host_alone():
    for mapping in configuration(True, True, True)["nodes"][0]["extraPortMappings"]:
        assert mapping["listenAddress"] == "127.0.0.1"


def test_a_second_cluster_takes_free_ports():
    ports = {
        mapping["hostPort"] for mapping in configuration(True, True, False)["nodes"][0]["extraPortMappings"]
    }
    assert ports == {0}
