"""Classes: which kind of trouble a line states. The patterns are tried in order; the first that fits decides."""

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.diagnosis.logs.finding import Kind

# How much a kind explains by itself. Soft kinds are often the echo of something else.
_SPECIFIC, _SOFT, _EXCEPTION, _OTHER = 0.40, 0.30, 0.33, 0.12
_WRAPPER = 0.06


@dataclass(frozen=True)
class Class:
    """A kind, the pattern that tells it, and how much it explains (0..1)."""

    kind: Kind
    pattern: re.Pattern[str]
    certainty: float
    loud: bool = False  # only believed at level warn and above, or of an exception


def _class(kind: Kind, *patterns: str, certainty: float = _SPECIFIC, loud: bool = False) -> Class:
    return Class(kind, re.compile("(?i)" + "|".join(patterns)), certainty, loud)


_UPPER = r"(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,})"
_ABSENT = (
    r"(?:required|missing|undefined|unset|empty|blank|not (?:set|defined|found|provided|configured|specified|present|given)"
    r"|unbound variable|parameter (?:null|not set)|must (?:be|not be) (?:set|provided|defined|configured|specified|present"
    r"|non-?empty|empty|blank)|needs? to be (?:set|provided))"
)

CLASSES: tuple[Class, ...] = (
    _class(
        "kubernetes-forbidden",
        r"is forbidden: User \"[^\"]*\" cannot",
        r"\bUser \"system:serviceaccount:[^\"]*\" cannot \w+ (?:resource|path)",
    ),
    # -- TLS ---------------------------------------------------------------------------------------------
    _class(
        "tls-expired",
        r"certificate (?:has |is )?expired",
        r"certificate .{0,40}not yet valid",
        r"CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CertificateExpired|CertificateNotYetValid|InvalidCertificate\(Expired",
        r"expired certificate|validity check failed|\bNotAfter:|certificate expired",
    ),
    _class(
        "tls-wrong-host",
        r"hostname mismatch|ALTNAME_INVALID|NotValidForName|HostnameMismatch|RemoteCertificateNameMismatch",
        r"certificate is (?:not )?valid for|cannot validate certificate for|not valid for (?:any|the) name",
        r"(?:doesn't|does not) match (?:either of|the (?:host|target|certificate)|certificate subject|'[^']*')",
        r"No (?:subject )?alternative (?:certificate subject |DNS |names? )|no alternative certificate subject",
        r"Hostname/IP does not match|certificate subject name .{0,80}does not match",
    ),
    _class(
        "tls-unknown-authority",
        r"unknown (?:certificate )?authority|unknown ca\b|UnknownIssuer|UntrustedRoot|PartialChain|trust anchor",
        r"unable to get (?:local )?issuer|UNABLE_TO_(?:VERIFY|GET_ISSUER)|unable to verify the first certificate",
        r"PKIX path building failed|unable to find valid certification path|self[- ]?signed certificate",
        r"SELF_SIGNED|SelfSigned|SSL certificate problem|remote certificate is invalid",
        r"certificate[_ ]verif(?:y|ication)[_ ]failed|peer certificate cannot be authenticated",
    ),
    _class(
        "tls-protocol",
        r"gave HTTP response to HTTPS|wrong version number|WRONG_VERSION_NUMBER|plain HTTP request was sent to HTTPS",
        r"first record does not look like a TLS|handshake[_ ]?fail|SSLHandshake|unsupported protocol|EPROTO\b",
        r"unrecognized SSL message|record_too_long|tlsv1 alert|ssl3_get_record|no (?:shared cipher|protocols? available)",
        r"protocol version not supported|tls: (?:handshake|protocol|bad|failed|no )|certificate required",
        r"packet length too long|SSL routines|ssl_choose_client_version|unknown protocol|InvalidContentType",
    ),
    # -- databases and other peers that answer -------------------------------------------------------------
    _class(
        "schema-missing",
        r"(?:relation|table|view|sequence|column) .{1,120}(?:does not|doesn't) exist|no such (?:table|column)",
        r"unknown column|invalid object name|ORA-00942|UndefinedTable|UndefinedColumn|Unknown table",
        r"(?:pending|unapplied|outstanding|missing) migration|migrations? .{0,40}(?:pending|not (?:been )?applied|required|missing)",
        r"schema .{0,60}(?:does not exist|not found|is missing|out of date|mismatch|validation)|Schema-validation",
        r"index_not_found_exception|no such index|missing (?:table|column)|Table '[^']*' not found|SQLITE_ERROR: no such",
        r"Migration .{0,60}(?:failed|error|checksum)|dirty database version|FlywayException|Validate failed: Migrations",
    ),
    _class(
        "database-missing",
        r"database .{1,80}(?:does not|doesn't) exist|unknown database|cannot open database|no such database",
        r"database .{1,60}not found|keyspace .{1,60}(?:does not exist|not found)|ORA-12505|ORA-12514|database_does_not_exist",
    ),
    _class(
        "too-many-connections",
        r"too many (?:clients|connections)|remaining connection slots|max(?:imum)? number of (?:clients|connections)",
        r"max_(?:user_)?connections|connection limit (?:exceeded|reached)|ORA-00020|ORA-12516|maximum connections",
    ),
    _class(
        "pool-exhausted",
        r"Connection is not available, request timed out|QueuePool limit|couldn't get a connection after",
        r"timeout exceeded when trying to connect|pool (?:is )?(?:exhausted|full|timed? ?out|empty)|PoolTimeout",
        r"(?:exhausted|timed? ?out).{0,40}\bpool\b|\bpool\b.{0,60}(?:exhaust|timed? ?out|no available)|PoolExhausted",
        r"no (?:free|available|idle) connections?|time-?out acquiring a connection|ResourceRequest timed out",
        r"prior to obtaining a connection from the pool|could not obtain (?:a )?connection|Unable to acquire JDBC",
        r"RejectedExecution|checkout timeout|Timed out fetching a new connection from the connection pool",
    ),
    _class(
        "deadlock",
        r"deadlock|lock wait timeout|could not obtain lock|database is locked|could not serialize access|ORA-00060",
        r"Lock request time out|canceling statement due to lock timeout|all goroutines are asleep",
    ),
    _class(
        "rate-limited",
        r"too many requests|\b429\b.{0,40}(?:rate|limit|status|too|error|slow)|(?:status|code|HTTP/\S+|error)\D{0,12}\b429\b",
        r"rate[ -]?limit(?:ed| exceeded| reached|ing)?\b(?!\s?[=:]\s?\d)|ThrottlingException|throttled|RESOURCE_EXHAUSTED",
        r"ResourceExhausted|quota exceeded|SlowDown|request limit exceeded|ProvisionedThroughputExceeded",
        certainty=_SOFT,
        loud=True,
    ),
    _class(
        "auth-failed",
        r"password authentication failed|access denied for user|authentication (?:failed|failure|error|required)",
        r"authentication was not successful|NOAUTH|WRONGPASS|NOPERM|invalid (?:user ?name|password|credential|login)",
        r"(?:bad|incorrect|wrong) (?:user ?name|password|credential)|login failed|logon denied|not authenticated",
        r"role \".{1,80}\" does not exist|no pg_hba\.conf entry|SASL.{0,40}fail|auth(?:entication)? fail|ACCESS_REFUSED",
        r"(?:status|code|HTTP/\S+|error|returned|response|got)\D{0,24}\b40[13]\b|\b401\b.{0,20}unauthor|\b403\b.{0,20}forbidden",
        r"unauthori[sz]ed\b|UNAUTHENTICATED|invalid[ _](?:api[ _]?key|token|client)|(?:token|credentials?) (?:has |have |is |are )?expired",
        r"permission denied for (?:table|schema|relation|database|sequence|function|view|topic)|InvalidAccessKeyId",
        r"SignatureDoesNotMatch|ExpiredToken|InvalidClientTokenId|unable to locate credentials|NoCredentialProviders",
        r"could not (?:find|load) (?:default )?credentials|TOPIC_AUTHORIZATION_FAILED|not authorized|535 5\.|530 5\.7",
        r"must be owner of|insufficient privilege|ORA-01017|PLAIN login refused|security_exception|AuthenticationException",
    ),
    # -- limits of the container and its node ------------------------------------------------------------
    _class(
        "too-many-files",
        r"too many open files|\bE[MN]FILE\b|inotify (?:watch|instance)|file watchers reached|os error 24\b|fd limit",
        r"(?:max|limit).{0,20}file descriptors|file descriptors? (?:limit|exhaust)|out of file descriptors",
    ),
    _class(
        "disk-full",
        r"no space left on device|ENOSPC|disk (?:is )?(?:full|quota exceeded)|EDQUOT|flood[- ]stage|os error 28\b",
        r"(?:not enough|insufficient|out of) (?:free )?(?:disk |storage )?space|database or disk is full|volume is full",
        r"could not extend file|MISCONF Redis is configured to save RDB|low on disk|exceeds? disk watermark",
    ),
    _class(
        "out-of-memory",
        r"OutOfMemory|java heap space|\bMemoryError\b|heap out of memory|reached heap limit|out of memory|os error 12\b",
        r"cannot allocate memory|GC overhead limit|bad_alloc|allocation failed|\bENOMEM\b|OOM command not allowed",
        r"memory allocation of \d+ bytes failed|Allowed memory size of|failed to allocate memory|NoMemoryError",
        r"^\s*Killed\s*$|line \d+:\s+\d+ Killed\b|\boom[- ]?killed|Insufficient memory|Metaspace|can't allocate",
    ),
    _class("read-only-filesystem", r"read-only file ?system|\bEROFS\b|os error 30\b|ReadOnlyFileSystem"),
    _class(
        "port-in-use",
        r"address (?:already )?in use|EADDRINUSE|port .{0,30}(?:already )?(?:in use|taken|occupied|being used|allocated)",
        r"only one usage of each socket address|os error 98\b|another (?:process|program|instance).{0,40}(?:port|listening)",
    ),
    # -- peers that cannot be reached --------------------------------------------------------------------
    _class(
        "dns-failure",
        r"name or service not known|failure in name resolution|no such host|ENOTFOUND|EAI_(?:AGAIN|NONAME|NODATA|FAIL)",
        r"(?:could not|cannot|can't|couldn't|unable to|failed to) (?:be )?(?:resolve|lookup|look up)\b(?! (?:placeholder|module|dependenc|import|type|'|\"|plugin|symbol))",
        r"bad address '|UnknownHost|name does not resolve|nodename nor servname|host not found|UnresolvedAddress",
        r"NXDOMAIN|SERVFAIL|could not translate host name|getaddrinfo|No address associated|server misbehaving",
        r"\blookup \S+.{0,40}(?:i/o timeout|timed out|connection refused)|dns (?:lookup|resolution|error|query|failure)",
        r"name resolution (?:failed|error)|Name has no usable address|unknown host|no servers could be reached|No such host",
    ),
    _class(
        "connection-refused",
        r"connection refused|ECONNREFUSED|actively refused|os error 111\b|errno 111\b|\(111\)|refused the connection",
        r"connection to .{1,80} refused|Couldn't connect to server|connect failed: refused|ConnectionRefused",
        r"No connection could be made|NoBrokersAvailable|brokers? (?:are |is )?down|(?:Connection|broker).{0,30}could not be established",
        r"(?:no|none of the) (?:configured )?(?:nodes|brokers|servers|hosts?) (?:were |are |is )?available|NoHostAvailable",
    ),
    # -- what the program is made of -----------------------------------------------------------------------
    _class(
        "wrong-architecture",
        r"exec format error|cannot execute binary file|wrong ELF class|bad CPU type|qemu-\w+: could not open",
        r"os error 8\b|Exec format|incompatible architecture|cannot execute: required file not found",
    ),
    _class(
        "missing-module",
        r"No module named|ModuleNotFound|cannot find module|MODULE_NOT_FOUND|ClassNotFound|NoClassDefFound|NoSuchMethodError",
        r"undefined symbol|error while loading shared libraries|cannot open shared object|cannot load such file",
        r"Class [\"'][^\"']+[\"'] not found|could not find or load main class|could not load file or assembly|Gem::|Bundler::",
        r"UnsupportedClassVersion|cannot import name|\bImportError\b|version [`']GLIBC|symbol lookup error|library not loaded",
        r"no main manifest attribute|(?:failed to )?open stream: .{0,60}vendor/autoload|DllNotFound|Error relocating|Cannot find package",
        r"framework '[^']*'.{0,60}not found|You must install or update \.NET|Error loading shared library",
    ),
    _class(
        "missing-program",
        r"command not found|executable file not found|exec: .{0,120}(?:not found|no such file)|\bspawn \S+ ENOENT",
        r"^\S*(?:sh|dash|bash|busybox)\S*: (?:(?:line )?\d+: )?\S+: not found\s*$|\bnot found in \$?PATH",
        r"^exec \S+: no such file or directory|env: .{1,80}: No such file or directory|unable to start container process",
        r"starting container process caused|No such file or directory: '(?-i:[a-z][\w\-]*)'|(?:bad|no such) interpreter",
        r"entrypoint.{0,40}(?:not found|no such file)|^\S*(?:sh|bash)\S*: (?:(?:line )?\d+: )?\S+: No such file or directory\s*$",
    ),
    _class(
        "missing-variable",
        rf"\b(?:KeyError|NameError|environ)\b.{{0,40}}['\"]{_UPPER}['\"]|key not found: \"{_UPPER}\"",
        rf"(?<![\w.]){_UPPER}['\"`)]{{0,2}}:? (?:(?:env(?:ironment)?|config(?:uration)?)(?: variable| var)? )?(?:(?:is|was|are|were|has|have|must|a|not|been) )*{_ABSENT}",
        rf"(?:missing|required|undefined|unset|empty|need|no value (?:for|given for)|provide|define|set|not (?:set|found|defined)).{{0,50}}\benv(?:ironment)?(?:[ _-]?var(?:iable)?s?)?\b",
        r"\benv(?:ironment)?[ _-]?var(?:iable)?s?\b.{0,100}(?:not |missing|required|undefined|unset|must|empty|absent|n't )",
        rf"(?:missing|required|undefined|unset|no value for)\b[^.]{{0,60}}?(?<![\w./]){_UPPER}\b(?!\()",
        r"required key \S+ missing value|unbound variable|parameter (?:null or )?not set|Field required|field required",
        r"could not resolve placeholder|EnvVarError|NotPresent\b|missing env|UndefinedValueError|envvar|MissingEnvironment",
        r"the SECRET_KEY setting must not be empty|\"Required\".{0,200}invalid_type|invalid_type.{0,300}Required",
    ),
    # -- files ---------------------------------------------------------------------------------------------
    _class(
        "server-config",
        r"execution of the PostgreSQL server is not permitted|data directory .{1,120}(?:has |is |not )|initdb: error",
        r"database files are incompatible|fatal error loading the DB|append[- ]?only file|FATAL CONFIG FILE ERROR",
        r"directory .{1,80}exists but is not empty|superuser password is not specified|database is uninitialized",
        r"bootstrap check|vm\.max_map_count|InconsistentClusterId|--initialize specified|wrong ownership",
        r"lock file .{1,80}already exists|is another (?:postmaster|instance|process)|data files are corrupt",
    ),
    _class(
        "permission-denied",
        r"permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|access (?:is )?denied|UnauthorizedAccess",
        r"AccessDenied|PermissionError|(?:not|isn't) writable|os error 13\b|os error 1\b|must be run as root|read access",
    ),
    _class(
        "missing-file",
        r"no such file|\bENOENT\b|FileNotFound|file not found|NoSuchFile|DirectoryNotFound|\bEISDIR\b|\bENOTDIR\b",
        r"cannot find the (?:file|path)|is a directory|not a directory|os error 2\b|could not open (?:file|directory)",
        r"(?:can't|cannot|could not|unable to|failed to) (?:open|find|access|stat|read|load) .{0,40}/\S+",
        r"(?:file|path|directory|config\w*) .{0,120}(?:does not|doesn't) exist|/\S+ (?:does not|doesn't) exist",
        r"unable to access jarfile|no such directory|could not be opened|template .{1,80}not found|missing file",
    ),
    # -- values ----------------------------------------------------------------------------------------------
    _class(
        "bad-config",
        r"mapping values are not allowed|did not find expected|could not find expected|\byaml: |YAMLException|ScannerError",
        r"ParserError|expecting .{0,40}delimiter|Expecting (?:value|property name)|Unexpected (?:token|end of JSON)|JSONDecode",
        r"cannot unmarshal|unknown (?:flag|option|field|directive|key|config\w*|setting|argument|shorthand|command|property|variable|log ?level)",
        r"unrecogni[sz]ed (?:arguments?|option|config\w*|VM option|field|parameter|flag|value)|flag provided but not defined",
        r"invalid literal for int|could not convert string to|strconv\.|NumberFormatException|no such option|illegal option|bad option",
        r"invalid (?:configuration|config|value|option|argument|port|url|uri|dsn|duration|log ?level|boolean|integer|number|setting|directive|character|choice|format|connection string|host|address|interval|parameter|flag|character|type for|input syntax)\b",
        r"must be (?:one of|a (?:number|valid|positive|port|string|boolean|url)|an? (?:integer|absolute)|between|greater|less|at (?:least|most)|[<>])",
        r"is not (?:a )?(?:valid|recogni[sz]ed|supported|one of)|not a valid|unsupported (?:value|scheme|protocol|driver|option|config)",
        r"(?:failed|unable|error|cannot|could not|can't).{0,20}\b(?:pars(?:e|ing)|load(?:ing)?|read(?:ing)?|decod(?:e|ing)|bind(?:ing)?) .{0,40}(?:config|settings|properties|yaml|json|toml|manifest|values|env\b)",
        r"config(?:uration)?(?: file)? (?:is |was )?(?:invalid|malformed|error|problem|missing)|misconfigur|ImproperlyConfigured|ConfigError|ConfigurationError|ConfigException",
        r"APPLICATION FAILED TO START|Failed to (?:bind properties|configure a DataSource)|'url' attribute is not specified",
        r"missing port in address|unrecognized vm option|Could not create the Java Virtual Machine|Invalid maximum heap",
        r"first path segment in URL|could not parse|cannot parse|failed to parse|parse error|error parsing|duplicate (?:key|location|listen|directive)|conflicting server name",
        r"missing required (?:config\w*|option|setting|flag|argument|parameter|propert\w+|key|field)|required (?:option|setting|flag|argument|parameter|propert\w+|config\w*) .{0,60}(?:missing|not (?:set|provided|found))",
        r"required flag|the following arguments are required|unexpected \"|Parameter '[^']+'\)|extra inputs are not permitted|Input should be|ValidationError",
        r"No configuration (?:setting|file|value)|config(?:uration)? (?:key|property|value|section|setting) .{0,60}(?:not|missing|invalid|required|unknown)|toml: |TOMLDecode|\[emerg\]",
    ),
    # -- soft: often the echo of something else --------------------------------------------------------------
    _class(
        "connection-reset",
        r"connection reset|ECONNRESET|socket hang up|broken pipe|\bEPIPE\b|unexpected (?:EOF|end of file)|: EOF\b|Connection aborted",
        r"connection (?:was |has been |is )?(?:unexpectedly )?(?:closed|terminated|lost|dropped|aborted)(?! (?:gracefully|normally|after idle))",
        r"closed the connection|header parser received no bytes|RemoteDisconnected|Empty reply|premature(?:ly)? (?:clos|EOF|end)",
        r"upstream prematurely|os error 104\b|forcibly closed|lost connection|server disconnected|terminating connection",
        certainty=_SOFT,
        loud=True,
    ),
    _class(
        "connection-timeout",
        r"timed[ -]?out|ETIMEDOUT|deadline[ _]exceeded|i/o timeout|no route to host|EHOSTUNREACH|network is unreachable",
        r"ENETUNREACH|Timeout(?:Error|Exception)\b|host is unreachable|time-?out (?:while|waiting|expired|exceeded|reached|after|connecting|of \d)",
        r"(?:connect\w*|read|request|dial|query|socket|response|server|operation|gateway) time-?out\b(?!\s?[=:]\s?\d|\s\d|\sset|\sof \d+\s?\w+ (?:configured|set))",
        certainty=_SOFT,
        loud=True,
    ),
    _class(
        "upstream-error",
        r"(?:status|code|HTTP/\S+|returned|response|responded|got|upstream|error)\D{0,24}\b(?:5\d\d|404|410|422|409|400)\b",
        r"\b50[0234]\b.{0,24}(?:error|gateway|unavailable|from|response)|bad gateway|service (?:temporarily )?unavailable",
        r"gateway time-?out|internal server error|no healthy upstream|no live upstreams|code = (?:Unavailable|Internal|Unimplemented)",
        r"StatusCode\.\w+|\bUNAVAILABLE: |upstream (?:connect|request) (?:error|failed)|circuit ?breaker .{0,40}open|CallNotPermitted",
        certainty=_SOFT,
        loud=True,
    ),
    _class(
        "signal-crash",
        r"segmentation fault|\bSIG(?:SEGV|ABRT|ILL|BUS|FPE|TRAP)\b|core dumped|^\s*(?:\S+: )?(?:line \d+:\s+\d+ )?Abort(?:ed|ed \(.*\))?\s*$|assertion .{1,200}failed",
        r"free\(\): |double free|corrupted (?:size|double)|stack smashing|malloc\(\): |malloc_consolidate|bus error|illegal instruction",
        r"fatal error has been detected by the Java Runtime|unexpected fault address|floating point exception|terminate called",
        r"^\s*Trace/breakpoint trap|AddressSanitizer|munmap_chunk|runtime error: .{0,40}(?:null pointer of type|out of bounds for type)",
    ),
    _class(
        "waiting-for",
        r"\b(?:still )?wait(?:ing|s|ed)? (?:for|on|until|till)\b(?! (?:connections|requests|jobs|messages|events|work|tasks|signal|input|incoming|clients|new|commands|shutdown|termination|graceful))",
        r"\b(?:is|are) not (?:yet )?(?:ready|up|available|reachable)\b.{0,40}(?:retry|wait|sleep|try)|\bsleeping .{0,40}(?:until|waiting)",
        certainty=0.22,
    ),
)

