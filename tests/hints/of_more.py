"""Hints about who may read, which registry is meant, and what a hook was given."""

from __future__ import annotations

from tests.hints.bases import (
    BOOTSTRAP,
    FLUX,
    OTHER,
    PATH,
    READABLE,
    docker,
    empty,
    fresh,
    having,
    of_two_in_two,
    ready,
    rule,
    ruled,
    two,
)
from tests.hints.of_findings import applied, in_conflict
from tests.hints.situation import Situation
from tests.support.user import User

_EVERYTHING = rule(OTHER, regex=".*")
_SYNCED = (
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: fleet, namespace: flux-system}\n"
    "spec: {url: ssh://git@example.com/fleet, ref: {branch: main}, interval: 1m}\n---\n"
    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: fleet, namespace: flux-system}\n"
    "spec:\n  interval: 10m\n  path: ./clusters/prod\n  prune: true\n"
    "  sourceRef: {kind: GitRepository, name: fleet}\n"
)


def for_which_cluster(user: User) -> None:
    """Two clusters with pull Secrets, and a Secret that neither applies yet."""
    two(user)
    done = user.run(*BOOTSTRAP.split()[1:], "--path", "clusters/stage", env={"CREDS": "a:b"})
    assert done.status == 0, done.printed
    user.commit({READABLE: docker()})


def away(user: User) -> None:
    """A Secret for other readers than its rule names, and the identity in a file that nobody looks for."""
    ruled(user)
    own = next(w for w in user.read(".sops.yaml").split() if w.startswith("age1"))
    user.commit({".sops.yaml": rule(own, OTHER)})
    key = next((user.home / ".config/sops/age").iterdir())
    key.rename(user.home / "away.txt")


def without_mac(user: User) -> None:
    """An encrypted file whose MAC somebody took out."""
    applied(user)
    lines = user.read(PATH).splitlines(keepends=True)
    user.commit({PATH: "".join(line for line in lines if not line.startswith("  mac:"))})


def rules_let_in(user: User) -> None:
    """A cluster at the top, and a .sourceignore that replaces what Flux leaves out by itself."""
    ready(user)
    sync = f"{FLUX}/gotk-sync.yaml"
    at_top = user.read(sync).replace("path: ./clusters/prod", "path: ./")
    user.commit({sync: at_top, ".sourceignore": "!.sops.yaml\n"})


def first_leak(user: User) -> None:
    """A readable Secret in the first commit, which the hook keeps from the remote."""
    user.commit({READABLE: docker()})
    user.git("init", "--quiet", "--bare", str(user.home / "remote"))
    user.git("remote", "add", "origin", str(user.home / "remote"))
    assert user.run("hooks", "install").status == 0


def with_inner(user: User) -> None:
    """A repository with another one in its folder sub, which has the same cluster."""
    ready(user)
    user.git("clone", "--quiet", str(user.repository), "sub")
    user.git("config", "advice.addEmbeddedRepo", "false")
    user.commit({})


SITUATIONS = (
    Situation(
        "files of a repository inside, for verify",
        with_inner,
        "gitops-secrets verify sub/pull-secrets",
        "cd {repo} && gitops-secrets verify {path}",
        replaces=True,
        says="looked at 1 encrypted file",
    ),
    Situation(
        "a file of a repository inside, for its rule",
        with_inner,
        "gitops-secrets which-rule sub/pull-secrets/prod/regcred.sops.yaml",
        "gitops-secrets which-rule --repo {repo} {path}",
        replaces=True,
        says="is for it",
    ),
    Situation(
        "a cluster of a repository inside",
        with_inner,
        BOOTSTRAP.replace("clusters/prod", "sub/clusters/prod"),
        "--repo {repo} --path {path}",
        then=0,
        says="everything is in place",
    ),
    Situation(
        "a rule that comes first, kept",
        having(fresh, {".sops.yaml": _EVERYTHING}),
        BOOTSTRAP,
        "--shadowed-recipients keep",
    ),
    Situation(
        "a rule that comes first, dropped",
        having(fresh, {".sops.yaml": _EVERYTHING}),
        BOOTSTRAP,
        "--shadowed-recipients drop",
    ),
    Situation(
        "what nothing in Git installs",
        having(empty, {"clusters/prod/fleet.yaml": _SYNCED}),
        BOOTSTRAP,
        "--flavour {}",
        status=3,
    ),
    Situation(
        "which of two clusters",
        for_which_cluster,
        f"gitops-secrets encrypt {READABLE} --add-rule",
        "gitops-secrets encrypt {} --age-recipient {}",
        status=3,
        replaces=True,
    ),
    Situation(
        "other readers than the rule, and no identity",
        away,
        f"gitops-secrets encrypt {PATH}",
        "gitops-secrets encrypt {} --age-identity-file FILE",
        status=3,
        fill={"FILE": "../home/away.txt"},
        replaces=True,
    ),
    Situation(
        "a conflict in the work tree",
        in_conflict,
        "gitops-secrets verify",
        "gitops-secrets resolve {path} --ours",
        status=1,
    ),
    Situation(
        "a file without a MAC",
        without_mac,
        "gitops-secrets doctor",
        "gitops-secrets encrypt --ignore-mac {}",
        status=1,
    ),
    Situation(
        "a readable Secret in the first commit",
        first_leak,
        "git push --set-upstream origin main",
        "git update-ref -d HEAD",
        status=1,
        after=f"gitops-secrets encrypt {READABLE} --age-recipient {OTHER} && git add {READABLE} && git commit --quiet -m a",
    ),
    Situation(
        "what is no input of a pre-push hook",
        ruled,
        "echo x | gitops-secrets scan --pre-push origin",
        "gitops-secrets hooks install",
        status=3,
        replaces=True,
    ),
    Situation(
        "what is no input of a pre-receive hook",
        ruled,
        "echo x | gitops-secrets scan --pre-receive",
        "gitops-secrets hooks install --server",
        status=3,
        replaces=True,
    ),
    Situation(
        "an entry that no pull Secret has",
        ready,
        "gitops-secrets registry check --registry ghcr.io",
        "gitops-secrets registry list",
        status=3,
        shows="registry.example.com",
    ),
    Situation(
        "an image of another registry",
        ready,
        "gitops-secrets registry check ghcr.io/acme/web:1",
        "gitops-secrets registry {} {} --image-pull-secret {} {}",
        status=3,
        adds=" --registry-creds-env CREDS --check never",
        replaces=True,
    ),
    Situation(
        "an image of another registry, in two clusters with two pull Secrets",
        of_two_in_two,
        "gitops-secrets registry check --all quay.io/acme/web:1",
        "gitops-secrets registry {} {} --image-pull-secret {} {}",
        status=3,
        adds=" --registry-creds-env CREDS --check never",
        replaces=True,
    ),
    Situation(
        "a provider that is not named",
        ready,
        "gitops-secrets registry rotate --registry registry.example.com --minting-creds-env CREDS",
        "--provider NAME",
        fill={"NAME": "harbor"},
        then=3,
    ),
    Situation(
        "rules of sops that Flux would apply",
        rules_let_in,
        "gitops-secrets doctor",
        "echo /{} >> .sourceignore",
        status=1,
        then=1,
        says="applies encrypted files and does not decrypt them",
    ),
)
