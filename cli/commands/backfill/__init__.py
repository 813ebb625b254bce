"""Has pipelines work on what is there already: objects, and times that are over."""
