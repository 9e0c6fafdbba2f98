"""Surroundings: limits of the container and its node, and what the program is made of."""

from agent.diagnosis.logs.pattern import spoken

# Memory, disks, descriptors, ports.
LIMITS = (
    spoken(  # the process limit: not a kind of its own
        "fatal-other",
        r"fork: .{0,40}resource temporarily unavailable|failed to create new OS thread|can't start new thread",
    ),
    spoken(
        "too-many-files",
        r"too many open files|\bE[MN]FILE\b|inotify (?:watch|instance)|file watchers reached",
        r"os error 24\b|fd limit",
        r"(?:max|limit).{0,20}file descriptors|file descriptors? (?:limit|exhaust)|out of file descriptors",
    ),
    spoken(
        "disk-full",
        r"no space left on device|ENOSPC|disk (?:is )?(?:full|quota exceeded)|EDQUOT|flood[- ]stage",
        r"os error 28\b",
        r"(?:not enough|insufficient|out of) (?:free )?(?:disk |storage )?space",
        r"database or disk is full|volume is full",
        r"could not extend file|MISCONF Redis is configured to save RDB|low on disk|exceeds? disk watermark",
    ),
    spoken(
        "out-of-memory",
        r"OutOfMemory|java heap space|\bMemoryError\b|heap out of memory|reached heap limit",
        r"out of memory|os error 12\b",
        r"cannot allocate memory|GC overhead limit|bad_alloc|allocation failed|\bENOMEM\b",
        r"OOM command not allowed",
        r"memory allocation of \d+ bytes failed|Allowed memory size of|failed to allocate memory",
        r"NoMemoryError",
        r"^\s*Killed\s*$|line \d+:\s+\d+ Killed\b|\boom[- ]?killed|Insufficient memory|Metaspace",
        r"can't allocate",
    ),
    spoken("read-only-filesystem", r"read-only file ?system|\bEROFS\b|os error 30\b|ReadOnlyFileSystem"),
    spoken(
        "port-in-use",
        r"(?:address|connection) (?:already )?in use\b|EADDRINUSE",
        r"port .{0,30}(?:already )?(?:in use|taken|occupied|being used|allocated)",
        r"only one usage of each socket address|os error 98\b",
        r"another (?:process|program|instance).{0,40}(?:port|listening)",
    ),
)

# Binaries, modules, interpreters.
PROGRAM = (
    spoken(
        "wrong-architecture",
        r"exec format error|cannot execute binary file|wrong ELF class|bad CPU type|qemu-\w+: could not open",
        r"os error 8\b|Exec format|incompatible architecture|cannot execute: required file not found",
    ),
    spoken(
        "missing-module",
        r"No module named|ModuleNotFound|cannot find module|MODULE_NOT_FOUND|ClassNotFound",
        r"NoClassDefFound|NoSuchMethodError",
        r"undefined symbol|error while loading shared libraries|cannot open shared object",
        r"cannot load such file",
        r"Class [\"'][^\"']+[\"'] not found|could not find or load main class",
        r"could not load file or assembly|Gem::|Bundler::",
        r"UnsupportedClassVersion|cannot import name|\bImportError\b|version [`']GLIBC",
        r"symbol lookup error|library not loaded",
        r"no main manifest attribute",
        r"(?:open stream: .{0,60}|failed opening required .{0,200})vendor/autoload|DllNotFound",
        r"Error relocating|Cannot find package",
        r"framework '[^']*'.{0,60}not found|You must install or update \.NET|Error loading shared library",
    ),
    spoken(
        "missing-program",
        r"command not found|executable file not found|exec: .{0,120}(?:not found|no such file)",
        r"\bspawn \S+ ENOENT",
        r"^\S*(?:sh|dash|bash|busybox)\S*: (?:(?:line )?\d+: )?\S+: not found\s*$|\bnot found in \$?PATH",
        r"^exec \S+: no such file or directory|env: .{1,80}: No such file or directory",
        r"unable to start container process",
        r"starting container process caused|No such file or directory: '(?-i:[a-z][\w\-]*)'",
        r"(?:bad|no such) interpreter",
        r"entrypoint.{0,40}(?:not found|no such file)",
        r"^\S*(?:sh|bash)\S*: (?:(?:line )?\d+: )?\S+: No such file or directory\s*$",
    ),
)

# Files and servers' own directories.
FILES = (
    spoken(
        "bad-config",
        r"PEM_read_bio|no start line|key values mismatch|failed to find any PEM|tls: private key does not match",
        r"Bad directive or wrong number of arguments",
    ),
    spoken(
        "server-config",
        r"execution of the PostgreSQL server is not permitted|data directory .{1,120}(?:has |is |not )",
        r"initdb: error",
        r"Short read or OOM loading DB|reading RDB file|RDB ERROR|Bad file format reading",
        r"database files are incompatible|fatal error loading the DB",
        r"directory .{1,80}exists but is not empty|superuser password is not specified",
        r"database is uninitialized",
        r"bootstrap check|vm\.max_map_count|InconsistentClusterId|--initialize specified|wrong ownership",
        r"lock file .{1,80}already exists|is another (?:postmaster|instance|process)|data files are corrupt",
    ),
    spoken(
        "permission-denied",
        r"attempt to write a readonly database|SQLITE_READONLY",
        r"permission denied|\bEACCES\b|\bEPERM\b|operation not permitted|access (?:is )?denied",
        r"UnauthorizedAccess",
        r"AccessDenied|PermissionError|(?:not|isn't) writable|os error 13\b|os error 1\b",
        r"must be run as root|read access",
    ),
    spoken(
        "missing-file",
        r"no such file|\bENOENT\b|FileNotFound|file not found|NoSuchFile|DirectoryNotFound|\bEISDIR\b",
        r"\bENOTDIR\b",
        r"cannot find the (?:file|path)|is a directory|not a directory|os error 2\b",
        r"could not open (?:file|directory)|failed opening (?:required )?['\"]",
        r"(?:can't|cannot|could not|unable to|failed to) (?:open|find|access|stat|read|load) .{0,40}/\S+",
        r"(?:file|path|directory|config\w*) .{0,120}(?:does not|doesn't) exist",
        r"/\S+ (?:does not|doesn't) exist",
        r"unable to access jarfile|no such directory|could not be opened|template .{1,80}not found",
        r"missing file",
    ),
)
