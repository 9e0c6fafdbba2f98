"""The causes of failing probes."""

from agent.diagnosis.cause import Cause, declare


def _cause(
    id: str, title: str, meaning: str, shows: str, remedy: str, *confused_with: str, symptom: bool = False
) -> Cause:
    return declare(Cause(id, "probes", title, meaning, shows, remedy, confused_with, symptom))


WRONG_PATH = _cause(
    "probe-wrong-path", "probe for a path that does not exist",
    "The program is up and answers, but not at the path of the probe.",
    "Unhealthy `HTTP probe failed with statuscode: 404`.",
    "Set the probe's path to one the program answers with success.", "app-reports-unhealthy",
)  # fmt: skip
WRONG_PORT = _cause(
    "probe-wrong-port", "probe of a port nobody listens on",
    "The program listens on another port than the one the probe asks.",
    "Unhealthy `connect: connection refused` at the probe's port; the log names another port.",
    "Set the probe's port to the one the program listens on.", "slow-start", "not-listening",
)  # fmt: skip
WRONG_SCHEME = _cause(
    "probe-wrong-scheme", "probe with the wrong protocol",
    "The probe speaks HTTP where the port speaks HTTPS, or the reverse.",
    "Unhealthy with `server gave HTTP response to HTTPS client`, or status 400.",
    "Set the probe's scheme.", "probe-wrong-path",
)  # fmt: skip
PORT_UNKNOWN = _cause(
    "probe-port-unknown", "probe of an unknown port name",
    "The probe names a port that the container does not declare; the kubelet discards such a probe.",
    "Unhealthy `probe errored ... strconv.Atoi: parsing \"NAME\": invalid syntax`.",
    "Declare the port under that name, or give its number.", "probe-wrong-port",
)  # fmt: skip
COMMAND_MISSING = _cause(
    "probe-command-missing", "probe command that cannot run",
    "The command of an exec probe is not in the image; the kubelet discards such a probe, so readiness never succeeds.",
    "Unhealthy `probe errored and resulted in unknown state: ... executable file not found`.",
    "Use a command the image has, or another kind of probe.", "probe-command-fails",
)  # fmt: skip
COMMAND_FAILS = _cause(
    "probe-command-fails", "probe command that says no",
    "The command of an exec probe runs and fails: the program is unwell, or the command asks for the wrong thing.",
    "Unhealthy with the command's output.",
    "Run the command in the container and read the program's log.", "probe-command-missing",
    symptom=True,
)  # fmt: skip
TIMEOUT = _cause(
    "probe-timeout", "probe that is not answered in time",
    "The program takes longer to answer than the probe waits (1 s by default): load, a CPU limit, or a slow check.",
    "Unhealthy `context deadline exceeded` or `timed out after`.",
    "Raise timeoutSeconds, make the check cheap, or give the program more CPU.", "slow-start", "dependency-timeout",
)  # fmt: skip
SLOW_START = _cause(
    "slow-start", "start slower than the probe allows",
    "The program needs longer to start than the probe waits, and is killed before it is up, again and again.",
    "Killing by the liveness or startup probe, always after the same short life, without an error in the log.",
    "Add a startupProbe with enough failureThreshold x periodSeconds, or raise initialDelaySeconds.",
    "probe-wrong-port", "application-error",
)  # fmt: skip
LOOPBACK = _cause(
    "listens-on-loopback", "program that listens on 127.0.0.1 only",
    "The program accepts connections from inside its own pod only, so probes and Services cannot reach it.",
    "Connection refused at the right port; the log says it listens on 127.0.0.1 or localhost.",
    "Have the program listen on 0.0.0.0.", "probe-wrong-port",
)  # fmt: skip
UNHEALTHY = _cause(
    "app-reports-unhealthy", "program that calls itself unhealthy",
    "The program answers the probe with an error status: it knows itself that it cannot work.",
    "Unhealthy `HTTP probe failed with statuscode: 500` or 503.",
    "Read the program's log; look at what it depends on.", "probe-wrong-path", symptom=True,
)  # fmt: skip
NOT_LISTENING = _cause(
    "not-listening", "program that does not listen",
    "The container runs, but nothing listens on the port that is asked.",
    "Unhealthy `connect: connection refused` while the container runs.",
    "Read the program's log: it may wait for something, or listen elsewhere.", "probe-wrong-port", symptom=True,
)  # fmt: skip
KILL = _cause(
    "liveness-probe-kill", "container killed by its probe",
    "The kubelet kills the container because its liveness or startup probe keeps failing.",
    "Killing `failed liveness probe, will be restarted` after Unhealthy.",
    "See why the probe fails.", "oom-killed", "application-error", symptom=True,
)  # fmt: skip
