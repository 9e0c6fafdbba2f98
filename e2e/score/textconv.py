"""A recording as text, for `git diff`: `python3 -m e2e.score.textconv RECORDING`. Needs only Python.

Reads stand in the order of their names, since two runs seldom ask in the same. The namespace, which each live run
chooses anew, is written NAMESPACE.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from e2e.score.recorded import Recorded, read


def main() -> None:
    """Print a recording. What is none is told in its place: an error would end the whole `git diff`."""
    parser = argparse.ArgumentParser(prog="python3 -m e2e.score.textconv", description=__doc__)
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="a .tar.gz, as --record writes it")
    try:
        text = as_text(read(parser.parse_args().recording))
    except (OSError, ValueError, RecursionError) as error:
        text = f"not a recording: {error}\n"
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print("".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text), end="")


def as_text(recorded: Recorded) -> str:
    """What the manifest says of the whole, the alert, then each read with its answer."""
    about = {key: value for key, value in recorded.manifest.items() if key not in ("alert", "entries")}
    body = "\n".join(_body(recorded))
    if namespace := about.get("namespace"):
        body = body.replace(str(namespace), "NAMESPACE")
    return "\n".join(_fields(about)) + f"\n\n{body}\n"


def _body(recorded: Recorded) -> Iterator[str]:
    yield f"alert:\n{recorded.manifest.get('alert', '')}"
    for entry in sorted(recorded.manifest["entries"], key=lambda entry: str(entry.get("query"))):
        told = {key: value for key, value in entry.items() if key not in ("query", "file", "data")}
        yield "\n".join(["", f"== {entry.get('query')}", *_fields(told)])
        yield _answer(entry, recorded.files)


def _fields(values: dict[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        yield f"{key}: {_words(value)}"


def _answer(entry: dict[str, Any], files: dict[str, bytes]) -> str:
    if (name := entry.get("file")) is None:
        return _words(entry.get("data", ""))
    return files.get(str(name), b"(missing)").decode("utf-8", "replace").rstrip("\n")


def _words(value: Any) -> str:
    return (
        value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    )


if __name__ == "__main__":
    main()
