"""Writes the EventListeners and their Triggers: one notification, one run.

`python -m tekton.triggers.listener` writes the files. Each call of Tekton's
interceptor is a request that carries the notification, and each Trigger of a listener reads all of it: so there are
three calls and two Triggers, whatever a notification holds. The run is that of the one alert, or a batch.
"""

from pathlib import Path
from typing import Any

import yaml

LARGEST = 90_000
"""Bytes of an alert that gets its own run: as base64 it must fit one variable of a process, 128 KiB."""
FOLD = 100
"""Alerts of one batch; the newer ones of a notification are left to the sweep."""
BATCH_BYTES = 700_000
"""Of a notification that becomes a batch, an object of at most a megabyte; a larger one is left to the sweep."""
MEMORY = "512Mi"
"""A notification of 2 MB takes the listener 53 MiB, so 100 alerts of 64 KB some 150, and several may come at once."""
META = ("Watchdog", "InfoInhibitor", "DeadMansSwitch")

HERE = Path(__file__).parent
VERSION = "0.1.0"
SECRET = "alertmanager-webhook"
HEAD = """\
# Written by `python -m tekton.triggers.listener`; change that file, not this one.
# Kept in step by tests/tekton/test_triggers.py.
"""

# Common Expression Language, as the interceptor `cel` of Tekton Triggers runs it. A notification may come
# from anything that knows the token: every field is tested before it is used.
AUTHENTIC = f"header.canonical('Authorization').compareSecret('token', '{SECRET}')"
NOTIFICATION = "has(body.alerts) && type(body.alerts) == list"
# RFC 3339 to the last digit, with the days that each month has: timestamp() fails on anything else, and with it the
# whole notification would be lost. From 1970 to 2999, so that no offset leads out of what it can hold.
_YEAR = "(19[789][0-9]|2[0-9]{3})"
_LEAP = "(19(7[26]|8[048]|9[26])|2[0-9](0[48]|[2468][048]|[13579][26])|2[048]00)"
_DAY = (
    f"({_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|{_YEAR}-(0[13-9]|1[0-2])-(29|30)"
    f"|{_YEAR}-(0[13578]|1[02])-31|{_LEAP}-02-29)"
)
_CLOCK = "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
STARTED = (
    f"(has(a.startsAt) && type(a.startsAt) == string && a.startsAt.matches('^{_DAY}{_CLOCK}$')"
    " ? string(int(timestamp(a.startsAt))) : '0')"
)
IDENTIFIED = "has(a.fingerprint) && type(a.fingerprint) == string && a.fingerprint.matches('^[0-9a-f]{16}$')"
LABELLED = "has(a.labels) && type(a.labels) == map"
FIRING = (
    "body.alerts.filter(a, type(a) == map && (!has(a.status) || a.status == 'firing')"
    f" && !({LABELLED} && has(a.labels.alertname) && a.labels.alertname in {list(META)})"
    f" && !({LABELLED} && has(a.labels.severity) && a.labels.severity == 'none'))"
)
# A label value that Kubernetes accepts; an alertname that is none is left out rather than losing the run.
ALERTNAME = (
    f"({LABELLED} && has(a.labels.alertname) && type(a.labels.alertname) == string"
    " && a.labels.alertname.matches('^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$')"
    " ? a.labels.alertname : '')"
)
EPISODES = (  # the oldest first, so that a growing group keeps the places it has given
    f"{FIRING}.filter(a, {IDENTIFIED}).map(a, {{'name': 'incident-' + a.fingerprint + '-' + {STARTED},"
    f" 'order': {STARTED} + a.fingerprint, 'fingerprint': a.fingerprint, 'alertname': {ALERTNAME},"
    f" 'large': size(a.marshalJSON()) > {LARGEST}, 'alert': a}}).sortBy(e, string(e.order))"
)
UNIDENTIFIED = f"{FIRING}.filter(a, !({IDENTIFIED}))"
TRUNCATED = "(has(body.truncatedAlerts) && type(body.truncatedAlerts) == double ? body.truncatedAlerts : 0.0)"
ALONE = f"extensions.episodes.size() == 1 && !extensions.episodes[0].large && {TRUNCATED} == 0.0"
TAKEN = f"extensions.episodes.slice(0, math.least({FOLD}, extensions.episodes.size()))"
# Every key is there in both, since the template needs each; the empty ones are as if they were not given.
SINGLE = (
    "{'name': extensions.episodes[0].name, 'fingerprint': extensions.episodes[0].fingerprint,"
    " 'alertname': extensions.episodes[0].alertname, 'several': '', 'episodes': '', 'batch': '', 'alerts': '',"
    " 'deadline': '', 'alert': base64.encode(bytes(extensions.episodes[0].alert.marshalJSON()))}"
)


