"""A conversation as data: what the team said and what it cost. It needs no AutoGen."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.team.messages import Report, Step

Say = Callable[[str], None]
Message = tuple[str, str, str]  # source, kind, text


@dataclass
class Conversation:
    """What the team did. `ended` is finished, deadline, terminated or error; `reason` says more of the last three.

    `used` are the tools it called, `usd` is what a language model cost; `model` names the models where more than
    the one of the settings spoke.
    """

    ended: str = "finished"
    reason: str = ""
    plan: Step | None = None
    report: Report | None = None
    conclusion: Step | None = None
    transcript: list[Message] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    model: str = ""
