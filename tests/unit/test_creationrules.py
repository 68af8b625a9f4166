"""Creation rules: chosen as sops chooses, and trusted only where they are one cluster's own."""

from __future__ import annotations

import pytest

from gitops_secrets.core.repository.layout import Cluster, parse_cluster_path
from gitops_secrets.core.sops.rules.creation import (
    Recipient,
    choose_rule,
    is_specific,
    parse_rules,
    recorded_recipient,
)
from gitops_secrets.core.sops.rules.edits import add_rule, replace_rule
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
    assert rule.fits_pull_secrets()


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
        "    unencrypted_suffix: _clear\n",
        "",
    ],
)
def test_a_rule_that_does_not_fit_kubernetes_does_not_count(line: str) -> None:
    content = f"creation_rules:\n  - path_regex: ^pull-secrets/prod/\n{line}    age: age1a\n"
    (rule,) = parse_rules(content.encode())
    assert not rule.fits_pull_secrets()


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


def test_key_groups_outrank_the_keys_beside_them() -> None:
    content = b"creation_rules:\n  - age: age1other\n    kms: arn\n    key_groups:\n      - age: [age1a]\n        pgp: [ABC]\n"
    (rule,) = parse_rules(content)
    assert [r.value for r in rule.recipients] == ["age1a"]
    assert [key.name for key in rule.other_keys] == ["pgp"]


ANCHORS = b"""\
keys:
  - &own age1own # cluster: clusters/prod
  - &alice age1alice
defaults: &fits {encrypted_regex: ^(data|stringData)$}
creation_rules:
  # everybody's
  - path_regex: ^pull-secrets/prod/[^/]*\\.sops\\.ya?ml$
    <<: *fits
    age:
      - *own
      - *alice
  - <<: *fits
    path_regex: ^apps/
    age: *alice
"""


def test_anchors_and_merge_keys_are_read_as_sops_reads_them() -> None:
    ours, apps = parse_rules(ANCHORS)
    assert ours.fits_pull_secrets()
    assert [r.value for r in ours.recipients] == ["age1own", "age1alice"]
    assert recorded_recipient([ours], PROD) == "age1own"
    assert [r.value for r in apps.recipients] == ["age1alice"]
    assert apps.misfit() is None


@pytest.mark.parametrize("before", [0, 1, None])
def test_a_rule_among_anchors_moves_no_line(before: int | None) -> None:
    after = add_rule(ANCHORS, STAGING, [Recipient("age1new", STAGING.path)], before)
    longer = len(after) - len(ANCHORS)
    assert any(after[:i] + after[i + longer :] == ANCHORS for i in range(len(ANCHORS) + 1))
    rules = parse_rules(after)
    at = 2 if before is None else before
    assert [r.value for r in rules[at].recipients] == ["age1new"]
    assert [*rules[:at], *rules[at + 1 :]][1].recipients == parse_rules(ANCHORS)[1].recipients


def test_a_rule_made_anew_keeps_the_anchors_around_it() -> None:
    after = replace_rule(ANCHORS, PROD, [Recipient("age1own", PROD.path), Recipient("age1b")], 0)
    assert after.startswith(ANCHORS[: ANCHORS.index(b"  - path_regex")])
    assert after.endswith(ANCHORS[ANCHORS.index(b"  - <<") :])


