"""Targets: the names in a message to follow. One pattern for each kind of name, none for a product."""

import errno
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from agent.diagnosis.logs.finding import Forbidden, Targets
from agent.hosts import URL

_T = TypeVar("_T")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WHOLE_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.\-]{1,20}://[^\s\"'<>`|\\]+")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_\-]{0,62}[A-Za-z0-9])?"
_HOST = rf"(?:{_NAME}(?:\.{_NAME}){{0,8}})"
_HOST_PORT = re.compile(
    rf"(?<![\w./\-@:])(?:(?:tcp|udp|ipv4|ipv6)[#:])?(\[[0-9a-fA-F:]+\]|{_HOST})(?:/(?:[\d.]+|<unresolved>))?"
    r"`?:`?(\d{2,5})(?![\w\-]|[:.]\w)"
)
_QUOTE = r"[\"'`(]"
_PORT_AFTER = r"(?:[\"'`)]*(?: \([^)]{1,60}\))?[\s,]+(?:on )?port[\s=:]+(\d{2,5}))?"
_LOOKED_UP = re.compile(  # idioms of resolvers: what follows is a host
    r"(?:\bENOTFOUND|EAI_AGAIN|[Rr]esolve host(?:name)?:?|\blookup|bad address|UnknownHostException:"
    r"|translate host name|host not found in upstream|host not found:|getaddrinfo (?:failed )?for|"
    r"address information for"
    rf"|name resolution (?:of|for)|\bresolv(?:e|ing) host) {_QUOTE}*({_HOST}){_PORT_AFTER}"
)
_PLACED = re.compile(  # a noun and a sign that its name follows
    r"(?i)\b(?:server|host|hostname|peer|endpoint|broker|node|addr|address|upstream)"
    rf"(?:=| at | on |: | named | )(?:{_QUOTE}|(?<==)|(?<=at )|(?<=: ))[\"'`]?({_HOST}){_PORT_AFTER}"
)
_APPROACHED = re.compile(  # a verb whose object is a peer
    r"(?i)\b(?:connect(?:ing|ion|ed)? to|wait(?:ing)? for|wait(?:ing)? until|reach|reaching|contact|"
    r"contacting"
    r"|dial|dialing|calling|request to|refused by|response from)\s+"
    r"(?:(?:the|remote|host|server|service|upstream|database|broker|at|named|for|peer|dependency) )*"
    rf"{_QUOTE}*({_HOST})(?![\w(]){_PORT_AFTER}"
)
_SUBJECT = re.compile(  # what is said to be out of reach
    rf"(?i)(?<![\w./\-])({_HOST})(?: at \S{{1,80}})? (?:is |was |are )?"
    r"(?:not reachable|unreachable|unavailable|not available|not responding|not answering|did not answer|is down)\b()"
)
_CLUSTER_HOST = re.compile(  # a full name of the cluster's DNS is a host wherever it occurs
    rf"(?<![\w./\-@])({_NAME}(?:\.{_NAME}){{1,3}}\.svc(?:\.{_NAME}){{0,6}})(?::(\d{{2,5}}))?(?![\w\-])"
)
_OWN = re.compile(r", (?:client|server|host|referrer): \"?[^\",]*\"?")
_TUPLE = re.compile(rf"\('({_HOST}|[0-9a-fA-F:]+)', (\d{{2,5}})")
_EXTENSION = re.compile(
    r"(?i)\.(?:py|js|ts|mjs|cjs|java|go|rs|rb|php|cs|kt|scala|c|cc|cpp|h|sh|yaml|yml|json|toml|conf|"
    r"cfg|ini|xml|properties|jar|so|html|sql|env|txt|log|ex|exs|clj|jsx|tsx|lua|pl)$"
)
_NO_HOST = _words(
    """ipv4 ipv6 a an the to for on in at of is was be it its this that and or not by from with any all
    line port host hostname server name address upstream database error timeout timed connection
    socket known unknown after until while remote peer your our null none node broker service
    endpoint ready available dependency dependencies lock more response reply data client user
    resource err code status errno msg level exit signal version pid attempt retry default key value
    column char position rejected refused closed reset failed failing could cannot must has have did
    does will can may some new another module http https tcp udp localhostname tls ssl certificate
    dns stuff something everything other following"""
)
_DNS_SERVER = re.compile(r"(?:\bon |->)(?:\[[0-9a-fA-F:]+\]|[\d.]+):53\b")
_READ_FROM = re.compile(r"\b(?:read|write) (?:tcp|udp) (?:\[[0-9a-fA-F:]+\]|[\d.]+):\d+->")
_VARIABLE = re.compile(r"(?<![\w.\-/%\\])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w(\-]|\.\w)")
_SHORT_VARIABLE = re.compile(
    r"(?:['\"`]|\$\{?|\bvariable |\benv(?:ironment)? )([A-Z][A-Z0-9]{2,})(?=['\"`}]|\b(?! /))"
    r"|\b([A-Z][A-Z0-9]{3,})(?=['\"`]?:? (?:is |was |must |env|not |unbound|parameter|required|"
    r"missing|undefined))"
    r"|(?:^|\s)([A-Z][A-Z0-9]{2,}): (?=strconv|parsing|parse|invalid|could not|must|expected)"
)
_FIELD = re.compile(r"^\s*([A-Za-z_][\w.]*): Field required|\bplaceholder '([\w.\-]+)'")
_ERRNO = frozenset(errno.errorcode.values())
_NO_WORD = _words(
    "ERROR FATAL WARN INFO DEBUG EOF JSON YAML GET POST PUT PATCH HEAD DELETE OPTIONS HTTP TLS SSL"
)
_NO_VARIABLE = re.compile(  # names of errors
    r"(?:ERR_|CERT_HAS|CERT_NOT|CERTIFICATE_|SELF_SIGNED|UNABLE_TO|DEPTH_ZERO|MODULE_NOT|SSL_ERROR|"
    r"TLS_ERROR|SQLITE_"
    r"|ORA_|WRONG_VERSION|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|ACCESS_REFUSED|INVALID_)\w*|"
    r"SIG[A-Z]+|EAI_\w+|ENOTFOUND"
    r"|\w+_(?:ERROR|EXCEPTION|FAILED|FAILURE|EXCEEDED|NOT_FOUND|REFUSED|DENIED|MISMATCH|INVALID|EXPIRED)"
)
_PATH = re.compile(r"(?<![\w./:\]@\-])(/(?:[\w.@+\-]+/)*[\w.@+\-]*[\w@+\-])(?![\w/])")
_USER = re.compile(
    r"(?i)\b(?:user(?:name)?|role|login|account|principal)(?: name)?[\s=:]+[\"'`]([^\"'`\s]{1,64})"
    r"[\"'`]|\bfor user '?([\w.\-]+)|'([^'@\s]+)'@'"
)
_DATABASE = re.compile(
    r"(?i)\b(?:database|keyspace|schema|dbname|catalog)(?: name)?[\s=:]+[\"'`]([^\"'`\s]{1,64})[\"'`]"
)
_TABLE = re.compile(
    r"(?i)\b(?:relation|table|view|sequence|column|index|collection|topic|queue)"
    r"[\s:]+[\"'`]([^\"'`\s]{1,100})[\"'`]|no such (?:table|column|index):? \[?([\w.\-]+)|"
    r"(?:invalid object name|unknown table) '([^']+)'"
)
_FLAG = re.compile(r"(?<![\w\-])(--?[A-Za-z][\w\-.]{1,60})")
_FLAG_NEAR = re.compile(r"(?i)flag|option|argument|usage|command")
_PORT = re.compile(r"(?i)\bport[\s:=]+(\d{2,5})\b|(?::::|\*:|0\.0\.0\.0:|\[::\]:|(?<!\w):)(\d{2,5})\b")
_KEY = re.compile(
    r"(?i)\b(?:(?:key|field|property|setting|option|parameter|placeholder|directive|attribute|config(?:uration)?|member)s?"
    r"(?: (?:value|named|path))?[\s:=]+){1,3}[\"'`$({]*(\w[\w.\-\[\]]{1,80})[\"'`})]*"
    r"|[\"'`](\w[\w.\-\[\]]{1,80})[\"'`] (?:attribute|property|key|field|setting|option|directive"
    r"|is (?:required|missing|not))"
)
_NO_KEY = _words(
    """reading loading open read is was not value values error file invalid missing required must for the
    and or of in at to path name found with when format be has option line from could"""
)
_FORBIDDEN = re.compile(
    r"(?:(?P<kind>[\w.\-/]+)(?: \"(?P<name>[^\"]*)\")? is forbidden: )?User \"(?P<user>[^\"]+)\" "
    r"cannot (?P<verb>[\w*]+) "
    r"(?:resource \"(?P<resource>[^\"]+)\"(?: in API group \"(?P<group>[^\"]*)\")?|path \"(?P<path>[^\"]+)\")"
    r"(?: in the namespace \"(?P<namespace>[^\"]+)\"| at the cluster scope)?"
)


