"""Pushes the Pipeline and its Tasks as a Tekton bundle; the same files give the same digest.

`python3 -m tekton.bundle.push REGISTRY/NAME:TAG` needs kubectl and tkn. It prints the bundle by digest.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tekton.manifests import ManifestError, rendered

HERE = Path(__file__).resolve().parent
ANNOTATIONS = {
    "org.opencontainers.image.title": "incident-agent",
    "org.opencontainers.image.description": "Tekton Pipeline and Tasks of the incident agent",
    "org.opencontainers.image.licenses": "Apache-2.0",
}


def push(reference: str, image: str) -> str:
    """Push, and return the bundle by digest; raises ManifestError."""
    name, _, tag = reference.rpartition(":")
    if not name or "/" in tag:
        raise ManifestError(f"the bundle is {reference!r}; expected REGISTRY/NAME:TAG, tag included")
    annotations = ANNOTATIONS | {"org.opencontainers.image.version": tag}
    with tempfile.TemporaryDirectory() as directory:
        content = Path(directory) / "bundle.yaml"
        content.write_text(rendered(HERE, image=image))
        arguments = [part for key, value in annotations.items() for part in ("--annotate", f"{key}={value}")]
        command = ["tkn", "bundle", "push", reference, "-f", str(content), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise ManifestError("tkn is not on PATH; expected Tekton's tkn 0.40 or newer") from None
    digest = re.search(r"sha256:[0-9a-f]{64}", done.stdout + done.stderr)
    if done.returncode or not digest:
        said = done.stderr.strip().splitlines() or ["it printed no digest"]
        raise ManifestError(f"tkn bundle push {reference}: {said[-1]}")
    return f"{name}@{digest[0]}"


def main() -> int:
    """Push what the command line names; the exit status is 2 for anything a person has to mend."""
    parser = argparse.ArgumentParser(prog="python3 -m tekton.bundle.push", description=__doc__)
    parser.add_argument("reference", metavar="REGISTRY/NAME:TAG", help="where to push")
    parser.add_argument(
        "--image", default="", metavar="REF", help="the agent's image the Tasks take by default"
    )
    options = parser.parse_args()
    try:
        print(push(options.reference, options.image))
    except ManifestError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
