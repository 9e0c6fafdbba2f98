"""What runs in the cluster besides its own parts: images for ordinary manifests, and the base of the agent's image."""

from e2e.cluster.images import HOST_CERTIFICATES, PREFIX, dockerfile_stage

BASE = f"{PREFIX}base:bookworm"
TAGS = {
    name: f"{PREFIX}{name}:local" for name in ("workload", "python", "curl", "nginx", "redis", "postgres")
}

BASE_IMAGE = dockerfile_stage("base", "the base of the agent's image", 15, {"": BASE},
                              files={"ca-certificates.crt": HOST_CERTIFICATES})  # fmt: skip
WORKLOAD_IMAGES = dockerfile_stage("workload", "images for ordinary manifests", 35, TAGS)
