"""What a workload's own ServiceAccount may not do: the refused verb, and what is missing to allow it."""

from collections.abc import Iterator
from typing import Any

from agent.diagnosis.advice import edit, kubectl
from agent.diagnosis.case import Case
from agent.diagnosis.cause import Cause, declare
from agent.diagnosis.complaint import Complaint
from agent.diagnosis.finding import Claim, Finding, Recommendation
from agent.diagnosis.logs.finding import Forbidden
from agent.diagnosis.thing import Obj
from agent.ref import Ref

FORBIDDEN = declare(Cause(
    "rbac-forbidden", "permissions", "ServiceAccount without a permission it needs",
    "The program asks the Kubernetes API for something that its ServiceAccount may not do.",
    'The log holds `... is forbidden: User "system:serviceaccount:NS:NAME" cannot VERB resource "R"`.',
    "Add the rule to a Role and bind it to the ServiceAccount.",
    ("dependency-auth-failed", "file-permission-denied"),
))  # fmt: skip
ROLE_MISSING = declare(Cause(
    "rbac-role-missing", "permissions", "binding to a role that does not exist",
    "The ServiceAccount is bound, but to a Role or ClusterRole that does not exist.",
    "The refusal ends with `RBAC: role ... not found`; the binding's roleRef names no existing role.",
    "Create the role, or bind the right one (a roleRef cannot be changed: make a new binding).",
    ("rbac-forbidden",),
))  # fmt: skip

ACCOUNT = "system:serviceaccount:"


def explain(complaint: Complaint) -> Iterator[Finding]:
    """Which rule or binding is missing for what a log says was forbidden."""
    refused = complaint.line.targets.forbidden
    if refused is None or not refused.user.startswith(ACCOUNT):
        yield complaint.finding(FORBIDDEN, f"the Kubernetes API refuses it: {complaint.line.message}")
        return
    namespace, _, account = refused.user.removeprefix(ACCOUNT).partition(":")
    bindings = _bindings(complaint.case, refused, namespace, account)
    if bindings is None:
        return
    missing = next((found for found in (_roleless(complaint.case, b) for b in bindings) if found), None)
    if missing is not None:
        yield _role_missing(complaint, refused, account, *missing)
    else:
        yield _not_allowed(complaint, refused, namespace, account, bindings)


def _what(refused: Forbidden) -> str:
    resource = f"{refused.resource}.{refused.group}" if refused.group else refused.resource
    where = f"in namespace {refused.namespace}" if refused.namespace else "at the cluster scope"
    return f"{refused.verb} {resource} {where}"


def _bindings(case: Case, refused: Forbidden, namespace: str, account: str) -> list[Obj] | None:
    """The bindings that hold for the account where it was refused; None while unread."""
    why = f"what is {account} allowed?"
    lists = [case.list("ClusterRoleBinding", "*", why=why, need="some")]
    if refused.namespace:
        lists.append(case.list("RoleBinding", refused.namespace, why=why, need="some"))
    if all(found is None for found in lists) and case.questions:
        return None
    return [b for found in lists for b in found or [] if _is_for(b, namespace, account)]


def _is_for(binding: Obj, namespace: str, account: str) -> bool:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    for subject in binding.items("subjects"):
        lives_in = subject.get("namespace") or binding.ref.namespace
        if (subject.get("kind"), subject.get("name"), lives_in) == ("ServiceAccount", account, namespace):
            return True
        if subject.get("kind") == "Group" and subject.get("name") in groups:
            return True
    return False


def _roleless(case: Case, binding: Obj) -> tuple[Obj, Any] | None:
    """The binding and the quote of "not found" when its role does not exist."""
    kind, name = str(binding.at("roleRef.kind") or ""), str(binding.at("roleRef.name") or "")
    if kind not in ("Role", "ClusterRole") or name.startswith("system:"):
        return None
    namespace = binding.ref.namespace if kind == "Role" else ""
    case.get(kind, namespace, name, f"what does {binding.ref} allow?")
    absent = case.absent(kind, namespace, name)
    return (binding, absent) if absent else None


def _role_missing(
    complaint: Complaint, refused: Forbidden, account: str, binding: Obj, absent: Any
) -> Finding:
    role = f"{binding.at('roleRef.kind')} {binding.at('roleRef.name')}"
    grant = f"{binding.ref.kind} {binding.ref.name} grants {role}, which does not exist"
    clause = f"ServiceAccount {account} may not {_what(refused)}: {grant}"
    command = kubectl(
        binding.ref.namespace, f"create {_role_command(refused, str(binding.at('roleRef.name')))}"
    )
    advice = Recommendation(
        "creating the missing role", ROLE_MISSING.remedy, command, "medium", _check(refused)
    )
    claims = (
        Claim(f"{binding.ref} grants {role}", binding.quote("roleRef.kind", "roleRef.name")),
        Claim(f"{role} does not exist", (absent,)),
    )
    return complaint.finding(ROLE_MISSING, clause, *claims, advice=(advice,), confidence=0.95)