def listener(name: str, *, alone: bool) -> list[dict[str, Any]]:
    """An EventListener and its Triggers; with `alone` a notification of one alert is a run of its own, else a batch."""
    selected = {"incident-agent/listener": f"{name}-one-run"}  # no Trigger of an older version is in use
    others = {"incident-agent/listener": f"{name}-others"}
    return [
        _event_listener(name, selected, others, alone),
        _trigger(name, selected, "incident-run", "incident-run"),
        _trigger(f"{name}-others", others, "incident-others", "incident-others"),
    ]


def _event_listener(
    name: str, selected: dict[str, str], others: dict[str, str], alone: bool
) -> dict[str, Any]:
    group = {
        "name": name,
        "interceptors": [
            _cel(f"{AUTHENTIC} && {NOTIFICATION}", episodes=EPISODES, bytes="size(body.marshalJSON())"),
            _cel(WORKED, run=f"{ALONE} ? {SINGLE} : {batch()}" if alone else batch()),
        ],
        "triggerSelector": {"labelSelector": {"matchLabels": selected}},
    }
    rest = {
        "name": f"{name}-others",
        "interceptors": [_cel(f"!{AUTHENTIC} || ({NOTIFICATION} && {UNIDENTIFIED}.size() > 0)", **_others())],
        "triggerSelector": {"labelSelector": {"matchLabels": others}},
    }
    return {
        "apiVersion": "triggers.tekton.dev/v1beta1",
        "kind": "EventListener",
        "metadata": {"name": f"incident-{name}", "labels": _labels()},
        "spec": {
            "serviceAccountName": "incident-listener",
            "triggerGroups": [group, rest],
            "resources": {"kubernetesResource": {"replicas": 2, "spec": {"template": {"spec": _pod()}}}},
        },
    }


WORKED = f"extensions.episodes.size() > 0 && ({ALONE} || extensions.bytes <= {BATCH_BYTES})"


def _pod() -> dict[str, Any]:
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    resources = {
        "requests": {"cpu": "20m", "memory": "32Mi", "ephemeral-storage": "16Mi"},
        "limits": {"cpu": "1", "memory": MEMORY, "ephemeral-storage": "64Mi"},
    }
    return {
        "serviceAccountName": "incident-listener",
        "containers": [{"resources": resources, "securityContext": security}],
    }


def batch() -> str:
    """The alerts of a notification in one run, named after the newest and their number: a repeat names the same."""
    newest = f"{TAKEN}[{TAKEN}.size() - 1].name.replace('incident-', '')"
    name = f"'incident-batch-' + {newest} + '-' + string({TAKEN}.size())"
    left = f"{TRUNCATED} + double(extensions.episodes.size() - {TAKEN}.size())"
    payload = f"{{'version': '4', 'truncatedAlerts': {left}, 'alerts': {TAKEN}.map(e, e.alert)}}"
    return (
        f"{{'name': {name}, 'fingerprint': '', 'alertname': '', 'several': 'true',"
        f" 'episodes': {TAKEN}.map(e, string(e.name)).join(' '), 'batch': {name}, 'deadline': '540',"
        f" 'alerts': base64.encode(bytes({payload}.marshalJSON())), 'alert': ''}}"
    )


def _others() -> dict[str, str]:
    """Alerts without a fingerprint, not from Alertmanager: a run that no repeat can be recognised by.

    Tekton answers 202 before it looks at the token. So that a wrong one is not hidden, its overlay lacks what the
    binding takes: an error in the listener's log for each, which names it, and nothing is created.
    """
    payload = f"{{'version': '4', 'alerts': {UNIDENTIFIED}}}"
    alerts = f"{{'alerts': base64.encode(bytes({payload}.marshalJSON()))}}"
    return {"unless_wrong_token": f"{AUTHENTIC} ? {alerts} : {{}}"}


def _trigger(name: str, selected: dict[str, str], binding: str, template: str) -> dict[str, Any]:
    return {
        "apiVersion": "triggers.tekton.dev/v1beta1",
        "kind": "Trigger",
        "metadata": {"name": f"incident-{name}", "labels": _labels() | selected},
        "spec": {"bindings": [{"ref": binding}], "template": {"ref": template}},
    }


def _cel(wanted: str, **overlays: str) -> dict[str, Any]:
    listed = [{"key": key, "expression": expression} for key, expression in overlays.items()]
    params: list[dict[str, Any]] = [{"name": "filter", "value": wanted}]
    params += [{"name": "overlays", "value": listed}] if listed else []
    return {"ref": {"name": "cel", "kind": "ClusterInterceptor"}, "params": params}


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/part-of": "incident-agent", "app.kubernetes.io/version": VERSION}


def files() -> dict[Path, str]:
    """Every generated file with its content."""
    listeners = {"alerts": listener("alerts", alone=True), "groups": listener("groups", alone=False)}
    return {
        HERE / f"listener-{name}.yaml": HEAD + yaml.safe_dump_all(documents, sort_keys=False, width=110)
        for name, documents in listeners.items()
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content)
