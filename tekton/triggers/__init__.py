"""EventListeners, Triggers, bindings and templates: from a notification to PipelineRuns."""
