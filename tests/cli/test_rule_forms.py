"""encrypt, edit and show by creation rules in every form that sops takes: the real sops opens what they made."""

from __future__ import annotations

import pytest
import yaml

from tests.support.secrets import PATH, mixed, opaque, opened, recipient, word
from tests.support.user import User

REGEX = "encrypted_regex: ^(data|stringData)$"


def rules(user: User, rule: str, head: str = "") -> None:
    lines = "\n".join(f"    {line}" for line in rule.splitlines())
    user.commit({".sops.yaml": f"{head}creation_rules:\n  - path_regex: ^apps/\n{lines}\n"})


FORMS = {
    "text": f"{REGEX}\nage: AGE",
    "folded": f"{REGEX}\nage: >-\n  AGE,\n  OTHER",
    "list": f"{REGEX}\nage: [AGE, OTHER]",
    "group": f"{REGEX}\nkey_groups:\n- age: [AGE, OTHER]",
    "group and keys that it outranks": f"{REGEX}\nage: OTHER\nkms: arn\nkey_groups:\n- age: [AGE]",
    "merged group": f"{REGEX}\nkey_groups:\n- merge:\n  - age: [OTHER]\n  age: [AGE]",
    "threshold of one group": f"{REGEX}\nshamir_threshold: 2\nage: AGE",
    "MAC": f"{REGEX}\nmac_only_encrypted: true\nage: AGE",
    "unencrypted_regex": "unencrypted_regex: ^(apiVersion|kind|metadata|type)$\nage: AGE",
    "suffix": "encrypted_suffix: Data\nage: AGE",
    "one field": "encrypted_regex: ^stringData$\nage: AGE",
    "many words": "encrypted_regex: '((?i)(pass|key|token|^data$|^stringdata))'\nage: AGE",
    "other sections": f"{REGEX}\nfilename_regex: x\nage: AGE\npgp: ''\nkms: []",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_encrypted_and_edited_by_it(user: User, form: str) -> None:
    own, other = recipient(user), recipient(user, "other.txt")
    rules(user, FORMS[form].replace("AGE", own).replace("OTHER", other))
    first, second = word(), mixed()
    result = user.run("encrypt", "-", "--to", PATH, stdin=opaque(first).encode())
    assert result.status == 0, result.printed
    assert yaml.safe_load(opened(user))["stringData"] == {"a": first}
    assert ("MAC" in result.stdout) == (form == "MAC")
    edited = user.run("edit", PATH, "--key", "stringData.a", stdin=second.encode())
    assert edited.status == 0, edited.printed
    assert second in opened(user)
    before = user.read(PATH)
    assert user.run("encrypt", PATH).status == 0
    assert user.read(PATH) == before


def test_anchors_and_merge_keys_are_followed(user: User) -> None:
    own = recipient(user)
    head = f"keys:\n- &me {own}\nforms:\n  secret: &secret {{{REGEX}}}\n"
    rules(user, "<<: *secret\nkey_groups:\n- age:\n  - *me", head)
    value = mixed()
    assert user.run("encrypt", "-", "--to", PATH, stdin=opaque(value).encode()).status == 0
    assert value in opened(user)


def test_whoever_is_not_the_first_reader_opens_it_too(user: User) -> None:
    others = [recipient(user, f"{n}.txt") for n in range(3)]
    rules(user, f"{REGEX}\nage: [{', '.join([*others, recipient(user)])}]")
    first, second = mixed(), mixed()
    assert user.run("encrypt", "-", "--to", PATH, stdin=opaque(first).encode()).status == 0
    assert user.run("edit", PATH, "--key", "stringData.a", stdin=second.encode()).status == 0
    assert second in user.run("show", PATH, "--reveal").stdout


def test_of_several_key_groups_as_many_identities_open_it_as_it_needs(user: User) -> None:
    one, two, three = (recipient(user, name) for name in ("keys.txt", "gone.txt", "two.txt"))
    folder = user.home / ".config/sops/age"
    keys, second = folder / "keys.txt", (folder / "two.txt").read_text()
    groups = "".join(
        f"\n- age: [{one}]" if r == one else f"\n- age: [{r}]" for r in (one, two, three)
    )
    rules(user, f"{REGEX}\nshamir_threshold: 2\nkey_groups:{groups}")
    first, changed = mixed(), mixed()
    result = user.run("encrypt", "-", "--to", PATH, stdin=opaque(first).encode())
    assert result.status == 0, result.printed
    lacking = user.run("edit", PATH, "--key", "stringData.a", stdin=changed.encode())
    assert lacking.status == 3
    assert f"{PATH} needs identities of 2 of its 3 key groups, and 1 is at hand" in lacking.stderr
    keys.write_text(keys.read_text() + second)
    assert user.run("edit", PATH, "--key", "stringData.a", stdin=changed.encode()).status == 0
    assert changed in opened(user)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (f"{REGEX}\nencrypted_suffix: x\nage: AGE", "has encrypted_suffix and encrypted_regex"),
        ("age: AGE", "encrypts apiVersion, which Flux has to read"),
        ("encrypted_regex: ^x$\nage: AGE", "leaves data and stringData readable"),
        ("encrypted_regex: ^data$\nage: AGE", "leaves its values readable"),
        (f"{REGEX}\nkey_groups:\n- age: AGE", "age is not a list"),
        (f"{REGEX}\nkey_groups:\n- age: [AGE]\n- age: []", "names no recipient"),
        (f"{REGEX}\nage: [AGE, '']", "is not an age recipient"),
    ],
)
def test_what_sops_or_flux_would_refuse_is_refused(user: User, rule: str, words: str) -> None:
    rules(user, rule.replace("AGE", recipient(user)))
    result = user.run("encrypt", "-", "--to", PATH, stdin=opaque(mixed()).encode())
    assert result.status == 3, result.printed
    assert words in result.stderr
    assert not (user.repository / PATH).exists()


