"""verify --fix: files are brought to their creation rules, all or none, and what other hands changed is left."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from pyrage import x25519

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support import documents
from tests.support.leaks import Watch
from tests.support.secrets import mixed, opaque, opened, recipient, rule, word
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, Result, User
from tests.support.verified import A, B, change, findings, seal, value_of

C = "apps/c.yaml"


def fixed(result: Result) -> list[str]:
    """The files that were fixed."""
    return re.findall(r"(?m)^fixed: (\S+): ", result.stdout)


def left(result: Result) -> list[str]:
    """The files that were left."""
    return re.findall(r"(?m)^left: (\S+): ", result.stdout)


def lines_changed(before: str, after: str) -> int:
    """How many lines of *after* are not in *before*."""
    return len([line for line in after.splitlines() if line not in before.splitlines()])


def test_a_readable_file_is_encrypted_and_not_staged(user: User, own: str) -> None:
    value = word()
    user.write({C: opaque(value, name="c")})
    result = user.run("verify", "--fix")
    assert result.status == 0, result.printed
    assert (fixed(result), left(result), findings(result)) == ([C], [], [])
    assert f"fixed: {C}: encrypts stringData.a\n" in result.stdout
    assert value in opened(user, C)
    assert value not in user.read(C)
    assert user.git("status", "--porcelain") == f"?? {C}\n"


def test_the_same_again_changes_no_byte(user: User, own: str) -> None:
    user.write({C: opaque(word(), name="c")})
    user.run("verify", "--fix")
    before = user.state()
    result = user.run("verify", "--fix")
    assert (result.status, fixed(result), user.state()) == (0, [], before)


def test_of_an_encrypted_file_only_the_readable_value_is_encrypted(user: User, own: str) -> None:
    kept, before = value_of(user, A, "a"), user.read(A)
    change(user, A, "stringData:\n", "stringData:\n  extra: readable\n")
    result = user.run("verify", "--fix")
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert "encrypts stringData.extra" in result.stdout
    assert value_of(user, A, "a") == kept
    assert lines_changed(before, user.read(A)) <= 3
    assert "extra: readable" in opened(user, A)


def test_a_file_that_was_decrypted_gets_the_ciphertext_of_the_last_commit(
    user: User, own: str
) -> None:
    before = user.read(A)
    user.write({A: opened(user, A)})
    result = user.run("verify", "--fix")
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert user.read(A) == before
    kept = value_of(user, A, "b")
    user.write({A: re.sub(r"(?m)^  a: .*", "  a: other", opened(user, A))})
    result = user.run("verify", "--fix")
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert value_of(user, A, "b") == kept
    assert lines_changed(before, user.read(A)) <= 3
    assert "a: other" in opened(user, A)


def test_a_decrypted_file_is_encrypted_for_its_readers_and_not_for_those_of_the_commit(
    user: User, own: str
) -> None:
    plain = opened(user, A)
    other = recipient(user, "gitops-secrets/other.agekey")
    user.write({A: plain, ".sops.yaml": rule(own, other)})
    asked = user.run("verify", "--fix", A)
    assert asked.status == 2, asked.printed
    assert user.read(A) == plain
    result = user.run("verify", "--fix", "--yes", A)
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert f"fixed: {A}: encrypts stringData.a, stringData.b; adds {other[:8]}" in result.stdout
    assert other in user.read(A)


def test_before_the_first_commit_a_readable_file_is_encrypted(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user)), A: opaque(mixed(), name="a")})
    result = user.run("verify", "--fix")
    assert (result.status, fixed(result)) == (0, [A]), result.printed


@pytest.mark.parametrize("path", ["apps/c.json", "apps/two.yaml"])
def test_json_and_several_documents_are_fixed_too(user: User, own: str, path: str) -> None:
    value, other = mixed(), recipient(user, "gitops-secrets/other.agekey")
    one = yaml.safe_load(opaque(value, name="c"))
    if path.endswith("json"):
        user.write({path: json.dumps(one)})
    else:
        user.write({path: f"{opaque(value, name='c')}---\n{opaque(value, name='d')}"})
    assert user.run("verify", "--fix", path).status == 0
    assert value not in user.read(path)
    user.commit({".sops.yaml": rule(own, other)})
    result = user.run("verify", "--fix", "--yes", path)
    assert (result.status, fixed(result)) == (0, [path]), result.printed
    assert value in opened(user, path)


def test_a_file_of_another_kind_is_left_and_named(user: User, own: str) -> None:
    """By its own rule the file is encrypted as sops does it; gitops-secrets writes Secrets alone."""
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    assert user.program(["sh", "-c", "echo A=one > a.env"]).status == 0
    assert user.program([find_sops(), "encrypt", "--in-place", "a.env"]).status == 0
    seal(user, "talos.yaml", "endpoint: 192.0.2.1\n")
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own},{other}\n"})
    before = user.read("a.env"), user.read("talos.yaml")
    result = user.run("verify", "--fix", "--yes", "a.env", "talos.yaml")
    assert (result.status, left(result), fixed(result)) == (1, ["a.env", "talos.yaml"], [])
    assert (user.read("a.env"), user.read("talos.yaml")) == before


@pytest.mark.parametrize(
    ("path", "content"), [("a.ini", "[db]\nA=one\n"), ("secrets/blob", "any bytes\n")]
)
def test_ini_and_binary_files_are_left_and_named(
    user: User, own: str, path: str, content: str
) -> None:
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    user.write({path: content})
    assert user.program([find_sops(), "encrypt", "--in-place", path]).status == 0
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own},{other}\n"})
    before = user.state()
    result = user.run("verify", "--fix", "--yes", path)
    assert (result.status, left(result), user.state()) == (1, [path], before), result.printed


def in_groups(*groups: str, needed: int) -> str:
    """A .sops.yaml with one rule and a key group for each of *groups*."""
    listed = "".join(f"  - age: [{one}]\n" for one in groups)
    return (
        "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n"
        f"  shamir_threshold: {needed}\n  key_groups:\n{listed}stores:\n  yaml:\n    indent: 2\n"
    )


@pytest.fixture
def three(user: User, own: str) -> tuple[str, str, str]:
    """The recipients of three identities that are at hand."""
    return (
        own,
        recipient(user, "gitops-secrets/two.agekey"),
        recipient(user, "gitops-secrets/three.agekey"),
    )


def test_a_file_gets_the_key_groups_of_its_rule(user: User, three: tuple[str, str, str]) -> None:
    """Each of its readers decrypted it alone, and two have to now."""
    user.commit({".sops.yaml": rule(*three)})
    assert user.run("verify", "--fix", "--yes", A).status == 0
    user.commit({".sops.yaml": in_groups(*three, needed=2)})
    wrong = user.run("verify", A)
    assert findings(wrong) == ["recipients"]
    assert (
        "each of its readers decrypts it alone, and creation rule 1 of .sops.yaml says 2 of 3"
        in wrong.stdout
    )
    result = user.run("verify", "--fix", A)
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert "shamir_threshold: 2" in user.read(A)
    assert "MAC fits in 1 of 1" in result.stdout


def test_that_fewer_key_groups_decrypt_a_file_is_a_question(
    user: User, three: tuple[str, str, str]
) -> None:
    user.commit({".sops.yaml": in_groups(*three, needed=3)})
    assert user.run("verify", "--fix", "--yes", A).status == 0
    user.commit({".sops.yaml": in_groups(*three, needed=2)})
    before = user.state()
    asked = user.run("verify", "--fix", A)
    assert (asked.status, user.state()) == (2, before), asked.printed
    assert "more people could read apps/a.yaml" in asked.stderr
    result = user.run("verify", "--fix", "--yes", A)
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert "MAC fits in 1 of 1" in result.stdout


def test_what_a_symlink_leads_to_is_not_written(user: User, own: str) -> None:
    outside = user.home / "c.yaml"
    outside.write_text(opaque(mixed(), name="c"))
    (user.repository / C).symlink_to(outside)
    before = outside.read_text()
    user.run("verify", "--fix", C)
    assert outside.read_text() == before
    assert (user.repository / C).is_symlink()


def test_a_reader_who_comes_gets_the_data_key_and_no_value_changes(user: User, own: str) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": rule(own, other)})
    values = [value_of(user, A, key) for key in ("a", "b")]
    mac = re.search("mac: .*", user.read(A))
    result = user.run("verify", "--fix", "--yes", A)
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert [value_of(user, A, key) for key in ("a", "b")] == values
    assert re.search("mac: .*", user.read(A))[0] == mac[0]  # type: ignore[index]
    assert other in user.read(A)
    assert other not in user.read(B)


def test_without_a_terminal_a_new_reader_has_to_be_meant(user: User, own: str) -> None:
    user.commit({".sops.yaml": rule(own, recipient(user, "gitops-secrets/other.agekey"))})
    before = user.state()
    result = user.run("verify", "--fix")
    assert result.status == 2, result.printed
    assert "--yes is required" in result.stderr
    assert user.state() == before


@pytest.mark.parametrize(("keys", "status"), [("y\r", 0), ("n\r", 3), ("\r", 3)])
def test_on_a_terminal_it_asks_before_a_reader_comes(
    user: User, own: str, keys: str, status: int
) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": rule(own, other)})
    before = user.read(A)
    with Terminal(user, [PROGRAM, "verify", "--fix"]) as terminal:
        terminal.wait_for("Write them?")
        terminal.type(keys)
        assert terminal.end() == status, terminal.transcript
        assert f"  {A}: adds ".encode() in terminal.transcript
    assert (user.read(A) == before) is (status != 0)


def test_a_reader_who_goes_loses_the_data_key_without_a_question(user: User, own: str) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": rule(own, other)})
    assert user.run("verify", "--fix", "--yes").status == 0
    user.commit({".sops.yaml": rule(own)})
    value = value_of(user, A, "a")
    result = user.run("verify", "--fix", A)
    assert (result.status, fixed(result)) == (0, [A]), result.printed
    assert other not in user.read(A)
    assert value_of(user, A, "a") != value
    assert "can still decrypt what earlier commits hold" in result.stdout


def test_a_file_encrypted_as_a_whole_is_encrypted_by_its_rule(user: User, own: str) -> None:
    value = mixed()
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    seal(user, C, opaque(value, name="c"))
    user.commit({".sops.yaml": rule(own)})
    asked = user.run("verify", "--fix", C)
    assert asked.status == 2, asked.printed
    result = user.run("verify", "--fix", "--yes", C)
    assert (result.status, fixed(result), findings(result)) == (0, [C], []), result.printed
    assert "leaves readable apiVersion, kind, metadata.name, metadata.namespace, comments" in (
        result.stdout
    )
    assert value in opened(user, C)


def test_a_mac_over_less_becomes_one_over_everything(user: User, own: str) -> None:
    user.commit({".sops.yaml": rule(own).replace("  age:", "  mac_only_encrypted: true\n  age:")})
    seal(user, C, opaque(mixed(), name="c"))
    user.commit({".sops.yaml": rule(own)})
    result = user.run("verify", "--fix", C)
    assert (result.status, fixed(result), findings(result)) == (0, [C], []), result.printed
    assert "mac_only_encrypted" not in user.read(C)


def test_a_block_above_readable_values_is_filled(user: User, own: str) -> None:
    value = mixed()
    user.commit({".sops.yaml": rule(own, encrypted="^nothing$")})
    seal(user, C, opaque(value, name="c"))
    user.commit({".sops.yaml": rule(own)})
    result = user.run("verify", "--fix", C)
    assert (result.status, fixed(result), findings(result)) == (0, [C], []), result.printed
    assert value not in user.read(C)
    assert value in opened(user, C)


def test_the_rule_of_a_folder_counts(user: User, own: str) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({"apps/.sops.yaml": rule(own, other, regex=".*")})
    result = user.run("verify", "--fix", "--yes")
    assert (result.status, fixed(result)) == (0, [A, B]), result.printed
    assert other in user.read(A)


def test_a_file_without_a_rule_stays_readable_and_is_named(user: User, own: str) -> None:
    user.commit({".sops.yaml": rule(own, regex="^none/")})
    value = mixed()
    user.write({A: opaque(value, name="a")})
    result = user.run("verify", "--fix")
    assert (result.status, left(result)) == (1, [A]), result.printed
    assert "no creation rule is for it" in result.stdout
    assert value in user.read(A)


def tampered(user: User) -> None:
    change(user, A, "namespace: shop", "namespace: shop\n  labels: {app: other}")


def moved(user: User) -> None:
    change(user, A, "name: a", "name: other")
    user.commit({})


def copied(user: User) -> None:
    change(user, A, re.escape(value_of(user, A, "a")), value_of(user, B, "a"))


def rolled_back(user: User) -> None:
    old = value_of(user, A, "a")
    command = [find_sops(), "set", "--value-stdin", A, '["stringData"]["a"]']
    assert user.program(command, stdin=b'"other"').status == 0
    user.commit({})
    change(user, A, re.escape(value_of(user, A, "a")), old)


def without_history(user: User) -> None:
    tampered(user)
    user.git("checkout", "--quiet", "--orphan", "new")
    user.commit({})


def made_readable(user: User) -> None:
    """No history tells that the value was encrypted: the MAC alone does."""
    change(user, A, re.escape(value_of(user, A, "b")), "readable")
    user.git("checkout", "--quiet", "--orphan", "new")
    user.commit({})


def replaced(user: User) -> None:
    change(user, A, re.escape(value_of(user, A, "b")), "readable")


def cut(user: User) -> None:
    change(user, A, r"(?m)^  mac: .*\n", "")


@pytest.mark.parametrize(
    "hand", [tampered, moved, rolled_back, without_history, made_readable, replaced, cut]
)
def test_what_other_hands_changed_is_left_and_the_rest_is_fixed(
    user: User, own: str, hand: object
) -> None:
    """Though a new reader is wanted for all of them: encrypted anew, the change would get a MAC that fits."""
    assert callable(hand)
    hand(user)
    before = user.read(A)
    user.write({".sops.yaml": rule(own, recipient(user, "gitops-secrets/other.agekey"))})
    result = user.run("verify", "--fix", "--yes")
    assert result.status == 1, result.printed
    assert user.read(A) == before
    assert left(result) == [A]
    assert fixed(result) == [B]


def test_a_file_under_another_name_is_left_though_its_mac_fits(user: User, own: str) -> None:
    """With mac_only_encrypted the name is outside of the MAC: only an earlier version tells."""
    only = "  mac_only_encrypted: true\n  age:"
    user.commit({".sops.yaml": rule(own).replace("  age:", only)})
    seal(user, C, opaque(mixed(), name="c"))
    user.commit({})
    change(user, C, "name: c", "name: other")
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": rule(own, other).replace("  age:", only)})
    before = user.read(C)
    result = user.run("verify", "--fix", "--yes", C)
    assert (result.status, left(result)) == (1, [C]), result.printed
    assert user.read(C) == before


def test_who_wrote_himself_into_a_file_gets_no_data_key_of_it(user: User, own: str) -> None:
    """With a copy of another reader's wrapped data key, a rule that names him, and a reason to encrypt anew."""
    stranger = str(x25519.Identity.generate().to_public())
    content = yaml.safe_load(user.read(A))
    readers = content["sops"]["age"]
    readers.append({**readers[0], "recipient": stranger})
    user.write({A: yaml.safe_dump(content, sort_keys=False)})
    user.write({".sops.yaml": rule(own, stranger, encrypted="^(labels|data|stringData)$")})
    before = user.read(A)
    result = user.run("verify", "--fix", A)
    assert (result.status, left(result), user.read(A)) == (1, [A], before), result.printed
    assert "two readers in it have the same wrapped data key" in result.stdout


