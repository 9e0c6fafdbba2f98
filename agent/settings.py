"""Settings: everything that can be configured, each with its flag, its variable, its unit and its default."""

import os
from dataclasses import dataclass, field, fields
from typing import Any


class SettingsError(ValueError):
    """A setting that cannot be used; the message is for people."""


def _setting(default: Any, help: str, metavar: str = "", choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "metavar": metavar, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """One run. Each field is the flag --name and the variable INCIDENT_NAME; a flag wins."""

    alert_base64: str = _setting("", "the alert as base64 text, instead of a file", "TEXT")
    replay: str = _setting("", "answer from this recording and touch no network", "DIR|FILE.tar.gz")
    record: str = _setting("", "write what was read as a recording", "DIR|FILE.tar.gz")
    kubeconfig: str = _setting("", "kubeconfig file; default as kubectl, else the pod's own account", "FILE")
    context: str = _setting("", "context of the kubeconfig", "NAME")
    namespace: str = _setting("", "where to look for a subject that names no namespace", "NAME")
    prometheus: str = _setting("", "Prometheus to ask for metrics", "URL")
    model: str = _setting("rules", "rules (embedded, free) or openai:NAME", "MODEL")
    deadline: float = _setting(120.0, "seconds after which the run ends with what it has", "SECONDS")
    read_timeout: float = _setting(5.0, "seconds one read of evidence may take", "SECONDS")
    format: str = _setting("text", "what is printed", "FORMAT", ("text", "json", "markdown"))
    output: str = _setting("", "write result.json, report.md, report.txt and the evidence here", "DIR")
    store: str = _setting("", "keep finished results here; a stored incident is not worked again", "DIR")
    tekton_results: str = _setting("", "write one small file per Tekton result here", "DIR")
    batch: str = _setting("", "work the alerts that this PipelineRun of the own namespace carries", "NAME")

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        for name in ("deadline", "read_timeout"):
            if not 0 < getattr(self, name) <= 86400:
                raise SettingsError(f"{flag(name)} is {getattr(self, name):g}; expected seconds, more than 0")
        if self.prometheus and not self.prometheus.startswith(("http://", "https://")):
            raise SettingsError(f"--prometheus is {self.prometheus!r}; expected http://... or https://...")
        if self.replay and self.record:
            raise SettingsError("--replay and --record exclude each other: a replay reads nothing new")


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return "INCIDENT_" + name.upper()


def load(given: dict[str, Any]) -> Settings:
    """Settings from flags (None where not given), else variables, else defaults; raises SettingsError."""
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        value, source = given.get(setting.name), flag(setting.name)
        if value is None:
            value, source = os.environ.get(variable(setting.name)), variable(setting.name)
        if value not in (None, ""):
            values[setting.name] = _convert(value, type(setting.default), source)
            choices = setting.metadata["choices"]
            if choices and values[setting.name] not in choices:
                raise SettingsError(f"{source} is {value!r}; expected one of {', '.join(choices)}")
    return Settings(**values)


def _convert(value: Any, kind: type, source: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        raise SettingsError(f"{source} is {value!r}; expected a number") from None
