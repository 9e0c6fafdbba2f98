"""Classes: which kind of trouble a line states; patterns are tried in order, the first that fits decides."""

import re
from functools import lru_cache

from agent.diagnosis.logs.finding import Kind
from agent.diagnosis.logs.pattern import EXCEPTION, OTHER, WRAPPER, Class
from agent.diagnosis.logs.reach import ECHOES, NETWORK
from agent.diagnosis.logs.refusals import REFUSALS
from agent.diagnosis.logs.settings import VALUES, VARIABLES
from agent.diagnosis.logs.surroundings import FILES, LIMITS, PROGRAM

CLASSES: tuple[Class, ...] = (
    *REFUSALS,
    *LIMITS,
    *NETWORK,
    *PROGRAM,
    *VARIABLES,
    *FILES,
    *VALUES,
    *ECHOES,
)

_EXCEPTION_LINE = re.compile(
    r"^(?:Caused by: |\s*-+> |Unhandled exception[.:]? ?|Uncaught |Exception in thread \"[^\"]*\" |"
    r"\[cause\]: |PHP )?"
    r"(?:Fatal error: +Uncaught )?(?:[\w$]+[./\\:]+)*[\w$]+(?:Error|Exception|Fault|Failure|Panic|"
    r"Interrupt|Exit|Warning|Throwable|Invalid\w*)"
    r"(?:\s?\[\w+\])?(?::|\s?$|\s\()"
    r"|^[a-z_]\w*(?:\.\w+)*\.[A-Z][\w$]+: |^\*\* \("
)
_CRASH = re.compile(
    r"^\*\* \((?!Mix)| at \S+ line \d+\.$|^panic: |^fatal error: |panicked at"
    r"|\bUnhandled(?: \w+)? ?(?:exception|rejection|error)|"
    r"\bUncaught\b|Exception in thread"
    r"|PHP Fatal error|^Traceback |\((?:\w+::)*\w+Error\)\s*$|division by zero|/ by zero|divide by "
    r"zero|nil pointer"
    r"|NullPointerException|Cannot read propert|is not a function|is not iterable|index out of "
    r"(?:range|bounds)|undefined method"
    r"|syntax error|SyntaxError|stack overflow|invalid memory address|Object reference not set",
)
_WRAPPING = re.compile(
    r"(?i)giving up|gave up|give up|after \d+ (?:attempts|retries|tries)|max(?:imum)? (?:number of )"
    r"?(?:retries|attempts)"
    r"|(?:start-?up|boot\w*|init\w*|launch\w*|setup) (?:\w+ )?(?:failed|failure|error)"
    r"|(?:failed|unable|cannot|could not|couldn't|error|failure) (?:to |while |during |in |at )"
    r"?(?:\w+ )?(?:start\w*|boot\w*|initiali[sz]\w*|init|connect\w*"
    r"|reach\w*|launch\w*|creat\w+ bean|refresh\w*|run(?:ning)?|set(?:ting)? ?up)\b"
    r"|\b(?:exiting|aborting|terminating|unrecoverable|cannot continue|process exited|exited with|"
    r"exit (?:code|status))\b"
    r"|Error creating bean|Application run failed|ELIFECYCLE|npm ERR!|^Command failed|main process "
    r"exited|not ready"
    r"|Unable to start (?:web server|embedded)|Failed to start bean|ApplicationContextException"
)
_STRONG_WORDS = re.compile(
    r"(?i)(?:^|[\s:\]|(])(?:fatal|error|panic|critical|exception|failure)(?: \w+)?[:!]|^(?:error|"
    r"fatal|failed|failure|critical)\b"
    r"|\b(?:failed to|failed with|failed:|cannot|can not|could not|couldn't|unable to|can't|"
    r"fail(?:ed|ure)\b[.!]?$|not found\b|rejected|crashed|corrupt\w*)"
)


@lru_cache(maxsize=4096)
def classify(text: str, level: str, exception: bool = False) -> tuple[Kind, float] | None:
    """The kind that a line states and how much it explains, or None for a line without trouble.

    `exception`: the line is the message of an exception or of a crash, so it counts as an error.
    """
    text = text[:2000]
    loud = exception or level in ("warn", "error", "fatal") or bool(_STRONG_WORDS.search(text))
    for each in CLASSES:
        if (loud or not each.loud) and each.pattern.search(text):
            return each.kind, each.certainty
    wrapping = bool(_WRAPPING.search(text))
    if _CRASH.search(text) or exception or _EXCEPTION_LINE.search(text):
        return "app-exception", 0.10 if wrapping else EXCEPTION
    if level in ("error", "fatal") or (level == "" and _STRONG_WORDS.search(text)):
        return "fatal-other", WRAPPER if wrapping else OTHER
    return None


def is_exception(text: str) -> bool:
    """Whether a line is the message of an exception: a type and what it says."""
    return bool(_EXCEPTION_LINE.search(text))


def is_crash(text: str) -> bool:
    """Whether a line says that the program ended by an exception nobody caught."""
    return bool(_CRASH.search(text))
