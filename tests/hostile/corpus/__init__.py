"""A corpus of secrets in the forms clusters carry them, and of harmless texts that look like them."""
