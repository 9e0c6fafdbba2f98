"""Hints: every line that states trouble contains at least one of these words.

Looking for them in a whole log is much cheaper than reading each line, and most lines hold none.
"""

_WORDS = """
error, err=, exception, fatal, panic, fail, crit, emerg, severe, denied, refuse, time, deadline, cannot,
can't, could, unable, not, no such, no module, no space, no route, no free, no available, no idle, no
address, no pg_hba, no config, no subject, no alternative, no main, no health, no live, no value, no
host, no shared, no connection, no protocols, no resp, no brokers, nobrokers, no servers, no server,
none of, missing, require, invalid, unknown, undefined, unbound, unset, unexpected, unrecogni, resol,
kill, segmentation, abort, core dumped, memory, too many, max, exhaust, forbidden, unauthor, reset,
closed, hang up, unreachable, lookup, bad, wait, in use, full, read-only, expired, certificate, x509,
tls, ssl, handshake, deadlock, lock, rate, throttl, limit, traceback, caused by, eof, broken, must,
migration, pool, wrongpass, readonly, assert, corrupt, double free, terminat, smashing, syntax, parse,
malformed, expecting, zero, econn, enoent, eacces, erofs, eaddr, eperm, eai_, emfile, enospc, epipe,
unavailable, disk, quota, errno, exceed, wrong, unsupported, illegal, gateway, upstream, "level":5,
"level":6, usage, crash, lost, disconnect, slow, incorrect, undeclared, mismatch, duplicate, initdb,
root, directory, exist, glibc, gem::, metaspace, overflow, sqlstate, ora-, oom, occupied, taken,
unhandled, uncaught, only, should, level=e, gave http, empty reply, plain http, divided by, sig,
loading, fault, need, " 50, have to, please, trap, nil pointer, exit, died at, ** (, communications
"""
HINTS = tuple(word.strip() for word in _WORDS.replace("\n", " ").split(",") if word.strip())
