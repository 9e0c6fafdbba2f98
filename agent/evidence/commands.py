"""Commands: which words of a command line are secrets, by how its program interprets them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.evidence.credentials import benign
from agent.evidence.mark import MARK
from agent.evidence.secrecy import words


@dataclass(frozen=True)
class Program:
    """What a program treats as a secret: what follows one of the `flags`, and its words from `place` on.

    With a `verb` only after that word. A flag may have its value after it or attached to it; what follows
    one of the `accounts` is a user and, after a colon or a percent sign, the secret.
    """

    flags: str = ""
    verb: str = ""
    place: int = 0
    accounts: str = ""


_PROGRAMS = {
    **dict.fromkeys(
        words("mysql mysqldump mysqladmin mysqlimport mysqlshow mariadb mariadb-dump sshpass"), Program("p")
    ),
    **dict.fromkeys(
        words("mongo mongosh mongodump mongorestore mongoexport cqlsh clickhouse-client 7z"), Program("p")
    ),
    **dict.fromkeys(
        words("docker podman nerdctl buildah helm oc az cf skopeo crane oras"), Program("p", "login")
    ),
    **dict.fromkeys(words("ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd"), Program("w")),
    **dict.fromkeys(
        words("mosquitto_pub mosquitto_sub mosquitto_rr sqlcmd bcp isql ipmitool zip unzip kinit"),
        Program("P"),
    ),
    **dict.fromkeys(words("snmpget snmpwalk snmpset snmpbulkwalk"), Program("AX")),
    "redis-cli": Program("a"),
    **dict.fromkeys(words("curl lftp etcdctl"), Program(accounts="uU")),
    "smbclient": Program(accounts="U"),
    "htpasswd": Program(place=3),
    "openssl": Program("kK"),
    "vault": Program(verb="login", place=1),
    "rabbitmqctl": Program(verb="add_user change_password authenticate_user", place=2),
    "redis": Program(verb="auth", place=1),
    "chpasswd": Program(place=1),
    "mc": Program(verb="set", place=3),
}
_SEPARATORS = words("| || && ; &")


def secret_words(line: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(position, offset) of each word of a command line that is a secret from that offset on."""
    program: Program | None = None
    verb, place, awaited = False, 0, ""
    for position, word in enumerate(line):
        bare = word.strip("\"'`$([{")
        found = _PROGRAMS.get(bare.rpartition("/")[2])
        if position and line[position - 1] == "<<<" and " " not in word:
            yield position, 0
        elif found and found is not program and not awaited:
            program, verb, place = found, not found.verb, 0
        elif program is None or bare in _SEPARATORS:
            program = None
        elif awaited:
            offset = _account(word) if awaited in program.accounts else 0
            if not _is_flag(bare) and (offset or awaited in program.flags):
                yield position, offset
            awaited = ""
        elif _is_flag(bare):
            awaited, offset = (_flag(program, bare), _attached(program, word)) if verb else ("", 0)
            if offset:
                yield position, offset
        elif not verb:
            verb = bare in program.verb.split()
        elif "=" not in word:
            place += 1
            if 0 < program.place <= place:
                yield position, 0
        if word.endswith(";"):
            program, awaited = None, ""


def _is_flag(word: str) -> bool:
    return word.startswith("-") and len(word) > 1


def _flag(program: Program, flag: str) -> str:
    """The letter of a flag that is followed by a secret, or nothing."""
    if flag in ("--user", "--proxy-user") and program.accounts:
        return program.accounts[0]
    return flag[1] if len(flag) == 2 and flag[1] in program.flags + program.accounts else ""


def _account(word: str) -> int:
    """Where the password of `user:password` begins; 0 if there is none."""
    account = re.match(r"[\"']?[\w.@\\\-]{0,64}[:%,](?=.)", word)
    return account.end() if account else 0


def _attached(program: Program, word: str) -> int:
    """Where the value begins that is attached to a flag, `-pVALUE`; 0 where none is."""
    flag = re.match(r"[\"']?-(?P<letter>[A-Za-z])=?(?=.)", word)
    return flag.end() if flag and flag["letter"] in program.flags and not word.startswith("--") else 0


def is_given(value: str) -> bool:
    """Whether a word is a value: not a variable, a placeholder or the mark."""
    return not (benign(value) or MARK in value)
