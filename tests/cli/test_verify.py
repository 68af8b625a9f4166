"""verify, told with the installed command: real git, files of the real sops, and hands that change them."""

from __future__ import annotations

import json
import re

import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.user import User
from tests.support.verified import A, B, change, findings, seal, value_of


def test_intact_files_are_proven_with_an_identity(user: User, own: str) -> None:
    result = user.run("verify")
    assert result.status == 0, result.printed
    assert "every value decrypts and the MAC fits in 2 of 2" in result.stdout
    assert "who wrote them is not proven" in result.stdout


def test_without_an_identity_it_says_that_nothing_was_opened(user: User, own: str) -> None:
    for keys in (user.home / ".config").rglob("keys.txt"):
        keys.unlink()
    result = user.run("verify")
    assert result.status == 0
    assert "no identity at hand opens 2 files: no value was decrypted" in result.stdout
    assert "no MAC was computed" in user.run("verify", "--keyless").stdout


@pytest.mark.parametrize("options", [(), ("--keyless",)])
def test_a_readable_field_edited_by_hand_is_seen_without_a_key(
    user: User, own: str, options: tuple[str, ...]
) -> None:
    change(user, A, "namespace: shop", "namespace: shop\n  labels: {app: other}")
    result = user.run("verify", *options)
    assert result.status == 1
    assert findings(result) == ["tampered"]
    assert "metadata.labels.app was added by hand" in result.stdout


