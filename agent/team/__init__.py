"""The AutoGen team: the only place that knows AutoGen."""