def test_both_files_that_share_a_ciphertext_are_left(user: User, own: str) -> None:
    copied(user)
    user.write({".sops.yaml": rule(own, recipient(user, "gitops-secrets/other.agekey"))})
    before = user.read(A), user.read(B)
    result = user.run("verify", "--fix", "--yes")
    assert (result.status, left(result), fixed(result)) == (1, [A, B], []), result.printed
    assert (user.read(A), user.read(B)) == before


def test_a_marker_does_not_let_a_changed_file_be_fixed(user: User, own: str) -> None:
    change(user, A, "name: a", "name: other  # gitops-secrets: ignore[moved-ciphertext] renamed")
    user.commit({".sops.yaml": rule(own, recipient(user, "gitops-secrets/other.agekey"))})
    before = user.read(A)
    result = user.run("verify", "--fix", "--yes", A)
    assert (result.status, left(result)) == (1, [A]), result.printed
    assert user.read(A) == before


def test_if_one_file_does_not_open_none_is_written(user: User, own: str) -> None:
    """The other one is readable, and would need no identity."""
    change(user, A, "stringData:\n", "stringData:\n  extra: readable\n")
    user.write({"apps/0.yaml": opaque(mixed(), name="first")})
    (user.home / ".config/sops/age/keys.txt").unlink()
    before = user.state()
    result = user.run("verify", "--fix")
    assert result.status == 3, result.printed
    assert f"no identity at hand opens {A}" in result.stderr
    assert "hint: pass --age-identity-file" in result.stderr
    assert user.state() == before


