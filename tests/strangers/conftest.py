"""What the projects' own tests are for: they run in the projects."""

collect_ignore = ["projects"]
