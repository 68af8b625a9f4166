"""Hints of verify --fix."""

from __future__ import annotations

from tests.hints.bases import OTHER, ruled
from tests.hints.situation import Situation
from tests.support.user import User


def widened(user: User) -> None:
    """A rule that names one reader more than its file has."""
    ruled(user)
    rules = user.read(".sops.yaml").rstrip()
    own = next(word for word in rules.split() if word.startswith("age1"))
    user.commit({".sops.yaml": rules.replace(own, f"{own}\n  - {OTHER}", 1) + "\n"})


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
)
