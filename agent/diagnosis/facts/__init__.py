"""Facts: what several rules need to know of a neighbourhood, derived from the evidence of the case."""
