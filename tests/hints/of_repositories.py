"""Hints about the state of the repository: its branch, its files, its hooks, its layout."""

from __future__ import annotations

from tests.hints.bases import (
    BOOTSTRAP,
    FILES,
    FLUX,
    READABLE,
    docker,
    empty,
    fresh,
    having,
    leaked,
    ready,
    ruled,
    then,
    with_remote,
)
from tests.hints.situation import Situation
from tests.support.fleet import kustomization
from tests.support.user import User

_ADD = "gitops-secrets registry add --registry ghcr.io --registry-creds-env CREDS --check never"
_KUSTOMIZATION = f"{FLUX}/kustomization.yaml"
_COMMIT = "git add --all && git commit --quiet --message Change"

_TENANT = {
    "tenants/shop.yaml": kustomization("shop", "apps"),
    "apps/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n",
}


def shallow(user: User) -> None:
    """A clone that lacks the first commit, in the place of the repository."""
    ruled(user)
    user.commit({"a": "1"})
    whole = user.home / "whole"
    user.repository.rename(whole)
    user.git("clone", "--quiet", "--depth=1", whole.as_uri(), str(user.repository), cwd=user.home)


def bare(user: User) -> None:
    """A bare repository, in the place of the other."""
    ruled(user)
    whole = user.home / "whole"
    user.repository.rename(whole)
    user.git("clone", "--quiet", "--bare", str(whole), str(user.repository), cwd=user.home)


def pushed_leak(user: User) -> None:
    """A commit with a readable Secret, that the hook keeps from the remote."""
    with_remote(ready)(user)
    user.commit({READABLE: docker()})
    assert user.run("hooks", "install").status == 0


