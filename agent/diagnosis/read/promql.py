"""PromQL: every expression the analyzers ask, in one place.

CPU and memory come from cAdvisor (`container_*`), requests from whatever counter the program exports under
the usual names. One expression answers with one series: its meaning does not depend on labels nobody knows.
"""

import json
import re
from dataclasses import dataclass

from agent.ref import Ref

WINDOW = "3m"  # three scrapes at the usual longest interval of a minute
_SUFFIX = {
    "Deployment": "-[a-z0-9]+-[a-z0-9]{5}",
    "ReplicaSet": "-[a-z0-9]{5}",
    "DaemonSet": "-[a-z0-9]{5}",
    "StatefulSet": "-[0-9]+",
    "Job": "-[a-z0-9]{5}",
    "CronJob": "-[0-9]+-[a-z0-9]{5}",
    "Pod": "",
}
# Served requests: http_requests_total, http_server_requests_seconds_count (Micrometer), istio_requests_total,
# grpc_server_handled_total ...; not those a program sends, nor the scrape of its own metrics.
REQUESTS = (
    "([a-z0-9_]+_)?requests?_total|([a-z0-9_]+_)?requests?(_duration)?(_seconds|_milliseconds|_ms)?_count"
    "|grpc_server_handled_total"
)
OTHER_REQUESTS = "promhttp_.*|.*client.*|.*outbound.*|.*upstream.*|.*scrape.*"
LATENCY = "([a-z0-9_]+_)?requests?(_duration)?_seconds_bucket|grpc_server_handling_seconds_bucket"
STATUS_LABELS = (
    "code",
    "status",
    "status_code",
    "http_status_code",
    "response_code",
    "http_response_status_code",
)


@dataclass(frozen=True)
class Scope:
    """The pods an expression is about."""

    namespace: str
    pods: str
    """A regular expression over pod names."""

    @classmethod
    def of(cls, ref: Ref) -> "Scope":
        """All pods that a workload has now or had over the hours asked for."""
        return cls(ref.namespace, ref.name.replace(".", "[.]") + _SUFFIX.get(ref.kind, ".*"))

    def labels(self, *more: str) -> str:
        """The label matchers, in braces."""
        return "{" + ",".join((f'namespace="{self.namespace}"', f'pod=~"{self.pods}"', *more)) + "}"


_CONTAINERS = ('container!=""', 'container!="POD"')


def cpu(scope: Scope) -> str:
    """Cores used, all pods together."""
    return f"sum(rate(container_cpu_usage_seconds_total{scope.labels(*_CONTAINERS)}[{WINDOW}]))"


def throttled(scope: Scope) -> str:
    """Share (0..1) of scheduling periods in which the CPU limit throttled a container; none without a limit."""
    labels = scope.labels('container!=""')
    stopped = f"sum(increase(container_cpu_cfs_throttled_periods_total{labels}[{WINDOW}]))"
    return f"{stopped} / sum(increase(container_cpu_cfs_periods_total{labels}[{WINDOW}]))"


def memory(scope: Scope) -> str:
    """Working set in bytes of the largest pod."""
    return f"max(sum by (pod) (container_memory_working_set_bytes{scope.labels(*_CONTAINERS)}))"


def requests(scope: Scope) -> str:
    """Requests served per second, all pods together."""
    return f"sum(rate({_named(scope, REQUESTS)}[{WINDOW}]))"


def errors(scope: Scope) -> str:
    """Requests answered with a server error (5xx) per second, by whichever label has the status."""
    failed = (_named(scope, REQUESTS, f'{label}=~"5..|5xx|5XX"') for label in STATUS_LABELS)
    return " or ".join(f"sum(rate({labels}[{WINDOW}]))" for labels in failed)


def latency(scope: Scope) -> str:
    """Seconds within which 95 % of the requests were answered."""
    return f"histogram_quantile(0.95, sum by (le) (rate({_named(scope, LATENCY)}[{WINDOW}])))"


def _named(scope: Scope, names: str, *more: str) -> str:
    return scope.labels(f'__name__=~"{names}"', f'__name__!~"{OTHER_REQUESTS}"', *more)


def volume_used(namespace: str, claim: str, *, inodes: bool = False) -> str:
    """Share (0..1) of a claim's space, or of its inodes, that is used, as the kubelet measures it."""
    labels = f"{{namespace={quoted(namespace)},persistentvolumeclaim={quoted(claim)}}}"
    if inodes:
        return f"max(kubelet_volume_stats_inodes_used{labels} / kubelet_volume_stats_inodes{labels})"
    free = f"kubelet_volume_stats_available_bytes{labels} / kubelet_volume_stats_capacity_bytes{labels}"
    return f"max(1 - {free})"


def disk_used(host: str, mountpoint: str) -> str:
    """Share (0..1) of a host's file system that is used; of the fullest where no mount point is named."""
    where = f",mountpoint={quoted(mountpoint)}" if mountpoint else ',fstype!~"tmpfs|ramfs|overlay|squashfs"'
    labels = f"{{{_instance(host)}{where}}}"
    return f"max(1 - node_filesystem_avail_bytes{labels} / node_filesystem_size_bytes{labels})"


def host_memory_used(host: str) -> str:
    """Share (0..1) of a host's memory that is in use and cannot be freed."""
    labels = f"{{{_instance(host)}}}"
    return f"max(1 - node_memory_MemAvailable_bytes{labels} / node_memory_MemTotal_bytes{labels})"


def host_cpu_used(host: str) -> str:
    """Share (0..1) of a host's CPUs that is busy."""
    return f'1 - avg(rate(node_cpu_seconds_total{{mode="idle",{_instance(host)}}}[{WINDOW}]))'


def clock_offset(host: str) -> str:
    """Seconds by which a host's clock is off, without sign."""
    return f"max(abs(node_timex_offset_seconds{{{_instance(host)}}}))"


def quoted(text: str) -> str:
    """A label's value as a string of PromQL: its escapes are those of JSON."""
    return json.dumps(text)


def _instance(host: str) -> str:
    """The matcher of a host's exporter: its address or name with any port."""
    return f"instance=~{quoted(re.escape(host) + '(:[0-9]+)?')}"
