"""Rules of the family `cpu`."""
