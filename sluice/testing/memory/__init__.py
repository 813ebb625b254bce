"""The services of AWS that runs and jobs use, in memory."""
