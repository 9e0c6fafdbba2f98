"""Reach: peers that cannot be reached, break off, or answer with an error."""

from agent.diagnosis.logs.pattern import OTHER, SOFT, spoken

# Names and connections.
NETWORK = (
    spoken(
        "dns-failure",
        r"name or service not known|failure in name resolution|no such host|\bENOTFOUND",
        r"EAI_(?:AGAIN|NONAME|NODATA|FAIL)",
        (
            r"(?:could not|cannot|can't|couldn't|unable to|failed to) (?:be )?(?:resolve|lookup|look up)"
            r"\b(?! (?:placeholder|module|dependenc|import|type|'|\"|plugin|symbol))"
        ),
        r"bad address '|UnknownHost|name does not resolve|nodename nor servname|\bhost not found",
        r"UnresolvedAddress",
        r"NXDOMAIN|SERVFAIL|could not translate host name|getaddrinfo|No address associated",
        r"server misbehaving",
        r"\blookup (?!failed|failure|error)[\w.\-]+(?: on \S+)?: .{0,120}(?:i/o timeout|timed out|connection refused)",
        r"dns (?:lookup|resolution|error|query|failure)",
        r"name resolution (?:failed|error)|Name has no usable address|unknown host",
        r"no servers could be reached|No such host",
    ),
    spoken(
        "connection-refused",
        r"connection refused|\S:\d{2,5} refused\b|ECONNREFUSED|actively refused|os error 111\b|"
        r"errno 111\b|\(111\)",
        r"refused the connection",
        r"connection to .{1,80} refused|Couldn't connect to server|connect failed: refused|ConnectionRefused",
        r"No connection could be made|NoBrokersAvailable|brokers? (?:are |is )?down",
        r"(?:Connection|broker).{0,80}could not be established",
        (
            r"(?:no|none of the) (?:configured )?(?:nodes|brokers|servers|hosts?) (?:were |are |is )"
            r"?available"
        ),
        r"NoHostAvailable",
    ),
    spoken(
        "connection-refused",
        r"(?:can't|cannot|could not|unable to|failed to) reach .{1,60}:\d{2,5}\b",
        certainty=SOFT,
    ),
    spoken(
        "connection-refused",
        r"communications link failure",
        r"(?:can't|cannot|could not|unable to|failed to) reach (?:the )?(?:database|server|host|peer|upstream)",
        certainty=0.10,  # says that it failed, not how
    ),
)

# Often the echo of something else, so they come last.
ECHOES = (
    spoken(
        "upstream-error",
        r"upstream connect error|no healthy upstream|no live upstreams",
        r"\[50[0234] [A-Z]|\b50[234] (?:Bad|Service|Gateway)",
        certainty=SOFT,
    ),
    spoken(
        "upstream-error",
        (
            r"(?:status|code|HTTP/\S+|returned|response|responded|upstream|HTTP Error)"
            r"\D{0,24}\b(?:5\d\d|404|410|422|409|400)\b"
        ),
        r"\b50[0234]\b.{0,24}(?:error|gateway|unavailable|from|response)|bad gateway|gateway time-?out",
        r"service (?:temporarily )?unavailable|internal server error|no healthy upstream|no live upstreams",
        r"code = (?:Unavailable|Internal|Unimplemented)|StatusCode\.\w+|\bUNAVAILABLE: ",
        r"upstream (?:connect|request) (?:error|failed)|circuit ?breaker .{0,40}open|CallNotPermitted",
        certainty=SOFT,
        loud=True,
    ),
    spoken("upstream-error", r"HTTP/[\d.]+\\?\" 50[234] ", certainty=0.20),  # access logs
    spoken("fatal-other", r"HTTP/[\d.]+\\?\" 500 ", certainty=OTHER),
    spoken(
        "connection-reset",
        r"connection reset|ECONNRESET|socket hang up|broken pipe|\bEPIPE\b|unexpected (?:EOF|end of file)",
        r": EOF\b|Connection aborted|RemoteDisconnected|Empty reply|premature(?:ly)? (?:clos|EOF|end)",
        r"closed the connection|header parser received no bytes|os error 104\b|forcibly closed",
        r"lost connection",
        certainty=SOFT,
    ),
    spoken(
        "connection-reset",
        r"connection (?:was |has been |is )?(?:unexpectedly )?(?:closed|terminated|lost|dropped|aborted)"
        r"(?! (?:gracefully|normally|after idle))",
        r"server disconnected|terminating connection",
        certainty=SOFT,
        loud=True,
    ),
    spoken(
        "connection-timeout",
        r"Client\.Timeout exceeded",
        r"\btimed out\b|ETIMEDOUT|deadline[ _]exceeded|DeadlineExceeded|i/o timeout|no route to host",
        r"EHOSTUNREACH",
        r"network is unreachable|ENETUNREACH|host is unreachable|Timeout(?:Error|Exception)\b",
        r"ConnectionTimeout",
        r"time-?out expired",
        certainty=SOFT,
    ),
    spoken(
        "connection-timeout",
        r"time[ds]?[ -]?out (?:while|waiting|expired|exceeded|reached|after|connecting|of \d)",
        r"(?:connect\w*|read|request|dial|query|socket|response|server|operation) time-?out\b"
        r"(?!\s?[=:]\s?\d|\s\d|\sset)",
        certainty=SOFT,
        loud=True,
    ),
    spoken(
        "signal-crash",
        r"exited on signal (?:4|6|7|8|11)\b|exit(?:ed with)? (?:code|status) (?:134|139)\b",
        r"\b\d+ (?:Aborted|Bus error|Illegal instruction|Trace/breakpoint trap|Floating point exception)\b",
        r"segmentation fault|\bSIG(?:SEGV|ABRT|ILL|BUS|FPE|TRAP)\b|core dumped",
        r"^\s*(?:\S+: )?(?:line \d+:\s+\d+ )?Abort(?:ed|ed \(.*\))?\s*$|assertion .{1,200}failed",
        r"free\(\): |double free|corrupted (?:size|double)|stack smashing|malloc\(\): ",
        r"malloc_consolidate|bus error|illegal instruction",
        r"fatal error has been detected by the Java Runtime|unexpected fault address",
        r"floating point exception|terminate called",
        r"^\s*Trace/breakpoint trap|AddressSanitizer|munmap_chunk",
        r"runtime error: .{0,40}(?:null pointer of type|out of bounds for type)",
    ),
    spoken(
        "waiting-for",
        (
            r"\b(?:still )?wait(?:ing|s|ed)? (?:for|on|until|till)\b(?! (?:connections|requests|jobs|"
            r"messages|events|work|tasks|signal|input|incoming|clients|new|commands|shutdown|"
            r"termination|graceful))"
        ),
        r"\b(?:is|are) not (?:yet )?(?:ready|up|available|reachable)\b.{0,40}(?:retry|wait|sleep|try)",
        r"\bsleeping .{0,40}(?:until|waiting)|\bwaiting \d+ ?s\w* for\b",
        r":\d{2,5} - (?:no response|rejecting connections)",
        certainty=0.22,
    ),
)
