"""Rules: what can be wrong, by family of causes. The engine imports every module it finds here."""
