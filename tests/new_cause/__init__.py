"""The scaffold of a new cause, behind `make new-cause`."""
