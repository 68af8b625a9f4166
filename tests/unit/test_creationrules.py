"""Creation rules: chosen as sops chooses, and trusted only where they are one cluster's own."""

from __future__ import annotations

import pytest

from gitops_secrets.core.repository.layout import Cluster, parse_cluster_path
from gitops_secrets.core.sops.creationrules import (
    Recipient,
    add_rule,
    choose_rule,
    is_specific,
    parse_rules,
    recorded_recipient,
    replace_rule,
)
from gitops_secrets.errors import InvalidDocumentError, UsageError

PROD, STAGING = Cluster("clusters/prod"), Cluster("clusters/staging")
SECRET = "pull-secrets/prod/regcred.sops.yaml"


def rule_for(path_regex: str, extra: str = "") -> bytes:
    return (
        f"creation_rules:\n  - path_regex: {path_regex}\n"
        f"    encrypted_regex: ^(data|stringData)$\n{extra}    age: age1a,age1b\n"
    ).encode()


def test_a_cluster_below_its_first_element_names_the_folder() -> None:
    assert Cluster("clusters/eu/prod").folder == "pull-secrets/eu/prod"
    assert Cluster("prod").folder == "pull-secrets/prod"
    assert Cluster(".").folder == "pull-secrets/root"


@pytest.mark.parametrize(
    "path", ["/etc", "../other", "clusters/../../x", "pull-secrets/prod", ".git"]
)
def test_a_cluster_path_that_leaves_the_repository_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        parse_cluster_path(path)


def test_the_rule_of_a_cluster_records_whose_each_recipient_is() -> None:
    content = add_rule(None, PROD, [Recipient("age1own", PROD.path), Recipient("age1alice")], None)
    (rule,) = parse_rules(content)
    assert recorded_recipient([rule], PROD) == "age1own"
    assert [r.cluster for r in rule.recipients] == ["clusters/prod", None]
    assert rule.matches(SECRET)
    assert rule.fits_kubernetes()


def test_a_cluster_whose_path_has_a_space_is_recorded_too() -> None:
    spaced = Cluster("clusters/my prod")
    (rule,) = parse_rules(add_rule(None, spaced, [Recipient("age1own", spaced.path)], None))
    assert recorded_recipient([rule], spaced) == "age1own"
    assert recorded_recipient([rule], Cluster("clusters/my")) is None


def test_the_rule_of_a_cluster_is_for_no_other_path() -> None:
    (rule,) = parse_rules(add_rule(None, PROD, [Recipient("age1own", PROD.path)], None))
    assert is_specific(rule, PROD, [PROD, STAGING])
    for other in (
        "pull-secrets/prod2/a.sops.yaml",
        "pull-secrets/prod/a/b.sops.yaml",
        "x/pull-secrets/prod/a.sops.yaml",
        "pull-secrets/prod/a.yaml",
    ):
        assert not rule.matches(other)


def test_special_characters_of_a_path_are_literal_in_its_rule() -> None:
    cluster = Cluster("clusters/eu.west+1")
    (rule,) = parse_rules(add_rule(None, cluster, [Recipient("age1x", cluster.path)], None))
    assert rule.matches("pull-secrets/eu.west+1/a.sops.yaml")
    assert not rule.matches("pull-secrets/euXwest+1/a.sops.yaml")


def test_the_first_rule_that_matches_is_the_one() -> None:
    rules = parse_rules(rule_for("^other/") + rule_for(".*").split(b"\n", 1)[1])
    chosen = choose_rule(rules, SECRET)
    assert chosen is not None
    assert (chosen.order, chosen.path_regex) == (1, ".*")


@pytest.mark.parametrize("regex", [".*", "\\.sops\\.yaml$", "^pull-secrets/", "secret"])
def test_a_rule_for_more_than_the_cluster_is_not_specific(regex: str) -> None:
    (rule,) = parse_rules(rule_for(regex))
    assert not is_specific(rule, PROD, [PROD, STAGING])


@pytest.mark.parametrize(
    ("regex", "path", "matches"),
    [
        ("^apps/[[:alnum:]]+$", "apps/db", True),
        ("^apps/[[:alnum:]]+$", "apps/db.yaml", False),
        (r"\Qapps/d.b\E\z", "apps/d.b", True),
        (r"\Qapps/d.b\E\z", "apps/dxb", False),
        ("(?U)^apps/.+$", "apps/x", True),
        ("yaml$", "a.yaml\n", False),
        (r"^\w+$", "é", False),
    ],
)
def test_a_rule_matches_as_go_matches(regex: str, path: str, matches: bool) -> None:
    (rule,) = parse_rules(rule_for(f"'{regex}'"))
    assert rule.matches(path) == matches


@pytest.mark.parametrize(
    ("regex", "words"),
    [("a(?=b)", "sops fails on it"), (r"\p{Greek}", "is not understood")],
)
def test_a_regex_that_go_refuses_or_that_is_not_understood_is_named(regex: str, words: str) -> None:
    (rule,) = parse_rules(rule_for(f"'{regex}'"))
    with pytest.raises(InvalidDocumentError, match=rf"\.sops\.yaml:2: path_regex .*{words}"):
        rule.matches("anything")


@pytest.mark.parametrize(
    "line",
    [
        "    encrypted_regex: ^data$\n",
        "    encrypted_regex: data\n",
        "    encrypted_regex: ^(data | stringData)$\n",
        "    encrypted_regex: ^(data|stringdata)$\n",
        "    encrypted_regx: ^(data|stringData)$\n",
        "    encrypted_regex: ^(data|stringData)$\n    mac_only_encrypted: true\n",
        "    encrypted_regex: ^(data|stringData)$\n    encrypted_comment_regex: x\n",
        "    encrypted_regex: ^(data|stringData)$\n    shamir_threshold: 2\n",
        "    unencrypted_suffix: _clear\n",
        "",
    ],
)
def test_a_rule_that_does_not_fit_kubernetes_does_not_count(line: str) -> None:
    content = f"creation_rules:\n  - path_regex: ^pull-secrets/prod/\n{line}    age: age1a\n"
    (rule,) = parse_rules(content.encode())
    assert not rule.fits_kubernetes()


def test_a_new_rule_goes_ahead_of_what_would_shadow_it_and_nothing_else_moves() -> None:
    before = b"# ours\ncreation_rules:\n  - path_regex: ^apps/\n    age: age1a\n  # all\n  - age: age1b\n"
    after = add_rule(before, PROD, [Recipient("age1own", PROD.path)], 1)
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert kept == before.splitlines()
    chosen = choose_rule(parse_rules(after), SECRET)
    assert chosen is not None
    assert [r.value for r in chosen.recipients] == ["age1own"]


def test_a_rule_gains_a_recipient_in_place() -> None:
    before = add_rule(None, PROD, [Recipient("age1own", PROD.path)], None)
    people = [Recipient("age1own", PROD.path), Recipient("age1bob")]
    after = replace_rule(before, PROD, people, 0)
    assert after == before.replace(
        b"# cluster: clusters/prod\n", b"# cluster: clusters/prod\n      - age1bob # person\n"
    )


def test_key_groups_show_their_recipients_and_are_unfit() -> None:
    content = b"creation_rules:\n  - key_groups:\n      - age: [age1a]\n        pgp: [ABC]\n"
    (rule,) = parse_rules(content)
    assert [r.value for r in rule.recipients] == ["age1a"]
    assert [key.name for key in rule.other_keys] == ["pgp"]
    assert not rule.fits_kubernetes()


def test_creation_rules_that_are_no_list_are_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="not a list"):
        parse_rules(b"creation_rules: all\n")
