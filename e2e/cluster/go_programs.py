"""Programs built from Go modules: one committed go.mod and go.sum per tool pins everything that goes in."""

from pathlib import Path

from e2e.cluster import paths
from e2e.cluster.shell import Shell
from e2e.cluster.stages import Stage, digest_of

MODULES = paths.HERE / "modules"

KUBERNETES = "v1.34.4"
ETCD = "v3.6.5"
COREDNS = "v1.12.1"


def go_stage(name: str, what: str, seconds: int, tags: str = "", stamps: tuple[str, ...] = ()) -> Stage:
    """The programs of modules/NAME: its `tool` lines, or the program that it is. stamps: -X values for the linker."""
    module = MODULES / name
    own_program = (module / "main.go").exists()
    flags = " ".join(["-s -w", *(f"-X {stamp}" for stamp in stamps)])
    command = ["go", "build", "-trimpath", "-tags", tags, "-ldflags", flags, "-o"]

    def make(out: Path, shell: Shell) -> None:
        shell.run(*command, f"{out}/", "." if own_program else "tool", cwd=module, env={"CGO_ENABLED": "0"})

    inputs = {
        "module": digest_of(file for file in module.iterdir() if file.is_file()),
        "command": " ".join(command),
    }
    return Stage(name, what, seconds, inputs, make)


def module_folder(name: str, module: str, shell: Shell) -> Path:
    """Where Go keeps the files of `module` at the version that modules/NAME pins."""
    shell.run("go", "mod", "download", module, cwd=MODULES / name)
    return Path(shell.output("go", "list", "-m", "-f", "{{.Dir}}", module, cwd=MODULES / name))


def version_stamps(version: str) -> tuple[str, ...]:
    """What Kubernetes' programs say they are; unstamped, kubeadm's and Tekton's version checks fail."""
    major, minor, _ = version.removeprefix("v").split(".")
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return tuple(f"{package}.{key}={value}" for package in packages for key, value in stamps.items())


KUBERNETES_PROGRAMS = go_stage("kubernetes", f"Kubernetes {KUBERNETES}, seven programs", 400,
                               stamps=version_stamps(KUBERNETES))  # fmt: skip
ETCD_PROGRAM = go_stage("etcd", f"etcd {ETCD}", 25)
COREDNS_PROGRAM = go_stage("coredns", f"CoreDNS {COREDNS}, the plugins of kubeadm's Corefile", 80)
PAUSE_PROGRAM = go_stage("pause", "the program that holds a pod's namespaces", 5)
KIND_PROGRAM = go_stage("kind", "kind", 5)
CRANE_PROGRAM = go_stage("registry", "the in-memory registry", 5)
TEKTON_PROGRAMS = go_stage("tekton", "Tekton Pipelines, eight programs", 145, tags="disable_spire")
TRIGGERS_PROGRAMS = go_stage("triggers", "Tekton Triggers, four programs", 45)
TKN_PROGRAM = go_stage("tkn", "Tekton's command line", 120)
PROVISIONER_PROGRAM = go_stage("local-path-provisioner", "the provisioner of volumes", 70)
METRICS_SERVER_PROGRAM = go_stage("metrics-server", "metrics-server", 140)
STATE_METRICS_PROGRAM = go_stage("kube-state-metrics", "kube-state-metrics", 135)
