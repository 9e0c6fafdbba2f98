"""Evidence: what the cluster, Prometheus or a recording was asked, and what it answered."""
