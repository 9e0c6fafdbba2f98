"""The yardstick: the barest AutoGen team, two agents that each say one scripted sentence."""

import asyncio
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, RequestUsage

from agent.team.models.rules import RuleModel


class Scripted(RuleModel):
    """Says the same sentence whatever it hears."""

    async def create(self, *args: Any, **options: Any) -> CreateResult:
        """The sentence."""
        usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
        return CreateResult(finish_reason="stop", content="Done.", usage=usage, cached=False)


async def main() -> None:
    """Run both turns."""
    agents = [
        AssistantAgent(name, Scripted(), system_message="Speak.") for name in ("commander", "investigator")
    ]
    await RoundRobinGroupChat([*agents], termination_condition=MaxMessageTermination(3)).run(task="An alert.")


if __name__ == "__main__":
    asyncio.run(main())
