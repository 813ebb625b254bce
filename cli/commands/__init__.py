"""The commands: `sluice NAME` is the module or the folder NAME, whose ``add_to`` adds it to the parser."""
