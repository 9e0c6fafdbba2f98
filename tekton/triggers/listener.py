"""Writes the EventListeners and their Triggers: one Trigger for each place of an alert in a notification.

`python -m tekton.triggers.listener` writes the files. A Trigger cannot loop over an array, so WIDTH alerts of
a notification get a run each and the rest one batch run.
"""

from pathlib import Path
from typing import Any

import yaml

WIDTH = 16
"""Alerts of one notification that get a run each; a Trigger without one costs a call of the interceptor."""
LARGEST = 90_000
"""Bytes of an alert that gets its own run: as base64 it must fit one variable of a process, 128 KiB."""
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
SMALL = "extensions.episodes.filter(e, !e.large)"
TRUNCATED = "(has(body.truncatedAlerts) && type(body.truncatedAlerts) == double ? body.truncatedAlerts : 0.0)"


def listener(name: str, width: int) -> list[dict[str, Any]]:
    """An EventListener and its Triggers; `width` alerts get a run each, the rest one batch run."""
    selected = {"incident-agent/listener": f"{name}-{width}"}  # another width leaves no old Trigger in use
    singles = [_single(name, place, selected) for place in range(width)]
    return [
        _event_listener(name, width, selected),
        *singles,
        _batch(name, selected),
        _unidentified(name, selected),
        _trigger(f"{name}-refused", _refused(name), [], "incident-refused", "incident-refused"),
    ]


def _event_listener(name: str, width: int, selected: dict[str, str]) -> dict[str, Any]:
    places = f"math.least({width}, {SMALL}.size())"
    runs = f"{SMALL}.slice(0, {places}).map(e, {{'name': e.name, 'fingerprint': e.fingerprint, " + (
        "'alertname': e.alertname, 'alert': base64.encode(bytes(e.alert.marshalJSON()))})"
    )
    rest = f"{SMALL}.slice({places}, {SMALL}.size()) + extensions.episodes.filter(e, e.large)"
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    resources = {
        "requests": {"cpu": "20m", "memory": "32Mi", "ephemeral-storage": "16Mi"},
        "limits": {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "64Mi"},
    }
    container = {
        "resources": resources,
        "securityContext": security,
    }
    group = {
        "name": name,
        "interceptors": [
            _cel(f"{AUTHENTIC} && {NOTIFICATION}", episodes=EPISODES, unidentified=UNIDENTIFIED),
            _cel("true", runs=runs, rest=rest),
        ],
        "triggerSelector": {"labelSelector": {"matchLabels": selected}},
    }
    # Tekton answers 202 before it looks at the token. So that a wrong one is not hidden, it meets a binding that
    # cannot be resolved: an error in the listener's log for each, and nothing is created.
    refused = {
        "name": f"{name}-refused",
        "interceptors": [_cel(f"!{AUTHENTIC}")],
        "triggerSelector": {"labelSelector": {"matchLabels": _refused(name)}},
    }
    template = {"spec": {"serviceAccountName": "incident-listener", "containers": [container]}}
    return {
        "apiVersion": "triggers.tekton.dev/v1beta1",
        "kind": "EventListener",
        "metadata": {"name": f"incident-{name}", "labels": _labels()},
        "spec": {
            "serviceAccountName": "incident-listener",
            "triggerGroups": [group, refused],
            "resources": {"kubernetesResource": {"spec": {"template": template}}},
        },
    }


def _single(name: str, place: int, selected: dict[str, str]) -> dict[str, Any]:
    cel = _cel(f"extensions.runs.size() > {place}", run=f"extensions.runs[{place}]")
    return _trigger(f"{name}-{place:02}", selected, [cel], "incident-alert", "incident-alert")


def _batch(name: str, selected: dict[str, str]) -> dict[str, Any]:
    """What is beyond the width or too large, and alerts that Alertmanager itself left out, in one run.

    The run is named after the newest alert of all and their number: a repeat names the same run.
    """
    newest = "extensions.episodes[extensions.episodes.size() - 1]"
    payload = f"{{'version': '4', 'truncatedAlerts': {TRUNCATED}, 'alerts': extensions.rest.map(e, e.alert)}}"
    batch = (
        "{'name': 'incident-batch-' + "
        f"{newest}.name.replace('incident-', '') + '-' + string(extensions.episodes.size()),"
        " 'episodes': extensions.rest.map(e, string(e.name)).join(' '),"
        f" 'alerts': base64.encode(bytes({payload}.marshalJSON()))}}"
    )
    wanted = f"extensions.episodes.size() > 0 && (extensions.rest.size() > 0 || {TRUNCATED} > 0.0)"
    return _trigger(
        f"{name}-batch", selected, [_cel(wanted, batch=batch)], "incident-batch", "incident-batch"
    )


def _unidentified(name: str, selected: dict[str, str]) -> dict[str, Any]:
    """Alerts without a fingerprint, not from Alertmanager: a run that no repeat can be recognised by."""
    payload = "{'version': '4', 'alerts': extensions.unidentified}"
    batch = f"{{'episodes': '', 'alerts': base64.encode(bytes({payload}.marshalJSON()))}}"
    cel = _cel("extensions.unidentified.size() > 0", batch=batch)
    return _trigger(f"{name}-unidentified", selected, [cel], "incident-unidentified", "incident-batch")


def _trigger(
    name: str, selected: dict[str, str], interceptors: list[dict[str, Any]], binding: str, template: str
) -> dict[str, Any]:
    first = {"interceptors": interceptors} if interceptors else {}
    return {
        "apiVersion": "triggers.tekton.dev/v1beta1",
        "kind": "Trigger",
        "metadata": {"name": f"incident-{name}", "labels": _labels() | selected},
        "spec": first | {"bindings": [{"ref": binding}], "template": {"ref": template}},
    }


def _refused(name: str) -> dict[str, str]:
    return {"incident-agent/listener": f"{name}-refused"}


def _cel(wanted: str, **overlays: str) -> dict[str, Any]:
    listed = [{"key": key, "expression": expression} for key, expression in overlays.items()]
    params: list[dict[str, Any]] = [{"name": "filter", "value": wanted}]
    params += [{"name": "overlays", "value": listed}] if listed else []
    return {"ref": {"name": "cel", "kind": "ClusterInterceptor"}, "params": params}


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/part-of": "incident-agent", "app.kubernetes.io/version": VERSION}


def files() -> dict[Path, str]:
    """Every generated file with its content."""
    listeners = {"alerts": listener("alerts", WIDTH), "groups": listener("groups", 0)}
    return {
        HERE / f"listener-{name}.yaml": HEAD + yaml.safe_dump_all(documents, sort_keys=False, width=110)
        for name, documents in listeners.items()
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content)
