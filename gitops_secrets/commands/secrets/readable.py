"""What Git has seen readable of a file that is encrypted now."""

from __future__ import annotations

import shlex

from gitops_secrets.commands.repository.takingback import take_back_command, unpushed_since
from gitops_secrets.commands.secrets.file import SecretFile
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.errors import GitOpsSecretsError


def seen_by_git(file: SecretFile, held: Manifest) -> tuple[str, ...]:
    """Return what to do about a Git that has already seen *held* readable."""
    path = file.path
    revision, contents = file.repository.contents("HEAD", [path])
    committed = contents[path]
    if committed is not None and not _is_encrypted(Manifest(committed, path)):
        return (_in_history(file, revision),)
    staged = file.repository.git("cat-file", "blob", f":{path}")
    if staged.status == 0 and staged.stdout == held.content:
        return (f"the index holds it readable: git add {path}",)
    return ()


def _in_history(file: SecretFile, revision: str) -> str:
    """Return what to do about the last commit, which holds the file readable."""
    unpushed = unpushed_since(file.repository, file.path)
    parents = unpushed[0][1:] if unpushed else []
    was = file.repository.contents(parents[0], [file.path])[1][file.path] if parents else None
    add = f"git add {shlex.join([file.path, *([CONFIG] if file.tree.read(CONFIG) else [])])}"
    if not unpushed or (was is not None and not _is_encrypted(Manifest(was, file.path))):
        return f"commit {revision[:10]} holds it readable for good: change the credential itself; {add}"
    return (
        f"commit {unpushed[0][0][:10]} holds it readable, and is not pushed yet; to take it back: "
        f"{take_back_command(unpushed)} && {add} && git commit"
    )


def _is_encrypted(manifest: Manifest) -> bool:
    try:
        return manifest.has_ciphertext
    except GitOpsSecretsError:
        return False
