"""The conclusion of a run that investigated: its results, and the verdict posted where a person should look.

All of it is the last thing the investigating step does. A pod of its own for it could wait longer than the
investigation took, and a verdict would then be in a run that is marked Failed. A second step of the same pod
would wait until the timeout behind a first whose container was killed.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from agent.settings import Settings
from agent.tekton.notify import NotifyError, post
from agent.tekton.results import conclusion, tekton_results, write_values
from agent.verdict.result import Result

POSTED = ("diagnosed", "inconclusive")
"""Outcomes that a person should see; of a failed one the end of the PipelineRun tells."""


def conclude(
    settings: Settings, results: Iterable[Result], lacking: Exception | None, say: Callable[[str], None]
) -> None:
    """Write the Tekton results, then post the verdict; raises OutputError when the results cannot be written.

    `lacking` is what else could not be written: like a webhook that does not answer it is said, and costs
    no verdict.
    """
    directory, values = Path(settings.tekton_results), tekton_results(results)
    more = [str(lacking)] if lacking else []
    write_values(directory, values | conclusion(values["outcome"], *more))
    if settings.notify_url_file and values["outcome"] in POSTED:
        more.append(_posted(values, settings))
        write_values(directory, conclusion(values["outcome"], *more))
    for each in more:
        say(f"note: {each}")


def _posted(values: dict[str, str], settings: Settings) -> str:
    """What became of the message, in words."""
    try:
        posted = post(verdict(values, settings.run_name), Path(settings.notify_url_file))
    except NotifyError as error:
        return f"the verdict is not posted: {error}"
    return "the verdict is posted" if posted else "the verdict is posted nowhere: no webhook is set up"


def verdict(values: dict[str, str], run: str) -> str:
    """A verdict as people are told it."""
    told = f"{values['outcome']} ({values['confidence']}): {values['cause']} in {values['entity']}."
    return f"{told} {values['summary']}" + (f" [{run}]" if run else "")
