"""encrypt: any Secret by the repository's rules, and nothing written where it would stay readable."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml

from tests.support import documents
from tests.support.secrets import PATH, encoded, opaque, opened, recipient, rule, word
from tests.support.user import PROGRAM, User

SMALLEST = (2, 3)
"""Lines: the value, the MAC, and where the second is another one, the time."""


@pytest.fixture
def ruled(user: User) -> User:
    """A user whose repository has a rule for apps/, and who has its identity."""
    user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
    return user


def test_a_readable_secret_is_encrypted_in_place(ruled: User) -> None:
    value = word()
    ruled.write({PATH: opaque(value, "b")})
    result = ruled.run("encrypt", PATH)
    assert result.status == 0, result.printed
    assert value not in ruled.read(PATH)
    assert yaml.safe_load(opened(ruled))["stringData"] == {"a": value, "b": "b"}
    assert result.stdout.startswith(f"{PATH}: Secret shop/db encrypted\n")
    ruled.git("add", PATH)
    assert ruled.run("scan").status == 0


def test_the_same_again_changes_no_byte(ruled: User) -> None:
    ruled.write({PATH: opaque(word())})
    ruled.run("encrypt", PATH)
    before = ruled.state()
    result = ruled.run("encrypt", PATH)
    assert (result.status, ruled.state()) == (0, before)
    assert "is encrypted already" in result.stdout


def test_what_the_guards_hint_says_fixes_what_it_found(ruled: User) -> None:
    ruled.write({PATH: opaque(word())})
    ruled.git("add", PATH)
    found = ruled.run("scan")
    hint = found.stdout.partition("hint: ")[2].splitlines()[0]
    assert hint.startswith("gitops-secrets encrypt")
    fixed = ruled.program(["sh", "-c", hint], env={"PATH": f"{PROGRAM.parent}:{ruled.env['PATH']}"})
    assert fixed.status == 0, fixed.printed
    assert ruled.run("scan").status == 0


def test_standard_input_goes_to_a_new_file(ruled: User) -> None:
    value = word()
    result = ruled.run("encrypt", "-", "--to", "apps/new/x.yaml", stdin=opaque(value).encode())
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(ruled, "apps/new/x.yaml"))["stringData"]["a"] == value


def test_one_changed_value_changes_three_lines(ruled: User) -> None:
    ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "two", "three").encode())
    before = ruled.read(PATH).splitlines()
    result = ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "TWO", "three").encode())
    assert result.status == 0, result.printed
    after = ruled.read(PATH).splitlines()
    assert len(set(after) - set(before)) in SMALLEST
    assert yaml.safe_load(opened(ruled))["stringData"]["b"] == "TWO"


def test_a_value_written_into_an_encrypted_file_is_encrypted_beside_the_others(ruled: User) -> None:
    ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "two").encode())
    before = ruled.read(PATH)
    ruled.write({PATH: before.replace("stringData:\n", "stringData:\n  new: s3cr3t-n3w\n")})
    result = ruled.run("encrypt", PATH)
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(ruled))["stringData"] == {
        "a": "one",
        "b": "two",
        "new": "s3cr3t-n3w",
    }
    assert len(set(ruled.read(PATH).splitlines()) - set(before.splitlines())) in SMALLEST


def test_a_value_that_took_anothers_place_is_encrypted_on_the_users_word(ruled: User) -> None:
    ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("one", "two").encode())
    lines = ruled.read(PATH).splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("  a: ENC"))
    lines[at] = "  a: s3cr3t-n3w\n"
    ruled.write({PATH: "".join(lines)})
    refused = ruled.run("encrypt", PATH)
    assert refused.status == 3
    assert ruled.read(PATH) == "".join(lines)
    assert f"gitops-secrets encrypt --ignore-mac {PATH}" in refused.stderr
    assert ruled.run("encrypt", "--ignore-mac", PATH).status == 0
    assert yaml.safe_load(opened(ruled))["stringData"] == {"a": "s3cr3t-n3w", "b": "two"}


def test_a_forged_sops_block_excuses_nothing(ruled: User) -> None:
    value = word()
    ruled.write({PATH: opaque(value) + "sops:\n  mac: forged\n  version: 3.9.0\n"})
    result = ruled.run("encrypt", PATH)
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(ruled))["stringData"]["a"] == value


def test_several_documents_are_encrypted_together(ruled: User) -> None:
    one, two = word(), word()
    ruled.write({PATH: opaque(one) + "---\n" + opaque(two, name="other")})
    assert ruled.run("encrypt", PATH).status == 0
    values = [d["stringData"]["a"] for d in yaml.safe_load_all(opened(ruled))]
    assert values == [one, two]


def test_json_stays_json(ruled: User) -> None:
    value = word()
    manifest = yaml.safe_load(opaque(value))
    ruled.write({"apps/db.json": json.dumps(manifest)})
    assert ruled.run("encrypt", "apps/db.json").status == 0
    assert "sops" in json.loads(ruled.read("apps/db.json"))
    assert json.loads(opened(ruled, "apps/db.json"))["stringData"]["a"] == value


def test_without_a_rule_recipients_may_be_named(user: User) -> None:
    user.write({PATH: opaque(word())})
    refused = user.run("encrypt", PATH)
    assert refused.status == 3
    assert "no creation rule of .sops.yaml matches apps/db.yaml" in refused.stderr
    assert user.run("encrypt", PATH, "--age-recipient", recipient(user)).status == 0
    opened(user)


def test_without_an_identity_its_structure_is_read_back(ruled: User) -> None:
    (ruled.home / ".config/sops/age/keys.txt").unlink()
    ruled.write({PATH: opaque(word())})
    assert ruled.run("encrypt", PATH).status == 0
    assert "a: ENC[" in ruled.read(PATH)
    again = ruled.run("encrypt", PATH)
    assert (again.status, "is encrypted already" in again.stdout) == (0, True)


def test_what_git_has_seen_readable_is_said(ruled: User) -> None:
    ruled.write({PATH: opaque(word())})
    ruled.git("add", PATH)
    assert f"the index holds it readable: git add {PATH}" in ruled.run("encrypt", PATH).stdout
    ruled.commit({PATH: opaque(word())})
    assert (
        "is not pushed yet; to take it back: git reset --soft" in ruled.run("encrypt", PATH).stdout
    )


def test_a_variable_that_flux_would_replace_is_said(ruled: User) -> None:
    ruled.write({PATH: opaque("a${b}c")})
    assert "kustomize.toolkit.fluxcd.io/substitute: disabled" in ruled.run("encrypt", PATH).stdout


def unfit(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user), encrypted="^stringdata$")})


def pgp(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user)).replace("  age:", "  pgp: ABCD\n  age:")})


def mistyped(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user)[:-1] + "b")})


def set_manifest(content: str) -> Callable[[User], None]:
    return lambda user: user.write({PATH: content})


REFUSED = {
    "a rule whose regex matches nothing": (unfit, "leaves data and stringData readable"),
    "a rule with other keys": (pgp, "pgp names a key manager"),
    "a mistyped recipient": (mistyped, "is not an age recipient, or is mistyped"),
    "another kind": (
        set_manifest("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        "is a ConfigMap",
    ),
    "a list": (set_manifest("apiVersion: v1\nkind: List\nitems: []\n"), "is a List"),
    "a number": (set_manifest(opaque("x").replace('"x"', "0123")), "put it in quotes"),
    "a boolean": (set_manifest(opaque("x").replace('"x"', "yes")), "put it in quotes"),
    "no base64": (
        set_manifest(opaque("x").replace("stringData", "data").replace('"x"', '"%%"')),
        "is not base64",
    ),
    "a key twice": (set_manifest(opaque("x", "y").replace("  b:", "  a:")), "stands twice"),
    "no value": (set_manifest(opaque()), "holds no value"),
    "broken YAML": (set_manifest("a: [\n"), "not valid YAML"),
    "an empty file": (set_manifest(""), "is empty"),
    "no such name": (set_manifest(opaque("x", name="A_b")), "takes no Secret named"),
    "a broken docker config": (
        set_manifest(
            opaque().replace("stringData:\n", "type: kubernetes.io/dockerconfigjson\ndata:\n")
            + f"  .dockerconfigjson: {encoded('{}')}\n"
        ),
        '"auths"',
    ),
    "too large": (set_manifest(opaque("x" * 1_100_000)), "the most that Kubernetes takes"),
}


@pytest.mark.parametrize("story", REFUSED)
def test_bad_input_is_refused_and_nothing_is_written(ruled: User, story: str) -> None:
    arrange, said = REFUSED[story]
    ruled.write({PATH: opaque("hunter2hunter2")})
    arrange(ruled)
    before = ruled.state()
    result = ruled.run("encrypt", PATH)
    assert result.status == 3, result.printed
    assert said in result.stderr
    assert "hunter2" not in result.printed
    assert ruled.state() == before


def test_variables_that_outrank_the_rule_are_refused(ruled: User) -> None:
    ruled.write({PATH: opaque("x")})
    result = ruled.run("encrypt", PATH, env={"SOPS_AGE_RECIPIENTS": "age1x"})
    assert (result.status, "SOPS_AGE_RECIPIENTS is set" in result.stderr) == (3, True)


def test_another_object_is_not_written_over(ruled: User) -> None:
    ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("x").encode())
    before = ruled.state()
    result = ruled.run("encrypt", "-", "--to", PATH, stdin=opaque("x", name="other").encode())
    assert (result.status, ruled.state()) == (3, before)
    assert "holds Secret shop/db, not what is given" in result.stderr


def test_a_symlink_is_not_followed(ruled: User) -> None:
    outside = ruled.home / "outside.yaml"
    outside.write_text(opaque("x"))
    (ruled.repository / PATH).symlink_to(outside)
    assert ruled.run("encrypt", PATH).status == 3
    assert outside.read_text() == opaque("x")


def test_comments_and_everything_readable_stay(ruled: User) -> None:
    ruled.write({PATH: opaque("x", extra="  labels: {team: shop}\n")})
    ruled.run("encrypt", PATH)
    assert ruled.read(PATH).startswith("# what the shop's database asks for\n")
    assert yaml.safe_load(ruled.read(PATH))["metadata"]["labels"] == {"team": "shop"}


def test_the_output_for_programs_is_json(ruled: User) -> None:
    ruled.write({PATH: opaque("x")})
    said = documents.read("encrypt", ruled.run("encrypt", PATH, "--output", "json").stdout)
    assert (said["version"], said["path"], said["changed"]) == (1, PATH, True)
    assert (said["objects"], said["keys"]) == (["Secret shop/db"], ["stringData.a"])
