"""The repositories in which hints are printed: each as little as the situation needs."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.fleet import FILES, FLUX, push
from tests.support.secrets import PATH, opaque, recipient, rule
from tests.support.user import PROGRAM, User

_MADE = Path(tempfile.mkdtemp(prefix="hints-"))
atexit.register(shutil.rmtree, _MADE, ignore_errors=True)
Prepare = Callable[[User], object]
OTHER = "age15qhkgjpdyt86nc3km7hgfke9a48wvss4fracaxny8vlw6mrs6gqqnx7uqj"
BOOTSTRAP = (
    "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred "
    "--registry registry.example.com --registry-creds-env CREDS"
)
SECRET = "pull-secrets/prod/regcred.sops.yaml"
READABLE = "apps/regcred.yaml"


def empty(user: User) -> None:
    """A repository without a commit."""


def fresh(user: User) -> None:
    """A repository that flux bootstrap was at."""
    user.commit(FILES)


def two(user: User) -> None:
    """The same with a second cluster."""
    stage = {
        path.replace("prod", "stage"): content.replace("clusters/prod", "clusters/stage")
        for path, content in FILES.items()
    }
    user.commit({**FILES, **stage})


def ready(user: User) -> None:
    """A repository that bootstrap was at. It is made once in a process, and copied afterwards."""
    if not (_MADE / user.repository.name).exists():
        fresh(user)
        assert user.bootstrap().status == 0
        for folder in (user.repository, user.home):
            shutil.copytree(folder, _MADE / folder.name, symlinks=True)
        return
    for folder in (user.repository, user.home):
        shutil.copytree(_MADE / folder.name, folder, symlinks=True, dirs_exist_ok=True)


def of_two_names(user: User) -> None:
    """A cluster with two pull Secrets."""
    ready(user)
    done = user.run(
        *("bootstrap", "--image-pull-secret", "second", "--registry", "ghcr.io"),
        *("--registry-creds-env", "CREDS"),
        env={"CREDS": "a:b"},
    )
    assert done.status == 0, done.printed


def of_two_in_two(user: User) -> None:
    """Two clusters with two pull Secrets each."""
    two(user)
    for secret, registry in (("regcred", "registry.example.com"), ("second", "ghcr.io")):
        done = user.run(
            *("bootstrap", "--all", "--image-pull-secret", secret, "--registry", registry),
            *("--registry-creds-env", "CREDS"),
            env={"CREDS": "a:b"},
        )
        assert done.status == 0, done.printed


def ruled(user: User) -> None:
    """A Secret that is encrypted by a rule of the repository."""
    seal_for(user, recipient(user))


def seal_for(user: User, *readers: str) -> None:
    """The same, whose rule names *readers*."""
    user.commit({".sops.yaml": rule(*readers)})
    done = user.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "two").encode())
    assert done.status == 0, done.printed
    user.commit({})


def docker(name: str = "rc", namespace: str = "apps") -> str:
    """A readable pull Secret."""
    config = json.dumps({"auths": {"ghcr.io": {"username": "joe", "password": "q7Kx9-Wm3z_T"}}})
    return (
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nstringData:\n  .dockerconfigjson: '{config}'\n"
    )


def leaked(user: User) -> None:
    """A readable pull Secret that is staged, beside a bootstrapped cluster."""
    ready(user)
    user.write({READABLE: docker()})
    user.git("add", "--all")


def with_remote(prepare: Prepare) -> Prepare:
    """*prepare*, and all of it pushed."""

    def prepared(user: User) -> None:
        prepare(user)
        push(user)

    return prepared


def then(prepare: Prepare, *lines: str) -> Prepare:
    """*prepare*, and the commands of *lines* afterwards."""

    def prepared(user: User) -> None:
        prepare(user)
        for line in lines:
            env = {"PATH": f"{PROGRAM.parent}:{user.env['PATH']}"}
            done = user.program(["bash", "-c", line], env=env)
            assert done.status == 0, (line, done.printed)

    return prepared


def having(prepare: Prepare, files: dict[str, str]) -> Prepare:
    """*prepare*, and *files* in a commit."""

    def prepared(user: User) -> None:
        prepare(user)
        user.commit(files)

    return prepared


__all__ = ["FILES", "FLUX", "PATH", "opaque", "rule"]
