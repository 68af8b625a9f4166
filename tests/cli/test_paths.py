"""Which cluster --path means: a slip is an error that names the clusters there are."""

from __future__ import annotations

import pytest

from tests.support.fleet import FILES
from tests.support.user import User

DEV = {path.replace("prod", "dev"): text.replace("prod", "dev") for path, text in FILES.items()}
BOOTSTRAP = (
    *("bootstrap", "--image-pull-secret", "regcred", "--registry", "registry.example.com"),
    *("--registry-creds-env", "CREDS"),
)
CREDS = {"CREDS": "robot:password"}


@pytest.fixture
def two(user: User) -> User:
    """A repository of two clusters, dev and prod."""
    user.commit({**FILES, **DEV})
    return user


@pytest.mark.parametrize(
    ("path", "near"),
    [("clusters/prd", "--path clusters/prod"), ("clusters/develop", "--path clusters/dev")],
)
def test_a_slip_is_refused_with_the_nearest_path(two: User, path: str, near: str) -> None:
    before = two.state()
    done = two.run(*BOOTSTRAP, "--path", path, env=CREDS)
    assert (done.status, two.state()) == (2, before)
    assert f"Flux reads nothing at {path}. It reads clusters/dev, clusters/prod" in done.stderr
    assert "; --new-cluster makes it one more cluster\n" in done.stderr
    assert f"hint: {near}" in done.stderr
    assert "--new-cluster" in done.stderr


def test_the_cluster_that_is_suggested_has_a_pull_secret(two: User) -> None:
    done = two.run(*BOOTSTRAP, "--path", "clusters/prod", env=CREDS)
    assert done.status == 0, done.printed
    asked = two.run("key", "list", "--path", "clusters/dev")
    assert asked.status == 3, asked.printed
    refused = two.run("registry", "remove", "--registry", "registry.example.com")
    assert "2 clusters are in this repository: clusters/prod, clusters/dev; --all" in refused.stderr
    assert "hint: --path clusters/prod\n" in refused.stderr


def test_one_more_cluster_has_to_be_said(two: User) -> None:
    done = two.run(*BOOTSTRAP, "--path", "clusters/stage", "--new-cluster", env=CREDS)
    assert done.status == 0, done.printed
    assert two.read("clusters/stage/flux-system/gotk-sync.yaml") == ""


def test_the_first_cluster_needs_no_word(user: User) -> None:
    assert user.run(*BOOTSTRAP, "--path", "clusters/first", env=CREDS).status == 0


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("clusters", "prod"),
        ("clusters/prod", "."),
        ("clusters", "./prod/"),
        ("clusters/prod", "./"),
        ("clusters/dev", "../prod"),
        ("clusters/dev/flux-system", "../../prod"),
        ("clusters", "{top}/clusters/prod"),
    ],
)
def test_a_path_counts_from_the_current_folder_where_a_cluster_is_there(
    two: User, folder: str, path: str
) -> None:
    given = path.format(top=two.repository)
    done = two.run(*BOOTSTRAP, "--path", given, env=CREDS, cwd=two.repository / folder)
    assert done.status == 0, done.printed
    assert done.stdout.startswith("clusters/prod: ")
    assert two.read("pull-secrets/prod/regcred.sops.yaml")


def test_the_top_goes_first(two: User) -> None:
    two.commit({f"clusters/prod/{path}": text for path, text in DEV.items()})
    done = two.run(
        *BOOTSTRAP, "--path", "clusters/dev", env=CREDS, cwd=two.repository / "clusters/prod"
    )
    assert done.stdout.startswith("clusters/dev: "), done.printed
