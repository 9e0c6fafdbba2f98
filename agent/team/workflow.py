"""One AutoGen team per incident, worked under a deadline and ended by SIGTERM within a second."""

import asyncio
import logging

from autogen_agentchat.messages import (
    BaseChatMessage,
    StructuredMessage,
    ToolCallExecutionEvent,
    ToolCallRequestEvent,
)
from autogen_core.models import ChatCompletionClient

from agent.investigation import Investigation
from agent.team.agents import build_team
from agent.team.conversation import Conversation, Say
from agent.team.messages import Briefing, Report, Step
from agent.team.tools import Shown, Toolbox

ERROR_CHARACTERS = 400


async def converse(
    investigation: Investigation,
    model: ChatCompletionClient,
    *,
    seconds: float,
    stop: asyncio.Event,
    say: Say,
) -> Conversation:
    """Run the team to its end, to the deadline, or until `stop` is set; never raises.

    The team is walked away from, not cancelled: in autogen-core 0.7.5 a cancelled tool call hangs
    (microsoft/autogen issue 7956).
    """
    seconds = max(0.0, seconds)  # to import a client may have taken longer than there was time
    logging.getLogger("autogen_core").setLevel(logging.CRITICAL)  # one failure would print 80 lines
    conversation = Conversation()
    talk = asyncio.create_task(_talk(investigation, model, conversation, say))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({talk, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not talk.done():  # what AutoGen says while the event loop ends it is noise
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    if stop.is_set():
        conversation.ended, conversation.reason = "terminated", "terminated by a signal before the end"
    elif not talk.done():
        conversation.ended, conversation.reason = (
            "deadline",
            f"the deadline passed after {seconds:.1f} s, before the end",
        )
    elif (error := talk.exception()) is not None:
        conversation.ended, conversation.reason = "error", _one_line(error)
    return conversation


async def _talk(
    investigation: Investigation, model: ChatCompletionClient, conversation: Conversation, say: Say
) -> None:
    toolbox = Toolbox(investigation)
    team = build_team(toolbox, model)
    async for message in team.run_stream(task=_briefing(investigation)):
        _note(message, conversation, toolbox.shown, say)


def _briefing(investigation: Investigation) -> str:
    alert, subject = investigation.alert, investigation.subject
    queries = [str(query) for query in investigation.runbook.queries(subject)]
    return Briefing(
        alert={
            "name": alert.name,
            "status": alert.status,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "text": alert.text,
            "starts_at": alert.starts_at.isoformat() if alert.starts_at else None,
        },
        subject=str(subject.ref or subject.service or "unknown"),
        runbook=investigation.runbook.title,
        first_queries=queries,
    ).model_dump_json()


def _note(message: object, conversation: Conversation, shown: dict[str, Shown], say: Say) -> None:
    """Enter one message of the stream into the conversation."""
    usage = getattr(message, "models_usage", None)
    if usage is not None:
        conversation.calls += 1
        conversation.prompt_tokens += usage.prompt_tokens
        conversation.completion_tokens += usage.completion_tokens
    if isinstance(message, ToolCallRequestEvent):
        for call in message.content:
            conversation.used.add(call.name)
            conversation.transcript.append((message.source, "tool-call", f"{call.name} {call.arguments}"))
    elif isinstance(message, ToolCallExecutionEvent):
        for result in message.content:
            text = str(result.content)
            seen = shown.get(text) or Shown(text[:ERROR_CHARACTERS], f"  {result.name} failed")
            kind = "tool-error" if result.is_error else "tool-result"
            conversation.transcript.append((result.name, kind, seen.transcript))
            say(seen.progress)
    elif isinstance(message, StructuredMessage):
        _heard(message.content, conversation)
        conversation.transcript.append((message.source, "answer", message.content.model_dump_json()))
    elif isinstance(message, BaseChatMessage) and message.source != "user":
        conversation.transcript.append((message.source, "text", message.to_text()))


def _heard(content: object, conversation: Conversation) -> None:
    match content:
        case Step(kind="delegate"):
            conversation.plan = conversation.plan or content
        case Step():
            conversation.conclusion = content
        case Report():
            conversation.report = content


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"