_EXCEPTION_LINE = re.compile(
    r"^(?:Caused by: |\s*-+> |Unhandled exception[.:]? ?|Uncaught |Exception in thread \"[^\"]*\" |\[cause\]: |PHP )?"
    r"(?:Fatal error: +Uncaught )?(?:[\w$]+[./\\:]+)*[\w$]*(?:Error|Exception|Fault|Failure|Panic|Interrupt|Exit|Warning|Throwable|Invalid\w*)"
    r"(?:\s?\[\w+\])?(?::|\s?$|\s\()"
)
_CRASH = re.compile(
    r"^panic: |^fatal error: |panicked at|\bUnhandled(?: \w+)? ?(?:exception|rejection|error)|\bUncaught\b|Exception in thread"
    r"|PHP Fatal error|^Traceback |\((?:\w+::)*\w+Error\)\s*$|division by zero|/ by zero|divide by zero|nil pointer"
    r"|NullPointerException|Cannot read propert|is not a function|is not iterable|index out of (?:range|bounds)|undefined method"
    r"|syntax error|SyntaxError|stack overflow|invalid memory address|Object reference not set",
)
_WRAPPING = re.compile(
    r"(?i)giving up|gave up|give up|after \d+ (?:attempts|retries|tries)|max(?:imum)? (?:number of )?(?:retries|attempts)"
    r"|(?:start-?up|boot\w*|init\w*|launch\w*|setup) (?:\w+ )?(?:failed|failure|error)"
    r"|(?:failed|unable|cannot|could not|couldn't|error|failure) (?:to |while |during |in |at )?(?:\w+ )?(?:start\w*|boot\w*|initiali[sz]\w*|init|connect\w*"
    r"|reach\w*|launch\w*|creat\w+ bean|refresh\w*|run(?:ning)?|set(?:ting)? ?up)\b"
    r"|\b(?:exiting|aborting|terminating|unrecoverable|cannot continue|process exited|exited with|exit (?:code|status))\b"
    r"|Error creating bean|Application run failed|ELIFECYCLE|npm ERR!|^Command failed|main process exited|not ready"
    r"|Unable to start (?:web server|embedded)|Failed to start bean|ApplicationContextException"
)
_STRONG_WORDS = re.compile(
    r"(?i)(?:^|[\s:\]|(])(?:fatal|error|panic|critical|exception|failure)(?: \w+)?[:!]|^(?:error|fatal|failed|failure|critical)\b"
    r"|\b(?:failed to|failed with|failed:|cannot|can not|could not|couldn't|unable to|can't|fail(?:ed|ure)\b[.!]?$|not found\b|rejected|crashed|corrupt\w*)"
)


@lru_cache(maxsize=4096)
def classify(text: str, level: str, exception: bool = False) -> tuple[Kind, float] | None:
    """The kind that a line states and how much it explains, or None for a line without trouble.

    `exception`: the line is the message of an exception or of a crash, so it counts as an error.
    """
    text = text[:2000]
    loud = exception or level in ("warn", "error", "fatal") or bool(_STRONG_WORDS.search(text))
    for each in CLASSES:
        if (loud or not each.loud) and each.pattern.search(text):
            return each.kind, each.certainty
    wrapping = bool(_WRAPPING.search(text))
    if _CRASH.search(text) or exception or _EXCEPTION_LINE.search(text):
        return "app-exception", _WRAPPER * 2 if wrapping else _EXCEPTION
    if level in ("error", "fatal") or (level == "" and _STRONG_WORDS.search(text)):
        return "fatal-other", _WRAPPER if wrapping else _OTHER
    return None


def is_exception(text: str) -> bool:
    """Whether a line is the message of an exception: a type and what it says."""
    return bool(_EXCEPTION_LINE.search(text))


def is_crash(text: str) -> bool:
    """Whether a line says that the program ended by an exception nobody caught."""
    return bool(_CRASH.search(text))
