"""Intake: from the bytes of a payload to incidents, each with its alert, its subject and its runbook."""
