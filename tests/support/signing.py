"""Signers with real keys of their own, and commits that they sign."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.user import User


class Signer(NamedTuple):
    """Somebody with a key, and how Git is told to sign with it."""

    key: str
    """The fingerprint."""
    options: tuple[str, ...]

    def commit(self, user: User, files: dict[str, str | bytes]) -> str:
        """Write and commit *files*, signed; return the commit."""
        user.write(files)
        user.git("add", "--all")
        return self.git(user, "commit", "--quiet", "--allow-empty", "--gpg-sign", "-m", "Change")

    def merge(self, user: User, branch: str) -> str:
        """Merge *branch*, signed; return the merge."""
        return self.git(user, "merge", "--quiet", "--no-ff", "--gpg-sign", "--no-edit", branch)

    def git(self, user: User, *arguments: str) -> str:
        """Run git as this signer; return the commit that HEAD is then."""
        user.git(*self.options, *arguments)
        return user.git("rev-parse", "HEAD").strip()


def ssh_signer(user: User, name: str) -> Signer:
    """Somebody with a new SSH key, whose public half lies in the user's HOME as *name*.pub."""
    file = user.home / name
    done = user.program(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)]
    )
    assert done.status == 0, done.printed
    shown = user.program(["ssh-keygen", "-l", "-f", f"{file}.pub"]).stdout
    return Signer(shown.split()[1], ("-c", "gpg.format=ssh", "-c", f"user.signingKey={file}.pub"))


def allowed(user: User, *names: str, options: str = "") -> str:
    """A file of allowed signers: NAME@example.com for the key of each of *names*."""
    lines = []
    for name in names:
        kind, key = (user.home / f"{name}.pub").read_text().split()[:2]
        lines.append(f"{name}@example.com {options}{' ' if options else ''}{kind} {key}\n")
    return "".join(lines)


def allowed_file(user: User, *names: str, options: str = "") -> Path:
    """The same in a file of the user's own, outside the repository."""
    path = user.home / "allowed_signers"
    path.write_text(allowed(user, *names, options=options))
    return path


def gpg_signer(user: User, who: str, *options: str, expires: str = "never") -> Signer:
    """Somebody with a new OpenPGP key in the user's keyring, which says that it is of *who*; gpg is given *options*."""
    made = ("--quick-generate-key", who, "ed25519", "sign", expires)
    gpg(user, *options, "--passphrase", "", *made)
    listed = gpg(user, "--list-keys", "--with-colons")
    key = re.findall(r"(?m)^fpr:+([0-9A-F]{40}):", listed)[-1]
    return Signer(key, ("-c", "gpg.format=openpgp", "-c", f"user.signingKey={key}!"))


def gpg(user: User, *arguments: str, stdin: bytes = b"") -> str:
    """What gpg prints for the user."""
    (user.home / ".gnupg").mkdir(mode=0o700, exist_ok=True)
    done = user.program(["gpg", "--batch", "--yes", *arguments], stdin=stdin)
    assert done.status == 0, done.printed
    return done.stdout
