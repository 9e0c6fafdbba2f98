"""Pruning: delete PipelineRuns that ended long ago, together with their TaskRuns and pods.

A run's name is what makes a repeated notification a no-op, so runs are kept longer than Alertmanager's
repeat_interval.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from agent.tekton.runs import PART_OF


class PruneError(ValueError):
    """The runs cannot be listed or deleted; the message is for people."""


def expired(runs: Iterable[dict[str, Any]], now: datetime, keep: timedelta) -> list[str]:
    """Names of the runs that ended more than `keep` ago; a run that has not ended is never among them."""
    names = []
    for run in runs:
        ended = run.get("status", {}).get("completionTime")
        if ended and datetime.fromisoformat(ended) < now - keep:
            names.append(run["metadata"]["name"])
    return names


def prune(namespace: str, now: datetime, keep: timedelta) -> list[str]:
    """Delete what has expired in the namespace, and name it; raises PruneError."""
    from kubernetes import client, config

    try:
        config.load_config()
        api = client.CustomObjectsApi()
        place = {"group": "tekton.dev", "version": "v1", "namespace": namespace, "plural": "pipelineruns"}
        runs: dict[str, Any] = api.list_namespaced_custom_object(**place, label_selector=PART_OF)
        names = expired(runs["items"], now, keep)
        for name in names:
            _delete(api, place, name)
    except (client.ApiException, config.ConfigException) as error:
        said = getattr(error, "reason", None) or error
        raise PruneError(f"cannot prune the PipelineRuns of {namespace}: {said}") from None
    return names


def _delete(api: Any, place: dict[str, str], name: str) -> None:
    from kubernetes.client import ApiException

    try:
        api.delete_namespaced_custom_object(**place, name=name)
    except ApiException as error:
        if error.status != 404:  # somebody else was faster
            raise
