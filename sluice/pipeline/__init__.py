"""The definition of a pipeline, its validation, and its compiled form.

The only package that needs pydantic, and part of no Lambda. Pipelines import its names from ``sluice``; here
they are deprecated.
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
