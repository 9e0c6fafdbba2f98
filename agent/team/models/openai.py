"""Language models behind the OpenAI chat completions protocol. Imports the optional client: import it lazily."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import openai
from autogen_core.models import CreateResult, LLMMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient

from agent.evidence.credentials import MARK
from agent.evidence.redaction import Redactor
from agent.team.models.budget import Budget, BudgetError
from agent.team.models.client import MODEL_INFO
from agent.team.models.guard import ModelError
from agent.team.models.spending import SpendingError
from agent.team.models.wire import Wire

OFFICIAL = "https://api.openai.com/v1"
RETRIES = 2
LIMITS = ("max_completion_tokens", "max_tokens")  # the limit of an answer, for newer and for other servers
MISMATCHES = ("Resolved model mismatch", "Finish reason mismatch")  # compatible servers differ, harmlessly
READ_CHARACTERS = 2000
SHOWN_CHARACTERS = 200


class Endpoint(OpenAIChatCompletionClient):
    """The client of AutoGen, whose every failure is one line without the key.

    `seconds` bounds one request; the client asks again at most twice, after 408, 409, 429, 5xx and lost connections,
    and each of them is a request of the budget.
    """

    component_provider_override = "agent.team.models.openai.Endpoint"

    def __init__(self, name: str, url: str, key: str, seconds: float, budget: Budget) -> None:
        for mismatch in MISMATCHES:
            warnings.filterwarnings("ignore", message=mismatch)
        self._key = key
        self._answer_tokens = budget.answer_tokens
        self._limits = [*(reversed(LIMITS) if url else LIMITS)]
        url = url or OFFICIAL
        super().__init__(  # type: ignore[call-arg]  # http_client reaches the library, though AutoGen's types lack it
            model=name,
            base_url=url,  # given always: the client would choose others by the model's name
            api_key=key,
            timeout=None,  # the wire bounds a request as a whole
            max_retries=RETRIES,
            http_client=Wire(budget, seconds, url),
            model_info=MODEL_INFO,
            include_name_in_message=False,  # not every server takes it
        )

    async def create(
        self,
        messages: Sequence[LLMMessage],
        *,
        extra_create_args: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> CreateResult:
        """One request and the client's own retries; raises ModelError, BudgetError and SpendingError."""
        while True:
            limit = {self._limits[0]: self._answer_tokens}
            try:
                return await self._create(
                    messages, extra_create_args={**(extra_create_args or {}), **limit}, **options
                )
            except ModelError as error:  # a name of the limit that the server refuses is not tried again
                if not (error.refused and len(self._limits) > 1 and any(n in str(error) for n in LIMITS)):
                    raise
                self._limits.pop(0)

    async def _create(self, messages: Sequence[LLMMessage], **options: Any) -> CreateResult:
        try:
            return await super().create(messages, **options)
        except openai.APIStatusError as error:
            words = f"its server answered {error.status_code}: {self._clean(error.message)}"
            raise ModelError(words, refused=error.status_code in (400, 422)) from None
        except openai.APIConnectionError as error:
            raise ModelError(
                f"its server cannot be reached: {self._clean(str(error.__cause__ or error))}"
            ) from None
        except (ModelError, BudgetError, SpendingError, TimeoutError):
            raise
        except Exception as error:  # a server that only looks like one breaks the client in many ways
            words = self._clean(f"{type(error).__name__}: {error}")
            raise ModelError(f"its server answers in another protocol ({words})") from None

    def _clean(self, words: str) -> str:
        """The first of a server's words, without the key it may repeat or other secrets."""
        words = words.replace(self._key, MARK) if len(self._key) > len("none") else words
        return Redactor().redact_text(" ".join(words.split())[:READ_CHARACTERS])[:SHOWN_CHARACTERS]
