"""Options: a parser of the command line whose complaints are one line, with the option that may have been meant."""

import argparse
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from agent.errors import UserError


class OptionError(UserError):
    """A command line that cannot be understood; the message is for people."""


class Parser(argparse.ArgumentParser):
    """The parser of argparse, which complains with OptionError. Its subparsers are of the same kind."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parse, and refuse what is not known here: a subparser knows which options there would be."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self._refuse(next((word for word in unknown if word.startswith("-")), unknown[0]))
        return options, unknown

    def error(self, message: str) -> NoReturn:
        """Complain in one line."""
        raise OptionError(f"{message}; see `{self.prog} --help`")

    def _refuse(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            self.error(f"{word[:80]!r} is one argument too many")
        option = word.partition("=")[0][:80]
        if meant := nearest(option, re.findall(r"--[a-z][a-z-]*", self.format_usage())):
            raise OptionError(f"{option} is no option of `{self.prog}`; did you mean {meant}?")
        self.error(f"{option} is no option of `{self.prog}`")


def nearest(word: str, known: Iterable[str]) -> str:
    """Which of the known words was meant, or nothing where none is like it."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, [*known], n=1, cutoff=0.7)), "")
