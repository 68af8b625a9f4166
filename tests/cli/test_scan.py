"""The guard's stories: the installed command over real Git repositories."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from functools import partial

import pytest

from tests.guard.corpus.case import Fresh
from tests.guard.said import given_away, pieces
from tests.support import documents
from tests.support.user import Result, User

OPAQUE = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: apps}\nstringData: {p: %s}\n"
)
RULES = "creation_rules:\n- path_regex: ^secrets/\n"
MARKER = "# gitops-secrets: ignore[plaintext-dockerconfigjson] a registry for tests\n"


def stage(user: User, files: dict[str, str]) -> None:
    user.write(files)
    user.git("add", "--all")


def rules(result: Result) -> list[str]:
    """The rules that the text report names, in its order."""
    return [
        line.split("error[")[1].split("]")[0]
        for line in result.stdout.splitlines()
        if ": error[" in line
    ]


@pytest.fixture
def fresh() -> Fresh:
    return Fresh()


def test_before_the_first_commit_a_readable_pull_secret_is_refused(user: User, fresh: Fresh):
    stage(user, {"a.yaml": fresh.secret, "b.txt": "hello\n"})
    result = user.run("scan")
    assert result.status == 1
    first = result.stdout.splitlines()[0]
    assert first == (
        "a.yaml:8:22: error[plaintext-dockerconfigjson]: "
        "Secret flux-system/regcred holds readable registry credentials"
    )
    assert (
        "hint: gitops-secrets encrypt --add-rule a.yaml && git add a.yaml .sops.yaml"
        in result.stdout
    )
    assert "looked at 2 staged files, 1 finding" in result.stdout
    assert fresh.password not in result.printed


def test_what_is_staged_is_judged_not_what_lies_in_the_work_tree(user: User, fresh: Fresh):
    stage(user, {"a.yaml": fresh.secret})
    user.write({"a.yaml": "clean: true\n"})
    assert user.run("scan").status == 1
    stage(user, {"a.yaml": "clean: true\n"})
    user.write({"a.yaml": fresh.secret})
    assert user.run("scan").status == 0


def test_nothing_staged_is_clean_and_says_so(user: User):
    result = user.run("scan")
    assert (result.status, result.stdout) == (
        0,
        "gitops-secrets: looked at 0 staged files, nothing found\n",
    )


def test_a_folder_that_is_no_repository_is_an_error_and_blocks(user: User):
    result = user.run("scan", cwd=user.temporary)
    assert result.status == 3
    assert "in no Git repository" in result.stderr


def test_a_content_that_git_lacks_blocks(user: User, fresh: Fresh):
    stage(user, {"a.yaml": "x: 1\n"})
    blob = user.git("hash-object", "a.yaml").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    result = user.run("scan")
    assert result.status == 3
    assert "a.yaml: Git has no content" in result.stdout


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit"])
def test_every_form_of_report_comes_to_the_same_verdict(user: User, fresh: Fresh, form: str):
    assert user.run("scan", "--output", form).status == 0
    stage(user, {"a.yaml": fresh.secret})
    result = user.run("scan", "--output", form)
    assert result.status == 1
    assert "plaintext-dockerconfigjson" in result.stdout
    assert fresh.password not in result.printed
    blob = user.git("hash-object", "a.yaml").strip()
    (user.repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert user.run("scan", "--output", form).status == 3


def test_a_secret_that_a_creation_rule_covers_must_be_encrypted(user: User, fresh: Fresh):
    stage(user, {"secrets/db.yaml": OPAQUE % fresh.password, "other/db.yaml": OPAQUE % "x12345678"})
    assert user.run("scan").status == 0
    stage(user, {".sops.yaml": RULES})
    result = user.run("scan")
    assert rules(result) == ["unencrypted-secret"]
    assert "secrets/db.yaml" in result.stdout
    assert "creation rule 1 of .sops.yaml" in result.stdout


def test_one_command_for_several_values_of_a_secret_is_said_once(user: User):
    values = "".join(f"  {name}: made-up-word-{name}\n" for name in ("a", "b", "c"))
    secret = OPAQUE.replace("stringData: {p: %s}\n", f"stringData:\n{values}")
    stage(user, {".sops.yaml": RULES, "secrets/a.yaml": secret, "secrets/b.yaml": secret})
    said = user.run("scan").stdout.splitlines()
    hints = [at for at, line in enumerate(said) if line.startswith("    hint: ")]
    assert hints == [3, 7]
    assert "encrypt secrets/a.yaml" in said[3]
    assert "encrypt secrets/b.yaml" in said[7]
    assert said[-1].endswith("3 staged files, 6 findings")


def test_one_content_at_two_paths_has_two_verdicts(user: User, fresh: Fresh):
    text = OPAQUE % fresh.password
    user.commit({".sops.yaml": RULES, "secrets/db.yaml": text, "other/db.yaml": text})
    for mode in ("--tree", "--history"):
        result = user.run("scan", mode)
        assert [line.split(":")[0] for line in result.stdout.splitlines() if "error[" in line] == [
            "secrets/db.yaml"
        ]


def test_a_changed_rule_changes_the_verdict_over_a_warm_cache(user: User, fresh: Fresh):
    user.commit({"secrets/db.yaml": OPAQUE % fresh.password})
    assert user.run("scan", "--history").status == 0
    user.commit({".sops.yaml": RULES})
    assert rules(user.run("scan", "--history")) == ["unencrypted-secret"]


def test_history_names_the_commit_that_brought_a_secret_in_though_it_is_gone(
    user: User, fresh: Fresh
):
    user.commit({"readme.md": "hello\n"})
    user.commit({"a.yaml": fresh.secret})
    guilty = user.git("rev-parse", "HEAD").strip()
    (user.repository / "a.yaml").unlink()
    user.commit({})
    assert user.run("scan", "--tree").status == 0
    for _ in ("cold", "warm"):
        result = user.run("scan", "--history")
        assert rules(result) == ["plaintext-dockerconfigjson"]
        assert f"since commit {guilty[:12]}" in result.stdout


def test_a_second_run_over_history_reads_only_what_is_new(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret, "b.yaml": "b: 1\n"})
    user.run("scan", "--history")
    user.commit({"c.yaml": Fresh().secret})
    result = user.run("scan", "--history")
    assert rules(result) == ["plaintext-dockerconfigjson"] * 2
    old = user.git("rev-parse", "HEAD:b.yaml").strip()
    (user.repository / ".git/objects" / old[:2] / old[2:]).unlink()
    assert user.run("scan", "--history").status == 1
    assert user.run("scan", "--history", "--no-cache").status == 3


def test_history_that_was_rewritten_is_walked_anew(user: User, fresh: Fresh):
    user.commit({"readme.md": "hello\n"})
    user.commit({"a.yaml": fresh.secret})
    assert user.run("scan", "--history").status == 1
    user.git("reset", "--quiet", "--hard", "HEAD~1")
    assert user.run("scan", "--history").status == 0


def test_a_cache_that_somebody_spoilt_is_learnt_anew(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret})
    user.run("scan", "--history")
    cache = user.facts()
    whole = cache.read_bytes()
    for spoilt in (b"", b"\xff\xfe", whole[:-40], whole[:9000], whole[:4096] * 5, b"old\n\n\n"):
        cache.write_bytes(spoilt)
        assert user.run("scan", "--history").status == 1
    statements = (
        "UPDATE facts SET facts = 'x'",
        "UPDATE about SET tips = '{'",
        "DROP TABLE changes",
    )
    for statement in statements:
        with closing(sqlite3.connect(cache)) as db, db:
            db.execute(statement)
        for _ in ("spoilt", "learnt anew"):
            assert user.run("scan", "--history").status == 1
    cache.unlink()
    elsewhere = user.temporary / "elsewhere"
    elsewhere.write_bytes(b"mine\n")
    makers = (cache.mkdir, partial(cache.symlink_to, elsewhere), partial(os.mkfifo, cache))
    for make, clear in zip(makers, (cache.rmdir, cache.unlink, cache.unlink), strict=True):
        make()
        assert user.run("scan", "--history").status == 1
        clear()
    assert elsewhere.read_bytes() == b"mine\n"


def test_a_cache_that_another_run_uses_is_left_to_it(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret})
    user.run("scan", "--history")
    cache = user.facts()
    before = cache.read_bytes()
    user.commit({"b.yaml": Fresh().secret})
    with closing(sqlite3.connect(cache)) as db:
        db.execute("BEGIN EXCLUSIVE")
        assert rules(user.run("scan", "--history")) == ["plaintext-dockerconfigjson"] * 2
    assert cache.read_bytes() == before


def test_the_cache_holds_no_secret(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret})
    user.run("scan", "--history")
    cache = user.facts().read_bytes()
    assert b"plaintext-dockerconfigjson" in cache
    assert given_away(cache.decode("latin-1"), pieces([fresh.password])) == set()


def test_a_range_judges_each_commit_by_the_policy_before_it(user: User, fresh: Fresh):
    user.commit({"readme.md": "hello\n"})
    user.git("tag", "before")
    user.commit({"a.yaml": fresh.secret.replace("data:\n", "data:\n  " + MARKER)})
    (user.repository / "a.yaml").unlink()
    user.commit({})
    assert rules(user.run("scan", "--range", "before..HEAD")) == [
        "policy-change",
        "plaintext-dockerconfigjson",
    ]
    assert user.run("scan", "--tree").status == 0


def test_a_range_may_change_the_policy_where_that_is_allowed(user: User):
    user.commit({"readme.md": "hello\n"})
    user.commit({".sops.yaml": RULES})
    refused = user.run("scan", "--range", "HEAD~1..HEAD")
    assert rules(refused) == ["policy-change"]
    allowed = user.run("scan", "--range", "HEAD~1..HEAD", "--allow-policy-changes")
    assert allowed.status == 0
    assert "warning[policy-change]" in allowed.stdout


def test_a_range_that_begins_nowhere_says_what_to_pass(user: User):
    user.commit({"readme.md": "hello\n"})
    result = user.run("scan", "--range", f"{'0' * 40}..HEAD")
    assert result.status == 2
    assert "--range origin/main..HEAD" in result.stderr
    assert user.run("scan", "--range", "HEAD").status == 2
    unknown = user.run("scan", "--range", "nowhere..HEAD")
    assert unknown.status == 3
    assert "there is no commit 'nowhere' here" in unknown.stderr


def test_an_encrypted_secret_changed_by_hand_is_found_when_staged(user: User):
    user.commit({"clusters/prod/flux-system/gotk-sync.yaml": ""})
    assert user.bootstrap().status == 0
    path = "pull-secrets/prod/regcred.sops.yaml"
    stage(user, {path: user.read(path).replace("namespace: flux-system", "namespace: attacker")})
    assert rules(user.run("scan")) == ["moved-ciphertext"]


def test_a_copy_of_an_encrypted_secret_is_found_when_staged(user: User):
    user.commit({"clusters/prod/flux-system/gotk-sync.yaml": ""})
    assert user.bootstrap().status == 0
    text = user.read("pull-secrets/prod/regcred.sops.yaml")
    stage(user, {"copy.yaml": text.replace("namespace: flux-system", "namespace: attacker")})
    assert rules(user.run("scan")) == ["copied-ciphertext"]


def test_what_bootstrap_commits_is_clean_in_every_mode(user: User):
    user.commit({"clusters/prod/flux-system/gotk-sync.yaml": ""})
    assert user.bootstrap().status == 0
    for mode in (
        ["--tree"],
        ["--history"],
        ["."],
        ["--range", "HEAD~1..", "--allow-policy-changes"],
    ):
        assert user.run("scan", *mode).status == 0, mode


def test_files_and_folders_are_judged_as_they_lie_on_disk(user: User, fresh: Fresh):
    folder = user.temporary / "no-repository"
    folder.mkdir()
    (folder / "a.yaml").write_text(fresh.secret)
    (folder / "link").symlink_to("a.yaml")
    result = user.run("scan", str(folder), cwd=user.temporary)
    assert result.stdout.count("error[") == 1
    assert "looked at 2 files" in result.stdout
    assert user.run("scan", "nowhere").status == 2


def test_a_file_that_cannot_be_read_blocks(user: User):
    result = user.run("scan", "/proc/self/mem")  # a plain file that nobody can read from its start
    assert result.status == 3
    assert "not looked at: /proc/self/mem: Input/output error" in result.stdout


def test_an_accepted_finding_is_excused_until_its_value_changes(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret})
    refused = user.run("scan", "--accept", "why")
    assert refused.status == 2
    assert user.run("scan", "--tree", "--accept", " ").status == 2
    accepted = user.run("scan", "--tree", "--accept", "a registry for tests")
    assert "1 accepted until" in accepted.stdout
    assert fresh.password not in user.read(".gitops-secrets-baseline.yaml")
    user.commit({})
    result = user.run("scan", "--tree")
    assert result.status == 0
    assert "a.yaml:8: excused[plaintext-dockerconfigjson] by the baseline" in result.stdout
    assert "1 excused by the baseline" in result.stdout
    user.commit({"a.yaml": Fresh().secret})
    assert user.run("scan", "--tree").status == 1


def test_an_accepted_finding_counts_again_when_it_has_expired(user: User, fresh: Fresh):
    user.commit({"a.yaml": fresh.secret})
    user.run("scan", "--tree", "--accept", "for tests", "--expires", "2020-01-01")
    user.commit({})
    assert user.run("scan", "--tree").status == 1


def test_a_marker_excuses_on_the_developers_machine_and_is_counted(user: User, fresh: Fresh):
    stage(user, {"a.yaml": fresh.secret.replace("data:\n", "data:\n  " + MARKER)})
    result = user.run("scan")
    assert result.status == 0
    assert "by its marker: a registry for tests" in result.stdout
    report = documents.read("scan", user.run("scan", "--output", "json").stdout)
    assert [(e["by"], e["reason"]) for e in report["excused"]] == [
        ("marker", "a registry for tests")
    ]


def test_a_group_of_rules_reports_its_own(user: User, fresh: Fresh):
    stage(user, {"a.yaml": fresh.secret})
    assert user.run("scan", "--only", "keys").status == 0
    assert user.run("scan", "--only", "secrets").status == 0
    assert user.run("scan", "--only", "credentials").status == 1


def test_named_files_are_judged_as_the_index_holds_them_changed_or_not(user: User, fresh: Fresh):
    user.commit({"sub/a.yaml": fresh.secret, "b.yaml": fresh.secret})
    user.write({"sub/a.yaml": "clean: true\n"})
    result = user.run("scan", "--index", "sub/a.yaml")
    assert [line.split(":")[0] for line in result.stdout.splitlines() if "error[" in line] == [
        "sub/a.yaml"
    ]
    inside = user.run("scan", "--index", "a.yaml", cwd=user.repository / "sub")
    assert "sub/a.yaml:8" in inside.stdout


def test_a_path_of_any_bytes_is_shown_without_steering_the_terminal(user: User, fresh: Fresh):
    name = "a\x1b[2J\n\u202eb.yaml"
    stage(user, {name: fresh.secret})
    (user.repository / b"\xff.yaml".decode("utf-8", "surrogateescape")).write_text(Fresh().secret)
    user.git("add", "--all")
    for form in ("text", "json", "sarif", "github", "gitlab", "junit"):
        result = user.run("scan", "--output", form)
        assert result.status == 1
        assert "\x1b" not in result.stdout
        assert "\u202e" not in result.stdout


def test_a_submodule_and_a_symlink_are_no_reason_to_stop(user: User):
    user.commit({"a": "x"})
    head = user.git("rev-parse", "HEAD").strip()
    user.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")
    (user.repository / "link").symlink_to("/etc/passwd")
    user.git("add", "link")
    result = user.run("scan")
    assert result.status == 0
    assert "looked at 1 staged file, 1 finding, 1 warning among them" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--staged", "--history"],
        ["--tree", "--range", "a..b"],
        ["--policy", "HEAD"],
        ["--staged", "x"],
    ],
)
def test_what_excludes_each_other_is_a_usage_error(user: User, arguments: list[str]):
    assert user.run("scan", *arguments).status == 2


def test_nothing_that_the_repository_names_is_run(user: User):
    trap = user.temporary / "trapped"
    user.write({".gitattributes": "* diff=trap filter=trap merge=trap\n", "a.yaml": "a: 1\n"})
    user.git("add", "--all")
    user.commit({})
    for key in ("diff.trap.textconv", "diff.trap.command", "filter.trap.smudge", "diff.external"):
        user.git("config", key, f"touch {trap};")
    stage(user, {"b.yaml": "b: 1\n"})
    trap.unlink(missing_ok=True)
    for mode in ((), ("--tree",), ("--history",), ("--range", "HEAD..HEAD"), (".",)):
        assert user.run("scan", *mode).status == 0
    assert not trap.exists()


def test_a_revision_that_is_not_there_is_said_with_what_to_do(user: User) -> None:
    for tree, said in ((), "no commit here yet"), (("v9",), "there is no commit 'v9' here"):
        result = user.run("scan", "--tree", *tree)
        assert (result.status, said in result.stderr) == (3, True), result.printed
        assert "hint: " in result.stderr
