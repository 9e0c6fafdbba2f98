"""Noise: lines that look like trouble but are not, and text that gives instructions."""

import re

# Counts of zero mean that nothing is wrong; they are removed before anything is matched.
_COUNTED = r"(?:errors?|failures?|failed|warnings?|exceptions?|problems?|timeouts?|retries|dropped|refused)"
_NOTHING = r"(?:0+(?:\.0+)?%?|null|none|nil|false|\"\"|\[\]|<nil>)(?![\w.])"
_ZERO = re.compile(
    rf"(?i)\b(?:0|no|without(?: any)?|zero) (?:\w+ )?{_COUNTED}\b"
    rf"|\b[\w.\-]{{0,40}}{_COUNTED}[\w.\-]{{0,40}}\"?\s?[=:]\s?\"?{_NOTHING}"
)
_NO_LOG = re.compile(
    r"(?:Error from server \(\w+\): )?(?:unable to retrieve container logs for \S+"
    r"|previous terminated container .{1,200} not found|container .{1,300} is (?:waiting to start|not valid for pod)"
    r"|failed to try resolving symlinks|the server rejected our request for an unknown reason)"
)
_NEVER = re.compile(
    r"(?i)deprecat|TLS handshake error from \S+ (?:EOF|read tcp \S+ (?:read: )?connection reset)|"
    r"npm (?:notice|warn)\b"
    r"|this is a development server|\b(?:simulated|harmless|benign|non-?fatal|tolerated|safe(?:ly)? "
    r"(?:to )?ignored?)\b"
    r"|similar lines folded|could not reliably determine the server"
)
_ROUTINE = re.compile(
    r"(?i)\b(?:received|caught|got|handling) (?:signal|SIG\w+|shutdown|termin)|\bSIG(?:TERM|INT|HUP|QUIT)\b"
    r"|\b(?:shutting|shut) down\b|graceful(?:ly)? (?:shutdown|stop|exit)|\bterminating (?:on|due to|"
    r"gracefully)"
    r"|error[ _-]?(?:handler|page|boundary|log|reporting|tracking|budget)s?\b(?! (?:failed|crash))"
    r"|\b(?:on|log|handle|max|retry|stop|exit)[-_ ](?:on[-_ ])?errors?\b"
)
_RECOVERED = re.compile(
    r"(?i)\b(?:re)?connect(?:ed|ion (?:established|restored|recovered|re-established|ok|succeeded|is up))\b"
    r"|\b(?:recovered|restored|succeeded|successful(?:ly)?|re-?established|back (?:online|to normal)"
    r"|resumed|healthy again"
    r"|is (?:now )?(?:ready|available|reachable|up|healthy))\b"
)
_NOT_RECOVERED = re.compile(r"(?i)\b(?:not|never|un|fail|could ?n.t|cannot|error)")
_RETRY = re.compile(
    r"(?i)\bretry|\bretries\b|\battempt \d|\btrying again|\bbackoff|\bback-?off|\bwill try|\breconnect"
)
_ELSEWHERE = re.compile(
    r"(?i)\b(?:check|see|consult|look at|refer to) (?:the |your )?(?:\w+ ){0,2}(?:logs?|output|above|messages?)\b"
)
_EPILOGUE = re.compile(r"^\s*npm (?:ERR!|error)(?:\s|$)")
_ORDER = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|previous|"
    r"evidence|guidelines)\b"
    r"|\b(?:assistant|agents?|ai|llm|model|investigator|commander|bot|copilot|sre|operators?)\b.{0,50}"
    r"\b(?:must|should|shall|please|report|conclude|respond|answer|close|delete|execute|mark|treat|need to)\b"
    r"|\b(?:you (?:must|should|are|will|have to)|please)\b.{0,60}"
    r"\b(?:report|conclude|answer|respond|say|state|close|mark|delete|execute|scale|run kubectl|"
    r"diagnos|restart|escalate)"
    r"|\b(?:report|conclude|answer|state|mark|classify|treat) .{0,50}"
    r"\b(?:root cause|outcome|verdict|self-resolved|not-actionable|healthy|resolved|incident|"
    r"diagnosis|false positive)\b"
    r"|</?(?:system|assistant|user|instructions?|tool)>|\bsystem prompt\b|\bnote to (?:the )"
    r"?\w*\s?(?:ai|agent|reader|llm|sre)"
    r"|\b(?:run|execute):? [`\"']?kubectl (?:delete|scale|apply|exec)"
)


def is_no_log(text: str) -> bool:
    """Whether it is what an API server or kubelet answers in place of a log, not what a program said."""
    return "\n" not in text.strip() and bool(_NO_LOG.match(text.strip()))


def without_zero_counts(text: str) -> str:
    """The text without counts that are zero ("0 errors", `errors=0`)."""
    return _ZERO.sub(" ", text)


def is_never(text: str) -> bool:
    """Whether a line is harmless whatever it names: a deprecation, a probe's handshake."""
    return bool(_NEVER.search(text))


def refers_elsewhere(text: str) -> bool:
    """Whether a line sends its reader to other lines for the reason."""
    return bool(_ELSEWHERE.search(text))


def is_epilogue(text: str) -> bool:
    """Whether a line only reports that what it started has failed: the program itself said why before."""
    return bool(_EPILOGUE.search(text))


def is_routine(text: str) -> bool:
    """Whether a line is harmless unless it names a specific error: shutdown, signals, settings."""
    return bool(_ROUTINE.search(text))


def gives_orders(text: str) -> bool:
    """Whether a line addresses its reader with instructions: data to show, never to follow or believe."""
    return bool(_ORDER.search(text))


def tells_recovery(text: str) -> bool:
    """Whether a line says that something works (again)."""
    return bool(_RECOVERED.search(text)) and not _NOT_RECOVERED.search(text)


def tells_retry(text: str) -> bool:
    """Whether a line says that an attempt will be repeated."""
    return bool(_RETRY.search(text))
