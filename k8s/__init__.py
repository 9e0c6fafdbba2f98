"""The raw manifests, and what generates the recording inside them."""
