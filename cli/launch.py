"""Run a program that cannot outlive the process that started it: `python launch.py PARENT_PID PROGRAM ARG...`.

The kernel kills the program when its parent ends in any way, SIGKILL included (Linux; elsewhere the parent must end it).
The setting survives `exec`, so the program needs to know nothing of it. Run as a script, without Gridcast's imports: it
costs a few milliseconds, and is safe where `preexec_fn` is not (the parent has threads).
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent_pid: int, program: list[str]) -> None:
    if sys.platform == "linux":
        import ctypes

        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
            sys.exit(f"launch: prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent_pid:  # it ended before the kernel knew what to do about it
        sys.exit("launch: the parent is gone")
    try:
        os.execvp(program[0], program)
    except OSError as error:
        sys.exit(f"launch: {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
