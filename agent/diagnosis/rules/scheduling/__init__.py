"""Rules of the family `scheduling`."""
