"""Rotations with a node that pulls all along: no pull is refused, and what is applied before the commit counts for nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.pull_loop import rotate_while_pulling
from tests.e2e.pulling import BRANCH, Place, place
from tests.e2e.tools.build import Binaries


@pytest.fixture(scope="module")
def at(binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(binaries, tmp_path_factory.mktemp("place") / "all") as running:
        yield running


def test_no_pull_is_refused_while_credentials_are_rotated_by_push_and_by_merge_request(
    at: Place,
) -> None:
    puller, rotations = rotate_while_pulling(at, 100)
    assert rotations >= 2
    assert puller.refused == []
    assert len(set(puller.users)) == rotations + 1, "it pulled with the first and with each new one"


def test_the_live_secret_has_it_before_the_merge_and_that_is_no_confirmation(at: Place) -> None:
    before = at.cluster.get("Secret", "regcred", "flux-system")["metadata"]["uid"]
    old = at.live
    begun = at.rotate("--push", "--branch", BRANCH)
    assert "clusters/prod has the new credential until Flux reconciles" in begun
    new = at.live
    assert new != old

    at.flux.reconcile("pull-secrets")
    assert at.live == old, "Flux brings back what Git says"

    commit = at.merge()
    done = at.rotate("--resume")
    assert "clusters/prod applied it, as its cluster says" in done
    assert "the rotation is complete" in done
    assert at.live == new
    secret = at.cluster.get("Secret", "regcred", "flux-system")
    assert secret["metadata"]["uid"] == before, "the same object, never made anew"
    found = at.cluster.get("Kustomization", "pull-secrets", "flux-system")
    assert found["status"]["lastAppliedRevision"].endswith(commit)


def test_a_commit_that_a_hook_refuses_gives_the_live_secret_its_old_credential_back(
    at: Place,
) -> None:
    old, tokens = at.live, at.gitea.tokens()
    hook = at.operator.clone / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    failed = at.rotate("--push", ok=False)
    hook.unlink()
    assert "bridge        done" in failed
    assert "was revoked again; the old one is as it was" in failed
    assert (at.live, at.gitea.tokens()) == (old, tokens)
