"""Topics: the classes of alerts, each with its runbook."""

from enum import StrEnum


class Topic(StrEnum):
    """What an alert is about: the name of its file in `runbooks/`. Both are checked when runbooks are read."""

    AUTOSCALING = "autoscaling"
    BUDGETS = "budgets"
    CONTROL_PLANE = "control-plane"
    CRASH = "crash"
    DELETION = "deletion"
    EXPOSURE = "exposure"
    FILLING = "filling"
    GENERAL = "general"
    HIGH_CPU = "high-cpu"
    HOSTS = "hosts"
    JOBS = "jobs"
    MEMORY = "memory"
    NODES = "nodes"
    POD = "pod"
    QUOTAS = "quotas"
    STORAGE = "storage"
    TARGETS = "targets"
    TRAFFIC = "traffic"
