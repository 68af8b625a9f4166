"""Whom our branch names as a reader: the rule of its last commit, not of the work tree in the middle of a merge."""

from __future__ import annotations

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.merging.ways import Readers
from gitops_secrets.core.sops.rules.creation import choose_rule, parse_rules
from gitops_secrets.errors import GitOpsSecretsError


def named_readers(repository: Repository, path: str) -> Readers:
    """Return the readers of the creation rule for *path* in the last commit; none if it has no rule."""
    content = repository.contents("HEAD", [CONFIG])[1][CONFIG]
    try:
        rule = choose_rule(parse_rules(content or b""), path)
    except GitOpsSecretsError:
        return Readers()
    if rule is None:
        return Readers()
    groups = tuple(tuple(r.value for r in group.recipients) for group in rule.groups)
    return Readers(groups, rule.needed)