def test_a_machine_that_cannot_encrypt_is_no_fault_of_a_file(user: User, own: str) -> None:
    user.write({C: opaque(word(), name="c")})
    before = user.state()
    result = user.run("verify", "--fix", env={"TMPDIR": "/nowhere"})
    assert (result.status, result.stdout, user.state()) == (3, "", before), result.printed
    assert "/nowhere cannot be written: No such file or directory" in result.stderr


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    user: User, own: str, output: str
) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    user.commit({".sops.yaml": rule(own, other)})
    user.write({C: opaque(mixed(), name="c")})
    before = user.state()
    result = user.run("verify", "--fix", "--dry-run", "--output", output)
    assert result.status == 1, result.printed
    assert user.state() == before
    if output == "json":
        document = documents.read("verify", result.stdout)
        assert document["fix"]["dry_run"] is True
        assert [one["path"] for one in document["fix"]["fixed"]] == [A, B, C]
        assert document["fix"]["fixed"][0]["readers_added"] == [other]
    else:
        assert f"would fix: {C}: encrypts stringData.a\n" in result.stdout
        assert "nothing was written" in result.stdout


def test_the_document_says_what_was_fixed_and_left(user: User, own: str) -> None:
    tampered(user)
    user.write({C: opaque(mixed(), name="c")})
    result = user.run("verify", "--fix", "--output", "json")
    document = documents.read("verify", result.stdout)
    assert (result.status, document["exit_code"]) == (1, 1)
    assert [one["path"] for one in document["fix"]["fixed"]] == [C]
    assert [one["path"] for one in document["fix"]["left"]] == [A]
    assert document["fix"]["fixed"][0]["encrypted"] == ["stringData.a"]
    assert documents.read("verify", user.run("verify", "--output", "json").stdout)["fix"] is None


