"""The Tekton bundle: what goes into it, and how it is pushed."""
