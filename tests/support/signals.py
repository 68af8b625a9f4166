"""Signals as a program of a terminal has them."""

from __future__ import annotations

import signal


def hear_signals() -> None:
    """Have no signal ignored that stories send.

    nohup, and a shell for what runs in the background, have everything that they start ignore some.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
