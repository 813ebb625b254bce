"""Squares of three numbers on AWS Batch as an array job, a failure, and everything removed at the end."""

import json
import sys

import lithops


def square(number):
    """Work on one."""
    return number**2


def fail(number):
    """End with an error."""
    raise ValueError("it is meant to fail")


if __name__ == "__main__":
    config = json.loads(sys.argv[1])
    executor = lithops.FunctionExecutor(config=config)
    executor.map(square, [2, 3, 4])
    print("total", sum(executor.get_result(timeout=120)))
    executor.call_async(fail, 1)
    try:
        executor.get_result(timeout=120)
    except ValueError as error:
        print("failed:", error)
    executor.compute_handler.backend.clean()
