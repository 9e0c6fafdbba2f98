"""Installs, upgrades or removes the Tekton part of the incident agent in a namespace of your choice.

Everything is `kubectl apply -k tekton/` with another namespace and image; what is added are the checks that
kubectl cannot make: is Tekton there, and can its pods run under the namespace's pod security?
"""

import argparse
import json
import secrets
import sys
import time

from tekton.egress import NAMESPACE, Egress, api_servers
from tekton.manifests import HERE, ManifestError, kubectl, rendered
from tekton.sweeping import Sweeping

CRDS = {
    "pipelines.tekton.dev": "Tekton Pipelines 1.9",
    "triggers.triggers.tekton.dev": "Tekton Triggers 0.34",
}
RUNS = "app.kubernetes.io/part-of=incident-agent"
ATTEMPTS, PAUSE = 3, 5  # seconds between them
TOKEN = "alertmanager-webhook"


def advice(namespace: str, enforced: str, sets_context: bool) -> str:
    """What to do about pod security, or nothing when runs can start. `enforced` is the namespace's level."""
    if enforced != "restricted" or sets_context:
        return ""
    return (
        f"runs cannot start yet: namespace {namespace} enforces restricted pod security, and this Tekton\n"
        "gives its containers no security context (its feature flag set-security-context is false). Either\n"
        "  kubectl -n tekton-pipelines patch configmap feature-flags \\\n"
        '    -p \'{"data":{"set-security-context":"true"}}\'\n'
        "for every run of the cluster, at once and without a restart; or, for this namespace only,\n"
        f"  kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline --overwrite\n"
        "The agent's own containers keep to restricted either way."
    )


def advice_on_interceptors(replicas: str) -> str:
    """What to do about Tekton's interceptors where there is but one pod of them: each post needs it three times."""
    if replicas not in ("0", "1"):
        return ""
    return (
        "Tekton has one pod of core interceptors: while it is away, alerts that are posted are lost until the sweep\n"
        "finds them. Two are better:\n"
        "  kubectl -n tekton-pipelines scale deployment tekton-triggers-core-interceptors --replicas=2"
    )


def install(
    namespace: str, image: str, egress: Egress, sweeping: Sweeping, *, admission: bool = False
) -> None:
    """Apply everything, make a token where there is none, and say what else is needed."""
    wanted = rendered(HERE, namespace, image, [*egress.patches(), *sweeping.patches()])
    if admission:
        wanted += f"---\n{policies('admission', namespace)}"
    if _has_policies():
        wanted += f"---\n{policies('room', namespace)}"
    for crd, what in CRDS.items():
        if not kubectl("get", "customresourcedefinition", crd, "-o", "name", "--ignore-not-found"):
            raise ManifestError(
                f"there is no {what} or newer in this cluster ({crd} is missing); install it first"
            )
    if not kubectl("get", "namespace", namespace, "-o", "name", "--ignore-not-found"):
        kubectl("create", "namespace", namespace)
    print(applied(namespace, wanted))
    if not kubectl("get", "secret", TOKEN, "-n", namespace, "-o", "name", "--ignore-not-found"):
        kubectl("create", "-n", namespace, "-f", "-", given=json.dumps(secret()))
        print(f"made a token for Alertmanager, in Secret {TOKEN}; tekton/README.md shows how to use it")
    if words := advice(namespace, _enforced(namespace), _sets_context()):
        print(f"\n{words}", file=sys.stderr)
    if words := advice_on_interceptors(_interceptors()):
        print(f"\n{words}", file=sys.stderr)
    print(f"\nalerts go to http://el-incident-alerts.{namespace}.svc:8080")


def applied(namespace: str, wanted: str) -> str:
    """Apply manifests, and again where Tekton's own webhook did not answer in time, as it may for a moment."""
    for _ in range(ATTEMPTS - 1):
        try:
            return kubectl("apply", "-n", namespace, "-f", "-", given=wanted)
        except ManifestError as error:
            if "failed calling webhook" not in str(error):
                raise
            print("Tekton's webhook does not answer; trying again ...", file=sys.stderr)
            time.sleep(PAUSE)
    return kubectl("apply", "-n", namespace, "-f", "-", given=wanted)


def policies(name: str, namespace: str) -> str:
    """The admission policies of tekton/NAME.yaml for a namespace, as YAML."""
    return (HERE / f"{name}.yaml").read_text().replace("NAMESPACE", namespace)