@pytest.mark.parametrize(
    "content",
    [
        b"creation_rules: &rules\n- path_regex: ^x/\n  age: age1a\n",
        b"creation_rules:\n    - &one\n      path_regex: ^x/\n      age: age1a\n",
        b"creation_rules:\n- age: &a [age1a]\n- age: *a",
        b"a: &a {age: age1a}\ncreation_rules:\n- *a\n",
        b"a: &a {age: age1a}\ncreation_rules:\n- *a\n# the end\n",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_rule_is_added_whatever_has_an_anchor(content: bytes, first: bool) -> None:
    old = parse_rules(content)
    after = add_rule(content, PROD, [Recipient("age1own", PROD.path)], 0 if first else None)
    new = parse_rules(after)
    assert new[0 if first else -1].recipients[0].value == "age1own"
    kept = new[1:] if first else new[:-1]
    assert [r.recipients for r in kept] == [r.recipients for r in old]
    assert [line for line in content.splitlines() if line not in after.splitlines()] == []


def test_a_list_that_is_an_alias_is_not_edited() -> None:
    content = b"rules: &rules\n- age: age1a\ncreation_rules: *rules\n"
    assert len(parse_rules(content)) == 1
    with pytest.raises(InvalidDocumentError, match="cannot be edited safely"):
        add_rule(content, PROD, [Recipient("age1own", PROD.path)], 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: &a [*a]\n", "not valid YAML|holds its own alias"),
        (b"a: &a {b: *a}\n", "not valid YAML|holds its own alias"),
        (
            b"".join(
                b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9))
                for n in range(1, 9)
            ).replace(b"*a0", b"x"),
            "stand for more than",
        ),
        (b"a: 1\na: 2\n", "stands twice"),
        (b"creation_rules:\n- !!binary cGdw: x\n", "a key is not plain text"),
        (b"creation_rules:\n- [a]: x\n", "a key is not plain text"),
        (b"a: &a {age: x}\ncreation_rules:\n- !!merge x: *a\n", "a key is not plain text"),
        (b"creation_rules:\n- path_regex: [x]\n", "path_regex is not text"),
        (b"creation_rules:\n- key_groups: age1a\n", "key_groups is not a list"),
        (b"creation_rules:\n- key_groups: [{age: age1a}]\n", "age is not a list"),
        (b"creation_rules:\n- mac_only_encrypted: 'true'\n", "is not true or false"),
        (b"creation_rules:\n- shamir_threshold: two\n", "is not a plain number"),
        (b"a: &a [{age: x}]\ncreation_rules:\n- <<: *a\n", "alias of a list"),
    ],
)
def test_what_sops_fails_on_is_named_with_its_line(content: bytes, words: str) -> None:
    with pytest.raises(InvalidDocumentError, match=rf"^\.sops\.yaml:\d+.*(?:{words})"):
        parse_rules(content)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("encrypted_regex: ^data$", None),
        ("encrypted_regex: ^(data|stringData)$\n  mac_only_encrypted: true", None),
        ("unencrypted_regex: ^(apiVersion|kind|metadata|type)$", None),
        ("encrypted_suffix: Data", None),
        ("unencrypted_regex: ^(?i)\\p{Greek}$", None),
        ("unencrypted_suffix: _clear", "encrypts apiVersion, which Flux has to read"),
        ("pgp: ''", "encrypts apiVersion, which Flux has to read"),
        ("encrypted_regex: data", "encrypts metadata.name, which Flux has to read"),
        ("encrypted_regex: ^stringdata$", "leaves data and stringData readable"),
        ("encrypted_regex: '('", "leaves data and stringData readable"),
        ("encrypted_comment_regex: x", "encrypts by comments"),
        ("encrypted_regex: x\n  encrypted_suffix: y", "has encrypted_suffix and encrypted_regex"),
        ("age: {a: b}", "neither text nor a list"),
        ("age: [null]", "an element of age that is not text"),
    ],
)
def test_a_rule_is_unfit_only_if_sops_or_flux_fails(rule: str, problem: str | None) -> None:
    (found,) = parse_rules(f"creation_rules:\n- path_regex: ^apps/\n  {rule}\n".encode())
    said = found.misfit()
    assert (said is None) == (problem is None)
    assert (problem or "") in (said or "")


def test_creation_rules_that_are_no_list_are_refused() -> None:
    with pytest.raises(InvalidDocumentError, match="not a list"):
        parse_rules(b"creation_rules: all\n")
