"""What ended untold: runs without an outcome of which nobody heard, since nothing of theirs was left to say so.

A run that is cancelled at once has no `finally`; one whose Pipeline is missing never had a pod; where the registry is
down the report's own image cannot be pulled. They are found by what they lack, however late, and marked when told.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from agent.tekton.marks import NOT_YET, TOLD, MarkError
from agent.tekton.notify import URL_FILE
from agent.tekton.telling import tell_not_investigated
from agent.tekton.trouble import condition, results, why

_ACCOUNTED = {"outcome", "conclusion", "not-investigated"}
"""Results of a run that told by itself."""
MOST = 20
"""Messages of one pass: the rest is told the next time, so that a chat takes them."""


def untold(runs: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The runs that ended with no outcome and of which nobody was told."""
    for run in runs:
        mark = (run["metadata"].get("annotations") or {}).get(TOLD, NOT_YET)
        if condition(run).get("status") == "False" and mark == NOT_YET and not _ACCOUNTED & set(results(run)):
            yield run


def tell_untold(
    runs: Iterable[dict[str, Any]],
    task_run: Callable[[dict[str, Any]], dict[str, Any] | None],
    mark: Callable[[dict[str, Any], str], None],
    say: Callable[[str], None],
    url_file: Path = URL_FILE,
) -> int:
    """Tell of each run once, of MOST at most, and mark it; how many. Without a webhook nothing is marked.

    A run that cannot be marked is passed over: it would be told of again and again. Raises RunsError, NotifyError,
    and MarkError when it is through with the others; what is left is told the next time.
    """
    count, first = 0, None
    for run in untold(runs):
        because = why(run, known := task_run(run))
        say(f"{run['metadata']['name']}: {because}")
        if not url_file.exists():
            continue
        try:
            mark(run, NOT_YET)
            tell_not_investigated(run, because, known, url_file=url_file)
            mark(run, because)
        except MarkError as error:
            first = first or error
            continue
        count += 1
        if count == MOST:
            break
    if first is not None:
        raise first
    return count
