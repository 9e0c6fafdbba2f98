"""A copy of the tree, for tests that write into it and run what stands there."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LEFT = shutil.ignore_patterns("__pycache__", "recording.tar.gz", "samples", "corpus", ".state")


class Tree:
    """A copy of all that the unit tests of the diagnosis need, without recordings."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("agent", "docs", "e2e", "tests"):
            shutil.copytree(ROOT / name, place / name, ignore=_LEFT)
        shutil.copy(ROOT / "pyproject.toml", place)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python in it."""
        return subprocess.run(
            [sys.executable, *words], cwd=self.place, capture_output=True, text=True, timeout=120
        )

    def test(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run some of its tests."""
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *words)

    def files(self) -> dict[str, bytes]:
        """What all its files hold, by their places in it."""
        paths = (path for path in self.place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        return {str(path.relative_to(self.place)): path.read_bytes() for path in paths}
