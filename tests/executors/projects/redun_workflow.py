"""Squares of three numbers on AWS Batch as an array job, then a script and a failure as plain jobs."""

from redun import script, task

redun_namespace = "executors"


@task(executor="batch")
def square(number: int) -> int:
    """Work on one."""
    print("squaring", number)
    return number**2


@task(executor="batch")
def fail() -> int:
    """End with an error."""
    raise ValueError("it is meant to fail")


@task()
def recover(error: Exception) -> str:
    """Return what a job's error says."""
    return str(error)


@task()
def gather(numbers: list, error: str, text: str) -> str:
    """Put all together."""
    return f"total {sum(numbers)}, {error}, {text.strip()}"


@task()
def main() -> str:
    """Do all of it."""
    from redun.scheduler import catch

    numbers = [square(number) for number in (2, 3, 4)]
    printed = script("echo from a script", executor="batch")
    return gather(numbers, catch(fail(), Exception, recover), decoded(printed))


@task()
def decoded(printed) -> str:
    """Return a script's output as text: it comes as the exit code and the bytes."""
    return printed[-1].decode()
