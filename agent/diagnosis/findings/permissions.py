"""What a workload's own ServiceAccount is not allowed to do: the refused verb, and what would allow it."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.diagnosis.advice import edit, handle, look
from agent.diagnosis.case import Case, Lack
from agent.diagnosis.causes import Cause, cause
from agent.diagnosis.command import Command, Withheld, kubectl, sequence
from agent.diagnosis.finding import Claim, Finding, Recommendation, Sure
from agent.diagnosis.findings.complaint import Complaint
from agent.diagnosis.logs.finding import Forbidden
from agent.diagnosis.read.quote import Quote
from agent.diagnosis.read.rights import NEVER, Right, right_to_grant
from agent.diagnosis.read.thing import Obj
from agent.names import is_name
from agent.ref import Ref

FORBIDDEN = cause("rbac-forbidden")
ROLE_MISSING = cause("rbac-role-missing")
FINDS = (FORBIDDEN, ROLE_MISSING)

LEAD = Sure.POSSIBLE  # below a diagnosis: the line does not concern this pod's own permissions


@dataclass(frozen=True)
class Refused:
    """A refusal of a pod's own ServiceAccount, as reported in the pod's log."""

    complaint: Complaint
    said: Forbidden
    namespace: str
    account: str


def explain(complaint: Complaint) -> Iterator[Finding]:
    """Which rule or binding is missing for what a log says was forbidden to the pod's own account."""
    refused = _own(complaint)
    if refused is None:
        clause = f"the Kubernetes API refuses an account that is not the pod's own: {complaint.line.message}"
        yield complaint.finding(FORBIDDEN, clause, sure=LEAD)
        return
    bindings = _bindings(complaint.case, refused)
    if bindings is None:
        return
    missing = next((found for found in (_roleless(complaint.case, b) for b in bindings) if found), None)
    yield _role_missing(refused, *missing) if missing else _not_allowed(refused, bindings)


def _own(complaint: Complaint) -> Refused | None:
    """The refusal, if it is of the pod's own ServiceAccount; a log may mention any account."""
    said, pod = complaint.line.targets.forbidden, complaint.pod
    account = str(pod.at("spec.serviceAccountName") or "default")
    if said is None or said.user != f"system:serviceaccount:{pod.ref.namespace}:{account}":
        return None
    if said.namespace and not is_name("Namespace", said.namespace):
        return None
    return Refused(complaint, said, pod.ref.namespace, account)


def _what(refused: Forbidden) -> str:
    resource = f"{refused.resource}.{refused.group}" if refused.group else refused.resource
    where = f"in namespace {refused.namespace}" if refused.namespace else "at the cluster scope"
    return f"{refused.verb} {resource} {where}"


def _bindings(case: Case, refused: Refused) -> list[Obj] | None:
    """The bindings that hold for the account where it was refused; None while unread."""
    why = f"what is {refused.account} allowed to do?"
    lists = [case.list("ClusterRoleBinding", "*", why=why, need="some")]
    if refused.said.namespace:
        lists.append(case.list("RoleBinding", refused.said.namespace, why=why, need="some"))
    if all(isinstance(found, Lack) for found in lists) and case.questions:
        return None
    return [b for found in lists for b in found or [] if _is_for(b, refused.namespace, refused.account)]


def _is_for(binding: Obj, namespace: str, account: str) -> bool:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    for subject in binding.items("subjects"):
        lives_in = subject.get("namespace") or binding.ref.namespace
        if (subject.get("kind"), subject.get("name"), lives_in) == ("ServiceAccount", account, namespace):
            return True
        if subject.get("kind") == "Group" and subject.get("name") in groups:
            return True
    return False


def _roleless(case: Case, binding: Obj) -> tuple[Obj, Quote] | None:
    """The binding and the quote of "not found" when its role does not exist."""
    kind, name = str(binding.at("roleRef.kind") or ""), str(binding.at("roleRef.name") or "")
    if kind not in ("Role", "ClusterRole") or name.startswith("system:"):
        return None
    namespace = binding.ref.namespace if kind == "Role" else ""
    case.get(kind, namespace, name, f"what does {binding.ref} allow?")
    absent = case.absent(kind, namespace, name)
    return (binding, absent) if absent else None


def _role_missing(refused: Refused, binding: Obj, absent: Quote) -> Finding:
    kind, name = str(binding.at("roleRef.kind")), str(binding.at("roleRef.name"))
    grant = f"{binding.ref.kind} {binding.ref.name} grants {kind} {name}, which does not exist"
    clause = f"ServiceAccount {refused.account} may not {_what(refused.said)}: {grant}"
    right = right_to_grant(refused.said, refused.namespace, wide=binding.ref.kind == "ClusterRoleBinding")
    if right is None:
        advice = _decide(binding.ref, ROLE_MISSING)
    else:
        command = _create(right, kind, binding.ref.namespace or None, name)
        advice = Recommendation(
            "creating the missing role", ROLE_MISSING.remedy, command, "medium", _check(refused, right)
        )
    claims = (
        Claim(f"{binding.ref} grants {kind} {name}", binding.quote("roleRef.kind", "roleRef.name")),
        Claim(f"{kind} {name} does not exist", (absent,)),
    )
    return refused.complaint.finding(ROLE_MISSING, clause, *claims, ways=(advice,), sure=Sure.STATED)


