"""verify --require-signed with real OpenPGP keys, which Git checks by the real gpg and the user's keyring."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.signing import Signer, gpg, gpg_signer
from tests.support.user import Result, User
from tests.support.verified import A, findings, seal

ALICE = "Alice <alice@example.com>"


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with a repository and its creation rule."""
    user = User(tmp_path)
    user.commit({".sops.yaml": rule(recipient(user))})
    return user


def sealed(user: User, signer: Signer) -> str:
    """Have *signer* commit a new encrypted file."""
    seal(user, A, opaque(mixed(), mixed(), name="a"))
    return signer.commit(user, {})


def signed(user: User, *options: str) -> Result:
    return user.run("verify", "--keyless", "--require-signed", *options)


def test_a_key_counts_by_its_fingerprint(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    sealed(user, alice)
    assert signed(user, "--signer", alice.key).status == 0
    assert signed(user, "--signer", alice.key.lower()).status == 0


def test_a_key_whose_name_is_that_of_another_does_not_count(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    other = gpg_signer(user, ALICE)
    assert other.key != alice.key
    sealed(user, other)
    result = signed(user, "--signer", alice.key, "--signer", "alice@example.com")
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert other.key in result.stdout


def test_a_key_that_has_expired_does_not_count(user: User) -> None:
    then = "--faked-system-time=20200101T000000!"
    alice = gpg_signer(user, ALICE, then, expires="2d")
    program = user.home / "gpg-of-then"
    program.write_text(f'#!/bin/sh\nexec gpg {then} "$@"\n')
    program.chmod(0o755)
    sealed(user, alice._replace(options=(*alice.options, "-c", f"gpg.program={program}")))
    result = signed(user, "--signer", alice.key)
    assert findings(result) == ["untrusted-signer"]
    assert "with a key that has expired" in result.stdout


def test_a_key_that_was_revoked_does_not_count(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    sealed(user, alice)
    written = user.home / ".gnupg/openpgp-revocs.d" / f"{alice.key}.rev"
    gpg(user, "--import", stdin=written.read_bytes().replace(b"\n:-----", b"\n-----"))
    result = signed(user, "--signer", alice.key)
    assert findings(result) == ["untrusted-signer"]
    assert "with a key that was revoked" in result.stdout


def test_a_key_that_is_not_in_the_keyring_does_not_count(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    sealed(user, alice)
    gpg(user, "--delete-secret-and-public-key", alice.key)
    result = signed(user, "--signer", alice.key)
    assert findings(result) == ["untrusted-signer"]
    assert "with a key that is not at hand" in result.stdout


def test_a_program_that_the_repository_names_is_not_run(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    user.commit({})
    seal(user, A, opaque(mixed(), name="a"))
    user.commit({})
    text = user.git("cat-file", "commit", "HEAD").replace(
        "\n\n",
        "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\n",
        1,
    )
    done = user.program(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], stdin=text.encode()
    )
    user.git("reset", "--quiet", "--hard", done.stdout.strip())
    program = user.home / "yes"
    program.write_text(
        f"#!/bin/sh\ntouch {user.home}/was-run\n"
        f"echo '[GNUPG:] NEWSIG'\necho '[GNUPG:] GOODSIG {alice.key[-16:]} Alice'\n"
        f"echo '[GNUPG:] VALIDSIG {alice.key} 2026-01-01 1 0 4 0 22 8 00 {alice.key}'\n"
        "echo '[GNUPG:] TRUST_ULTIMATE 0 pgp'\n"
    )
    program.chmod(0o755)
    user.git("config", "gpg.program", str(program))
    result = signed(user, "--signer", alice.key)
    assert (result.status, findings(result)) == (1, ["bad-signature"])
    assert not (user.home / "was-run").exists()
    # What this test would miss otherwise: in the user's own configuration the program is his.
    user.git("config", "--global", "gpg.program", str(program))
    assert signed(user, "--signer", alice.key).status == 0
    assert (user.home / "was-run").exists()


def test_without_gpg_the_signature_could_not_be_looked_at(user: User) -> None:
    alice = gpg_signer(user, ALICE)
    sealed(user, alice)
    user.git("config", "--global", "gpg.program", "no-such-gpg")
    result = signed(user, "--signer", alice.key)
    assert result.status == 3
    assert "was not checked: no-such-gpg is not installed" in result.stderr