def test_with_an_identity_and_no_history_the_mac_tells(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: shop\n  labels: {app: other}")
    user.git("checkout", "--quiet", "--orphan", "new")
    user.commit({})
    assert findings(user.run("verify", "--keyless")) == []
    assert findings(user.run("verify")) == ["mac"]


def test_a_file_that_only_sops_refuses_is_said_to_be_decrypted_by_the_controller(
    user: User, own: str
) -> None:
    change(user, A, "namespace: shop", "namespace: shop\n  labels: {app: other}")
    user.git("checkout", "--quiet", "--orphan", "new")
    user.commit({})
    assert "kustomize-controller decrypts it all the same" in user.run("verify").stdout
    assert readers(user)[A] == {"sops": "mac", "kustomize_controller": "opens", "why": ""}


def test_a_value_that_does_not_open_is_refused_by_both(user: User, own: str) -> None:
    change(user, A, re.escape(value_of(user, A, "a")), value_of(user, B, "a"))
    assert "all the same" not in user.run("verify").stdout
    told = readers(user)[A]
    assert (told["sops"], told["kustomize_controller"]) == ("closed", "refuses")


def test_a_file_that_only_the_controller_leaves_encrypted_is_a_note(user: User, own: str) -> None:
    """Its MAC is still that of sops: white space is not in it."""
    seal(user, "apps/c.json", json.dumps({"stringData": {"a": "a value"}}))
    user.write(
        {"apps/c.json": json.dumps(json.loads(user.read("apps/c.json")), separators=(",", ":"))}
    )
    result = user.run("verify")
    assert (
        "note: sops opens apps/c.json, and kustomize-controller applies the ciphertext"
        in result.stdout
    )
    assert readers(user)["apps/c.json"]["kustomize_controller"] == "leaves"


def readers(user: User) -> dict[str, dict[str, str]]:
    """Which program opens each file."""
    told = json.loads(user.run("verify", "--output", "json").stdout)["readers"]
    return {reader.pop("path"): reader for reader in told}


def test_an_object_under_another_name_is_moved(user: User, own: str) -> None:
    change(user, A, "name: a", "name: other")
    user.commit({})
    result = user.run("verify")
    assert findings(result) == ["moved-ciphertext"]
    assert f"{A}:5:9" in result.stdout
    assert "encrypted for Secret shop/a" in result.stdout


def test_a_value_taken_from_another_file_is_named(user: User, own: str) -> None:
    change(user, A, re.escape(value_of(user, A, "a")), value_of(user, B, "a"))
    result = user.run("verify", "--keyless")
    assert "tampered" in findings(result)
    assert f"has the ciphertext of stringData.a of {B}" in result.stdout
    assert "value" not in findings(user.run("verify"))


def test_a_sops_block_taken_from_another_file_is_named(user: User, own: str) -> None:
    (values, _), (_, block) = (user.read(path).split("sops:\n", 1) for path in (A, B))
    user.write({A: f"{values}sops:\n{block}"})
    result = user.run("verify", "--keyless")
    assert "tampered" in findings(result)
    assert f"its sops block is that of {B} in commit" in result.stdout


def test_values_that_were_swapped_are_named(user: User, own: str) -> None:
    a, b = value_of(user, A, "a"), value_of(user, A, "b")
    user.write({A: user.read(A).replace(a, "\0").replace(b, a).replace("\0", b)})
    result = user.run("verify", "--keyless")
    assert findings(result) == ["tampered"]
    assert "stringData.a has the ciphertext of stringData.b" in result.stdout


def test_a_value_that_was_rolled_back_is_named_with_its_commit(user: User, own: str) -> None:
    old = value_of(user, A, "a")
    commit = user.git("rev-parse", "HEAD").strip()
    done = user.program(
        [find_sops(), "set", "--value-stdin", A, '["stringData"]["a"]'], stdin=b'"other"'
    )
    assert done.status == 0, done.printed
    user.commit({})
    change(user, A, re.escape(value_of(user, A, "a")), old)
    result = user.run("verify", "--keyless")
    assert findings(result) == ["tampered"]
    assert (
        f"stringData.a was rolled back to the ciphertext of commit {commit[:12]}" in result.stdout
    )


@pytest.mark.parametrize("text", ["clear", "12", "ENC[AES256_GCM,data:x]", "{x: clear}"])
def test_a_readable_value_is_named_with_its_place(user: User, own: str, text: str) -> None:
    change(user, A, re.escape(value_of(user, A, "b")), text)
    result = user.run("verify")
    assert result.status == 1
    assert "readable-value" in findings(result)
    assert re.search(rf"{A}:\d+:\d+: error\[readable-value\]: stringData\.b", result.stdout)


def test_a_blanked_value_is_seen_though_it_is_empty(user: User, own: str) -> None:
    change(user, A, re.escape(value_of(user, A, "b")), '""')
    assert findings(user.run("verify", "--keyless")) == ["tampered"]


def test_a_loosened_rule_is_seen(user: User, own: str) -> None:
    change(user, A, r"encrypted_regex: .*", "encrypted_regex: ^(data|stringDat)$")
    result = user.run("verify", "--keyless")
    assert "the rule by which values are encrypted was changed" in result.stdout
    assert {"tampered", "not-decrypted"} <= set(findings(result))


def test_a_recipient_added_by_hand_is_seen(user: User, own: str) -> None:
    other = recipient(user, "gitops-secrets/other.agekey")
    entry = re.search(
        r"(?s) +- enc: .*?recipient: \S+\n| +- recipient: .*?-----END.*?\n", user.read(A)
    )
    assert entry is not None
    added = entry[0].replace(own, other)
    body = user.read(B)
    wrapped = re.search(r"(?s)-----BEGIN AGE.*?-----END AGE ENCRYPTED FILE-----", body)
    held = re.search(r"(?s)-----BEGIN AGE.*?-----END AGE ENCRYPTED FILE-----", entry[0])
    assert wrapped is not None
    assert held is not None
    user.write({A: user.read(A).replace(entry[0], entry[0] + added.replace(held[0], wrapped[0]))})
    result = user.run("verify")
    assert {"added-recipient", "recipients", "data-key"} <= set(findings(result)), result.printed


def test_updatekeys_is_no_tampering(user: User, own: str) -> None:
    user.commit({".sops.yaml": rule(own, recipient(user, "other.txt"))})
    assert findings(user.run("verify")) == ["recipients", "recipients"]
    for path in (A, B):
        assert user.program([find_sops(), "updatekeys", "--yes", path]).status == 0
    assert findings(user.run("verify")) == []


def test_a_file_that_was_edited_and_committed_is_found_in_history(user: User, own: str) -> None:
    before = user.read(A)
    change(user, A, "namespace: shop", "namespace: other")
    user.commit({})
    commit = user.git("rev-parse", "HEAD").strip()
    user.commit({A: before})
    assert findings(user.run("verify")) == []
    result = user.run("verify", "--history")
    assert findings(result) == ["moved-ciphertext"]
    assert f"since commit {commit[:12]}" in result.stdout


def test_a_range_reports_what_it_brings_and_not_what_was_there(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    user.commit({})
    user.git("branch", "base")
    assert findings(user.run("verify", "--range", "base..HEAD")) == []
    change(user, B, "namespace: shop", "namespace: other")
    user.commit({})
    result = user.run("verify", "--range", "base..HEAD")
    assert findings(result) == ["moved-ciphertext"]
    assert B in result.stdout


def test_staged_looks_at_the_index(user: User, own: str) -> None:
    before = user.read(A)
    change(user, A, re.escape(value_of(user, A, "b")), "clear")
    user.git("add", A)
    user.write({A: before})
    assert "readable-value" in findings(user.run("verify", "--staged"))
    assert findings(user.run("verify")) == []


def test_paths_choose_what_is_reported(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    assert findings(user.run("verify", B)) == []
    assert findings(user.run("verify", "apps")) == ["moved-ciphertext"]
    assert user.run("verify", "nothing.yaml").status == 2


def test_what_sops_left_readable_is_found(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user), encrypted="^stringdata$")})
    seal(user, A, opaque(mixed()))
    result = user.run("verify")
    assert result.status == 1
    assert set(findings(result)) == {"nothing-encrypted", "readable-secret"}


