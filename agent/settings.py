"""Settings: everything that can be configured, each with its flag, its variable, its unit and its default."""

import os
import re
from dataclasses import dataclass, field, fields
from typing import Any

from agent.errors import UserError
from agent.names import is_name

MOST_ANSWER_TOKENS = 131_072
MOST = 1e9  # dollars, or tokens: more is a slip, and sums of it would be no numbers any more
OTHER_VARIABLES = frozenset({"INCIDENT_PROMETHEUS_TOKEN"})  # a secret, which no option may hold
MOST_TOLD = 5
PREFIX = "INCIDENT_"
# What Kubernetes gives a container of each Service in its namespace, where a name begins with "incident-".
_OF_A_SERVICE = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$")
_MODEL = re.compile(r"openai:[A-Za-z0-9][\w.:/@+-]{0,127}")


class SettingsError(UserError):
    """A setting that cannot be used; the message is for people."""


def _setting(default: Any, help: str, metavar: str = "", choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "metavar": metavar, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """One run. Each field is the flag --name and the variable INCIDENT_NAME; a flag wins."""

    alert_base64: str = _setting("", "the alert as base64 text, instead of a file", "TEXT")
    replay: str = _setting("", "answer from this recording, without network access", "DIR|FILE.tar.gz")
    record: str = _setting("", "save everything that was read as a recording", "DIR|FILE.tar.gz")
    kubeconfig: str = _setting(
        "", "kubeconfig file; default as for kubectl, or the pod's own account", "FILE"
    )
    context: str = _setting("", "context of the kubeconfig", "NAME")
    namespace: str = _setting("", "where to look for a subject without a namespace", "NAME")
    prometheus: str = _setting("", "Prometheus to query for metrics", "URL")
    model: str = _setting("rules", "rules (embedded, free) or openai:NAME", "MODEL")
    model_url: str = _setting("", "base URL of the server; default is OpenAI's own", "URL")
    model_key_file: str = _setting(
        "", "file with the key for the server; default OPENAI_API_KEY, if set", "FILE"
    )
    model_timeout: float = _setting(60.0, "seconds one request to the model may take", "SECONDS")
    usd_per_mtok_in: float = _setting(0.0, "price of a million tokens sent, in US dollars", "USD")
    usd_per_mtok_out: float = _setting(0.0, "price of a million tokens answered, in US dollars", "USD")
    max_answer_tokens: int = _setting(
        4096, "tokens one answer of the model may have, including its thinking", "TOKENS"
    )
    max_tokens: int = _setting(300_000, "tokens a model may use for one incident, 0 = no cap", "TOKENS")
    max_usd: float = _setting(0.25, "US dollars a model may cost for one incident, 0 = no cap", "USD")
    max_usd_per_day: float = _setting(
        0.0, "US dollars per UTC day, over all runs with the budget file", "USD"
    )
    budget_file: str = _setting("", "where the dollars of each day are kept", "FILE")
    deadline: float = _setting(120.0, "seconds after which the run ends with what it has found", "SECONDS")
    read_timeout: float = _setting(5.0, "seconds one read of evidence may take", "SECONDS")
    why: bool = _setting(
        False, "also print how the verdict was reached: what was visited, found and outranked"
    )
    causes: str = _setting(
        "", "YAML of causes to switch `off` or to `lower`, each with a reason; or its folder", "FILE|DIR"
    )
    format: str = _setting("text", "what is printed", "FORMAT", ("text", "json", "markdown"))
    output: str = _setting("", "write result.json, report.md, report.txt and the evidence here", "DIR")
    store: str = _setting(
        "", "keep finished results here; a stored incident is not investigated again", "DIR"
    )
    tekton_results: str = _setting("", "write one small file per Tekton result here", "DIR")
    notify_url_file: str = _setting(
        "",
        "post what Tekton's results say to the chat webhook whose address this file holds, if it is there",
        "FILE",
    )
    run_name: str = _setting("", "what a message that is posted calls this run", "NAME")
    batch: str = _setting("", "investigate the alerts of this PipelineRun in the pod's own namespace", "NAME")

    def __post_init__(self) -> None:
        """Refuse values that cannot work."""
        for name in ("deadline", "read_timeout", "model_timeout"):
            if not 0 < getattr(self, name) <= 86400:
                raise SettingsError(
                    f"{flag(name)} is {getattr(self, name):g}; expected seconds, more than 0, at most 86400"
                )
        for name in ("prometheus", "model_url"):
            if (url := getattr(self, name)) and not url.startswith(("http://", "https://")):
                raise SettingsError(f"{flag(name)} is {url!r}; expected http://... or https://...")
        if self.namespace and not is_name("Namespace", self.namespace):
            raise SettingsError(f"--namespace is {self.namespace[:80]!r}; expected the name of a namespace")
        self._check_model()
        if self.replay and self.record:
            raise SettingsError("--replay and --record exclude each other: a replay reads nothing new")

    def _check_model(self) -> None:
        """Refuse names that are not offered, and caps in dollars that cannot hold."""
        if self.model != "rules" and not _MODEL.fullmatch(self.model):
            raise SettingsError(f"--model is {self.model!r}; expected rules or openai:NAME")
        for name in ("usd_per_mtok_in", "usd_per_mtok_out", "max_tokens", "max_usd", "max_usd_per_day"):
            if not 0 <= getattr(self, name) <= MOST:
                raise SettingsError(f"{flag(name)} is {getattr(self, name):g}; expected 0 to {MOST:.0f}")
        if not 0 < self.max_answer_tokens <= MOST_ANSWER_TOKENS:
            raise SettingsError(
                f"--max-answer-tokens is {self.max_answer_tokens}; expected 1 to {MOST_ANSWER_TOKENS}"
            )
        if self.max_usd_per_day and not self.budget_file:
            raise SettingsError(
                "--max-usd-per-day needs --budget-file FILE: the runs of a day share what they spent in it"
            )
        capped = self.max_usd or self.max_usd_per_day or self.budget_file
        if self.model != "rules" and capped and not (self.usd_per_mtok_in and self.usd_per_mtok_out):
            raise SettingsError(
                f"a cap in dollars cannot be enforced without the prices of {self.model}: give --usd-per-mtok-in and "
                "--usd-per-mtok-out, or --max-usd 0 if it costs nothing"
            )


def flag(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def strangers() -> str:
    """What is wrong with the variables that look like settings and are none, in one line; nothing where all are."""
    known = {variable(setting.name) for setting in fields(Settings)} | OTHER_VARIABLES
    names = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    odd = [name for name in names if not _OF_A_SERVICE.search(name)]
    if not odd:
        return ""
    from agent.options import nearest

    words = {name.removeprefix(PREFIX): name for name in known}  # what all begin with makes them alike
    told = []
    for name in odd:
        meant = words.get(nearest(name.removeprefix(PREFIX), words))
        told.append(name[:80] + (f" (did you mean {meant}?)" if meant else ""))
    return f"no setting, hence ignored: {', '.join(told[:MOST_TOLD])}" + (" ..." if told[MOST_TOLD:] else "")


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
    if kind is bool:
        return _truth(value, source)
    try:
        return kind(value)
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{source} is {value!r}; expected {expected}") from None


def _truth(value: Any, source: str) -> bool:
    if str(value).lower() in ("true", "1", "yes"):
        return True
    if str(value).lower() in ("false", "0", "no"):
        return False
    raise SettingsError(f"{source} is {value!r}; expected true or false")
