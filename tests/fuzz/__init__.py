"""The whole program under hostile input: alerts, recordings and servers, each case from a seed and a number."""
