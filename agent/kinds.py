"""Kinds: the kinds of workloads, named by what they have in common; where all are asked, in this order."""

REPLICATED = ("Deployment", "StatefulSet")
"""Are rolled out, to as many pods as `spec.replicas` says."""

ROLLED_OUT = (*REPLICATED, "DaemonSet")
"""Keep pods running, and replace them by a rollout when their template changes."""

WORKLOADS = (*ROLLED_OUT, "ReplicaSet", "Job", "CronJob", "ReplicationController")
"""Own pods, straight or through another workload."""
