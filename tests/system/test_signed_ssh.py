"""verify --require-signed with real SSH keys, which Git checks by the real ssh-keygen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.signing import Signer, allowed, allowed_file, ssh_signer
from tests.support.user import Result, User
from tests.support.verified import A, B, findings, seal

SETTINGS = ".gitops-secrets.yaml"
ALLOWED = ".allowed_signers"


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user with a repository and its creation rule."""
    user = User(tmp_path)
    user.commit({".sops.yaml": rule(recipient(user))})
    return user


@pytest.fixture
def alice(user: User) -> Signer:
    return ssh_signer(user, "alice")


@pytest.fixture
def bob(user: User) -> Signer:
    return ssh_signer(user, "bob")


def sealed(user: User, signer: Signer, path: str = A) -> str:
    """Have *signer* commit a new encrypted file at *path*."""
    seal(user, path, opaque(mixed(), mixed(), name="a"))
    return signer.commit(user, {})


def signed(user: User, *options: str) -> Result:
    return user.run("verify", "--keyless", "--require-signed", *options)


def policy(user: User, text: str, *names: str) -> None:
    """Commit settings on the protected branch, and the allowed signers *names*."""
    user.commit({SETTINGS: f"version: 1\nverify:\n{text}", ALLOWED: allowed(user, *names)})
    user.git("branch", "--force", "protected")


TWO = """\
  allowed-signers: .allowed_signers
  signers:
    alice: [alice@example.com]
    bob: [bob@example.com]
  signed:
  - paths: [apps/]
    signers: 2
"""


def test_a_key_in_the_users_file_of_allowed_signers_counts(user: User, alice: Signer) -> None:
    sealed(user, alice)
    result = signed(user, "--allowed-signers", str(allowed_file(user, "alice")))
    assert result.status == 0, result.printed
    assert "a signature is needed for 1 file;" in result.stdout


def test_a_key_counts_by_its_fingerprint_alone(user: User, alice: Signer) -> None:
    sealed(user, alice)
    assert signed(user, "--signer", alice.key).status == 0


def test_a_key_of_nobody_does_not_count(user: User, alice: Signer, bob: Signer) -> None:
    commit = sealed(user, bob)
    result = signed(user, "--allowed-signers", str(allowed_file(user, "alice")))
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert f"commit {commit[:10]}" in result.stdout
    assert f"{bob.key}, which is no signer's" in result.stdout


def test_a_key_that_had_ended_when_the_commit_was_made_does_not_count(
    user: User, alice: Signer
) -> None:
    sealed(user, alice)
    file = allowed_file(user, "alice", options='valid-before="20200101"')
    assert findings(signed(user, "--allowed-signers", str(file))) == ["untrusted-signer"]


def test_a_revoked_key_does_not_count(user: User, alice: Signer) -> None:
    sealed(user, alice)
    user.git("config", "--global", "gpg.ssh.revocationFile", f"{user.home}/alice.pub")
    file = allowed_file(user, "alice")
    assert findings(signed(user, "--allowed-signers", str(file))) == ["bad-signature"]


def test_a_commit_that_was_changed_after_it_was_signed_is_found(user: User, alice: Signer) -> None:
    sealed(user, alice)
    text = user.git("cat-file", "commit", "HEAD").replace("\n\nChange", "\n\nOther")
    done = user.program(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], stdin=text.encode()
    )
    user.git("reset", "--quiet", "--hard", done.stdout.strip())
    assert findings(signed(user, "--signer", alice.key)) == ["bad-signature"]


def test_a_change_cannot_allow_its_own_signer(user: User, alice: Signer, bob: Signer) -> None:
    policy(user, "  allowed-signers: .allowed_signers\n", "alice")
    bob.commit(user, {ALLOWED: allowed(user, "alice", "bob")})
    sealed(user, bob)
    assert findings(signed(user, "--range", "protected..HEAD")) == ["untrusted-signer"]
    assert findings(signed(user, "--policy", "protected")) == ["untrusted-signer"]


def test_a_file_of_allowed_signers_in_the_work_tree_is_refused(user: User, alice: Signer) -> None:
    sealed(user, alice)
    user.write({ALLOWED: allowed(user, "alice")})
    result = signed(user, "--allowed-signers", ALLOWED)
    assert result.status == 3
    assert "whose commits would decide who may sign" in result.stderr


def test_the_users_own_configuration_may_name_the_file(user: User, alice: Signer) -> None:
    sealed(user, alice)
    user.git("config", "--global", "gpg.ssh.allowedSignersFile", str(allowed_file(user, "alice")))
    assert signed(user).status == 0


