"""Reading: what one object, sentence or series says by itself. No evidence is asked for here."""
