"""Logs: reading what programs of any language say when they fail."""

from agent.diagnosis.logs.decisive import read_log
from agent.diagnosis.logs.finding import KINDS, Forbidden, Kind, LogFinding, Targets

__all__ = ["KINDS", "Forbidden", "Kind", "LogFinding", "Targets", "read_log"]
