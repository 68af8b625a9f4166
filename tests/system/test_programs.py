"""Bootstrap beside the programs that people have: age's own, and gpg for signed commits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitops_secrets.adapters.sops.binary import find_sops

PROGRAM = Path(sys.executable).with_name("gitops-secrets")
BOOTSTRAP = (
    *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
    *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
)
PASSWORD = "correct horse battery staple"


class Person:
    """A HOME with a repository in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.repository = home / "fleet"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SOPS_", "GIT_", "XDG_"))}
        self.env = {
            **kept,
            "HOME": str(home),
            "GNUPGHOME": str(home / ".gnupg"),
            "CREDS": f"robot:{PASSWORD}",
        }
        (home / ".gnupg").mkdir(mode=0o700)
        self.run("git", "init", "--quiet", "--initial-branch=main", str(self.repository), cwd=home)
        self.run("git", "config", "user.name", "A Person")
        self.run("git", "config", "user.email", "person@example.com")

    def run(self, *argv: str, cwd: Path | None = None) -> bytes:
        """What *argv* prints; fails the test with its words where it fails."""
        done = subprocess.run(
            argv, cwd=cwd or self.repository, env=self.env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def test_an_identity_of_ages_own_making_serves_as_the_clusters(person: Person) -> None:
    identity = person.home / "cluster.agekey"
    person.run("age-keygen", "--output", str(identity))
    recipient = person.run("age-keygen", "-y", str(identity)).decode().strip()

    person.run(str(PROGRAM), *BOOTSTRAP, "--age-identity-file", str(identity))

    assert recipient in (person.repository / ".sops.yaml").read_text()
    person.env["SOPS_AGE_KEY_FILE"] = str(identity)
    opened = person.run(find_sops(), "decrypt", "pull-secrets/prod/regcred.sops.yaml")
    assert b".dockerconfigjson" in opened
    assert b"ENC[" not in opened


def test_ages_own_program_reads_the_identity_that_bootstrap_made(person: Person) -> None:
    person.run(str(PROGRAM), *BOOTSTRAP)
    identity = person.home / ".config" / "sops" / "age" / "gitops-secrets" / "prod.agekey"

    recipient = person.run("age-keygen", "-y", str(identity)).decode().strip()

    assert f"{recipient} # cluster: clusters/prod" in (person.repository / ".sops.yaml").read_text()


def test_a_repository_that_signs_its_commits_gets_a_signed_one(person: Person) -> None:
    person.run(
        *("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""),
        *("--quick-generate-key", "A Person <person@example.com>", "ed25519", "sign"),
    )
    person.run("git", "config", "commit.gpgsign", "true")

    person.run(str(PROGRAM), *BOOTSTRAP)

    person.run("git", "verify-commit", "HEAD")
    person.run("gpgconf", "--kill", "gpg-agent")
