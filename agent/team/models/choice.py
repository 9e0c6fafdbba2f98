"""Which model works the incident: exact names only, nothing is imported because a text says so."""

import os
from pathlib import Path

from autogen_core.models import ChatCompletionClient

from agent.files import MAX_SMALL, read_file
from agent.settings import Settings, SettingsError
from agent.team.models.rules import RuleModel


def open_model(settings: Settings) -> ChatCompletionClient:
    """The model client of the settings; raises SettingsError, and SpendingError for a bad budget file."""
    if settings.model == "rules":
        return RuleModel()
    try:
        from agent.team.models.openai import Endpoint
    except ImportError:
        raise SettingsError(
            f"--model {settings.model} needs the OpenAI client: pip install 'incident-agent[openai]', "
            "or an image built with EXTRA=openai"
        ) from None
    from agent.team.models.budget import Budget
    from agent.team.models.guard import Guard
    from agent.team.models.spending import Spending

    spending = None
    if settings.budget_file:
        spending = Spending(Path(settings.budget_file), settings.max_usd_per_day)
        spending.read()
    budget = Budget(settings, spending)
    name = settings.model.removeprefix("openai:")
    endpoint = Endpoint(name, settings.model_url, _key(settings), settings.model_timeout, budget)
    return Guard(endpoint, budget)


def _key(settings: Settings) -> str:
    """The key: from the file, else from OPENAI_API_KEY, else none, for servers of one's own."""
    key, source = os.environ.get("OPENAI_API_KEY", "").strip(), "OPENAI_API_KEY"
    if settings.model_key_file:
        source = f"--model-key-file {settings.model_key_file}"
        try:
            key = read_file(Path(settings.model_key_file), MAX_SMALL).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"cannot read {source}: {getattr(error, 'strerror', '') or 'not a text'}"
            ) from None
        if not key:
            raise SettingsError(f"{source} is empty; expected the key on one line, or none")
    if not key and not settings.model_url:
        raise SettingsError(
            f"--model {settings.model} needs a key: --model-key-file FILE, or OPENAI_API_KEY; a server of one's own "
            "(--model-url) may need none"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(f"{source} holds more than a key; expected one word of plain characters")
    return key or "none"
