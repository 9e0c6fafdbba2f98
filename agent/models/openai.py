"""Language models behind the OpenAI chat completions protocol. Imports the optional client: import it lazily."""

import warnings
from collections.abc import Sequence
from typing import Any

import openai
from autogen_core.models import CreateResult, LLMMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient

from agent.evidence.credentials import MARK
from agent.evidence.redaction import Redactor
from agent.models.client import MODEL_INFO
from agent.models.guard import ModelError

OFFICIAL = "https://api.openai.com/v1"
RETRIES = 2
MISMATCHES = ("Resolved model mismatch", "Finish reason mismatch")  # compatible servers differ, harmlessly


class Endpoint(OpenAIChatCompletionClient):
    """The client of AutoGen, whose every failure is one line without the key.

    `seconds` bounds one request; the client asks again at most twice, after 408, 409, 429, 5xx and lost connections.
    """

    component_provider_override = "agent.models.openai.Endpoint"

    def __init__(self, name: str, url: str, key: str, seconds: float) -> None:
        for mismatch in MISMATCHES:
            warnings.filterwarnings("ignore", message=mismatch)
        self._key = key
        self._seconds = seconds
        super().__init__(
            model=name,
            base_url=url or OFFICIAL,  # given always: the client would choose others by the model's name
            api_key=key,
            timeout=seconds,
            max_retries=RETRIES,
            model_info=MODEL_INFO,
            include_name_in_message=False,  # not every server takes it
        )

    async def create(self, messages: Sequence[LLMMessage], **options: Any) -> CreateResult:
        """One request; raises ModelError, and TimeoutError where the server may have worked and charge for it."""
        try:
            return await super().create(messages, **options)
        except openai.APIStatusError as error:
            words = f"its server answered {error.status_code}: {self._clean(error.message)}"
            raise ModelError(words, refused=error.status_code in (400, 422)) from None
        except openai.APITimeoutError:
            raise TimeoutError(f"its server gave no answer within {self._seconds:g} s") from None
        except openai.APIConnectionError as error:
            raise ModelError(
                f"its server cannot be reached: {self._clean(str(error.__cause__ or error))}"
            ) from None
        except TimeoutError:
            raise
        except Exception as error:  # a server that only looks like one breaks the client in many ways
            words = self._clean(f"{type(error).__name__}: {error}")
            raise ModelError(f"its server answers in another protocol ({words})") from None

    def _clean(self, words: str) -> str:
        """A server's words on one line, without the key it may repeat or other secrets."""
        words = words.replace(self._key, MARK) if len(self._key) > len("none") else words
        return " ".join(Redactor().redact_text(words).split())[:200]
