"""The kind cluster of the end-to-end suite: what it is made of, built, created and deleted from here.

Start at `__main__.py` (the command line) and `plan.py` (the stages, in order).
"""
