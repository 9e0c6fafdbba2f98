"""From a language model to the rules: every conversation ends with a verdict, also when the model gives none."""

import asyncio
import time

from autogen_core.models import ChatCompletionClient

from agent.investigation import Investigation
from agent.team.conversation import Conversation, Say
from agent.team.models.guard import Guard
from agent.team.models.rules import RuleModel
from agent.team.tools import Toolbox
from agent.team.workflow import converse

RULES_SHARE = 0.25
RULES_SECONDS = 20.0
RULES_READS = 60


async def reach_verdict(
    investigation: Investigation,
    model: ChatCompletionClient,
    name: str,
    *,
    seconds: float,
    stop: asyncio.Event,
    say: Say,
) -> Conversation:
    """The conversation whose verdict counts: the language model's, else one of the rules over the same evidence.

    A quarter of the time, at most 20 s, is kept for the rules.
    """
    if not isinstance(model, Guard):
        return await converse(investigation, model, seconds=seconds, stop=stop, say=say)
    end = time.monotonic() + seconds
    share = seconds - min(RULES_SECONDS, seconds * RULES_SHARE)
    model.budget.start(share)
    first = await converse(investigation, model, seconds=share, stop=stop, say=say)
    await model.close()
    why = model.failure or first.reason or _unusable(first, investigation)
    if not why or first.ended == "terminated":
        return _counted(first, model)
    reason = f"{name} gave no verdict ({why}); this one is from the rules"
    say(reason)
    investigation.ledger.allow(RULES_READS)
    second = await converse(investigation, RuleModel(), seconds=end - time.monotonic(), stop=stop, say=say)
    second.model = f"{name}, then rules"
    second.reason = "; ".join(filter(None, (reason, second.reason)))
    second.transcript = [*first.transcript, ("rules", "fallback", reason), *second.transcript]
    return _counted(second, model)


def _unusable(conversation: Conversation, investigation: Investigation) -> str:
    """Why what a model concluded is no verdict over this evidence, or nothing."""
    conclusion = conversation.conclusion
    if conclusion is None:
        return "it came to no conclusion"
    if not investigation.ledger.entries:
        return "it concluded without reading evidence"
    if Toolbox.diagnose.__name__ not in conversation.used:
        return "it concluded without asking what the evidence means"
    known = {finding.id for finding in investigation.diagnose().findings}
    if conclusion.finding is not None and conclusion.finding not in known:
        return f"it chose {conclusion.finding[:100]!r}, which is no finding"
    return ""


def _counted(conversation: Conversation, model: Guard) -> Conversation:
    """The conversation with what the language model used: requests of every kind, answered or not."""
    budget = model.budget
    if budget.doubts:
        conversation.transcript.append(("budget", "usage", budget.doubts))
    conversation.calls, conversation.usd = budget.calls, budget.usd
    conversation.prompt_tokens, conversation.completion_tokens = (
        budget.prompt_tokens,
        budget.completion_tokens,
    )
    return conversation
