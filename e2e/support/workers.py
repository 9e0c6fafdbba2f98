"""Which of several workers runs a test: `pytest -n 3`."""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

# What these install goes into the one namespace that the manifests name.
IN_AUTOGEN = {"test_deployment.py", "test_install.py", "test_live.py", "test_rbac.py"}


class Scheduling(LoadScopeScheduling):
    """One worker runs all tests that install into `autogen`; any other test goes to the next free worker.

    xdist's own groups (`--dist loadgroup`) change node ids, which pytest 9.2 no longer lets them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return "autogen" if file.name in IN_AUTOGEN else nodeid
