"""Rules of the family `nodes`."""