@pytest.mark.parametrize("output", ["text", "json"])
def test_neither_what_is_fixed_nor_what_is_left_is_said(user: User, own: str, output: str) -> None:
    values = [mixed() for _ in range(4)]
    seal(user, C, opaque(values[0], values[1], name="c"))
    user.commit({})
    made_readable(user)
    change(user, C, "stringData:\n", f"stringData:\n  extra: {values[2]}\n")
    change(user, A, "b: readable", f"b: {values[3]}")
    with Watch(user, *values) as watch:
        results = [
            user.run("verify", "--fix", *more, "--output", output) for more in (("--dry-run",), ())
        ]
    assert [result.status for result in results] == [1, 1]
    assert watch.leaks(*results) == [f"fleet/{A}"]
    assert values[2] in opened(user, C)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--fix", "--staged"), "--staged looks at others"),
        (("--fix", "--range", "HEAD..HEAD"), "--range looks at others"),
        (("--fix", "--history"), "--history looks at others"),
        (("--fix", "--keyless"), "--fix and --keyless exclude each other"),
        (("--fix", "--require-signed"), "--fix and --require-signed exclude each other"),
        (("--fix", "--output", "sarif"), "--fix has no report in SARIF"),
        (("--yes",), "--yes needs --fix"),
        (("--dry-run",), "--dry-run needs --fix"),
    ],
)
def test_it_is_for_the_work_tree_alone(
    user: User, own: str, options: tuple[str, ...], says: str
) -> None:
    result = user.run("verify", *options)
    assert result.status == 2, result.printed
    assert says in result.stderr
