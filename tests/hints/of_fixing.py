"""Hints of verify --fix."""

from __future__ import annotations

from tests.hints.bases import OTHER, ruled, seal_for
from tests.hints.situation import Situation
from tests.support.secrets import recipient
from tests.support.user import User


def widened(user: User) -> None:
    """A rule that names one reader more than its file has."""
    ruled(user)
    rules = user.read(".sops.yaml").rstrip()
    own = next(word for word in rules.split() if word.startswith("age1"))
    user.commit({".sops.yaml": rules.replace(own, f"{own}\n  - {OTHER}", 1) + "\n"})


def grouped(user: User) -> None:
    """A rule by which two of three readers decrypt a file, each of whom decrypts it alone."""
    readers = [recipient(user, f"gitops-secrets/{name}.agekey") for name in ("a", "b", "c")]
    seal_for(user, *readers)
    groups = "".join(f"  - age: [{one}]\n" for one in readers)
    listed, named = user.read(".sops.yaml"), "".join(f"  - {one}\n" for one in readers)
    wanted = f"  shamir_threshold: 2\n  key_groups:\n{groups}"
    user.commit({".sops.yaml": listed.replace(f"  age:\n{named}", wanted)})


SITUATIONS = (
    Situation(
        "files that are not those of the work tree",
        ruled,
        "gitops-secrets verify --fix --staged",
        "gitops-secrets verify --fix",
        replaces=True,
    ),
    Situation(
        "a report that it does not have",
        ruled,
        "gitops-secrets verify --fix --output sarif",
        "--output json",
    ),
    Situation("an option of it alone", ruled, "gitops-secrets verify --yes", "--fix"),
    Situation("a reader who would come", widened, "gitops-secrets verify --fix", "--yes"),
    Situation(
        "a reader who would come, to see first",
        widened,
        "gitops-secrets verify --fix",
        "--dry-run",
        then=1,
        says="would fix: ",
    ),
    Situation(
        "readers who decrypt a file alone, and only together by its rule",
        grouped,
        "gitops-secrets verify",
        "gitops-secrets verify --fix {path}",
        status=1,
        says="MAC fits in 1 of 1",
    ),
)
