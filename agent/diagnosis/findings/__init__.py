"""Findings that several rules make, each with its wording and advice in one place."""
