"""doctor judges the recipients of a file by the file's own rule, and by what kustomize-controller can open."""

from __future__ import annotations

import shutil

import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.fleet import DECRYPTED, FILES, edit, kustomization
from tests.support.secrets import mixed, opaque, recipient, rule
from tests.support.user import User

APPS = {
    **FILES,
    "clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED),
    "apps/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
}


def sealed(user: User, *options: str) -> str:
    """What sops makes of a Secret, with *options*."""
    from gitops_secrets.adapters.sops.binary import find_sops

    command = [
        find_sops(),
        "encrypt",
        "--filename-override",
        "apps/db.yaml",
        "--input-type",
        "yaml",
    ]
    done = user.program([*command, *options], stdin=opaque(mixed()).encode())
    assert done.status == 0, done.printed
    return done.stdout


@pytest.mark.parametrize("has_rule", [True, False])
def test_what_was_encrypted_before_bootstrap_is_not_called_wrong(
    user: User, has_rule: bool
) -> None:
    theirs = recipient(user)
    user.commit({**APPS, **({".sops.yaml": rule(theirs)} if has_rule else {})})
    options = [] if has_rule else ["--age", theirs, "--encrypted-regex", "^(data|stringData)$"]
    user.commit({"apps/db.yaml": sealed(user, *options)})
    assert user.run("doctor").status == 0
    assert user.bootstrap().status == 0
    result = user.run("doctor")
    assert (result.status, result.stdout.count("recipients")) == (0, 0), result.printed


@pytest.mark.parametrize(
    "form",
    [
        "key_groups: [{age: [AGE]}]\n  encrypted_regex: ^(data|stringData)$",
        "age: AGE\n  unencrypted_regex: ^(apiVersion|kind|metadata|type)$",
        "age: [AGE, AGE]\n  encrypted_regex: ^stringData$",
        "age: AGE\n  encrypted_suffix: Data",
    ],
)
def test_a_rule_that_sops_and_flux_take_is_not_called_wrong(user: User, form: str) -> None:
    own = recipient(user)
    config = f"creation_rules:\n- path_regex: ^apps/\n  {form.replace('AGE', own)}\n"
    user.commit({**APPS, ".sops.yaml": config})
    user.commit({"apps/db.yaml": sealed(user)})
    result = user.run("doctor")
    assert result.status == 0, result.printed


def test_a_mac_over_encrypted_values_alone_is_how_the_owner_wants_it(user: User) -> None:
    config = rule(recipient(user)).replace("  age:", "  mac_only_encrypted: true\n  age:")
    user.commit({**APPS, ".sops.yaml": config})
    more = sealed(user).replace("name: db", "name: more")
    user.commit({"apps/db.yaml": sealed(user), "apps/more.yaml": more})
    assert user.run("doctor").stdout.startswith("gitops-secrets: healthy")


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("", "encrypts apiVersion, which Flux has to read"),
        ("encrypted_regex: ^data$", "leaves stringData.a readable"),
    ],
)
def test_a_rule_that_would_make_the_next_file_unfit_is_a_warning(
    user: User, choice: str, words: str
) -> None:
    own = recipient(user)
    config = f"creation_rules:\n- age: {own}\n  {choice}\n"
    user.commit({**APPS, ".sops.yaml": config})
    user.commit({"apps/db.yaml": sealed(user, "--encrypted-regex", "^(data|stringData)$")})
    said = user.run("doctor").stdout
    assert said.startswith(
        f"warning[sops-config]: .sops.yaml:2: the creation rule for apps/db.yaml {words}"
    )


def test_a_rule_for_another_kind_is_not_held_against_secrets(user: User) -> None:
    own = recipient(user)
    config = f"creation_rules:\n- age: {own}\n  encrypted_regex: ^email$\n"
    resource = "apiVersion: acme.example.com/v1\nkind: Member\nmetadata: {name: a, namespace: shop}\nspec: {email: a@b.c}\n"
    user.commit({**APPS, ".sops.yaml": config, "apps/member.yaml": resource})
    assert user.program([find_sops(), "encrypt", "--in-place", "apps/member.yaml"]).status == 0
    said = user.run("doctor").stdout
    assert said.startswith("warning[encrypted-kind]: apps/member.yaml is an encrypted Member")
    assert "sops-config" not in said


def test_a_file_whose_kind_is_encrypted_is_one_that_flux_cannot_read(user: User) -> None:
    user.commit({**APPS, "apps/db.yaml": sealed(user, "--age", recipient(user))})
    said = user.run("doctor").stdout
    assert said.startswith("error[encrypted-kind]: apps/db.yaml has its apiVersion encrypted")


def ssh_recipient(user: User) -> str:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")
    user.program([program, "-q", "-t", "ed25519", "-N", "", "-f", str(user.home / "ssh")])
    return " ".join((user.home / "ssh.pub").read_text().split()[:2])


@pytest.mark.parametrize("beside", [False, True])
def test_a_file_for_ssh_keys_alone_is_one_that_flux_has_no_identity_for(
    user: User, beside: bool
) -> None:
    readers = [ssh_recipient(user), *([recipient(user)] if beside else [])]
    options = ["--age", ",".join(readers), "--encrypted-regex", "^(data|stringData)$"]
    user.commit({**APPS, "apps/db.yaml": sealed(user, *options)})
    result = user.run("doctor")
    assert result.status == (0 if beside else 1), result.printed
    if not beside:
        assert result.stdout.startswith(
            "error[recipients]: apps/db.yaml needs an SSH key or an age plugin"
        )


@pytest.mark.parametrize(("threshold", "status"), [(1, 1), (2, 0)])
def test_of_key_groups_enough_have_to_have_a_key_that_flux_can_hold(
    user: User, threshold: int, status: int
) -> None:
    """A plugin's recipient stands in for the key of a group, in a file that sops made for three."""
    groups = "".join(f"  - age: [{recipient(user, f'{n}.txt')}]\n" for n in range(3))
    config = f"creation_rules:\n- shamir_threshold: 2\n  encrypted_regex: ^(data|stringData)$\n  key_groups:\n{groups}"
    user.commit({**APPS, ".sops.yaml": config})
    content = sealed(user)
    owners = [line.split()[-1] for line in content.splitlines() if "recipient: " in line]
    for owner in owners[threshold:]:
        content = content.replace(owner, "age1yubikey1" + owner[4:])
    user.commit({"apps/db.yaml": content})
    edit(user, ".sops.yaml", "creation_rules:", "unused:")
    result = user.run("doctor")
    assert result.status == status, result.printed
    assert ("error[recipients]" in result.stdout) == bool(status)


def test_files_that_no_kustomization_applies_are_for_whom_they_are(user: User) -> None:
    options = ["--age", ssh_recipient(user), "--encrypted-regex", "^(data|stringData)$"]
    user.commit({**APPS, "machines/db.yaml": sealed(user, *options)})
    assert user.run("doctor").status == 0
