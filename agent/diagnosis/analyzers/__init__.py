"""One module per family of causes; the engine imports every module it finds here."""
