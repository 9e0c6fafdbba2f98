"""What the agent does as a Tekton Task: results, batches, the closing report, notification and pruning."""

from agent.tekton.results import tekton_results, write_nothing, write_results

__all__ = ["tekton_results", "write_nothing", "write_results"]