def test_the_configuration_of_the_repository_names_neither_file_nor_program(
    user: User, alice: Signer, bob: Signer
) -> None:
    sealed(user, bob)
    program = user.home / "yes"
    program.write_text(
        f"#!/bin/sh\ntouch {user.home}/was-run\n"
        f'echo "Good \\"git\\" signature for alice@example.com with ED25519 key {alice.key}"\n'
    )
    program.chmod(0o755)
    for name in ("gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.x509.program"):
        user.git("config", name, str(program))
    user.git("config", "gpg.ssh.allowedSignersFile", str(allowed_file(user, "bob")))
    user.git("config", "gpg.minTrustLevel", "undefined")
    result = signed(user, "--signer", alice.key)
    assert (result.status, findings(result)) == (1, ["untrusted-signer"])
    assert not (user.home / "was-run").exists()
    assert signed(user).status == 3


def test_who_may_sign_is_said_for_each_path(user: User, alice: Signer, bob: Signer) -> None:
    text = TWO.replace("signers: 2", "by: [bob]").replace("[apps/]", "[apps/*.yaml]")
    policy(user, text, "alice", "bob")
    sealed(user, alice)
    sealed(user, bob, "apps/b.yaml")
    sealed(user, alice, "apps/other/c.yaml")
    result = signed(user, "--range", "protected..HEAD")
    assert findings(result) == ["untrusted-signer"]
    assert "is signed by alice, who is not among its signers: bob" in result.stdout
    assert "a signature is needed for 2 files;" in result.stdout


def test_two_signers_made_the_change_and_merged_it(user: User, alice: Signer, bob: Signer) -> None:
    policy(user, TWO, "alice", "bob")
    user.git("checkout", "--quiet", "-b", "change")
    sealed(user, alice)
    user.git("checkout", "--quiet", "main")
    bob.merge(user, "change")
    result = signed(user, "--range", "protected..HEAD")
    assert result.status == 0, result.printed


@pytest.mark.parametrize(
    ("merged_by", "says"),
    [
        ("alice", "that brought it as well"),
        ("nobody", "that brought it is not signed"),
        ("a push", "no merge brought it"),
    ],
)
def test_one_signer_is_not_two(
    user: User, alice: Signer, bob: Signer, merged_by: str, says: str
) -> None:
    policy(user, TWO, "alice", "bob")
    user.git("checkout", "--quiet", "-b", "change")
    sealed(user, alice)
    if merged_by != "a push":
        user.git("checkout", "--quiet", "main")
    if merged_by == "alice":
        alice.merge(user, "change")
    elif merged_by == "nobody":
        user.git("merge", "--quiet", "--no-ff", "--no-edit", "change")
    result = signed(user, "--range", "protected..HEAD")
    assert findings(result) == ["one-signer"]
    assert says in result.stdout


def test_two_keys_of_one_person_are_one_signer(user: User, alice: Signer, bob: Signer) -> None:
    text = TWO.replace("    bob: [bob@example.com]\n", "").replace(
        "[alice@example.com]", "[alice@example.com, bob@example.com]"
    )
    policy(user, text, "alice", "bob")
    user.git("checkout", "--quiet", "-b", "change")
    sealed(user, alice)
    user.git("checkout", "--quiet", "main")
    bob.merge(user, "change")
    assert findings(signed(user, "--range", "protected..HEAD")) == ["one-signer"]


def test_a_signed_version_that_an_unsigned_merge_puts_back_is_no_signed_change(
    user: User, alice: Signer
) -> None:
    old = sealed(user, alice)
    content = user.read(A)
    new = sealed(user, alice)
    tree = user.git("rev-parse", f"{old}^{{tree}}").strip()
    merge = user.git("commit-tree", tree, "-p", old, "-p", new, "-m", "Merge").strip()
    user.git("reset", "--quiet", "--hard", merge)
    assert user.read(A) == content
    result = signed(user, "--signer", alice.key)
    assert findings(result) == ["unsigned"]
    assert f"commit {merge[:10]}" in result.stdout


def test_a_signature_is_that_of_the_file_it_changed(user: User, alice: Signer) -> None:
    sealed(user, alice)
    seal(user, B, opaque(mixed(), name="b"))
    user.commit({})
    alice.commit(user, {"README.md": "signed\n"})
    result = signed(user, "--signer", alice.key)
    assert findings(result) == ["unsigned"]
    assert result.stdout.startswith(f"{B}:1:1")
