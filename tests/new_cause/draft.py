"""A draft of a cause: the files it will stand in, made from templates, and what speaks against it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from string import Template

import yaml

from agent.diagnosis.causes import causes
from agent.evidence.kinds import RESOURCES
from agent.ref import Ref
from tests.diagnosis import objects

ROOT = Path(__file__).parents[2]
TODO = "TODO"
LONGEST = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PLACES = (
    "agent/diagnosis/causes/*.yaml", "agent/diagnosis/rules/**/*.py", "tests/diagnosis/**/*.py",
    "e2e/scenarios/*/*.yaml", "e2e/scenarios/*/alert.*",
)  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A cause that is not there yet, in a family, to be found at objects of a kind."""

    cause: str
    family: str
    kind: str

    @property
    def module(self) -> str:
        """The cause as the name of a module."""
        return self.cause.replace("-", "_")

    @property
    def entry(self) -> Path:
        """The file of the family, at whose end the entry goes."""
        return ROOT / "agent" / "diagnosis" / "causes" / f"{self.family}.yaml"

    @property
    def rule(self) -> Path:
        """The module of the rule: in the family's folder, or beside a family that is one file."""
        rules = ROOT / "agent" / "diagnosis" / "rules"
        folder = rules / self.family.replace("-", "_")
        return (folder if folder.is_dir() else rules) / f"{self.module}.py"

    @property
    def test(self) -> Path:
        """The unit test."""
        return ROOT / "tests" / "diagnosis" / f"test_{self.module}.py"

    @property
    def scenario(self) -> Path:
        """The folder of the scenario."""
        return ROOT / "e2e" / "scenarios" / f"{self.family}-{self.cause}"

    def refusal(self) -> str:
        """Why it cannot be made, in a line; empty where nothing speaks against it."""
        return next(self._against(), "")

    def write(self) -> None:
        """Write its files, the entry last: until then nothing knows of the cause."""
        self.scenario.mkdir()
        for path, template in self._templates().items():
            path.write_text(self._filled(template))
        with self.entry.open("a") as file:
            file.write(self._filled("entry.yaml"))

    def test_text(self) -> str:
        """What its unit test says at first."""
        return self._filled("test.py")

    def _against(self) -> Iterator[str]:
        families = sorted(path.stem for path in self.entry.parent.glob("*.yaml"))
        if len(self.cause) > LONGEST or not _NAME.fullmatch(self.cause):
            yield (
                f"{self.cause[:60]!r} is no name of a cause; expected at most {LONGEST} lower-case letters, digits"
                " and dashes, as in `make new-cause NAME=pod-frozen FAMILY=workload KIND=Pod`"
            )
        if iskeyword(self.module) or yaml.safe_load(self.cause) != self.cause:
            yield f"{self.cause!r} is no name of a cause: it means something in Python or in YAML"
        if self.family not in families:
            yield f"{self.family[:60]!r} is no family; expected one of {', '.join(families)}"
        if self.kind not in RESOURCES:
            yield f"{self.kind[:60]!r} is no kind that can be read; expected one of {', '.join(sorted(RESOURCES))}"
        if known := causes().get(self.cause):
            yield f"the cause {self.cause} is there already, in {placed(self.entry.with_stem(known.family))}"
        for path in (self.rule, self.rule.with_suffix(""), self.test, self.scenario):
            if path.exists():
                yield f"{placed(path)} is there already; take another name for the cause"

    def _templates(self) -> dict[Path, str]:
        """The files that are new, each with its template."""
        parts = {self.scenario / name: name for name in ("manifest.yaml", "alert.json", "expect.yaml")}
        return {self.rule: "rule.py", self.test: "test.py", **parts}

    def _filled(self, template: str) -> str:
        text = (Path(__file__).parent / "templates" / f"{template}.txt").read_text()
        return Template(text).substitute(self._words())

    def _words(self) -> dict[str, str]:
        """What the templates name with a dollar."""
        resource = RESOURCES[self.kind]
        function = _snake(self.kind)
        is_built = hasattr(objects, function)
        home = "" if resource.namespaced else ', ""'
        return {
            "cause": self.cause,
            "module": self.module,
            "constant": self.module.upper(),
            "kind": self.kind,
            "function": function,
            "rule": placed(self.rule),
            "api": resource.api,
            "resource": resource.plural,
            "builder": function if is_built else "meta",
            "object": f'{function}("web")'
            if is_built
            else f'{{"kind": "{self.kind}", "metadata": meta("web"{home})}}',
            "entity": self._entity("shop"),
            "labels": json.dumps(self._labels("shop")),
            "scenario_entity": self._entity("scenario"),
            "scenario_labels": json.dumps(self._labels("scenario"), indent=2).replace("\n", "\n  "),
            "in_namespace": "\n  namespace: scenario" if resource.namespaced else "",
        }

    def _entity(self, namespace: str) -> str:
        return str(Ref(self.kind, namespace if RESOURCES[self.kind].namespaced else "", "web"))

    def _labels(self, namespace: str) -> dict[str, str]:
        home = {"namespace": namespace} if RESOURCES[self.kind].namespaced else {}
        return {"alertname": TODO, **home, self.kind.lower(): "web"}


def unwritten(root: Path) -> list[str]:
    """Where the files of causes still say TODO, as `file:line: text`."""
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for pattern in _PLACES
        for path in sorted(root.glob(pattern))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if TODO in line
    ]


def placed(path: Path) -> str:
    """A path as seen from the top of the tree."""
    return str(path.relative_to(ROOT))


def _snake(kind: str) -> str:
    """A kind as a function is named: `ReplicaSet` is `replica_set`, `APIService` is `api_service`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
