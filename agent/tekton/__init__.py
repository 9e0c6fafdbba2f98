"""What the agent does as a Tekton Task: results, batches, what people are told, and pruning."""

from agent.tekton.conclusion import conclude
from agent.tekton.results import tekton_results, write_nothing

__all__ = ["conclude", "tekton_results", "write_nothing"]
