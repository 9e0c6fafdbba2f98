"""Evidence: what was asked of the cluster, of Prometheus or of a recording, and what was answered."""
