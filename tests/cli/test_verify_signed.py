"""verify --require-signed without any key: which commit counts as the last change, and who says who may sign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.secrets import mixed, opaque
from tests.support.user import Result, User
from tests.support.verified import A, B, findings, seal

ANYBODY = ("--signer", "A" * 40)


def signed(user: User, *options: str) -> Result:
    return user.run("verify", "--keyless", "--require-signed", *(options or ANYBODY))


def head(user: User) -> str:
    return user.git("rev-parse", "HEAD").strip()


def changes(user: User, path: str = A) -> list[str]:
    """The commits that are said to have last changed *path*."""
    result = signed(user, *ANYBODY, path)
    assert set(findings(result)) == {"unsigned"}, result.printed
    return re.findall(r"commit (\w{10}), which last changed it", result.stdout)


def change(user: User, name: str = "a", path: str = A) -> str:
    seal(user, path, opaque(mixed(), name=name))
    user.commit({})
    return head(user)[:10]


def merge(user: User, tree: str, *parents: str) -> str:
    """Make a merge of *parents* with the tree *tree*, and go to it."""
    given = [word for parent in parents for word in ("-p", parent)]
    made = user.git("commit-tree", f"{tree}^{{tree}}", *given, "-m", "Merge").strip()
    user.git("reset", "--quiet", "--hard", made)
    return made[:10]


def test_each_file_is_held_against_the_commit_that_last_changed_it(user: User, own: str) -> None:
    first = head(user)[:10]
    second = change(user)
    user.commit({"README.md": "more\n"})
    assert (changes(user), changes(user, B)) == ([second], [first])


def test_a_file_that_was_changed_back_was_changed_by_that_commit(user: User, own: str) -> None:
    first = head(user)
    change(user)
    user.git("checkout", "--quiet", first, "--", A)
    user.commit({})
    assert changes(user) == [head(user)[:10]]


def test_a_file_under_another_name_was_changed_by_the_commit_that_moved_it(
    user: User, own: str
) -> None:
    user.git("mv", A, "apps/c.yaml")
    user.commit({})
    assert changes(user, "apps/c.yaml") == [head(user)[:10]]


def test_a_merge_that_takes_a_branch_over_changes_nothing(user: User, own: str) -> None:
    user.git("checkout", "--quiet", "-b", "change")
    made = change(user)
    user.git("checkout", "--quiet", "main")
    user.commit({"README.md": "more\n"})
    user.git("merge", "--quiet", "--no-ff", "--no-edit", "change")
    assert changes(user) == [made]


def test_a_merge_with_a_content_of_its_own_changes_the_file(user: User, own: str) -> None:
    begin = head(user)
    left = change(user)
    user.git("checkout", "--quiet", "--detach", begin)
    right = change(user)
    seal(user, A, opaque(mixed(), name="a"))
    user.commit({})
    made = merge(user, "HEAD", left, right)
    assert changes(user) == [made]


@pytest.mark.parametrize("order", [0, 1])
def test_a_merge_that_puts_an_older_version_back_changes_the_file(
    user: User, own: str, order: int
) -> None:
    old = head(user)
    new = change(user)
    parents = (old, new) if order else (new, old)
    made = merge(user, old, *parents)
    assert changes(user) == [made]


def test_a_version_put_back_is_not_hidden_by_a_merge_with_the_old_one(user: User, own: str) -> None:
    old = head(user)
    change(user)
    user.git("checkout", "--quiet", old, "--", A)
    user.commit({})
    back = head(user)
    merge(user, back, old, back)
    assert back[:10] in changes(user)


def test_a_deleted_file_that_a_merge_brings_back_is_changed_by_it(user: User, own: str) -> None:
    old = head(user)
    user.git("rm", "--quiet", A)
    user.commit({})
    made = merge(user, old, old, head(user))
    assert changes(user) == [made]


def test_what_is_not_committed_is_signed_by_nobody(user: User, own: str) -> None:
    seal(user, A, opaque(mixed(), name="a"))
    seal(user, "apps/new.yaml", opaque(mixed(), name="new"))
    result = signed(user)
    assert findings(result) == ["unsigned"] * 3
    assert f"{A}:1:1: error[unsigned]: it differs from the last commit" in result.stdout
    assert "apps/new.yaml:1:1: error[unsigned]: it is not committed" in result.stdout


def test_a_file_that_only_speaks_of_ciphertexts_needs_no_signature(user: User, own: str) -> None:
    user.commit({"docs/sops.md": "A value is `ENC[AES256_GCM,data:...]`.\n"})
    assert "a signature is needed for 2 files;" in signed(user).stdout


def test_a_signature_of_no_kind_that_git_knows_is_bad(user: User, own: str) -> None:
    change(user)
    text = user.git("cat-file", "commit", "HEAD").replace("\n\n", "\ngpgsig nonsense\n\n", 1)
    made = user.program(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], stdin=text.encode()
    )
    user.git("reset", "--quiet", "--hard", made.stdout.strip())
    assert findings(signed(user)) == ["bad-signature", "unsigned"]


def test_a_range_is_judged_for_what_it_changes(user: User, own: str) -> None:
    change(user)
    result = signed(user, *ANYBODY, "--range", "HEAD~1..HEAD")
    assert findings(result) == ["unsigned"]
    assert "a signature is needed for 1 file;" in result.stdout


def test_a_marker_in_the_file_excuses_nothing(user: User, own: str) -> None:
    marker = "# gitops-secrets: ignore[unsigned] because\n"
    user.commit({A: marker + user.read(A)})
    assert "unsigned" in findings(signed(user, *ANYBODY, A))


def test_a_clone_without_the_change_could_not_be_looked_at(
    user: User, own: str, tmp_path: Path
) -> None:
    user.commit({"README.md": "more\n"})
    url = user.repository.as_uri()
    user.git("clone", "--quiet", "--depth=1", url, str(tmp_path / "shallow"), cwd=user.home)
    user.repository = tmp_path / "shallow"
    result = signed(user)
    assert (result.status, findings(result)) == (3, [])
    assert "git fetch --unshallow brings the rest" in result.stdout


def test_if_nobody_is_named_no_signature_can_count(user: User, own: str) -> None:
    result = signed(user, "--range", "HEAD~1..HEAD")
    assert result.status == 3
    assert "nobody is named who may sign" in result.stderr


def test_the_settings_of_the_protected_branch_say_which_files_need_a_signature(
    user: User, own: str
) -> None:
    rules = f"version: 1\nverify:\n  signers: {{a: [{'A' * 40}]}}\n  signed: [{{paths: [%s]}}]\n"
    user.commit({".gitops-secrets.yaml": rules % A})
    user.git("branch", "protected")
    user.commit({".gitops-secrets.yaml": rules % "nothing/"})
    change(user)
    change(user, "b", B)
    result = signed(user, "--range", "protected..HEAD")
    assert findings(result) == ["unsigned"]
    assert result.stdout.startswith(f"{A}:1:1")
    assert findings(signed(user, "--policy", "protected")) == ["unsigned"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--require-signed", "--staged"), "--staged and --require-signed exclude each other"),
        (("--policy", "main"), "--policy needs --require-signed"),
        (("--signer", "A" * 40), "--signer needs --require-signed"),
    ],
)
def test_options_that_say_nothing_together_are_refused(
    user: User, own: str, options: tuple[str, ...], says: str
) -> None:
    result = user.run("verify", *options)
    assert result.status == 2
    assert says in result.stderr