def secret() -> dict[str, object]:
    """A Secret with a new token, to be given to kubectl by stdin: arguments are seen by everybody on the machine."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": TOKEN},
        "stringData": {"token": f"Bearer {secrets.token_hex(32)}"},
    }


def uninstall(namespace: str) -> None:
    """Remove what was installed, and the runs; the namespace and its Secrets stay."""
    kubectl("delete", "pipelineruns", "-n", namespace, "-l", RUNS, check=False)  # no such kind without Tekton
    print(kubectl("delete", "--ignore-not-found", "-f", "-", given=rendered(HERE, namespace)))
    for name in ("admission", "room"):  # of no kind in a cluster before 1.30
        kubectl("delete", "--ignore-not-found", "-f", "-", given=policies(name, namespace), check=False)


def _enforced(namespace: str) -> str:
    label = r"{.metadata.labels.pod-security\.kubernetes\.io/enforce}"
    return kubectl("get", "namespace", namespace, "-o", f"jsonpath={label}")


def _sets_context() -> bool:
    flag = "jsonpath={.data.set-security-context}"
    return (
        kubectl("get", "configmap", "feature-flags", "-n", "tekton-pipelines", "-o", flag, check=False)
        == "true"
    )


def _has_policies() -> bool:
    """Whether the cluster has admission policies: Kubernetes 1.30."""
    group = "--api-group=admissionregistration.k8s.io"
    found = kubectl("api-resources", group, "-o", "name", check=False)
    return "validatingadmissionpolicies.admissionregistration.k8s.io" in found.split()


def _interceptors() -> str:
    """How many pods of core interceptors are wanted; nothing where they are not in Tekton's own namespace."""
    deployment = ("deployment", "tekton-triggers-core-interceptors", "-n", "tekton-pipelines")
    return kubectl("get", *deployment, "-o", "jsonpath={.spec.replicas}", check=False)


def _check(namespace: str) -> None:
    if not NAMESPACE.fullmatch(namespace):
        raise ManifestError(f"{namespace!r} is no name of a namespace; expected a-z, 0-9 and -, at most 63")


def main() -> int:
    """Parse the command line and do it; the exit status is 2 for anything a person has to mend."""
    parser = argparse.ArgumentParser(prog="python3 -m tekton.install", description=__doc__)
    parser.add_argument("namespace", nargs="?", default="incident-response", help="default incident-response")
    parser.add_argument("--image", default="", metavar="REF", help="NAME:TAG or NAME:TAG@sha256:DIGEST")
    parser.add_argument(
        "--api-server", action="append", default=[], metavar="CIDR:PORT",
        help="where pods reach the API server; default what the cluster says",
    )  # fmt: skip
    parser.add_argument(
        "--prometheus",
        default="",
        metavar="NAMESPACE:PORT",
        help="where pods reach it; default monitoring:9090",
    )
    parser.add_argument(
        "--reach", action="append", default=[], metavar="CIDR:PORT",
        help="what else runs may reach: a language model, a chat webhook",
    )  # fmt: skip
    parser.add_argument(
        "--alertmanager", action="append", default=[], metavar="URL",
        help="whom the sweep asks what fires, several are one HA set; default http://alertmanager-operated.monitoring.svc:9093",
    )  # fmt: skip
    parser.add_argument(
        "--receiver",
        default="",
        metavar="REGEX",
        help="sweep the alerts of these receivers of Alertmanager only",
    )
    parser.add_argument("--most", type=int, metavar="N", help="pods of runs at once; default 10")
    parser.add_argument(
        "--admission", action="store_true",
        help="let only the shipped Pipeline use the agent's account; for a namespace of its own",
    )  # fmt: skip
    parser.add_argument("--delete", action="store_true", help="remove it; the namespace and its Secrets stay")
    options = parser.parse_args()
    try:
        _check(options.namespace)
        if options.delete:
            uninstall(options.namespace)
        else:
            servers = tuple(options.api_server) or api_servers()
            sweeping = Sweeping(tuple(options.alertmanager), options.receiver, options.most)
            egress = Egress(servers, options.prometheus, tuple(options.reach), sweeping.peers())
            install(options.namespace, options.image, egress, sweeping, admission=options.admission)
    except ManifestError as error:
        print(f"install: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
