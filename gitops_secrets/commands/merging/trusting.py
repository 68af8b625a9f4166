"""What is known to be of our branch, and whom it names as a reader.

The rule of its last commit counts, not that of the work tree in the middle of a merge.
"""

from __future__ import annotations

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.keys.readers import Readers
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


def is_of_our_branch(repository: Repository, content: bytes) -> bool:
    """Return whether *content*, which Git calls ours, stands in a file of the last commit or the index.

    ``git merge-tree`` and ``git replay`` give that name to any branch, and in a rebase the branch that it goes
    onto has it.
    """
    if repository.is_rebasing():
        return False
    blob = repository.ask("hash-object", "--stdin", stdin=content).strip()
    if blob in repository.ask("ls-files", "--stage", "-z"):
        return True
    listed = repository.git("ls-tree", "-r", "-z", "HEAD")
    return listed.status == 0 and blob in listed.stdout