@pytest.mark.parametrize(
    ("before", "after", "check"),
    [
        ("name: one", "name: other", "moved-ciphertext"),
        ("replicas: 1", "replicas: 2", "tampered"),
    ],
)
def test_what_encrypt_does_not_take_gets_its_mac_from_sops(
    user: User, before: str, after: str, check: str
) -> None:
    user.commit({".sops.yaml": rule(recipient(user), encrypted="^token$")})
    issuer = f"apiVersion: example.org/v1\nkind: Issuer\nmetadata:\n  name: one\nspec:\n  token: {mixed()}\n"
    seal(user, A, f"{issuer}  mail: a\n  replicas: 1\n")
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Issuer")
    change(user, A, before, after)

    result = user.run("verify")
    assert findings(result) == [check]
    assert f"change any value with: sops edit --ignore-mac {A}\n" in result.stdout

    edit = [find_sops(), "edit", "--ignore-mac", A]
    done = user.program(edit, env={**user.env, "EDITOR": "sed -i s/mail/post/"})
    assert done.status == 0, done.printed
    assert user.run("verify").status == 0


def test_a_rule_by_which_encrypt_refuses_is_to_be_changed_first(user: User) -> None:
    own = recipient(user)
    user.commit({".sops.yaml": rule(own)})
    seal(user, A, opaque(mixed()))
    user.commit({".sops.yaml": f"creation_rules:\n- age: {own}\n"})
    said = user.run("verify").stdout
    assert "would encrypt apiVersion" in said
    before = f"hint: in .sops.yaml, before that rule, one for {A} with encrypted_regex: "
    assert f"{before}^(data|stringData)$\n" in said


def test_a_secret_whose_values_are_all_empty_has_nothing_to_encrypt(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user))})
    seal(user, A, opaque("", ""))
    assert "ENC[" not in user.read(A).partition("sops:")[0], "sops leaves empty values as they are"
    result = user.run("verify")
    assert (result.status, findings(result)) == (0, []), result.printed


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("x.json", '{"a": 1, "b": [true, null, "x"], "c": {"d": 1.5}}'),
        ("x.env", "# note\nA=1\nB=two\n"),
        ("x.ini", "[s]\na = 1\nb = two\n"),
        ("x.txt", "whatever"),
        ("x.yaml", "a: 1\n---\nb: [2, {c: x}]\n"),
    ],
)
def test_every_form_of_sops_is_read(user: User, name: str, plain: str) -> None:
    user.commit({".sops.yaml": f"creation_rules:\n- age: {recipient(user)}\n"})
    seal(user, name, plain)
    result = user.run("verify")
    assert result.status == 0, result.printed
    assert "fits in 1 of 1" in result.stdout
    text = user.read(name)
    tag = re.findall(r"tag:(....)[^]]*type:(?!comment)", text)[0]
    # Not the same backwards, as one tag in thousands is.
    other = ("B" if tag[0] == "A" else "A") + tag[1:]
    user.write({name: text.replace(f"tag:{tag}", f"tag:{other}", 1)})
    assert "value" in findings(user.run("verify"))


def test_a_file_that_only_sops_can_judge_is_given_to_sops(user: User) -> None:
    groups = "".join(f"  - age: [{recipient(user, name)}]\n" for name in ("keys.txt", "other.txt"))
    user.commit(
        {
            ".sops.yaml": "creation_rules:\n- encrypted_regex: ^(data|stringData)$\n"
            f"  shamir_threshold: 2\n  key_groups:\n{groups}"
        }
    )
    keys = [path.read_text() for path in (user.home / ".config").rglob("*.txt")]
    (user.home / ".config/sops/age/keys.txt").write_text("".join(keys))
    seal(user, A, opaque(mixed()))
    assert "fits in 1 of 1" in user.run("verify").stdout
    change(user, A, "namespace: shop", "namespace: other")
    assert findings(user.run("verify")) == ["mac"]


