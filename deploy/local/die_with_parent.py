"""Becomes the given command, which the kernel then kills when the process that asked for it ends.

Run as `python die_with_parent.py PARENT_PID COMMAND...`. Linux only; elsewhere the command just runs. The kernel counts
the end of the *thread* that started the command as its parent's end, so start it from a thread that stays.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
