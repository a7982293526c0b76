"""Ask the kernel to end this process when its parent ends, however the parent ends."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with_parent(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have `number` sent to this process when `parent` dies (Linux; elsewhere do nothing).

    The kernel means the *thread* that started this process, so that must be one that lasts.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:  # it had died before the call
        os.kill(os.getpid(), number)