def test_files_with_one_data_key_are_a_note(user: User, own: str) -> None:
    user.write({"apps/c.yaml": user.read(A)})
    result = user.run("verify")
    assert result.status == 0, result.printed
    assert (
        f"2 files share one data key, and whoever opens one opens all of them: {A}" in result.stdout
    )


def test_rules_that_do_nothing_are_named(user: User, own: str) -> None:
    user.write(
        {
            ".sops.yaml": (
                f"creation_rules:\n- path_regex: ^apps/\n  encrypted_regex: ^(data|stringData)$\n  age: {own}\n"
                f"- path_regex: ^apps/a\n  encrypted_regx: x\n  age: {own}\n"
                f"- path_regex: ^nowhere/\n  age: {own[:-1]}\n"
            )
        }
    )
    result = user.run("verify")
    assert result.status == 1
    assert findings(result) == ["shadowed-rule", "unknown-key", "invalid-recipient", "unused-rule"]
    assert (
        "sops ignores the key 'encrypted_regx' of a creation rule: is encrypted_regex meant?"
        in result.stdout
    )


def test_a_rule_that_no_regex_can_be_made_of_is_named(user: User, own: str) -> None:
    user.write(
        {".sops.yaml": rule(own).replace("stores:", f"- path_regex: (x\n  age: {own}\nstores:")}
    )
    result = user.run("verify")
    assert findings(result) == ["sops-config"]
    assert (
        ".sops.yaml:6:1: error[sops-config]: path_regex is not a regular expression"
        in result.stdout
    )


def test_a_template_of_rules_is_not_judged_by_its_placeholders(user: User, own: str) -> None:
    user.write(
        {"templates/.sops.yaml": "creation_rules:\n- path_regex: x/\n  age: ${PUBLIC_KEY}\n"}
    )
    result = user.run("verify")
    assert findings(result) == []


def test_an_identity_among_the_recipients_is_not_shown(user: User) -> None:
    from pyrage import x25519

    secret = str(x25519.Identity.generate())
    user.write({".sops.yaml": f"creation_rules:\n- age: {secret}\n"})
    for command in (
        ("verify",),
        ("which-rule", "a.yaml"),
        ("which-rule", "a.yaml", "--output", "json"),
    ):
        result = user.run(*command)
        assert secret[:20] not in result.printed
    assert "stands in place of a recipient" in user.run("verify").stdout


def test_which_rule_explains_the_choice(user: User, own: str) -> None:
    result = user.run("which-rule", A)
    assert result.status == 0
    assert f"'{rule(own).split('path_regex: ')[1].splitlines()[0]}'" in result.stdout
    assert f"readers: {own}" in result.stdout
    assert "encrypts: stringData.a" in result.stdout
    assert "leaves readable: metadata.name" in result.stdout
    assert user.run("which-rule", "x.txt").status == 1


def test_which_rule_holds_only_secrets_against_what_flux_can_read(user: User) -> None:
    everything = f"creation_rules:\n- age: {recipient(user)}\n"
    user.commit({".sops.yaml": everything, "hosts/all.yaml": "password: ''\n"})
    misfit = "it does not fit a Secret for Flux: it encrypts apiVersion, which Flux has to read"
    assert misfit in user.run("which-rule", "apps/new.yaml").stdout
    for path in ("hosts/all.yaml", "apps/app.env"):
        assert "does not fit" not in user.run("which-rule", path).stdout


def test_which_rule_says_where_sops_fails(user: User, own: str) -> None:
    user.write({".sops.yaml": rule(own, regex="'(x'").replace("stores:", f"- age: {own}\nstores:")})
    result = user.run("which-rule", A)
    assert result.status == 1
    tried, last = result.stdout.splitlines()
    assert tried == (
        ".sops.yaml:2: creation rule 1 ends the search: its path_regex is not a regular expression of Go's, "
        "and sops fails on it: a group is not closed"
    )
    assert last == f"{A}: no creation rule can be found for it"


def test_sarif_names_the_check_and_its_page(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    run = json.loads(user.run("verify", "--output", "sarif").stdout)["runs"][0]
    (found,) = run["results"]
    described = run["tool"]["driver"]["rules"][found["ruleIndex"]]
    assert found["ruleId"] == described["id"] == "moved-ciphertext"
    assert described["helpUri"].endswith("docs/verify.md#moved-ciphertext")


def test_a_repository_without_a_commit_is_checked(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user))})
    seal(user, A, opaque(mixed()))
    result = user.run("verify")
    assert result.status == 0, result.printed
    assert "fits in 1 of 1" in result.stdout


