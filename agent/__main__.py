"""`python -m agent` is `incident-agent`."""

from agent.cli import main

main()