def _decide(ref: Ref, cause: Cause) -> Recommendation:
    """The advice if the permission is one that this program never recommends."""
    sentence = f"{cause.remedy} {NEVER}"
    return look(ref, "having a cluster administrator review the permission", sentence)


def _create(right: Right, kind: str, namespace: str | None, name: str) -> Command | Withheld:
    values = {"role": name, "verb": right.verb, "resource": right.resource}
    if kind == "Role":
        return kubectl(namespace, "create role {role} --verb={verb} --resource={resource}", **values)
    return kubectl(None, "create clusterrole {role} --verb={verb} --resource={resource}", **values)


def _check(refused: Refused, right: Right) -> Command | Withheld:
    """The command that asks the API server whether the account has the permission now."""
    words = "auth can-i {verb} {resource} --as=system:serviceaccount:{home}:{account}"
    if not right.namespace:
        words = "auth can-i {verb} {resource} --as=system:serviceaccount:{home}:{account} --all-namespaces"
    values = {"verb": right.verb, "resource": right.resource}
    return kubectl(right.namespace or None, words, home=refused.namespace, account=refused.account, **values)


def _not_allowed(refused: Refused, bindings: list[Obj]) -> Finding:
    complaint, said = refused.complaint, refused.said
    clause = f"ServiceAccount {refused.account} may not {_what(said)}"
    named = [b for b in bindings if not str(b.at("roleRef.name")).startswith("system:")]
    if named:
        roles = ", ".join(f"{b.at('roleRef.kind')} {b.at('roleRef.name')}" for b in named)
        text = f"It is bound to {roles}, which does not allow it"
        claims = [Claim(text, tuple(q for b in named for q in b.quote("roleRef.name")))]
        claims += _rules(complaint.case, named)
        clause += f": {roles} does not allow it"
    else:
        claims = [_stray(complaint.case, refused)]
        known = " that could be read" if _is_part(complaint.case, said) else ""
        clause += f": no role{known} is bound to it"
    advice = (_grant(refused, named),)
    return complaint.finding(FORBIDDEN, clause, *claims, ways=advice, sure=Sure.STATED)


def _grant(refused: Refused, named: list[Obj]) -> Recommendation:
    """Add the right to a Role the account has, or create a role for it: a ClusterRole may be shared."""
    right = right_to_grant(refused.said, refused.namespace, wide=not refused.said.namespace)
    if right is None:
        return _decide(Ref("ServiceAccount", refused.namespace, refused.account), FORBIDDEN)
    own = next((b for b in named if b.at("roleRef.kind") == "Role"), None)
    if own is not None and right.namespace:
        role = Ref("Role", own.ref.namespace, str(own.at("roleRef.name")))
        sentence = f"Add the verb {right.verb} on {right.resource} to the rules of {handle(role)}."
        return edit(role, "adding the rule to its role", sentence, _check(refused, right))
    name = f"{refused.account}-{right.resource}"
    values = {"role": name, "home": refused.namespace, "account": refused.account}
    if right.namespace:
        role_made = _create(right, "Role", right.namespace, name)
        bind = "create rolebinding {role} --role={role} --serviceaccount={home}:{account}"
        bound = kubectl(right.namespace, bind, **values)
    else:
        role_made = _create(right, "ClusterRole", None, name)
        bind = "create clusterrolebinding {role} --clusterrole={role} --serviceaccount={home}:{account}"
        bound = kubectl(None, bind, **values)
    return Recommendation(
        action="granting the permission",
        sentence=FORBIDDEN.remedy,
        command=sequence(role_made, bound),
        risk="medium",
        verify=_check(refused, right),
    )


def _is_part(case: Case, refused: Forbidden) -> bool:
    """Whether there are more bindings than were kept."""
    of_cluster = case.is_partial("ClusterRoleBinding", "*")
    return (bool(refused.namespace) and case.is_partial("RoleBinding", refused.namespace)) or of_cluster


def _rules(case: Case, bindings: list[Obj]) -> Iterator[Claim]:
    for binding in bindings[:2]:
        kind = str(binding.at("roleRef.kind"))
        namespace = binding.ref.namespace if kind == "Role" else ""
        role = case.get(kind, namespace, str(binding.at("roleRef.name")), "which rules does the role have?")
        if role:
            yield Claim(
                f"These are the rules of {role.ref}",
                role.quote("rules[0].resources", "rules[0].verbs") or role.quote("metadata.name"),
            )


def _stray(case: Case, refused: Refused) -> Claim:
    """A binding that means this account but misses it: another namespace or a near name."""
    namespace, account, where = refused.namespace, refused.account, refused.said.namespace
    for binding in case.list("RoleBinding", where, need="some") or [] if where else []:
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