SITUATIONS = (
    Situation(
        "no branch",
        then(fresh, "git checkout --quiet --detach"),
        BOOTSTRAP,
        "git switch main",
        status=3,
    ),
    Situation(
        "a change that is not committed",
        then(fresh, f"echo '# mine' >> {_KUSTOMIZATION}"),
        BOOTSTRAP,
        "git add {} && git commit",
        status=3,
    ),
    Situation(
        "a change that is stashed",
        then(fresh, f"echo '# mine' >> {_KUSTOMIZATION}"),
        BOOTSTRAP,
        "git stash",
        status=3,
    ),
    Situation(
        "a change in a folder of the repository",
        then(fresh, f"echo '# mine' >> {_KUSTOMIZATION}"),
        BOOTSTRAP,
        "git add {} && git commit",
        status=3,
        below=FLUX,
    ),
    Situation(
        "a new file in the way",
        then(fresh, "echo 'creation_rules: []' > .sops.yaml"),
        BOOTSTRAP,
        "mv {} {}.mine",
        status=3,
    ),
    Situation(
        "a file that was removed",
        then(ready, "rm .sops.yaml"),
        f"{BOOTSTRAP} --age-recipient {'age15qhkgjpdyt86nc3km7hgfke9a48wvss4fracaxny8vlw6mrs6gqqnx7uqj'}",
        "git restore --staged --worktree -- {}",
        status=3,
    ),
    Situation(
        "a file that Git does not look at",
        then(ready, "git update-index --assume-unchanged pull-secrets/prod/regcred.sops.yaml"),
        _ADD,
        "git update-index --no-{} -- {}",
        status=3,
    ),
    Situation(
        "a file that Git ignores",
        having(fresh, {".gitignore": "pull-secrets/\n"}),
        BOOTSTRAP,
        "git check-ignore --verbose {}",
        status=3,
        shows=".gitignore:1:pull-secrets/",
    ),
    Situation(
        "a lock that git left",
        then(fresh, "touch .git/index.lock"),
        BOOTSTRAP,
        "once no git runs in this repository: rm -f {}",
        status=3,
    ),
    Situation(
        "a merge that is under way",
        then(
            fresh,
            "git switch --quiet -c topic && echo a > a && git add a && git commit --quiet -m a",
            "git switch --quiet main && git merge --no-commit --no-ff --quiet topic",
        ),
        BOOTSTRAP,
        "git status",
        status=3,
        shows="still merging",
    ),
    Situation(
        "a symlink in the way",
        then(fresh, "mkdir ../elsewhere && ln -s ../elsewhere pull-secrets"),
        BOOTSTRAP,
        "rm {}",
        status=3,
    ),
    Situation(
        "a file where a folder belongs",
        then(fresh, "touch pull-secrets"),
        BOOTSTRAP,
        "mv {} {}.moved",
        status=3,
    ),
    Situation(
        "another kind of file in the way",
        then(fresh, "mkfifo .sops.yaml"),
        BOOTSTRAP,
        "mv {} {}.moved",
        status=3,
    ),
    Situation(
        "another file of that name",
        having(
            fresh,
            {
                "clusters/prod/pull-secrets.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
            },
        ),
        BOOTSTRAP,
        "git mv {} {}.old",
        status=3,
        after=_COMMIT,
    ),
    Situation(
        "a kustomization.yml",
        having(
            empty,
            {p.replace("kustomization.yaml", "kustomization.yml"): c for p, c in FILES.items()},
        ),
        BOOTSTRAP,
        "git mv {}/{} {}",
        status=3,
        after=_COMMIT,
    ),
    Situation(
        "a shallow clone",
        shallow,
        "gitops-secrets scan --tree HEAD~1",
        "git fetch --unshallow",
        status=3,
    ),
    Situation(
        "a bare repository, its tree",
        bare,
        "gitops-secrets scan",
        "gitops-secrets scan --tree",
        status=3,
        replaces=True,
    ),
    Situation(
        "a bare repository, its history",
        bare,
        "gitops-secrets scan",
        "gitops-secrets scan --history",
        status=3,
        replaces=True,
    ),
    Situation(
        "hooks in a file",
        then(ruled, 'touch file && git config core.hooksPath "$PWD/file"'),
        "gitops-secrets hooks install",
        "git config core.hooksPath {} && gitops-secrets hooks install",
        status=3,
    ),
    Situation(
        "hooks of others too, for all of them",
        then(ruled, 'mkdir ../hooks && git config core.hooksPath "$(realpath ../hooks)"'),
        "gitops-secrets hooks install",
        "gitops-secrets hooks install --shared",
        status=3,
        replaces=True,
    ),
    Situation(
        "hooks of others too, for this repository",
        then(ruled, 'mkdir ../hooks && git config core.hooksPath "$(realpath ../hooks)"'),
        "gitops-secrets hooks install",
        "git config core.hooksPath {} && gitops-secrets hooks install",
        status=3,
    ),
    Situation(
        "a work tree that is elsewhere",
        then(ruled, "mkdir ../elsewhere && git config core.worktree ../../elsewhere"),
        BOOTSTRAP,
        "git config --show-origin --get core.worktree",
        status=3,
        shows="../../elsewhere",
    ),
    Situation(
        "another branch that was pushed to",
        then(
            with_remote(fresh),
            "git clone --quiet --branch main ../home/remote ../other && cd ../other && git commit --quiet --allow-empty -m a && git push --quiet",
        ),
        f"{BOOTSTRAP} --push",
        "git pull --rebase",
        status=3,
    ),
    Situation(
        "a readable Secret in a commit that is not pushed",
        pushed_leak,
        "git push",
        "git reset --soft {}~1",
        status=1,
        after=f"gitops-secrets encrypt --add-rule {READABLE} && git add {READABLE} .sops.yaml && git commit --quiet -m a",
    ),
    Situation(
        "the same, seen by encrypt",
        pushed_leak,
        "git push",
        "gitops-secrets encrypt --add-rule {path} && git add {path} .sops.yaml",
        status=1,
        after="git reset --soft HEAD~1 && git commit --quiet -m a",
    ),
    Situation(
        "a readable pull Secret that is staged",
        leaked,
        "gitops-secrets scan",
        "gitops-secrets encrypt --add-rule {path} && git add {path} .sops.yaml",
        status=1,
    ),
    Situation(
        "Kustomizations that nothing in Git has Flux apply",
        having(empty, _TENANT),
        "gitops-secrets doctor",
        "gitops-secrets doctor --path {}",
        status=3,
        replaces=True,
        says="gitops-secrets: healthy",
    ),
)