def test_what_cannot_be_looked_at_is_refused(user: User, own: str) -> None:
    for arguments, status in (
        (("--age-identity-file", "nothing.txt"), 3),
        (("--range", "main"), 2),
        (("--range", "nothing..HEAD"), 3),
        (("--staged", "--history"), 2),
        (("/etc/hostname",), 2),
    ):
        result = user.run("verify", *arguments)
        assert result.status == status, result.printed
        assert "hint:" in result.stderr or status == 2


def test_a_marker_excuses_a_finding_of_the_guards_rules(user: User, own: str) -> None:
    """Who accepted a moved Secret in the guard accepts it here."""
    marker = "# gitops-secrets: ignore[moved-ciphertext] renamed with the namespace"
    change(user, A, "namespace: shop", f"{marker}\n  namespace: other")
    result = user.run("verify", "--keyless")
    assert result.status == 0, result.printed
    assert "excused[moved-ciphertext] by its marker: renamed with the namespace" in result.stdout


def test_versions_that_a_partial_clone_lacks_are_told(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    user.commit({})
    user.git("config", "uploadpack.allowFilter", "true")
    clone = user.home / "clone"
    url = user.repository.as_uri()
    user.git("clone", "--quiet", "--filter=blob:none", url, str(clone), cwd=user.home)
    user.repository.rename(user.home / "away")
    result = user.run("verify", cwd=clone)
    assert "note: not compared with" in result.stdout
    assert findings(result) == ["mac"]
    history = user.run("verify", "--history", cwd=clone)
    assert history.status == 3
    assert "error: not looked at:" in history.stdout


def test_two_runs_print_the_same_and_write_nothing(user: User, own: str) -> None:
    change(user, A, "namespace: shop", "namespace: other")
    before = user.state()
    assert user.run("verify", "--history").printed == user.run("verify", "--history").printed
    assert user.state() == before


def test_markers_of_a_merge_are_named(user: User, own: str) -> None:
    change(user, A, "(?m)^  name: a$", "<<<<<<< HEAD\n  name: a\n=======\n  name: z\n>>>>>>> x")
    result = user.run("verify", A)
    assert findings(result) == ["conflict-markers"]


def test_rules_behind_a_symlink_are_not_passed_over(user: User, own: str) -> None:
    """sops follows it. Which rules there are would be decided by a file that is none of rules."""
    rules = user.read(".sops.yaml")
    (user.repository / ".sops.yaml").unlink()
    user.write({"conf/sops.yaml": rules})
    (user.repository / ".sops.yaml").symlink_to("conf/sops.yaml")
    user.git("add", "--all")
    result = user.run("verify")
    assert result.status == 1, result.printed
    assert "sops-config" in findings(result)
    explained = user.run("which-rule", A)
    assert explained.status == 1
    assert "a symlink named .sops.yaml leads here" in explained.stdout
    (user.repository / ".sops.yaml").unlink()
    user.write({"conf/.sops.yaml": rules})
    (user.repository / ".sops.yaml").symlink_to("conf/.sops.yaml")
    assert user.run("which-rule", A).status == 0


def test_a_regex_is_printed_as_it_stands_in_the_file_and_steers_no_terminal(user: User) -> None:
    own = recipient(user)
    unused = f'- path_regex: "\\\\.none\\e[31m]$"\n  age: {own}\n'
    user.commit(
        {".sops.yaml": rule(own).replace("creation_rules:\n", f"creation_rules:\n{unused}")}
    )
    seal(user, A, opaque(mixed()))

    explained, verified = user.run("which-rule", A).stdout, user.run("verify").stdout

    assert r"creation rule 1 is not for it: '\.none\x1b[31m]$' is not found in" in explained
    assert r"matches no file: path_regex '\.none\x1b[31m]$'" in verified


@pytest.mark.parametrize("command", [("verify",), ("which-rule", A), ("encrypt", "apps/new.yaml")])
def test_rules_that_are_not_utf_8_are_named(user: User, own: str, command: tuple[str, ...]) -> None:
    user.write(
        {".sops.yaml": user.read(".sops.yaml").encode("utf-16"), "apps/new.yaml": opaque("x")}
    )
    result = user.run(*command)
    assert result.status in (1, 3), result.printed
    assert "it is not UTF-8 text" in result.printed
