"""`sluice run`: starts a pipeline and follows the runs that begin."""
