"""The causes of failing probes."""

from agent.diagnosis.causes import cause

WRONG_PATH = cause("probe-wrong-path")
WRONG_PORT = cause("probe-wrong-port")
WRONG_SCHEME = cause("probe-wrong-scheme")
PORT_UNKNOWN = cause("probe-port-unknown")
COMMAND_MISSING = cause("probe-command-missing")
COMMAND_FAILS = cause("probe-command-fails")
TIMEOUT = cause("probe-timeout")
SLOW_START = cause("slow-start")
LOOPBACK = cause("listens-on-loopback")
UNHEALTHY = cause("app-reports-unhealthy")
NOT_LISTENING = cause("not-listening")
KILL = cause("liveness-probe-kill")
