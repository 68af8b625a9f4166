"""The repositories in which the pages' commands are typed: what bootstrap made, and what a page takes for granted."""

from __future__ import annotations

import json

from tests.hints.bases import docker
from tests.hints.of_namespaces import charts, namespace, operated
from tests.support.fleet import DECRYPTED, FILES, edit, kustomization, push
from tests.support.user import User

SECRETS = {"REGISTRY_CREDS": "robot$ci:p4ss:w0rd", "GHCR_CREDS": "acme-bot:another-word"}
"""What the shell of the pages' reader has."""
PATH = "apps/db.yaml"
READABLE = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
stringData:
  user: shop
  password: the-first-one
  tls.key: a-key
"""
_WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      imagePullSecrets: [{name: regcred}]
      containers: [{name: web, image: registry.example.com:5000/team/web:1.4}]
"""
_TEAM = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: builder
  namespace: team-b
"""


def nothing(user: User) -> None:
    """An empty repository, and the files of a HOME that the pages name."""
    for name in ("ghcr.txt", "robot.txt"):
        (user.home / name).write_text("robot:a-word-in-a-file\n")
    entry = {"username": "me", "password": "mine-alone"}
    config = {"auths": {"ghcr.io": entry, "quay.io": entry}}
    (user.home / ".docker").mkdir()
    (user.home / ".docker/config.json").write_text(json.dumps(config))


def flux(user: User) -> None:
    """What ``flux bootstrap`` left, on a server of the user's own."""
    nothing(user)
    user.commit(FILES)
    push(user)


def bootstrapped(user: User) -> None:
    """A repository that bootstrap made, with an application that has no Secret yet."""
    flux(user)
    bootstrap(user)
    apps = {"clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED)}
    user.commit({**apps, "apps/web.yaml": f"{namespace('shop')}---\n{_WEB}"})
    push(user)


def with_secret(user: User) -> None:
    """The same, with an encrypted Secret of the application."""
    bootstrapped(user)
    secret(user, PATH, READABLE)
    push(user)


def secret(user: User, path: str, content: str) -> None:
    """Commit the encrypted *content*, with a rule for it."""
    done = user.run("encrypt", "-", "--add-rule", "--to", path, stdin=content.encode())
    assert done.status == 0, done.printed
    user.commit({})


def bootstrap(user: User, path: str = "clusters/prod", *more: str) -> None:
    """Run bootstrap for one registry."""
    done = user.run(
        *("bootstrap", "--path", path, "--image-pull-secret", "regcred"),
        *("--registry", "registry.example.com:5000", "--registry-creds-env", "REGISTRY_CREDS"),
        *more,
        env=SECRETS,
    )
    assert done.status == 0, done.printed


def teams(user: User) -> None:
    """A cluster with the namespaces of two teams."""
    bootstrapped(user)
    user.commit(
        {
            "apps/team-a.yaml": namespace("team-a"),
            "apps/team-b.yaml": charts("team-b").replace("name: charts", "name: podinfo"),
            "apps/builder.yaml": _TEAM,
        }
    )


def by_operator(user: User) -> None:
    """A cluster whose Flux the operator installs."""
    nothing(user)
    operated(user)


def two_clusters(user: User) -> None:
    """Production and staging, each with both registries."""
    bootstrapped(user)
    stage = {
        path.replace("prod", "stage"): content.replace("clusters/prod", "clusters/stage")
        for path, content in FILES.items()
    }
    user.commit(stage)
    for path in ("clusters/prod", "clusters/stage"):
        bootstrap(user, path, "--registry", "ghcr.io", "--registry-creds-env", "GHCR_CREDS")


def undecrypted(user: User) -> None:
    """An application whose Kustomization does not decrypt."""
    with_secret(user)
    user.commit({"clusters/prod/apps.yaml": kustomization("apps", "apps")})


def tampered(user: User) -> None:
    """An encrypted value that somebody made readable."""
    with_secret(user)
    line = next(x for x in user.read(PATH).splitlines() if x.startswith("  password: "))
    edit(user, PATH, line, "  password: readable")


def two_sides(user: User) -> None:
    """A branch topic that changed the same value as main."""
    with_secret(user)
    secret(user, "apps/db.sops.yaml", READABLE.replace("name: db", "name: other"))
    assert user.run("hooks", "install").status == 0
    for branch, value in (("topic", "theirs"), ("main", "ours")):
        user.git("switch", "--quiet", *(["-c"] if branch == "topic" else []), branch)
        done = user.run("edit", "apps/db.sops.yaml", "--key", "password", stdin=value.encode())
        assert done.status == 0, done.printed
        user.git("commit", "--quiet", "--all", "--message", branch)


def a_branch(user: User) -> None:
    """A branch topic with a commit, and files that are not committed."""
    with_secret(user)
    user.git("switch", "--quiet", "-c", "topic")
    user.commit({"deploy/web.yaml": "kind: Deployment\n", ".env": "A=b\n"})


def leak(user: User) -> None:
    """A readable pull Secret in the work tree."""
    user.write({"apps/regcred.yaml": docker("regcred")})


def on_a_server(user: User) -> None:
    """A bare repository, in the place of the other."""
    nothing(user)
    user.git("init", "--quiet", "--bare", str(user.home / "fleet.git"))
    user.repository = user.home / "fleet.git"
