"""The login plugin of a kubeconfig: what it is given, and what becomes of what it says."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.e2e.applier import Applier
from tests.e2e.cluster import CONTEXT
from tests.support.processes import wait_until
from tests.support.terminal import Terminal
from tests.support.user import BOOTSTRAP, PROGRAM, Result

REPORT = """#!{python}
import os, sys, time
with open({log!r}, "ab") as log:
    for name in ("environ", "cmdline"):
        log.write(open("/proc/self/" + name, "rb").read() + b"\\n")
    for entry in os.listdir("/proc/self/fd"):
        try:
            log.write(os.fsencode("fd %s %s\\n" % (entry, os.readlink("/proc/self/fd/" + entry))))
        except OSError:
            pass
    log.write(b"pid=%d\\n" % os.getpid())
{then}
"""


class Plugin:
    """A login plugin that writes down what it was given, and then does as it is told."""

    def __init__(self, applier: Applier, then: str) -> None:
        self.path = applier.folder / "login-plugin"
        self._log = applier.folder / "login-plugin.log"
        self.path.write_text(REPORT.format(python=sys.executable, log=str(self._log), then=then))
        self.path.chmod(0o755)
        run = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(self.path),
            "args": ["--cluster", "prod"],
            "interactiveMode": "Never",
        }
        self.kubeconfig = applier.kubeconfig(login={"exec": run})

    @property
    def given(self) -> bytes:
        return self._log.read_bytes() if self._log.exists() else b""

    @property
    def pids(self) -> list[int]:
        lines = self.given.split(b"\n")
        return [int(line.removeprefix(b"pid=")) for line in lines if line.startswith(b"pid=")]


def gives(token: str) -> str:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token},
    }
    return f"print({json.dumps(credential)!r})"


def variables(applier: Applier) -> dict[str, str]:
    return {"SOPS_AGE_KEY": f"AGE-SECRET-KEY-1{applier.identity}", "MARK": "mark"}


def holds_nothing(plugin: Plugin, applier: Applier) -> bool:
    assert b"MARK=mark" in plugin.given, "it has run, with the user's environment"
    assert b"--cluster" in plugin.given
    assert b"SOPS_AGE_KEY" not in plugin.given
    assert b"memfd" not in plugin.given
    return not [s for s in applier.secrets if s.encode() in plugin.given]


def test_a_plugin_is_given_nothing_that_is_secret(applier: Applier) -> None:
    plugin = Plugin(applier, gives(applier.token()))
    printed = applier.apply("--verbose", kubeconfig=plugin.kubeconfig, env=variables(applier))
    assert applier.is_complete()
    assert applier.token() not in printed
    assert holds_nothing(plugin, applier)


def test_doctor_gives_a_plugin_nothing_either(applier: Applier) -> None:
    """It has opened the pull Secrets by then."""
    plugin = Plugin(applier, gives(applier.token()))
    arguments = (
        *("doctor", "--context", CONTEXT, "--kubeconfig", str(plugin.kubeconfig)),
        *("--age-identity-file", str(applier.identity_file)),
    )
    done = applier.user.run(*arguments, env=variables(applier))
    applier.results.append(done)
    assert holds_nothing(plugin, applier), done.printed


def test_bootstrap_gives_a_plugin_nothing_either(applier: Applier) -> None:
    """The variable of the credentials has left the environment by then."""
    user = applier.user
    user.commit({"clusters/test/flux-system/gotk-sync.yaml": SYNC})
    plugin = Plugin(applier, gives(applier.token()))
    inline = [*BOOTSTRAP, "--layout", "inline", "--age-identity-file", str(applier.identity_file)]
    inline[inline.index("clusters/prod")] = "clusters/test"
    env = {**variables(applier), "CREDS": f"robot:{applier.password}"}
    first = user.run(*inline, env=env)
    user.git("remote", "add", "origin", str(bare(applier)))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
    more = ("--resume", "--context", CONTEXT, "--kubeconfig", str(plugin.kubeconfig))
    second = user.run(*inline, *more, env=env)
    applier.results.extend([first, second])
    assert first.status == 0, first.printed
    assert holds_nothing(plugin, applier), second.printed
    assert b"CREDS" not in plugin.given


def bare(applier: Applier) -> Path:
    folder = applier.folder / "origin.git"
    applier.user.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    return folder


SYNC = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system, namespace: flux-system}
spec: {interval: 1m, ref: {branch: main}, url: "https://git.example.com/fleet.git"}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: flux-system, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/test
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
"""


@pytest.mark.parametrize(
    "then",
    [
        "sys.stderr.write({token!r}); sys.exit(1)",
        "print({token!r})",
        'print(\'{{"token": "%s"}}\' % {token!r})',
        "print('[1]')",
        "sys.stdout.buffer.write(bytes(range(256)))",
        "pass",
        "os.kill(os.getpid(), 9)",
    ],
    ids=[
        "fails",
        "prints a token",
        "prints another object",
        "a list",
        "bytes",
        "nothing",
        "is killed",
    ],
)
def test_a_plugin_that_fails_is_named_and_not_repeated(applier: Applier, then: str) -> None:
    plugin = Plugin(applier, then.format(token=applier.token()))
    printed = applier.apply(kubeconfig=plugin.kubeconfig, status=3)
    says = f"the login plugin {plugin.path} of context e2e gave neither a token nor a certificate"
    assert says in printed
    assert "auth whoami" in printed
    assert len(printed.splitlines()) == 2
    assert not applier.data("sops-age")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plugin_that_hangs_keeps_nobody(applier: Applier, number: signal.Signals) -> None:
    plugin = Plugin(applier, "time.sleep(600)")
    run = applier.start(kubeconfig=plugin.kubeconfig)
    wait_until(lambda: bool(plugin.pids), 30)
    run.send_signal(number)
    out, err = run.communicate(timeout=20)
    printed = applier.ended(Result(run.returncode, out.decode(), err.decode()), 128 + number)
    assert "interrupted; nothing was changed" in printed
    os.kill(plugin.pids[0], signal.SIGKILL)


def test_ctrl_c_ends_a_plugin_that_hangs(applier: Applier) -> None:
    plugin = Plugin(applier, "time.sleep(600)")
    with Terminal(
        applier.user, [PROGRAM, *applier.arguments(kubeconfig=plugin.kubeconfig)]
    ) as terminal:
        wait_until(lambda: bool(plugin.pids), 30)
        terminal.type("\x03")
        assert terminal.end() == 130
        assert "interrupted; nothing was changed" in terminal.shown.decode()
    wait_until(lambda: not is_there(plugin.pids[0]), 5)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