def _role_command(refused: Forbidden, name: str) -> str:
    kind = "role" if refused.namespace else "clusterrole"
    resource = f"{refused.resource}.{refused.group}" if refused.group else refused.resource
    return f"{kind} {name} --verb={refused.verb} --resource={resource}"


def _check(refused: Forbidden) -> str:
    resource = f"{refused.resource}.{refused.group}" if refused.group else refused.resource
    return kubectl(refused.namespace, f"auth can-i {refused.verb} {resource} --as={refused.user}")


def _not_allowed(
    complaint: Complaint, refused: Forbidden, namespace: str, account: str, bindings: list[Obj]
) -> Finding:
    named = [b for b in bindings if not str(b.at("roleRef.name")).startswith("system:")]
    if named:
        roles = ", ".join(f"{b.at('roleRef.kind')} {b.at('roleRef.name')}" for b in named)
        text = f"It is bound to {roles}, which does not allow it"
        claims = [Claim(text, tuple(q for b in named for q in b.quote("roleRef.name")))]
        claims += _rules(complaint.case, named)
        clause = f"ServiceAccount {account} may not {_what(refused)}: {roles} does not allow it"
        first = named[0]
        role = Ref(str(first.at("roleRef.kind")), first.ref.namespace, str(first.at("roleRef.name")))
        role = role if role.kind == "Role" else Ref("ClusterRole", "", role.name)
        advice = edit(role, "adding the rule to its role", FORBIDDEN.remedy, _check(refused))
    else:
        claims = [_stray(complaint.case, refused, namespace, account)]
        known = " of those that were read" if _is_part(complaint.case, refused) else ""
        clause = f"ServiceAccount {account} may not {_what(refused)}: no role{known} is bound to it"
        name = f"{account}-{refused.resource.replace('/', '-')}"
        kind = "rolebinding" if refused.namespace else "clusterrolebinding"
        flag = "role" if refused.namespace else "clusterrole"
        binding = f"create {kind} {name} --{flag}={name} --serviceaccount={namespace}:{account}"
        role_command = kubectl(refused.namespace, f"create {_role_command(refused, name)}")
        command = f"{role_command} && {kubectl(refused.namespace, binding)}"
        advice = Recommendation(
            "granting the permission", FORBIDDEN.remedy, command, "medium", _check(refused)
        )
    return complaint.finding(FORBIDDEN, clause, *claims, advice=(advice,), confidence=0.95)


def _is_part(case: Case, refused: Forbidden) -> bool:
    """Whether there are more bindings than were kept."""
    of_cluster = case.is_partial("ClusterRoleBinding", "*")
    return (bool(refused.namespace) and case.is_partial("RoleBinding", refused.namespace)) or of_cluster


def _rules(case: Case, bindings: list[Obj]) -> Iterator[Claim]:
    for binding in bindings[:2]:
        kind = str(binding.at("roleRef.kind"))
        namespace = binding.ref.namespace if kind == "Role" else ""
        role = case.get(kind, namespace, str(binding.at("roleRef.name")), "which rules does it hold?")
        if role is not None:
            yield Claim(
                f"These are the rules of {role.ref}",
                role.quote("rules[0].resources", "rules[0].verbs") or role.quote("metadata.name"),
            )


def _stray(case: Case, refused: Forbidden, namespace: str, account: str) -> Claim:
    """A binding that means this account but misses it: another namespace or a near name."""
    bindings = case.list("RoleBinding", refused.namespace, need="some") if refused.namespace else []
    for binding in bindings or []:
        for subject in binding.items("subjects"):
            if subject.get("kind") == "ServiceAccount" and (
                subject.get("name") == account or account.startswith(str(subject.get("name")))
            ):
                said = f"{subject.get('namespace')}/{subject.get('name')}"
                text = f"{binding.ref} is for ServiceAccount {said}, not for {namespace}/{account}"
                return Claim(
                    text,
                    binding.quote(
                        f"subjects[{subject.get('name')}].name", f"subjects[{subject.get('name')}].namespace"
                    ),
                )
    return Claim(f"No binding names ServiceAccount {namespace}/{account}", (), "hypothesis")
