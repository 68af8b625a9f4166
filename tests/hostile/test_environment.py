"""What came by a variable is in no program that is started, and no memory is left in a core dump."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

import gitops_secrets
from tests.support.draw import hexadecimal
from tests.support.fleet import FILES, push
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.terminal import Terminal
from tests.support.user import BOOTSTRAP, PROGRAM, User

REPORT = """#!{python}
import os, sys
parent = f"/proc/{{os.getppid()}}"
with open({log!r}, "ab") as log:
    log.write(b"@@" + os.fsencode(sys.argv[0]) + b"\\n")
    log.write(open("/proc/self/environ", "rb").read() + b"\\n")
    # A shell in between has nothing to do with it; ours does.
    if b"gitops-secrets" in open(parent + "/cmdline", "rb").read():
        log.write(b"ours:" + open(parent + "/environ", "rb").read() + b"\\n")
    limit = [l for l in open("/proc/self/limits") if l.startswith("Max core file size")]
    log.write(b"core:" + limit[0].split()[4].encode() + b"\\n")
{then}
"""


class Recorder:
    """Programs that write down what they were given, and then do what they are for."""

    def __init__(self, user: User) -> None:
        self.folder = user.home / "bin"
        self.folder.mkdir()
        self._log = user.home.parent / f"log-{hexadecimal(4)}"
        self.env = {"PATH": f"{self.folder}:{user.env['PATH']}"}

    def program(self, path: Path, then: str = "") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(REPORT.format(python=sys.executable, log=str(self._log), then=then))
        path.chmod(0o755)
        return path

    def wrap(self, user: User, name: str) -> None:
        """Have *name* on PATH write down what it was given, and be the real one then."""
        real = user.program(["sh", "-c", f"command -v {name}"]).stdout.strip()
        self.program(self.folder / name, f"os.execv({real!r}, sys.argv)")

    def clear(self) -> None:
        self._log.unlink(missing_ok=True)

    @property
    def written(self) -> bytes:
        return self._log.read_bytes() if self._log.exists() else b""

    @property
    def programs(self) -> set[str]:
        lines = self.written.split(b"\n")
        return {Path(line[2:].decode()).name for line in lines if line.startswith(b"@@")}

    @property
    def limits(self) -> set[bytes]:
        lines = self.written.split(b"\n")
        return {line.removeprefix(b"core:") for line in lines if line.startswith(b"core:")}


@pytest.fixture
def recorder(user: User) -> Recorder:
    recorder = Recorder(user)
    for name in ("git", "sh"):
        recorder.wrap(user, name)
    return recorder


def kubeconfig(user: User, plugin: Path) -> Path:
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin),
           "interactiveMode": "Never"}  # fmt: skip
    path = user.home / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
                "clusters": [{"name": "x", "cluster": {"server": "https://127.0.0.1:1"}}],
                "users": [{"name": "x", "user": {"exec": run}}],
            }
        )
    )
    return path


@pytest.mark.parametrize("layout", ["separate", "inline"])
def test_no_program_has_the_variable_of_the_credentials(
    user: User, recorder: Recorder, layout: str
) -> None:
    password = mixed()
    user.commit(FILES)
    push(user)
    recorder.clear()
    for hook in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "pre-push"):
        recorder.program(user.repository / ".git/hooks" / hook)
    done = user.bootstrap(
        *("--layout", layout, "--push"), creds=f"robot:{password}", SOPS_AGE_KEY=password, **recorder.env
    )  # fmt: skip
    assert done.status == 0, done.printed
    assert {"git", "commit-msg", "post-commit", "pre-push"} <= recorder.programs
    assert b"ours:" in recorder.written
    assert password.encode() not in recorder.written
    assert recorder.limits == {b"1"}


def test_two_registries_may_share_a_variable(user: User) -> None:
    done = user.bootstrap("--registry", "other.example.com", "--registry-creds-env", "CREDS")
    assert done.status == 0, done.printed
    assert set(user.credentials().values()) == {"robot:password"}


def test_an_exec_plugin_of_the_kubeconfig_does_not_have_it(user: User, recorder: Recorder) -> None:
    """The Kubernetes client starts it, with the environment as it is then."""
    password = mixed()
    user.commit(FILES)
    push(user)
    user.bootstrap("--layout", "inline", creds=f"robot:{password}")
    push(user)
    config = kubeconfig(user, recorder.program(user.home / "plugin", "sys.exit(1)"))
    recorder.clear()
    flags = ("--resume", "--context", "x", "--kubeconfig", str(config))
    user.bootstrap(*flags, creds=f"robot:{password}", SOPS_AGE_KEY=password, **recorder.env)
    assert "plugin" in recorder.programs
    assert password.encode() not in recorder.written


def test_a_credential_helper_does_not_have_the_variable_of_another_registry(
    user: User, recorder: Recorder
) -> None:
    password = mixed()
    answer = '{"Username": "robot", "Secret": "other"}'
    recorder.program(recorder.folder / "docker-credential-fleet", f"print({answer!r})")
    config = user.home / "config.json"
    config.write_text('{"credsStore": "fleet"}')
    second = ("--registry", "other.example.com", "--registry-creds-docker-config", str(config))
    done = user.bootstrap(*second, creds=f"robot:{password}", **recorder.env)
    assert done.status == 0, done.printed
    assert "docker-credential-fleet" in recorder.programs
    assert password.encode() not in recorder.written


def test_a_commit_with_nothing_to_find_has_no_core_dump_either(
    user: User, recorder: Recorder
) -> None:
    password = mixed()
    user.write({"README.md": "fleet\n"})
    user.git("add", "--all")
    done = user.run("scan", env={"SOPS_AGE_KEY": password, **recorder.env})
    assert done.status == 0, done.printed
    assert (recorder.programs, recorder.limits) == ({"git"}, {b"1"})
    assert password.encode() not in recorder.written


def test_an_editor_and_the_shell_beside_it_have_neither(user: User, recorder: Recorder) -> None:
    password = mixed()
    user.commit({".sops.yaml": rule(recipient(user)), "apps/db.yaml": opaque("value")})
    assert user.run("encrypt", "apps/db.yaml").status == 0
    editor = recorder.program(user.home / "editor")
    env = {"EDITOR": str(editor), "SOPS_AGE_KEY": password, **recorder.env}
    with Terminal(user, [PROGRAM, "edit", "apps/db.yaml"], **env) as terminal:
        assert terminal.end() == 0
    assert "editor" in recorder.programs
    assert recorder.limits == {b"1"}
    assert password.encode() not in recorder.written


def test_a_limit_that_forbids_core_dumps_already_stays(user: User, recorder: Recorder) -> None:
    done = user.program(
        ["sh", "-c", f'ulimit -c 0; "{PROGRAM}" {" ".join(BOOTSTRAP)}'],
        env={"CREDS": "robot:password", **recorder.env},
    )
    assert done.status == 0, done.printed
    assert recorder.limits == {b"0"}


STARTS = {
    "os": ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"),
    "subprocess": None,
    "pty": None,
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell"),
}
"""What starts a program, by module; None stands for all of a module."""
DOORS = {
    "adapters/running/process.py": {"subprocess"},
    "adapters/git/objects.py": {"os.posix_spawnp"},
}


def started_in(source: str) -> set[str]:
    """Return by what *source* starts programs."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if STARTS.get(a.name, ()) is None}
        elif isinstance(node, ast.ImportFrom) and node.module in STARTS:
            names = STARTS[node.module]
            found |= {node.module} if names is None else {
                f"{node.module}.{a.name}" for a in node.names if a.name in names
            }  # fmt: skip
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = node.value.id, node.attr
            names = STARTS.get(module, ())
            if (names and name in names) or (module == "os" and name.startswith(("exec", "spawn"))):
                found.add(f"{module}.{name}")
    return found


def test_programs_are_started_through_one_door() -> None:
    package = Path(gitops_secrets.__file__).parent
    found = {
        str(path.relative_to(package)): started
        for path in package.rglob("*.py")
        if (started := started_in(path.read_text()))
    }
    assert found == DOORS


@pytest.mark.parametrize(
    "source",
    [
        *("import subprocess", "from subprocess import run", "import os\nos.execvp('a', [])"),
        *("import os\nos.system('a')", "from os import popen", "import os\nos.spawnl(0, 'a')"),
    ],
)
def test_another_door_would_be_seen(source: str) -> None:
    assert started_in(source)
