"""`python -m agent` is `incident-agent`."""

from typing import NoReturn

from agent.termination import listen


def main() -> NoReturn:
    """Listen for the request to end before anything else is imported, then run the command line."""
    listen()
    from agent.cli import main as run

    run()


if __name__ == "__main__":
    main()
