"""verify --require-signed with real X.509 certificates, which Git checks by the real gpgsm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.signing import Signer
from tests.support.user import Result, User
from tests.support.verified import A, findings, seal
from tests.support.x509signing import Authority


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """A user with a repository and its creation rule."""
    user = User(tmp_path)
    user.commit({".sops.yaml": rule(recipient(user))})
    yield user
    user.program(["gpgconf", "--kill", "all"])


@pytest.fixture
def authority(user: User) -> Authority:
    """An authority that the user trusts."""
    authority = Authority(user)
    authority.trust()
    return authority


def sealed(user: User, signer: Signer) -> None:
    """Have *signer* commit a new encrypted file."""
    seal(user, A, opaque(mixed(), mixed(), name="a"))
    signer.commit(user, {})


def signed_before_it_expired(user: User, authority: Authority) -> Signer:
    """Somebody who committed an encrypted file three days ago, with a certificate that ended since."""
    alice = authority.signer("Alice", days=-2)
    then = (dt.datetime.now(dt.UTC) - dt.timedelta(days=3)).strftime("%Y%m%dT%H%M%S")
    program = user.home / "gpgsm-of-then"
    program.write_text(f'#!/bin/sh\nexec gpgsm --faked-system-time {then} "$@"\n')
    program.chmod(0o755)
    sealed(user, alice._replace(options=(*alice.options, "-c", f"gpg.x509.program={program}")))
    return alice


def signed(user: User, *options: str) -> Result:
    return user.run("verify", "--keyless", "--require-signed", *options)


def test_a_certificate_counts_by_its_fingerprint(user: User, authority: Authority) -> None:
    alice = authority.signer("Alice")
    sealed(user, alice)
    assert signed(user, "--signer", alice.key).status == 0
    assert signed(user, "--signer", alice.key.lower()).status == 0


def test_a_certificate_whose_name_is_that_of_another_does_not_count(
    user: User, authority: Authority
) -> None:
    alice, other = authority.signer("Alice"), authority.signer("Alice")
    sealed(user, other)
    result = signed(user, "--signer", alice.key, "--signer", "alice@example.com")
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert f"is signed with the key {other.key}, which is no signer's" in result.stdout


def test_a_commit_that_was_changed_after_it_was_signed_has_a_bad_signature(
    user: User, authority: Authority
) -> None:
    alice = authority.signer("Alice")
    sealed(user, alice)
    text = user.git("cat-file", "commit", "HEAD").replace("\n\nChange", "\n\nAnother change")
    made = user.program(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], stdin=text.encode()
    )
    user.git("reset", "--quiet", "--hard", made.stdout.strip())
    result = signed(user, "--signer", alice.key)
    assert (result.status, findings(result)) == (1, ["bad-signature"])


def test_a_certificate_that_has_expired_does_not_count(user: User, authority: Authority) -> None:
    alice = signed_before_it_expired(user, authority)
    result = signed(user, "--signer", alice.key)
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert f"is signed with a key that has expired: {alice.key}" in result.stdout


def test_a_certificate_of_an_authority_that_is_not_trusted_does_not_count(
    user: User, authority: Authority
) -> None:
    """gpgsm does not tell Git that it has expired."""
    alice = signed_before_it_expired(user, authority)
    authority.distrust()
    result = signed(user, "--signer", alice.key)
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert "is signed with a certificate whose authority gpgsm does not trust" in result.stdout


def test_without_gpgsm_the_signature_could_not_be_looked_at(
    user: User, authority: Authority
) -> None:
    alice = authority.signer("Alice")
    sealed(user, alice)
    user.git("config", "--global", "gpg.x509.program", "no-such-gpgsm")
    result = signed(user, "--signer", alice.key)
    assert result.status == 3
    assert "was not checked: no-such-gpgsm is not installed" in result.stderr
