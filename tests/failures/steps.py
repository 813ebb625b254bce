# mypy: ignore-errors
# ruff: noqa: B018, F401, N818, PTH123

"""Ways to fail, as people's code does it: each function is a step of a pipeline of its own."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from sluice.steps import Item, Out, Results, Upload


class Odd(Exception):
    """An error that cannot be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def raises(results: Results, out: Out) -> None:
    raise ValueError("the row 17 has 3 columns, expected 4")


def exits_0(results: Results, out: Out) -> None:
    sys.exit(0)


def exits_1(results: Results, out: Out) -> None:
    sys.exit(1)


def exits_2(results: Results, out: Out) -> None:
    sys.exit(2)


def exits_3(results: Results, out: Out) -> None:
    sys.exit(3)


def exits_0_unseen(results: Results, out: Out) -> None:
    os._exit(0)


def exits_with_text(results: Results, out: Out) -> None:
    sys.exit("nothing to do on a Sunday")


def segfault(results: Results, out: Out) -> None:
    ctypes.string_at(0)


def killed(results: Results, out: Out) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def out_of_memory(results: Results, out: Out) -> None:
    held = []
    for _ in range(64):
        held.append(b"x" * (16 << 20))
        time.sleep(0.05)


def memory_error(results: Results, out: Out) -> None:
    bytearray(1 << 60)


def sleeps(results: Results, out: Out) -> None:
    print("waiting for the other side", flush=True)
    time.sleep(3600)


def result_of_100_mb(item: Item, out: Out) -> str:
    return "x" * 100_000_000


def lines_50000(results: Results, out: Out) -> None:
    for number in range(50_000):
        print(f"line {number}")
    raise ValueError("after 50,000 lines")


def not_utf_8(results: Results, out: Out) -> None:
    os.write(1, b"caf\xe9\n")
    b"caf\xe9".decode()


def hostile(results: Results, out: Out) -> None:
    raise ValueError("\x1b[2Jgone\r\nforged SUCCEEDED \ud800")


def long_message(results: Results, out: Out) -> None:
    raise ValueError("x" * 1_000_000)


def no_message(results: Results, out: Out) -> None:
    raise ValueError


def no_text(results: Results, out: Out) -> None:
    raise Odd


def returns_a_set(item: Item, out: Out) -> object:
    return {item.number}


def wrong_types(results: Results, out: Out) -> None:
    "1" + 1


def recurses(results: Results, out: Out) -> None:
    recurses(results, out)


def interrupted(results: Results, out: Out) -> None:
    raise KeyboardInterrupt


def leaves_a_thread(results: Results, out: Out) -> None:
    threading.Thread(target=time.sleep, args=(3600,)).start()


def leaves_a_process(results: Results, out: Out) -> None:
    subprocess.Popen(["sleep", "3600"])


def module_missing(results: Results, out: Out) -> None:
    import nosuchpackage.reader


def access_denied(results: Results, out: Out) -> None:
    import botocore.session

    s3 = botocore.session.get_session().create_client("s3")
    s3.get_object(Bucket="team-reference", Key="rates/2026.csv")


def file_too_large(results: Results, out: Out) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with open("large", "wb") as file:
        file.write(b"x" * 100_000)


def leaves_the_folder(results: Results, out: Out) -> None:
    out.write("../other.txt", b"")


def closes_output(results: Results, out: Out) -> None:
    os.close(1)
    os.close(2)
    raise ValueError("nobody hears this")


def forks(results: Results, out: Out) -> None:
    if child := os.fork():
        os.waitpid(child, 0)
    raise ValueError(f"in {'the worker' if child else 'its copy'}")


def no_rows(item: Item, out: Out) -> int:
    if item.number == 3:
        raise ValueError("no rows")
    return item.number


def crashes_at_3(item: Item, out: Out) -> int:
    if item.number == 3:
        ctypes.string_at(0)
    return item.number


def half_fails(item: Item, out: Out) -> int:
    if item.number % 2:
        raise ValueError(f"item {item.number} is odd")
    return item.number


def counts(results: Results, out: Out) -> None:
    out.write("count.txt", f"{len(list(results('work')))} results\n")


def finds_and_raises(trigger: Upload) -> object:
    yield {"n": 0}
    raise ValueError("the file ends in its line 7")


def finds_large(trigger: Upload) -> object:
    yield {"n": 0}
    yield {"text": "x" * 9000}
