"""Who uses a cluster, and so whether it may be taken away."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.cluster import paths, process
from e2e.cluster.shell import answers

NETWORK = "kind"


class Ownership:
    """The users of one cluster: one that a person left running is never taken away; one that a test run made goes
    with the last process of it, or at the next start when they were killed.

    The note lies in the cache, since a cluster belongs to the host and not to a checkout.
    """

    def __init__(self, name: str) -> None:
        self.note = paths.cache() / "clusters" / f"{name}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else creates, changes or deletes the cluster meanwhile."""
        self.note.parent.mkdir(parents=True, exist_ok=True)
        with self.note.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def claim(self) -> None:
        """This process makes the cluster; also notes whether kind's network was there before."""
        network = answers("docker", "network", "inspect", NETWORK)
        self._write({"processes": [process.identity()], "network_was_there": network})

    def join(self) -> None:
        """This process uses the cluster too; a person's stays a person's."""
        if not self.of_a_person():
            self._write({**self._read(), "processes": [*self._living(), process.identity()]})

    def leave(self) -> bool:
        """This process needs the cluster no more; whether nobody does."""
        if self.of_a_person():
            return False
        others = [each for each in self._living() if each != process.identity()]
        self._write({**self._read(), "processes": others})
        return not others

    def give_to_person(self) -> None:
        """From now on the cluster is left running."""
        self._write({**self._read(), "processes": None})

    def of_a_person(self) -> bool:
        """Whether a person keeps the cluster, or nobody noted whose it is."""
        return self._read().get("processes") is None

    def abandoned(self) -> bool:
        """Whether test runs made the cluster and ended without deleting it."""
        return not self.of_a_person() and not self._living()

    def forget(self) -> None:
        """The cluster is gone: remove the note, and kind's network if it came with the cluster and nobody uses it."""
        if not self._read().get("network_was_there", True):
            answers("docker", "network", "rm", NETWORK)
        self.note.unlink(missing_ok=True)

    def _living(self) -> list[str]:
        return [each for each in self._read().get("processes") or [] if process.lives(each)]

    def _write(self, content: dict) -> None:
        self.note.parent.mkdir(parents=True, exist_ok=True)
        self.note.write_text(json.dumps(content))

    def _read(self) -> dict:
        return json.loads(self.note.read_text()) if self.note.exists() else {}
