"""Squares of three numbers on AWS Batch, one job each, joined on this machine."""

from metaflow import FlowSpec, batch, retry, step


class Squares(FlowSpec):
    """A foreach whose tasks are jobs."""

    @step
    def start(self):
        """Find the items."""
        self.numbers = [2, 3, 4]
        self.next(self.square, foreach="numbers")

    @retry(times=1, minutes_between_retries=0)
    @batch(cpu=1, memory=512)
    @step
    def square(self):
        """Work on one, which needs a second attempt for 3."""
        import os

        from metaflow import current

        if self.input == 3 and current.retry_count == 0:
            raise ValueError("fails once")
        self.squared = self.input**2
        self.job = os.environ["AWS_BATCH_JOB_ID"]
        self.next(self.join)

    @step
    def join(self, inputs):
        """Put them together."""
        self.total = sum(one.squared for one in inputs)
        self.jobs = len({one.job for one in inputs})
        self.next(self.end)

    @step
    def end(self):
        """Print the result."""
        print("total", self.total, "of", self.jobs, "jobs")


if __name__ == "__main__":
    Squares()
