"""`sluice show`: a run with its input, results, steps and reasons, or the children of a step."""