def find_targets(texts: Iterable[str]) -> Targets:
    """The names in the lines of one trouble, the most informative line first."""
    lines = [text[:2000] for text in texts]
    refusal = next((found for line in lines if (found := _forbidden(line))), None)
    return Targets(
        hosts=_hosts(lines),
        urls=_unique(url.rstrip(".,;:)]}") for line in lines for url in _WHOLE_URL.findall(line)),
        variables=_unique(name for line in lines for name in _variables(line)),
        paths=_unique(
            path
            for line in lines
            for path in _PATH.findall(_WHOLE_URL.sub(" ", line))
            if "/" in path[1:] or len(path) > 4
        ),
        users=_unique(name for line in lines for name in _groups(_USER, line)),
        databases=_unique(name for line in lines for name in _groups(_DATABASE, line)),
        tables=_unique(name for line in lines for name in _groups(_TABLE, line)),
        flags=_unique(flag for line in lines if _FLAG_NEAR.search(line) for flag in _FLAG.findall(line)),
        ports=_unique(
            int(port)
            for line in lines
            for port in _groups(_PORT, _WHOLE_URL.sub(" ", line))
            if 0 < int(port) < 65536
        ),
        keys=_unique(name for line in lines for name in _groups(_KEY, line) if name.lower() not in _NO_KEY),
        forbidden=refusal,
    )


