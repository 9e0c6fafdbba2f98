"""`python -m agent` is `incident-agent`."""

import sys
from typing import NoReturn

from agent.termination import listen


def main() -> NoReturn:
    """Listen for the request to end before anything else is imported, then run the command line."""
    listen()
    try:
        from agent.cli import main as run

        run()
    except KeyboardInterrupt:  # of the imports; once it runs, the command line says so itself
        from agent.progress import say

        say("incident-agent: interrupted", patience=1.0)
        sys.exit(1)


if __name__ == "__main__":
    main()
