# Copyright the Serai authors
# SPDX-License-Identifier: Apache-2.0
"""Functions that do to their container what nobody should."""

import os
import signal
import subprocess
import sys
import threading
import time

import modal

app = modal.App("misbehaving")


@app.function(max_containers=1, scaledown_window=2)
def flood(megabytes: int) -> str:
    """Lines of 100 bytes, as fast as they go."""
    line = "x" * 99 + "\n"
    for _ in range(megabytes * 10):
        sys.stdout.write(line * 1000)
    print("the flood is over")
    return "flooded"


@app.function(max_containers=1, scaledown_window=2, memory=(128, 192))
def devour(mebibytes: int) -> int:
    held = bytearray(mebibytes << 20)
    held[::4096] = b"x" * len(held[::4096])
    return len(held)


@app.function(max_containers=1, scaledown_window=2, memory=(128, 192))
def devour_in_a_child(mebibytes: int) -> int:
    """The child is killed, and the function lives to tell it."""
    program = f"x = bytearray({mebibytes} << 20); x[::4096] = b'x' * len(x[::4096])"
    return subprocess.run([sys.executable, "-c", program], check=False).returncode


@app.function(max_containers=1, scaledown_window=2, timeout=3)
def deaf(seconds: float) -> str:
    """Neither an exception nor a signal that can be ignored gets it out of here."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.1)
        except BaseException:
            continue
    return "heard nothing"


@app.function(max_containers=1, scaledown_window=2, cpu=(0.125, 0.25))
def burns(seconds: float) -> float:
    """@return cores that two threads had of which each would have taken one"""
    program = f"import time; end = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    began = time.monotonic()
    before = sum(os.times()[2:4])
    burning = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(2)]
    for each in burning:
        each.wait()
    return (sum(os.times()[2:4]) - before) / (time.monotonic() - began)


@app.function(max_containers=1, scaledown_window=2)
def forks() -> str:
    """The child goes on as if it were the function, and answers, too."""
    return "from the child" if os.fork() == 0 else "from the parent"


@app.function(max_containers=1, scaledown_window=2)
def leaves_a_child(mark: str) -> int:
    """It does not end with the call, is in a session of its own, and has our streams."""
    return subprocess.Popen(["sh", "-c", f"exec sleep 600 # {mark}"], start_new_session=True).pid


@app.function(max_containers=1, scaledown_window=2)
def breeds(most: int) -> tuple[int, str]:
    """@return how many threads there were, that many at most; and what a further process came to"""
    over, started = threading.Event(), 0
    try:
        while started < most:
            threading.Thread(target=over.wait).start()
            started += 1
        return started, ""
    except RuntimeError:
        try:
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
            return started, "it ran"
        except OSError as e:
            return started, type(e).__name__
    finally:
        over.set()
