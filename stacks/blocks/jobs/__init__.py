"""The job definitions of a pipeline, with the images, roles and limits of its jobs."""
