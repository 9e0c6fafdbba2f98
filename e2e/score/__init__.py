"""Scenarios: injected faults and healthy controls, investigated live or from recordings, and judged."""
