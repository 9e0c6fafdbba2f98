"""The raw manifests of k8s/ on a real cluster."""
