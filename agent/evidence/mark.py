"""The mark that stands where a secret stood."""

MARK = "[redacted]"