@pytest.mark.parametrize(("threshold", "right"), [(1, 2), (3, 2), (-1, 2)])
def test_a_threshold_that_sops_cannot_split_by_is_named_with_its_rule_and_a_right_one(
    user: User, threshold: int, right: int
) -> None:
    """sops itself says of 1 only that it could not generate a data key."""
    own, other = recipient(user), recipient(user, "two.txt")
    groups = f"key_groups:\n- age: [{own}]\n- age: [{other}]"
    rules(user, f"{REGEX}\nshamir_threshold: {threshold}\n{groups}")
    user.git("add", ".sops.yaml")
    plain = opaque(mixed()).encode()
    result = user.run("encrypt", "-", "--to", PATH, stdin=plain)
    said = f"has shamir_threshold {threshold} and 2 key groups, and sops fails on it: it takes"
    assert (result.status, said in result.stderr) == (3, True), result.printed
    assert ".sops.yaml:2: creation rule 1, " in result.stderr
    assert f"hint: shamir_threshold: {right}\n" in result.stderr
    looked = user.run("verify")
    assert f".sops.yaml:2:1: error[sops-config]: creation rule 1 {said}" in looked.stdout
    rules(user, f"{REGEX}\nshamir_threshold: {right}\n{groups}")
    assert user.run("encrypt", "-", "--to", PATH, stdin=plain).status == 0


def test_bootstrap_keeps_anchors_comments_and_order(user: User) -> None:
    from tests.support.fleet import FILES

    own = recipient(user)
    config = (
        f"# who reads\nkeys:\n  - &alice {own} # Alice\ncreation_rules:\n  # apps first\n"
        f"  - path_regex: ^apps/\n    {REGEX}\n    age: *alice\n  - age: *alice # the rest\n    {REGEX}\n"
    )
    user.commit({**FILES, ".sops.yaml": config})
    result = user.bootstrap("--shadowed-recipients", "keep")
    assert result.status == 0, result.printed
    after = user.read(".sops.yaml")
    at = next(i for i, (a, b) in enumerate(zip(config, after, strict=False)) if a != b)
    assert after[: at + 1].startswith(config[:at])
    rest = config[config.index("  - age: *alice # the rest") :]
    assert after.endswith(rest)
    assert after.startswith(config.removesuffix(rest))
    assert own in after.removesuffix(rest).removeprefix(config.removesuffix(rest))


def test_a_tab_that_sops_takes_is_named_with_its_line_if_the_file_is_to_be_edited(
    user: User,
) -> None:
    """libyaml takes a tab behind a colon, and what keeps the places of aliases does not."""
    rules(user, f"age:\t'{recipient(user)}'\nencrypted_regex: ^(data|stringData)$")
    assert user.run("which-rule", PATH).status == 0
    before = user.state()
    result = user.run("encrypt", "--add-rule", "-", "--to", "other/db.yaml", stdin=opaque("x").encode())  # fmt: skip
    assert (result.status, user.state()) == (3, before), result.printed
    bootstrapped = user.bootstrap()
    assert (bootstrapped.status, user.state()) == (3, before), bootstrapped.printed
    assert ".sops.yaml:3: this line cannot be edited" in bootstrapped.stderr
    assert "hint: write blanks in place of tabs in line 3 of .sops.yaml" in bootstrapped.stderr
