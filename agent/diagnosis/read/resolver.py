"""The resolver of a pod: what it queries for host names instead of the cluster DNS."""

from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.thing import Obj


def foreign_resolver(pod: Obj) -> str:
    """What the pod queries instead of the cluster DNS, as a clause; empty if it queries the cluster DNS.

    By dnsPolicy as Kubernetes documents it: ClusterFirst falls back to the node's on the host's network.
    """
    policy = str(pod.at("spec.dnsPolicy") or "ClusterFirst")
    if policy == "ClusterFirst" and pod.at("spec.hostNetwork"):
        return "the node's resolver (hostNetwork needs dnsPolicy ClusterFirstWithHostNet)"
    if policy == "Default":
        return "the node's resolver (dnsPolicy Default)"
    if policy == "None":
        servers = ", ".join(map(str, pod.at("spec.dnsConfig.nameservers") or []))
        return f"{servers or 'no server'} (dnsPolicy None)"
    return ""


def right_policy(pod: Obj) -> str:
    """The dnsPolicy with which the pod would query the cluster DNS."""
    return "ClusterFirstWithHostNet" if pod.at("spec.hostNetwork") else "ClusterFirst"


def quote_resolver(pod: Obj) -> tuple[Quote, ...]:
    """The fields of the pod that decide it."""
    return pod.quote("spec.dnsPolicy", "spec.hostNetwork", "spec.dnsConfig.nameservers[0]")
