"""What an encrypted file or a creation rule names is neither contacted nor run, unless the user allows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.hostile import PGP, PLUGIN, SECRET, add_keys, keys
from tests.support.secrets import PATH, opaque, recipient, rule, word
from tests.support.traps import Traps
from tests.support.user import User


@pytest.fixture
def traps(tmp_path: Path) -> Iterator[Traps]:
    with Traps(tmp_path) as traps:
        for name in ("gpg", "gpg2", "age-plugin-evil", "aws", "gcloud", "az", "vault"):
            traps.program(name)
        yield traps


@pytest.fixture
def hostile(user: User, traps: Traps) -> User:
    """A user on whose PATH every program is that a key manager has; nothing of them may run."""
    user.env["PATH"] = f"{traps.programs}:{user.env['PATH']}"
    return user


@pytest.fixture
def fleet_with_keys(fleet: User, traps: Traps) -> User:
    fleet.env["PATH"] = f"{traps.programs}:{fleet.env['PATH']}"
    add_keys(fleet, SECRET, traps.port)
    return fleet


COMMANDS = {
    "doctor": ("doctor",),
    "verify": ("verify",),
    "verify --history": ("verify", "--history"),
    "which-rule": ("which-rule", SECRET),
    "show": ("show", SECRET),
    "show --reveal": ("show", "--reveal", SECRET),
    "show --key": ("show", "--key", ".dockerconfigjson", SECRET),
    "merge driver": ("__merge", SECRET, SECRET, SECRET, SECRET),
    "merge driver of bases": ("__merge-bases", SECRET, SECRET, SECRET, SECRET),
    "diff driver": ("__textconv", SECRET),
    "edit --key": ("edit", "--key", ".dockerconfigjson", SECRET),
    "encrypt": ("encrypt", SECRET),
    "encrypt --ignore-mac": ("encrypt", "--ignore-mac", SECRET),
    "bare": (),
    "scan": ("scan", "."),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_uses_a_key_that_the_user_did_not_allow(
    fleet_with_keys: User, traps: Traps, name: str
) -> None:
    fleet_with_keys.run(*COMMANDS[name], stdin=b"{}")
    assert traps.sprung() == []


def test_verify_asks_none_that_the_user_allows_either(fleet_with_keys: User, traps: Traps) -> None:
    """It is a question about the repository, which a CI of a fork may ask as well."""
    allowed = f"vault=http://127.0.0.1:{traps.port} pgp={PGP}"
    for path in (fleet_with_keys.home / ".config").rglob("*.agekey"):
        path.unlink()
    result = fleet_with_keys.run("verify", env={"GITOPS_SECRETS_KEY_MANAGERS": allowed})
    assert "no identity at hand opens 1 file" in result.stdout
    assert traps.sprung() == []


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_bootstrap_uses_none_either(
    fleet_with_keys: User, traps: Traps, more: tuple[str, ...]
) -> None:
    result = fleet_with_keys.bootstrap(*more, creds="robot:other")
    assert result.status == 3
    assert traps.sprung() == []


def test_without_an_identity_the_kind_and_the_setting_are_named(
    hostile: User, traps: Traps
) -> None:
    hostile.commit({".sops.yaml": rule(recipient(hostile))})
    assert hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode()).status == 0
    add_keys(hostile, PATH, traps.port)
    (hostile.home / ".config/sops/age/keys.txt").unlink()
    result = hostile.run("show", "--reveal", PATH)
    assert result.status == 3
    assert "its pgp, azure_kv, hc_vault keys are not used" in result.stderr
    assert f"under key-managers in your settings: pgp: {PGP}" in result.stderr
    assert traps.sprung() == []


def test_an_edit_keeps_the_readers_whose_keys_it_does_not_use(hostile: User, traps: Traps) -> None:
    hostile.commit({".sops.yaml": rule(recipient(hostile))})
    assert hostile.run("encrypt", "-", "--to", PATH, stdin=opaque("a", "b").encode()).status == 0
    before = add_keys(hostile, PATH, traps.port, break_age=False)
    value = word()
    result = hostile.run("edit", "--key", "a", PATH, stdin=value.encode())
    assert result.status == 0, result.printed
    after = hostile.read(PATH)
    assert len(set(after.splitlines()) - set(before.splitlines())) in (2, 3)
    assert keys(traps.port) in after
    assert hostile.run("show", "--key", "a", PATH).stdout == value
    renamed = hostile.run("encrypt", "--ignore-mac", PATH)
    assert renamed.status == 3
    assert "takes away its readers by pgp, azure_kv, hc_vault" in renamed.stderr
    assert hostile.read(PATH) == after
    assert traps.sprung() == []


SETTING = "key-managers:\n- vault: http://127.0.0.1:{port}\n- pgp: {pgp}\n"


@pytest.mark.parametrize("by", ["file", "variable"])
def test_what_the_users_own_settings_allow_is_used(hostile: User, traps: Traps, by: str) -> None:
    hostile.commit({".sops.yaml": rule(recipient(hostile))})
    assert hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode()).status == 0
    add_keys(hostile, PATH, traps.port)
    (hostile.home / ".config/sops/age/keys.txt").unlink()
    env = {"VAULT_TOKEN": "x"}
    if by == "variable":
        env["GITOPS_SECRETS_KEY_MANAGERS"] = f"vault=http://127.0.0.1:{traps.port} pgp={PGP}"
    else:
        settings = hostile.home / ".config/gitops-secrets/config.yaml"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTING.format(port=traps.port, pgp=PGP))
    result = hostile.run("show", "--reveal", PATH, env=env)
    assert result.status == 3
    assert traps.sprung() == ["contacted the port", "ran gpg"]


@pytest.mark.parametrize("xdg", ["relative", "in the repository"])
def test_a_repository_brings_no_settings(hostile: User, traps: Traps, xdg: str) -> None:
    settings = SETTING.format(port=traps.port, pgp=PGP)
    hostile.commit({".sops.yaml": rule(recipient(hostile)), "gitops-secrets/config.yaml": settings})
    assert hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode()).status == 0
    add_keys(hostile, PATH, traps.port)
    env = {"XDG_CONFIG_HOME": "." if xdg == "relative" else str(hostile.repository)}
    env["SOPS_AGE_KEY_FILE"] = str(hostile.home / ".config/sops/age/keys.txt")
    result = hostile.run("show", "--reveal", PATH, env=env, cwd=hostile.repository)
    assert result.status == 3
    assert traps.sprung() == []


RULES = {
    "a plugin in text": f"  age: {{own}},{PLUGIN}\n",
    "a plugin in a list": f"  age:\n  - {{own}}\n  - {PLUGIN}\n",
    "a path for a plugin": "  age: [{own}, age1../../evil1pzry9x8gf2tvdw0]\n",
    "pgp": f"  age: {{own}}\n  pgp: {PGP}\n",
    "pgp in a list": f"  age: {{own}}\n  pgp:\n  - {PGP}\n",
    "vault": "  age: {own}\n  hc_vault_transit_uri: http://127.0.0.1:{port}/v1/transit/keys/k\n",
    "azure": "  age: {own}\n  azure_keyvault: https://127.0.0.1:{port}/keys/k/v\n",
    "kms": "  age: {own}\n  kms: arn:aws:kms:eu-west-1:1:key/a\n",
    "gcp": "  age: {own}\n  gcp_kms: projects/p/locations/l/keyRings/r/cryptoKeys/k\n",
    "hckms": "  age: {own}\n  hckms: ['eu:1']\n",
    "a merge key": "  age: {own}\n  <<: {{pgp: " + PGP + "}}\n",
    "a key in base64": "  age: {own}\n  !!binary cGdw: " + PGP + "\n",
    "an alias": "  age: &a {own}\n  pgp: *a\n",
    "groups": "  key_groups:\n  - age: [{own}]\n    hc_vault: ['http://127.0.0.1:{port}/v1/transit/keys/k']\n",
    "merged groups": "  key_groups:\n  - merge:\n    - age: [{own}]\n      pgp: [" + PGP + "]\n",
    "a key in base64 in a group": "  key_groups:\n  - age: [{own}]\n    !!binary cGdw: ["
    + PGP
    + "]\n",
    "a plugin of sops": "  age: {own}\n  plugins: [{{binary_name: evil}}]\n",
}
HARMLESS = {
    "a profile": "  age: {own}\n  aws_profile: admin\n",
    "a merge key in quotes, which is none": '  age: {own}\n  "<<": {{pgp: ' + PGP + "}}\n",
    "a threshold of one group": "  age: {own}\n  shamir_threshold: 2\n",
    "keys that groups outrank": "  pgp: " + PGP + "\n  key_groups:\n  - age: [{own}]\n",
    "empty lists of keys": "  age: {own}\n  pgp: ''\n  kms: []\n",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_names_no_key_manager_is_no_reason_to_refuse(
    hostile: User, traps: Traps, name: str
) -> None:
    text = HARMLESS[name].format(own=recipient(hostile))
    choice = "encrypted_regex: ^(data|stringData)$"
    hostile.commit({".sops.yaml": f"creation_rules:\n- path_regex: .*\n  {choice}\n{text}"})
    result = hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode())
    assert result.status == 0, result.printed
    assert traps.sprung() == []


@pytest.mark.parametrize("name", RULES)
def test_no_rule_has_sops_run_or_contact_anything(hostile: User, traps: Traps, name: str) -> None:
    text = RULES[name].format(own=recipient(hostile), port=traps.port)
    hostile.commit(
        {
            ".sops.yaml": "creation_rules:\n- path_regex: .*\n"
            f"  encrypted_regex: ^(data|stringData)$\n{text}"
        }
    )
    result = hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode())
    assert result.status == 3
    assert re.search(r"\.sops\.yaml:\d+: ", result.stderr), result.stderr
    for more in ("--shadowed-recipients", "keep"), ("--shadowed-recipients", "drop", "--dry-run"):
        hostile.bootstrap(*more)
    assert traps.sprung() == []


def test_a_plugin_that_the_user_allows_is_run(hostile: User, traps: Traps) -> None:
    hostile.commit({".sops.yaml": rule(recipient(hostile), PLUGIN)})
    refused = hostile.run("encrypt", "-", "--to", PATH, stdin=opaque(word()).encode())
    assert "would have sops run age-plugin-evil" in refused.stderr
    assert traps.sprung() == []
    hostile.run(
        *("encrypt", "-", "--to", PATH),
        stdin=opaque(word()).encode(),
        env={"GITOPS_SECRETS_KEY_MANAGERS": "age-plugin=evil"},
    )
    assert traps.sprung() == ["ran age-plugin-evil"]


def test_a_recorded_recipient_of_a_plugin_is_refused(hostile: User, traps: Traps) -> None:
    hostile.commit(
        {
            ".sops.yaml": "creation_rules:\n- path_regex: ^x$\n  age:\n"
            f"  - {PLUGIN} # cluster: clusters/prod\n"
        }
    )
    assert hostile.bootstrap().status == 3
    assert traps.sprung() == []


def test_sops_gets_one_rule_and_nothing_else_of_the_file(user: User, tmp_path: Path) -> None:
    """A sops that keeps its config shows what it was given."""
    from gitops_secrets.adapters.sops.binary import find_sops

    real, kept = find_sops(), tmp_path / "config"
    wrapper = tmp_path / "bin" / "sops"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\ncase " $* " in *" encrypt "*) cp "$2" {kept};; esac\nexec {real} "$@"\n'
    )
    wrapper.chmod(0o755)
    own = recipient(user)
    extra = "  surprise: x\ndestination_rules:\n- s3_bucket: b\n"
    config = rule(own).replace("stores:", f"{extra}stores:").replace("indent: 2", "indent: 3")
    user.commit({".sops.yaml": config})
    result = user.run(
        *("encrypt", "-", "--to", PATH),
        stdin=opaque(word()).encode(),
        env={"PATH": f"{wrapper.parent}:{user.env['PATH']}"},
    )
    assert result.status == 0, result.printed
    assert yaml.safe_load(kept.read_text()) == {
        "creation_rules": [{"encrypted_regex": "^(data|stringData)$", "age": [own]}],
        "stores": {"yaml": {"indent": 3}},
    }
    assert "\n   a: ENC[" in user.read(PATH)
