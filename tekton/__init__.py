"""The agent for Tekton: Tasks, Pipeline, Triggers, bundle, and what writes, checks and installs them."""
