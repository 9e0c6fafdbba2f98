"""Everything that is built, and under which public names the registry publishes it."""

import hashlib
import json

from e2e.cluster import go_programs as go
from e2e.cluster import monitoring, node_image, registry, tekton, workloads
from e2e.cluster.images import Program, programs_stage
from e2e.cluster.source import Source
from e2e.cluster.stages import Stage, order
from e2e.cluster.toolchain import Toolchain

REGISTRY_IMAGE = programs_stage("image-registry", "the registry's image", 5,
                                [Program(registry.IMAGE, go.CRANE_PROGRAM, "crane", "/bin/crane")])  # fmt: skip

IMAGES: tuple[Stage, ...] = (
    node_image.BUSYBOX_IMAGE, workloads.BASE_IMAGE, workloads.WORKLOAD_IMAGES, tekton.MANIFESTS,
    monitoring.MONITORING_IMAGES, monitoring.SERVERS_IMAGE,
)  # fmt: skip


def stages_for(source: Source, tools: Toolchain) -> list[Stage]:
    """What has to be built: everything, or beside a reachable registry only the programs and the test registry."""
    images = IMAGES if source is Source.PACKAGES else (node_image.BUSYBOX_IMAGE,)
    return [*tools.needs, REGISTRY_IMAGE, *images]


def names(repository: str, *tags: str) -> list[str]:
    """repository:tag for each tag."""
    return [f"{repository}:{tag}" for tag in tags]


def published() -> dict[str, list[str]]:
    """The engine's image to its public names, without the host: every public registry is answered by the same one."""
    local = workloads.TAGS
    return {
        node_image.BUSYBOX: names("library/busybox", "1.35", "1.36", "1.37", "stable", "latest"),
        local["workload"]: [*names("library/debian", "bookworm", "bookworm-slim", "12", "latest"),
                            *names("library/alpine", "3", "3.20", "latest"),
                            *names("library/ubuntu", "22.04", "latest")],
        local["python"]: names("library/python", "3.11", "3.11-slim", "3.12-slim", "3.13-slim", "3-slim", "latest"),
        local["curl"]: names("curlimages/curl", "8.5.0", "8.10.1", "latest"),
        local["nginx"]: [*names("library/nginx", "alpine", "1.25", "1.25-alpine", "1.27", "1.27-alpine", "latest"),
                         *names("nginxinc/nginx-unprivileged", "latest")],
        local["redis"]: names("library/redis", "alpine", "7", "7-alpine", "7.2", "latest"),
        local["postgres"]: names("library/postgres", "15", "15-alpine", "16", "16-alpine", "latest"),
        monitoring.PROMETHEUS: [*names("prom/prometheus", "v2.42.0", "latest"), "prometheus/prometheus:v2.42.0"],
        monitoring.ALERTMANAGER: [*names("prom/alertmanager", "v0.25.0", "latest"), "prometheus/alertmanager:v0.25.0"],
        monitoring.IMAGES[0].tag: [f"metrics-server/metrics-server:{monitoring.METRICS_SERVER}"],
        monitoring.IMAGES[1].tag: [f"kube-state-metrics/kube-state-metrics:{monitoring.STATE_METRICS}"],
        **{image.tag: [tekton.public_name(image)] for image in tekton.IMAGES},
    }  # fmt: skip


def content_digest() -> str:
    """A digest of what the registry publishes: the stages that made the images, and the names."""
    parts = [published(), [stage.digest for stage in order(IMAGES) if stage.images]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]
