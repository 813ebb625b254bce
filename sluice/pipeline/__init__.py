"""What a pipeline's author writes: its definition, the validation of it, and its compiled form.

The only package that needs pydantic, and in no Lambda's code. Pipelines import its names from ``sluice``;
``sluice.pipeline`` itself still has those that it had, with a deprecation warning.
"""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "Array": "sluice",
        "INPUT": "sluice",
        "Job": "sluice",
        "Limit": "sluice",
        "Manual": "sluice",
        "MultiNode": "sluice",
        "NodeGroup": "sluice",
        "Pipeline": "sluice",
        "Plan": "sluice",
        "Resubmit": "sluice",
        "S3Upload": "sluice",
        "Schedule": "sluice",
        "Webhook": "sluice",
        "always": "sluice",
        "finished": "sluice",
    },
)
