"""Rules of the family `jobs`."""
