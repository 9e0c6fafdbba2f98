"""Which model works the incident: exact names only, nothing is imported because a text says so."""

from autogen_core.models import ChatCompletionClient

from agent.models.rules import RuleModel
from agent.settings import Settings, SettingsError


def open_model(settings: Settings) -> ChatCompletionClient:
    """The model client of the settings; raises SettingsError for a name that is not offered."""
    if settings.model == "rules":
        return RuleModel()
    raise SettingsError(f"--model is {settings.model!r}; expected rules or openai:NAME")
