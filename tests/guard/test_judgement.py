"""What a path, a policy, an exception and a predecessor make of the same facts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.baseline import BaselineEntry, render_baseline
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.record.facts import Facts
from gitops_secrets.core.guard.record.finding import Severity
from gitops_secrets.errors import InvalidDocumentError
from tests.guard.corpus.case import ONLY_DATA, Fresh, encrypt, recipient

PATH = "clusters/prod/regcred.yaml"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOBODY = Policy()


def _generic(password: str, name: str = "db", namespace: str = "apps") -> str:
    return (
        f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"
        f"type: Opaque\nstringData:\n  password: {password}\n"
    )


def _entry(content: bytes, policy: Policy = NOBODY, **changes: object) -> BaselineEntry:
    finding = engine.judge_blob(PATH, content, policy).findings[0]
    fields = {
        "rule": finding.rule,
        "path": finding.path,
        "object": str(finding.object_name or ""),
        "key": finding.key_path,
        "reason": "a registry for tests",
        "expires": date(2030, 1, 31),
        "author": "alice",
        "commit": COMMIT,
    }
    return BaselineEntry(**{**fields, **changes})  # type: ignore[arg-type]


def test_one_content_at_two_paths_has_two_verdicts():
    facts = engine.examine(_generic(Fresh().password).encode())
    policy = Policy({".sops.yaml": b"creation_rules:\n- path_regex: ^prod/\n"})
    assert [f.rule for f in engine.judge("prod/a.yaml", facts, policy).findings] == [
        "unencrypted-secret"
    ]
    assert engine.judge("dev/a.yaml", facts, policy).findings == ()


def test_the_nearest_sops_config_with_a_matching_rule_counts():
    facts = engine.examine(_generic(Fresh().password).encode())
    policy = Policy(
        {
            ".sops.yaml": b"creation_rules:\n- path_regex: ^prod/.*\n",
            "prod/app/.sops.yaml": b"creation_rules:\n- path_regex: ^secret\n",
        }
    )
    near = engine.judge("prod/app/secret.yaml", facts, policy).findings[0]
    assert "prod/app/.sops.yaml" in near.message
    far = engine.judge("prod/app/other.yaml", facts, policy).findings[0]
    assert "rule 1 of .sops.yaml" in far.message


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "x" * 5000])
def test_a_creation_rule_that_cannot_be_judged_stops_the_guard(pattern: str):
    config = f"creation_rules:\n- path_regex: {pattern}\n".encode()
    with pytest.raises(InvalidDocumentError, match="creation rule 1"):
        engine.judge_blob("a.yaml", _generic("Xk29dLqp77").encode(), Policy({".sops.yaml": config}))


def test_a_broken_sops_config_is_not_read_while_nothing_depends_on_it():
    judged = engine.judge_blob("a.yaml", b"kind: ConfigMap\n", Policy({".sops.yaml": b"a: [\n"}))
    assert judged.findings == ()


def test_a_finding_names_rule_object_place_key_and_what_fixes_it():
    content = Fresh().secret.encode()
    (finding,) = engine.judge_blob("a b/regcred.yaml", content, NOBODY).findings
    assert finding.rule == "plaintext-dockerconfigjson"
    assert finding.severity is Severity.ERROR
    assert str(finding.object_name) == "Secret flux-system/regcred"
    assert str(finding.position) == "8:22"
    assert finding.key_path[:2] == ("data", ".dockerconfigjson")
    assert finding.fix == (
        "gitops-secrets encrypt --add-rule 'a b/regcred.yaml' && git add 'a b/regcred.yaml' .sops.yaml"
    )


@pytest.mark.parametrize("where", ["above", "behind"])
def test_a_marker_with_a_reason_excuses_one_finding_and_is_counted(where: str):
    marker = "# gitops-secrets: ignore[plaintext-dockerconfigjson] a registry for tests"
    lines = Fresh().secret.splitlines()
    if where == "above":
        lines.insert(7, f"  {marker}")
    else:
        lines[7] += f" {marker}"
    judged = engine.judge_blob(PATH, "\n".join(lines).encode(), NOBODY)
    assert judged.findings == ()
    (ignored,) = judged.ignored_by_marker
    assert ignored.reason == "a registry for tests"
    assert ignored.finding.rule == "plaintext-dockerconfigjson"


@pytest.mark.parametrize(
    "marker",
    ["ignore[plaintext-dockerconfigjson]", "ignore[no-such-rule] because", "ignore[] because"],
)
def test_a_marker_without_a_reason_or_a_rule_excuses_nothing_and_says_so(marker: str):
    content = Fresh().secret.replace("data:", f"data:\n  # gitops-secrets: {marker}")
    judged = engine.judge_blob(PATH, content.encode(), NOBODY)
    assert {f.rule for f in judged.findings} == {
        "plaintext-dockerconfigjson",
        "marker-without-reason",
    }
    assert judged.ignored == ()


def test_a_marker_for_another_rule_or_line_excuses_nothing():
    mark = "# gitops-secrets: ignore[docker-config] because\n"
    other = "# gitops-secrets: ignore[plaintext-dockerconfigjson] because\n"
    for content in (Fresh().secret.replace("data:\n", f"data:\n  {mark}"), other + Fresh().secret):
        judged = engine.judge_blob(PATH, content.encode(), NOBODY)
        assert "plaintext-dockerconfigjson" in {f.rule for f in judged.findings}


def test_on_a_server_only_markers_of_the_protected_branch_count():
    mark = "  # gitops-secrets: ignore[plaintext-dockerconfigjson] a registry for tests\n"
    fresh = Fresh()
    content = fresh.secret.replace("data:\n", f"data:\n{mark}").encode()
    facts = engine.examine(content)
    pushed = engine.judge(PATH, facts, NOBODY, covers=engine.covers_nothing)
    assert [f.rule for f in pushed.findings] == ["plaintext-dockerconfigjson"]

    def rules(before: bytes) -> list[str]:
        covers = engine.given(PATH, before, content, NOBODY)
        return [f.rule for f in engine.judge(PATH, facts, NOBODY, covers=covers).findings]

    assert rules(b"# a note\n" + content) == []
    assert rules(fresh.secret.encode()) == ["plaintext-dockerconfigjson"]
    other = Fresh().secret.replace("data:\n", f"data:\n{mark}").encode()
    assert rules(other) == ["plaintext-dockerconfigjson"]


def test_a_baseline_entry_excuses_its_finding_while_the_value_is_unchanged():
    content = Fresh().secret.encode()
    baseline = render_baseline((_entry(content),))
    policy = Policy(baseline=baseline, today=date(2030, 1, 31))
    judged = engine.judge_blob(PATH, content, policy, unchanged=lambda _entry, _finding: True)
    assert judged.findings == ()
    assert [i.reason for i in judged.ignored_by_baseline] == ["a registry for tests"]
    changed = engine.judge_blob(PATH, content, policy, unchanged=lambda _entry, _finding: False)
    assert len(changed.findings) == 1


def test_a_baseline_proves_nothing_by_itself():
    content = Fresh().secret.encode()
    policy = Policy(baseline=render_baseline((_entry(content),)), today=date(2029, 1, 1))
    assert len(engine.judge_blob(PATH, content, policy).findings) == 1


@pytest.mark.parametrize("today", [date(2030, 2, 1), None])
def test_an_expired_baseline_entry_excuses_nothing(today: date | None):
    content = Fresh().secret.encode()
    policy = Policy(baseline=render_baseline((_entry(content),)), today=today)
    judged = engine.judge_blob(PATH, content, policy, unchanged=lambda _entry, _finding: True)
    assert len(judged.findings) == 1


@pytest.mark.parametrize(
    "changes",
    [{"rule": "docker-config"}, {"path": "other.yaml"}, {"object": "Secret a/b"}, {"key": ("x",)}],
)
def test_a_baseline_entry_for_another_place_excuses_nothing(changes: dict[str, object]):
    content = Fresh().secret.encode()
    policy = Policy(baseline=render_baseline((_entry(content, **changes),)), today=date(2029, 1, 1))
    judged = engine.judge_blob(PATH, content, policy, unchanged=lambda _entry, _finding: True)
    assert len(judged.findings) == 1


@pytest.mark.parametrize("field", ["rule", "path", "reason", "expires", "author", "commit"])
def test_a_baseline_entry_that_lacks_a_field_stops_the_guard(field: str):
    content = Fresh().secret.encode()
    rendered = render_baseline((_entry(content),)).decode()
    broken = "\n".join(
        line if f" {field}:" not in line else f"    {field}: ''" for line in rendered.splitlines()
    ).replace("accepted:\n    ", "accepted:\n  - ")
    policy = Policy(baseline=broken.encode(), today=date(2029, 1, 1))
    with pytest.raises(InvalidDocumentError, match=r"\.gitops-secrets-baseline\.yaml"):
        engine.judge_blob(PATH, content, policy)


def test_same_value_tells_a_changed_credential_from_a_changed_neighbour():
    c, other = Fresh(), Fresh()
    old = c.secret.encode()
    moved_down = c.secret.replace("metadata:", "# note\nmetadata:\n  labels: {a: b}").encode()
    finding = engine.judge_blob(PATH, moved_down, NOBODY).findings[0]
    assert engine.same_value(old, moved_down, finding)
    assert not engine.same_value(other.secret.encode(), moved_down, finding)
    assert not engine.same_value(b"a: b\n", moved_down, finding)


@pytest.mark.parametrize(
    "form", ["auths:\n  ghcr.io:\n    auth: {0}\n", "see auths = {{ auth: '{0}' }}\n"]
)
@pytest.mark.parametrize("field", ["auth", "password"])
def test_an_exception_for_one_field_of_an_entry_excuses_no_other(form: str, field: str):
    fresh, other = Fresh(), Fresh()
    old = form.format(fresh.auth)
    line = f"auth: {fresh.auth}" if "see" not in form else f"auth: '{fresh.auth}'"
    more = other.auth if field == "auth" else other.password
    apart = "\n    " if "see" not in form else ", "
    new = old.replace(line, f"{line}{apart}{field}: '{more}'")
    assert new != old
    (finding,) = engine.judge_blob(PATH, new.encode(), NOBODY).findings
    assert engine.same_value(old.encode(), old.encode() + b"# a note\n", finding)
    assert not engine.same_value(old.encode(), new.encode(), finding)


def test_same_value_of_a_secret_under_a_creation_rule():
    policy = Policy({".sops.yaml": b"creation_rules:\n- path_regex: .*\n"})
    password = Fresh().password
    old, new = _generic(password), _generic(Fresh().password)
    later = b"# c\n" + old.encode()
    finding = engine.judge_blob(PATH, later, policy).findings[0]
    assert engine.same_value(old.encode(), later, finding)
    assert not engine.same_value(new.encode(), later, finding)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("namespace: apps", "namespace: attacker"),
        ("name: db", "name: other"),
        ("kind: Secret", "kind: ConfigMap"),
        ("apiVersion: v1", "apiVersion: example.com/v1"),
        ("type: Opaque", "type: kubernetes.io/basic-auth"),
    ],
)
def test_an_encrypted_object_that_was_changed_by_hand_was_moved(before: str, after: str):
    old = encrypt(_generic(Fresh().password), *ONLY_DATA)
    new = engine.examine(old.replace(before, after, 1).encode())
    judged = engine.judge_change(PATH, new, [(PATH, engine.examine(old.encode()))], NOBODY)
    assert [f.rule for f in judged.findings] == ["moved-ciphertext"]
    assert "apps/db" in judged.findings[0].message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t.replace("type: Opaque\n", "", 1), id="no type is Opaque"),
        pytest.param(
            lambda t: t.replace("kind: Secret\n", "", 1).replace("apiVersion: v1\n", "", 1),
            id="no object any more",
        ),
    ],
)
def test_what_an_api_server_takes_for_the_same_or_for_no_object_was_not_moved(
    change: Callable[[str], str],
):
    old = encrypt(_generic(Fresh().password), *ONLY_DATA)
    new = engine.examine(change(old).encode())
    assert change(old) != old
    assert new.objects[0].ciphertexts
    before = [(PATH, engine.examine(old.encode()))]
    assert engine.judge_change(PATH, new, before, NOBODY).findings == ()


def test_an_encrypted_object_in_a_renamed_file_was_not_moved():
    content = encrypt(_generic(Fresh().password), *ONLY_DATA)
    facts = engine.examine(content.encode())
    assert engine.judge_change("new.yaml", facts, [("old.yaml", facts)], NOBODY).findings == ()


def test_an_object_that_was_encrypted_anew_was_not_moved():
    password = Fresh().password
    old = engine.examine(encrypt(_generic(password), *ONLY_DATA).encode())
    new = engine.examine(encrypt(_generic(password, namespace="other"), *ONLY_DATA).encode())
    assert engine.judge_change(PATH, new, [(PATH, old)], NOBODY).findings == ()


def test_a_copy_with_another_namespace_is_found_in_the_tree():
    content = encrypt(_generic(Fresh().password), *ONLY_DATA)
    copy = content.replace("namespace: apps", "namespace: other")
    files = {"a.yaml": engine.examine(content.encode()), "b.yaml": engine.examine(copy.encode())}
    judged = engine.judge_set(files, NOBODY)
    assert [(f.path, f.rule) for f in judged.findings] == [
        ("a.yaml", "copied-ciphertext"),
        ("b.yaml", "copied-ciphertext"),
    ]
    only = engine.judge_set(files, NOBODY, only=["b.yaml"])
    assert [f.path for f in only.findings] == ["b.yaml"]
    assert "apps/db" in only.findings[0].message


def _of_one_data_key(*options: str) -> tuple[str, str]:
    """Return two encrypted Secrets with different values and one data key, as a copy that was edited has it."""
    two = encrypt(_generic("a1") + "---\n" + _generic("b2", name="other"), *ONLY_DATA, *options)
    first, _, second = two.partition("\n---\n")
    return first, second


def test_a_copy_that_was_edited_shares_its_data_key_and_that_is_how_people_work():
    first, second = _of_one_data_key()
    files = {"a.yaml": engine.examine(first.encode()), "b.yaml": engine.examine(second.encode())}
    assert files["a.yaml"].objects[0].wrapped == files["b.yaml"].objects[0].wrapped != ()
    assert engine.judge_set(files, NOBODY).findings == ()
    moved = engine.judge_change("b.yaml", files["b.yaml"], [("a.yaml", files["a.yaml"])], NOBODY)
    assert moved.findings == ()


def test_a_shared_data_key_with_other_readers_is_found_in_the_tree():
    import pyrage

    other = str(pyrage.x25519.Identity.generate().to_public())
    first, second = _of_one_data_key("--age", f"{recipient()},{other}")
    lines = second.splitlines()
    at = next(i for i, line in enumerate(lines) if other in line)
    begin = next(i for i in range(at, 0, -1) if lines[i].lstrip().startswith("- "))
    end = next(i for i in range(begin, len(lines)) if "END AGE" in lines[i]) + 1
    fewer = "\n".join([*lines[:begin], *lines[max(end, at + 1) :]]) + "\n"
    files = {"a.yaml": engine.examine(first.encode()), "b.yaml": engine.examine(fewer.encode())}
    assert [len(f.objects[0].wrapped) for f in files.values()] == [2, 1]
    judged = engine.judge_set(files, NOBODY)
    assert [f.rule for f in judged.findings] == ["copied-ciphertext"] * 2
    assert all("which other readers have there" in f.message for f in judged.findings)


def test_the_same_object_for_two_clusters_and_two_documents_of_one_file_are_no_copies():
    content = encrypt(_generic("x1") + "---\n" + _generic("x1", name="other"), *ONLY_DATA)
    facts = engine.examine(content.encode())
    assert engine.judge_set({"a/x.yaml": facts, "b/x.yaml": facts}, NOBODY).findings == ()


def test_facts_are_plain_json_and_anything_else_is_refused():
    facts = engine.examine(Fresh().secret.encode())
    json.loads(facts.to_json())
    for text in ("[]", "{}", "null", "[[1],[],[]]", "nonsense"):
        with pytest.raises(ValueError, match=r"facts|Expecting|unpack"):
            Facts.from_json(text)


def test_the_byte_filter_sees_base64_that_is_commented_out_line_by_line() -> None:
    """One word of it stands across two lines, with the comment's sign in the middle."""
    import base64

    from gitops_secrets.core.guard.filter.prefilter import PACKED, may_hold

    encoded = base64.b64encode(
        b"flux bootstrap git --url=ssh://g/r --registry-creds=robot:x"
    ).decode()
    at = encoded.index(base64.b64encode(b"-creds").decode()[2:6]) + 2
    assert may_hold(f"# {encoded[:at]}\n# {encoded[at:]}\n".encode()) & PACKED
