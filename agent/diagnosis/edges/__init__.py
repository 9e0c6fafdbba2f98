"""Edges: which objects belong to the neighbourhood of another, by structure. The engine imports every module."""
