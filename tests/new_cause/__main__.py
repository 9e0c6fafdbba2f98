"""`make new-cause`: an entry, a rule, a test and a scenario of a new cause, to be written where they say TODO."""

import argparse
import sys

from tests.new_cause.draft import Draft, placed

EXAMPLE = "example: make new-cause NAME=pod-frozen FAMILY=workload KIND=Pod"
NEXT = """\
Written, with TODO where something is yours to say; next, in this order:
1. what the cause is, at the end of
   {entry}
2. the case in which it is the verdict, and one that only looks so, in
   {test}
3. the rule, until .venv/bin/pytest {test} passes, in
   {rule}
4. the fault on a real cluster, in
   {scenario}/
   make cluster
   .venv/bin/python -m e2e.score --live --record --only '^{name}$'
5. make docs fix check test
CONTRIBUTING.md shows how each of them looks when it is written."""


def main() -> int:
    """Make the draft of a cause and say what comes next, or why it cannot be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.new_cause", description=__doc__, epilog=EXAMPLE)
    parser.add_argument("name", metavar="NAME", help="the id of the cause, such as pod-frozen")
    parser.add_argument("family", metavar="FAMILY", help="its family: a file of agent/diagnosis/causes/")
    parser.add_argument("kind", metavar="KIND", help="the kind of the objects at which it is found")
    options = parser.parse_args()
    draft = Draft(options.name, options.family, options.kind)
    if refusal := draft.refusal():
        print(refusal, file=sys.stderr)
        return 2
    draft.write()
    places = {part: placed(getattr(draft, part)) for part in ("entry", "test", "rule", "scenario")}
    print(NEXT.format(**places, name=draft.scenario.name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
