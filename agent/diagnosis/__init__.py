"""Diagnosis: pure functions from evidence to findings and open questions. No I/O here."""
