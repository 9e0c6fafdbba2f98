"""Findings that several rules make, each worded and advised in one place."""
