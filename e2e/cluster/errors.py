"""What can go wrong while the cluster is built, said in one line."""


class ClusterError(Exception):
    """A failure whose text is for the person at the terminal: what is wrong, where, and what would be right."""
