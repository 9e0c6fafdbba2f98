"""Answers in structure: how a model is asked for one, and how its text is read."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError


class AnswerError(ValueError):
    """A text that is no answer of the type asked for; the message says to the model what is wrong."""


def read(text: str, kind: type[BaseModel]) -> str:
    """The answer in a model's text as clean JSON: fences and words around it are dropped; raises AnswerError."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise AnswerError("There is no JSON object in the answer.")
    try:
        return kind.model_validate_json(text[start : end + 1]).model_dump_json()
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'the answer'}: {e['msg']}" for e in error.errors()[:5]]
        raise AnswerError("; ".join(wrong)) from None


def schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a type as strict servers want it: every field required, no others."""
    closed: dict[str, Any] = _closed(kind.model_json_schema())
    return closed


def instruction(kind: type[BaseModel]) -> str:
    """How a model is told the form of its answer where the request cannot say it."""
    return (
        "Your final answer is one JSON object and nothing else, by this JSON Schema:\n"
        f"{json.dumps(schema(kind), separators=(',', ':'))}"
    )


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    copy = {name: _closed(value) for name, value in part.items()}
    if copy.get("type") == "object" and "properties" in copy:
        copy |= {"required": list(copy["properties"]), "additionalProperties": False}
    return copy
