"""The creation rules that are looked at, held against those of the commit before."""

from __future__ import annotations

from collections.abc import Iterator

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.policy.policies import is_rules
from gitops_secrets.commands.verify.gather import Scope
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.reader.structure import MARK, EncryptedFile, read_encrypted
from gitops_secrets.core.verify.rules import Rules
from gitops_secrets.core.verify.widening import widened
from gitops_secrets.errors import InvalidDocumentError


def check_widening(git: Git, scope: Scope, rules: Rules) -> Iterator[Finding]:
    """Yield what *rules*, those of *scope*, let somebody decrypt that the rules of the commit before did not.

    The commit before is HEAD, or the one at which a range begins. Its files are read only if a file of rules
    is another one now.
    """
    before = scope.begins or (scope.history[0] if scope.history else "")
    if not before or before.startswith("-"):
        return
    tree = git.tree(before)
    blobs = {path: blob for path, blob in tree.items() if is_rules(path)}
    held = dict(git.contents(list(dict.fromkeys(blobs.values()))))
    configs = {path: held[blob] or b"" for path, blob in blobs.items()}
    if configs == dict(scope.configs):
        return
    fix = f"if that is not meant: git checkout {before[:10]} -- {{path}}"
    found = widened(Rules(configs), rules, _files(git, tree), fix)
    yield from (f for f in found if scope.only is None or f.path in scope.only)


def _files(git: Git, tree: dict[str, str]) -> Iterator[EncryptedFile]:
    """Yield the encrypted files of *tree*; what cannot be read is a finding of its own where it is looked at."""
    paths: dict[str, list[str]] = {}
    for path, blob in tree.items():
        paths.setdefault(blob, []).append(path)
    for blob, content in git.contents(list(paths)):
        if content is None or MARK not in content:
            continue
        for path in paths[blob]:
            try:
                file = read_encrypted(path, content)
            except InvalidDocumentError:
                continue
            if file is not None:
                yield file
