"""A Secret with a sops block or ciphertext, of which some value can be read all the same."""

from __future__ import annotations

from gitops_secrets.core.guard.rules.base import ENCRYPT, Rule

EDIT = "git checkout HEAD -- {pathspec} && sops edit {path} && git add {path}"
"""What fixes a Secret of an operator: sops opens no file with a readable value in the place of an encrypted one."""

RULE = Rule(
    "partly-encrypted-secret",
    "{object} is encrypted only in part: this value is readable",
    ENCRYPT,
)
