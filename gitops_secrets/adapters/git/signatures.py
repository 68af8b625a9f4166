"""Signatures of commits, checked by Git itself, with programs that no repository names."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository, start, words
from gitops_secrets.adapters.git.settings import SIGNING_PROGRAMS
from gitops_secrets.adapters.running.process import find_program
from gitops_secrets.core.verify.signatures import Signature
from gitops_secrets.errors import GitOpsSecretsError

_OWN_SCOPES = frozenset({"system", "global", "command"})
"""The scopes of git-config(1) that are the user's; a repository writes the others."""
_FORMAT = "--format=tformat:%H%x00%G?%x00%GP%x00%GF%x00%GS%x00%GK"
_FIELDS = 6
_PROGRAM_OF = {
    b"-----BEGIN SSH SIGNATURE-----": "gpg.ssh.program",
    b"-----BEGIN PGP SIGNATURE-----": "gpg.openpgp.program",
    b"-----BEGIN PGP MESSAGE-----": "gpg.openpgp.program",
    b"-----BEGIN SIGNED MESSAGE-----": "gpg.x509.program",
}


class OwnSettings(NamedTuple):
    """What the user's own configuration of Git says of signatures."""

    programs: dict[str, str]
    allowed_signers: Path | None
    revoked: str


def own_settings(repository: Repository) -> OwnSettings:
    """Return what the user's own configuration says: nothing of the repository's counts."""
    done = repository.git("config", "-z", "--show-scope", "--get-regexp", r"^gpg\.")
    fields = os.fsdecode(done.stdout).split("\0")
    found: dict[str, str] = {}
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        name, _, value = entry.partition("\n")
        if scope in _OWN_SCOPES and value:
            found["gpg.openpgp.program" if name == "gpg.program" else name] = value
    programs = {name: found.get(name, default) for name, default, _ in SIGNING_PROGRAMS}
    programs["gpg.program"] = programs["gpg.openpgp.program"]
    file = found.get("gpg.ssh.allowedsignersfile")
    return OwnSettings(
        programs,
        Path(file).expanduser() if file else None,
        os.path.expanduser(found.get("gpg.ssh.revocationfile", "")),
    )


def check_signatures(
    repository: Repository, own: OwnSettings, allowed_signers: bytes, commits: Sequence[str]
) -> dict[str, Signature]:
    """Return the signature of each of *commits* by its id, SSH keys held against *allowed_signers*.

    Raises GitOpsSecretsError if the program is missing that checks one of them.
    """
    found = {}
    left: dict[str, str] = {}
    for commit, content in repository.blobs(commits).items():
        armor = _armor(commit, content)
        setting = _PROGRAM_OF.get(armor)
        if setting is None:
            # Git ends at the first one that is of no kind that it knows.
            found[commit] = Signature(commit, "B" if armor else "N")
            continue
        program = own.programs[setting]
        if find_program(program) is None:
            raise GitOpsSecretsError(
                f"the signature of commit {commit[:10]} was not checked: {program} is not installed",
                f"install {program}",
            )
        left[commit] = setting
    return found | (_ask(repository, own, allowed_signers, left) if left else {})


def _ask(
    repository: Repository, own: OwnSettings, allowed_signers: bytes, commits: Mapping[str, str]
) -> dict[str, Signature]:
    """Return what Git says of *commits*, all of which have a signature, each with the setting that names what checks it."""
    with _file(allowed_signers) as file:
        settings = [
            *own.programs.items(),
            ("gpg.ssh.allowedSignersFile", str(file)),
            ("gpg.ssh.revocationFile", own.revoked),
        ]
        arguments = ("log", "--no-walk=unsorted", "--stdin", "--no-patch", "--no-show-signature",
                     "--encoding=UTF-8", "-z", _FORMAT)  # fmt: skip
        with start(
            repository.top, *arguments, filters=repository.filters, settings=settings
        ) as git:
            done = git.finish("".join(f"{commit}\n" for commit in commits).encode())
    if done.status:
        raise GitOpsSecretsError(f"git log failed: {words(done)}")
    fields = done.stdout.decode(errors="replace").split("\0")
    found = {}
    for at in range(0, len(fields) - 1, _FIELDS):
        commit, letter, primary, key, name, short = fields[at : at + _FIELDS]
        # There is one, so N is what a program said nothing of.
        letter = "B" if letter == "N" else letter
        is_certificate = commits[commit] == "gpg.x509.program"
        found[commit] = Signature(commit, letter, primary, key or short, name, is_certificate)
    return found


def _armor(commit: str, content: bytes) -> bytes:
    """Return the first line of the signature of *commit*, empty if it has none."""
    wanted = b"gpgsig " if len(commit) == 40 else b"gpgsig-sha256 "
    for line in content.partition(b"\n\n")[0].split(b"\n"):
        if line.startswith(wanted):
            return line.removeprefix(wanted) or b"-"
    return b""


@contextmanager
def _file(content: bytes) -> Iterator[Path]:
    """Yield a file outside the repository with *content*: without one, Git checks no SSH signature at all."""
    with tempfile.TemporaryDirectory(prefix="gitops-secrets-") as folder:
        path = Path(folder) / "allowed_signers"
        path.write_bytes(content)
        yield path
