"""registry rotate --branch: the new credential waits for a merge, and the old one pulls until that has come."""

from __future__ import annotations

from tests.support.fleet import fleet
from tests.system.test_registry_rotate import CONFIRMED, Place, check_complete, place, stages

__all__ = ["fleet", "place"]

BRANCH = ("--branch", "registry/rotate")


def merge(user: Place, *, squash: bool) -> None:
    """Do what the hosting service does, in a clone of its own, and pull it."""
    remote, service = user.user.home / "remote", user.user.home / "service"
    user.user.git("clone", "--quiet", "--branch", "main", str(remote), str(service))
    git = lambda *a: user.user.git(*a, cwd=service)  # noqa: E731
    if squash:
        git("merge", "--quiet", "--squash", "origin/registry/rotate")
        git("commit", "--quiet", "--message", "Rotate the credential (#12)")
    else:
        git("merge", "--quiet", "--no-ff", "--no-edit", "origin/registry/rotate")
    git("push", "--quiet", "origin", "HEAD:main", ":registry/rotate")
    user.user.git("switch", "--quiet", "main")
    user.user.git("pull", "--quiet", "--prune")


def test_it_stops_until_the_branch_is_merged_and_goes_on_then(place: Place) -> None:
    begun = place.rotate(*BRANCH, "--push", *CONFIRMED)

    assert begun.status == 0, begun.printed
    assert stages(begun)["push"] == "waiting", begun.printed
    assert "revoke" not in stages(begun), (
        "a cluster that is confirmed beforehand has not got it yet"
    )
    assert "git switch main && git pull" in begun.stdout
    assert "--branch" not in begun.stdout.split("to go on", 1)[1]
    assert (place.pulls(place.old), place.pulls(place.held())) == (True, True)
    merge(place, squash=False)

    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_a_squashed_merge_is_known_by_what_it_holds(place: Place) -> None:
    assert place.rotate(*BRANCH, "--push").status == 0
    merge(place, squash=True)
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_another_rotation_before_the_merge_mints_nothing(place: Place) -> None:
    assert place.rotate(*BRANCH, "--push").status == 0
    users = place.users
    place.user.git("switch", "--quiet", "main")
    again = place.rotate(*BRANCH, "--push")
    assert (again.status, place.users) == (3, users), again.printed
    assert "waits for its merge: nothing further is minted" in again.stderr
    # As in a clone of CI, which has no other branch.
    place.user.git("branch", "--quiet", "--delete", "--force", "registry/rotate")
    place.user.git("update-ref", "-d", "refs/remotes/origin/registry/rotate")
    again = place.rotate(*BRANCH, "--push")
    assert (again.status, place.users) == (3, users), again.printed
    assert "origin has a branch registry/rotate with other commits" in again.stderr


def test_a_branch_that_cannot_be_pushed_any_more_is_named_with_the_command(place: Place) -> None:
    hook = place.user.home / "remote" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    result = place.rotate(*BRANCH, "--push")
    assert result.status == 3, result.printed
    assert "hint: git push --set-upstream origin registry/rotate" in result.stderr
    hook.unlink()
    place.user.git("push", "--quiet", "--set-upstream", "origin", "registry/rotate")
    merge(place, squash=False)
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_on_the_branch_itself_nothing_is_revoked_before_the_merge(place: Place) -> None:
    assert place.rotate(*BRANCH, "--push").status == 0
    place.user.git("switch", "--quiet", "registry/rotate")

    resumed = place.rotate("--push", "--resume", *CONFIRMED)

    assert resumed.status == 0, resumed.printed
    assert stages(resumed)["push"] == "waiting", resumed.printed
    assert "main, which Flux reads, does not have the commit" in resumed.stdout
    assert (place.pulls(place.old), place.pulls(place.held())) == (True, True)


def test_the_branch_that_flux_reads_may_be_in_no_file(place: Place) -> None:
    """A source that is not in Git: the branch at which the rotation began is the one that waits for it."""
    sync = place.user.read("clusters/prod/flux-system/gotk-sync.yaml")
    without = "---\n".join(
        part for part in sync.split("---\n") if "kind: GitRepository" not in part
    )
    place.user.commit({"clusters/prod/flux-system/gotk-sync.yaml": without})
    place.user.git("push", "--quiet")
    assert place.rotate(*BRANCH, "--push").status == 0
    place.user.git("switch", "--quiet", "registry/rotate")

    resumed = place.rotate("--push", "--resume", *CONFIRMED)

    assert stages(resumed)["push"] == "waiting", resumed.printed
    assert place.pulls(place.old)


def test_resumed_before_the_merge_it_mints_nothing_further(place: Place) -> None:
    assert place.rotate(*BRANCH, "--push").status == 0
    users = place.users
    place.user.git("switch", "--quiet", "main")

    resumed = place.rotate("--push", "--resume")

    assert (resumed.status, place.users) == (3, users), resumed.printed
    assert "registry/rotate has the credential" in resumed.stderr
    assert "waits for its merge" in resumed.stderr
    merge(place, squash=False)
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_an_old_branch_is_no_rotation_that_waits(place: Place) -> None:
    """It was made when the file had the credential that a complete rotation replaced."""
    place.user.git("branch", "--quiet", "old")
    check_complete(place, place.rotate("--push", *CONFIRMED))
    place.user.git("branch", "--quiet", "between")
    check_complete(place, place.rotate("--push", *CONFIRMED))
