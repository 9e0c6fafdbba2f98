"""Puts the sample recording as a ConfigMap into k8s/deployment.yaml: `python -m k8s.recording`."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "agent" / "samples" / "high-cpu-traffic" / "recording"
TARGET = HERE / "deployment.yaml"
MARK = "do not edit below this line.\n"


def inline(recording: Path) -> dict[str, Any]:
    """The manifest of a recording with every answer inside it, so that it is one file."""
    manifest: dict[str, Any] = json.loads((recording / "manifest.json").read_text())
    for entry in manifest["entries"]:
        if name := entry.pop("file", None):
            content = (recording / name).read_text()
            entry["data"] = content if entry["query"].startswith("logs ") else json.loads(content)
    return manifest


def config_map(recording: Path) -> str:
    """The ConfigMap as YAML; the manifest is one literal block, an entry a line."""
    manifest = inline(recording)
    entries = [json.dumps(entry, sort_keys=True, separators=(",", ":")) for entry in manifest.pop("entries")]
    head = json.dumps(manifest, sort_keys=True).removesuffix("}") + ', "entries": ['
    body = "".join(f"    {line}\n" for line in [head, *",\n".join(entries).splitlines(), "]}"])
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: autogen-recording\n  namespace: autogen\n"
        "  labels:\n    app.kubernetes.io/part-of: incident-agent\ndata:\n  manifest.json: |\n" + body
    )


def generated() -> str:
    """k8s/deployment.yaml as it should be."""
    head, mark, _ = TARGET.read_text().partition(MARK)
    return head + mark + config_map(SAMPLE)


if __name__ == "__main__":
    TARGET.write_text(generated())
