"""Model clients: the embedded rule model, and language models behind a guard and a budget."""
