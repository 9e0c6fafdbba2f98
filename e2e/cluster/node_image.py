"""The node image: kind's files on Debian, Kubernetes' programs, and the images that a control plane starts from."""

import shutil
from pathlib import Path

import yaml

from e2e.cluster import go_programs as go
from e2e.cluster.images import (
    DEBIAN_IMAGE,
    DOCKERFILES,
    PREFIX,
    Program,
    docker_build,
    dockerfile_stage,
    programs_stage,
)
from e2e.cluster.shell import Shell
from e2e.cluster.stages import Stage, digest_of

TAG = f"{PREFIX}node:{go.KUBERNETES}"
BUILDER = "incident-agent-node-build"
KIND_MODULE, PROVISIONER_MODULE = "sigs.k8s.io/kind", "github.com/rancher/local-path-provisioner"
NODE_PROGRAMS = ("kubeadm", "kubelet", "kubectl")
VOLUMES = "/var/local-path-provisioner"

KUBE_PROXY, BUSYBOX = f"{PREFIX}kube-proxy:{go.KUBERNETES}", f"{PREFIX}busybox:1.35"
BUSYBOX_IMAGE = dockerfile_stage("busybox", "a static busybox", 10, {"": BUSYBOX})
KUBE_PROXY_IMAGE = dockerfile_stage(
    "kube-proxy", "kube-proxy with iptables", 10, {"": KUBE_PROXY}, (go.KUBERNETES_PROGRAMS,),
    {"kube-proxy": go.KUBERNETES_PROGRAMS.output / "kube-proxy"},
)  # fmt: skip


def control_plane(name: str, stage: Stage, file: str, version: str) -> Program:
    """A program that kubeadm starts by its bare name."""
    return Program(f"{PREFIX}{name}:{version}", stage, file, f"/usr/local/bin/{name}", entrypoint=False)


KUBERNETES_TAGS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
CONTROL_PLANE = [
    *(control_plane(name, go.KUBERNETES_PROGRAMS, name, go.KUBERNETES) for name in KUBERNETES_TAGS),
    control_plane("etcd", go.ETCD_PROGRAM, "server", go.ETCD),
    Program(f"{PREFIX}coredns:{go.COREDNS}", go.COREDNS_PROGRAM, "coredns", "/coredns"),
    Program(f"{PREFIX}pause:local", go.PAUSE_PROGRAM, "pause", "/pause"),
    Program(f"{PREFIX}local-path-provisioner:v0.0.30", go.PROVISIONER_PROGRAM, "local-path-provisioner",
            "/usr/bin/local-path-provisioner"),
]  # fmt: skip
CONTROL_PLANE_IMAGES = programs_stage(
    "images-control-plane", "images of the control plane", 15, CONTROL_PLANE
)


def kubeadm_names(listed: str) -> dict[str, str]:
    """Our tag to the name that kubeadm expects, from the output of `kubeadm config images list`."""
    ours = {image.tag.removeprefix(PREFIX).split(":")[0]: image.tag for image in CONTROL_PLANE}
    ours["kube-proxy"] = KUBE_PROXY
    return {ours[name.rsplit("/", 1)[1].split(":")[0]]: name for name in listed.split()}


def storage_manifest(published: str) -> str:
    """The provisioner's published manifest, made what kind's is: class `standard`, the default, under /var."""
    documents = [document for document in yaml.safe_load_all(published) if document]
    for document in documents:
        if document["kind"] == "StorageClass":
            document["metadata"] = {
                "name": "standard",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            }
        elif document["kind"] == "ConfigMap":
            document["data"]["config.json"] = document["data"]["config.json"].replace(
                "/opt/local-path-provisioner", VOLUMES
            )
    return yaml.safe_dump_all(documents)


def assemble(context: Path, shell: Shell) -> None:
    """The Docker context: our Dockerfile, and under rootfs/ what comes from kind, Kubernetes and the provisioner."""
    root = context / "rootfs"
    kind_files = go.module_folder("kind", KIND_MODULE, shell) / "images" / "base" / "files"
    shutil.copytree(kind_files, root, copy_function=shutil.copyfile)
    for path in root.rglob("*"):
        program = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if program else 0o644)
    (root / "usr" / "bin").mkdir()
    for name in NODE_PROGRAMS:
        shutil.copy(go.KUBERNETES_PROGRAMS.output / name, root / "usr" / "bin" / name)
    (root / "kind" / "version").write_text(go.KUBERNETES)
    provisioner = go.module_folder("local-path-provisioner", PROVISIONER_MODULE, shell)
    manifests = root / "kind" / "manifests"
    manifests.mkdir()
    published = (provisioner / "deploy" / "local-path-storage.yaml").read_text()
    (manifests / "default-storage.yaml").write_text(storage_manifest(published))
    network = root / "etc" / "cni" / "net.d"
    network.mkdir(parents=True)
    shutil.copy(DOCKERFILES / "node" / "10-pods.conflist", network)
    shutil.copy(DOCKERFILES / "node" / "Dockerfile", context)


def make(out: Path, shell: Shell) -> None:
    """Build the file system, start containerd in it, import the images of the control plane, commit."""
    listed = shell.output(
        go.KUBERNETES_PROGRAMS.output / "kubeadm",
        "config",
        "images",
        "list",
        "--kubernetes-version",
        go.KUBERNETES,
    )
    names = kubeadm_names(listed)
    pause = next(name for name in names.values() if "/pause:" in name)
    context = out / "context"
    assemble(context, shell)
    base = f"{TAG}-base"
    docker_build(shell, context, base, "--build-arg", f"PAUSE={pause}")
    shutil.rmtree(context)
    names[f"{PREFIX}local-path-provisioner:v0.0.30"] = "docker.io/rancher/local-path-provisioner:v0.0.30"
    names[BUSYBOX] = "docker.io/library/busybox:latest"
    shell.run("docker", "rm", "-f", BUILDER)
    shell.run(
        "docker", "run", "-d", "--name", BUILDER, "--privileged", "--entrypoint", "sleep", base, "infinity"
    )
    try:
        import_images(names, shell)
        entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
        shell.run("docker", "commit", "--change", entrypoint, BUILDER, TAG)
    finally:
        shell.run("docker", "rm", "-f", BUILDER)


def import_images(names: dict[str, str], shell: Shell) -> None:
    """Put the engine's images into the builder's containerd, under the names that Kubernetes asks for."""
    inside = ["docker", "exec", "-i", BUILDER]
    shell.run("docker", "exec", "-d", BUILDER, "containerd")
    shell.run(*inside, "timeout", "60", "bash", "-c", "until ctr version; do sleep 0.2; done")
    images = [*inside, "ctr", "-n", "k8s.io", "images"]
    shell.pipe(["docker", "save", *names], [*images, "import", "--no-unpack", "-"])
    for ours, public in names.items():
        shell.run(*images, "tag", f"docker.io/{ours}", public)
        shell.run(*images, "label", public, "io.cri-containerd.pinned=pinned")
        shell.run(*images, "rm", f"docker.io/{ours}")
    shell.run(
        *inside,
        "bash",
        "-c",
        "pkill containerd; while pgrep -x containerd; do sleep 0.2; done; rm -rf /run/*",
    )


NODE_IMAGE = Stage(
    "image-node", "the node image", 65,
    {"files": digest_of([Path(__file__), *(DOCKERFILES / "node").iterdir()])}, make,
    (DEBIAN_IMAGE, BUSYBOX_IMAGE, KUBE_PROXY_IMAGE, CONTROL_PLANE_IMAGES, go.KIND_PROGRAM),
    (TAG,),
)  # fmt: skip
