"""apply that is ended while a request is under way: at once, with the truth, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.applier import Applier
from tests.e2e.between import Answer, Asked, Between
from tests.support.user import Result

WORDS = "interrupted; e2e may have some of it; the same command again applies the rest"


class Hold:
    """Holds the request *which*; whether it still reaches the API server is *arrives*."""

    def __init__(self, which: str, *, arrives: bool) -> None:
        self._which, self._arrives = which, arrives
        self.is_held = threading.Event()
        self.goes_on = threading.Event()

    def __call__(self, asked: Asked) -> Answer | None:
        if asked.short != self._which or self.goes_on.is_set():
            return None
        self.is_held.set()
        self.goes_on.wait(60)
        return None if self._arrives else Answer(0)


@pytest.mark.parametrize(
    ("number", "which", "arrives"),
    [
        (signal.SIGTERM, "GET flux-system", False),
        (signal.SIGINT, "POST namespaces", True),
        (signal.SIGTERM, "PATCH sops-age", True),
        (signal.SIGINT, "PATCH sops-age", False),
        (signal.SIGINT, "PATCH regcred", True),
        (signal.SIGTERM, "PATCH regcred", False),
    ],
)
def test_a_signal_ends_it_while_a_request_hangs(
    first_applier: Applier, number: signal.Signals, which: str, *, arrives: bool
) -> None:
    with held(first_applier, which, arrives=arrives) as (kubeconfig, hold):
        run = first_applier.start(kubeconfig=kubeconfig)
        printed = ended(first_applier, run, hold, number)
        assert printed.strip() == f"gitops-secrets: error: {WORDS}"
        if arrives and which == "PATCH regcred":
            first_applier.cluster.wait_for(first_applier.is_complete, "the request to arrive")
        first_applier.apply(kubeconfig=kubeconfig)
        assert first_applier.is_complete()
        assert first_applier.apply(kubeconfig=kubeconfig).count("unchanged") == 3


def test_a_dry_run_that_is_ended_has_changed_nothing(applier: Applier) -> None:
    with held(applier, "PATCH sops-age", arrives=True) as (kubeconfig, hold):
        run = applier.start("--dry-run", kubeconfig=kubeconfig)
        printed = ended(applier, run, hold, signal.SIGTERM)
    assert "interrupted; nothing was changed" in printed
    assert not applier.data("sops-age")


@contextmanager
def held(applier: Applier, which: str, *, arrives: bool) -> Iterator[tuple[Path, Hold]]:
    """Give a kubeconfig whose server holds the request *which*."""
    hold = Hold(which, arrives=arrives)
    with Between(applier.cluster, hold) as between:
        yield applier.kubeconfig(cluster={"server": between.url}), hold


def ended(
    applier: Applier, run: subprocess.Popen[bytes], hold: Hold, number: signal.Signals
) -> str:
    """End the run that is held by the signal *number*, then let the request go; return what was printed."""
    assert hold.is_held.wait(60)
    run.send_signal(number)
    out, err = run.communicate(timeout=20)
    hold.goes_on.set()
    return applier.ended(Result(run.returncode, out.decode(), err.decode()), 128 + number)
