"""Routing: from the labels and the words of an alert to the object it is about."""
