"""The verdict: assembled from conversation and diagnosis, as a result, a report, a file."""
