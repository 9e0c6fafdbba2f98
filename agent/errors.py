"""Errors meant for people."""


class UserError(Exception):
    """What somebody gave cannot be used: the message is one line for them, and the run ends with exit status 2."""