def _unique(found: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(found))


def _groups(pattern: re.Pattern[str], line: str) -> Iterator[str]:
    for match in pattern.finditer(line):
        yield next(group for group in match.groups() if group)


def _hosts(lines: list[str]) -> tuple[tuple[str, int | None], ...]:
    """Host and port of every peer named; a host named with and without a port counts with it."""
    found: dict[str, int | None] = {}
    for line in lines:
        for host, port in _hosts_of(line):
            host = host.strip("[]").rstrip(".")
            if found.get(host) is None:
                found[host] = int(port) if port and 0 < int(port) < 65536 else None
    return tuple(found.items())


def _hosts_of(line: str) -> Iterator[tuple[str, str | None]]:
    for match in URL.finditer(line):
        yield match[1], match[2]
    rest = _READ_FROM.sub(" ", _DNS_SERVER.sub(" ", _OWN.sub(" ", _WHOLE_URL.sub(" ", line))))
    for match in _TUPLE.finditer(rest):
        yield match[1], match[2]
    for pattern in (_LOOKED_UP, _PLACED, _APPROACHED, _SUBJECT, _CLUSTER_HOST):
        for match in pattern.finditer(rest):
            if _hostlike(match[1], bool(match[2])):
                yield match[1], match[2]
    for match in _HOST_PORT.finditer(rest):
        if _hostlike(match[1], True):
            yield match[1], match[2]


def _hostlike(name: str, with_port: bool) -> bool:
    if (
        name.lower() in _NO_HOST
        or name == "0.0.0.0"
        or _EXTENSION.search(name)
        or name.isdigit()
        or name.startswith("_")
    ):
        return False
    if re.fullmatch(r"[\d.]+", name):
        return name.count(".") == 3
    if name.isupper():
        return False
    # A bare word needs something that makes it a host: a port, a dot, a dash, or its place in the sentence.
    return bool(with_port or name.islower() or "." in name)


def _variables(line: str) -> Iterator[str]:
    """Names of environment variables, also those that a settings library derives from a key."""
    for name in (*_VARIABLE.findall(line), *_groups(_SHORT_VARIABLE, line)):
        if name not in _NO_WORD and name not in _ERRNO and not _NO_VARIABLE.fullmatch(name):
            yield name
    for key in _groups(_FIELD, line):
        yield re.sub(r"[.\-]", "_", key).upper()


def _forbidden(line: str) -> Forbidden | None:
    match = _FORBIDDEN.search(line.replace('\\"', '"'))
    if match is None:
        return None
    resource = match["resource"] or match["path"] or ""
    return Forbidden(
        user=match["user"],
        verb=match["verb"],
        resource=resource,
        group=match["group"] or "",
        namespace=match["namespace"] or "",
        name=match["name"] or "",
    )
