"""What apply would change is shown by the names of entries, never by a value or its length."""

from __future__ import annotations

from typing import Any

from gitops_secrets.core.live.shown import namespace_change, secret_change
from gitops_secrets.core.repository.filechange import render_diff

APPLIED: dict[str, Any] = {
    "metadata": {"name": "it", "namespace": "team", "labels": {"watch": "Enabled"}},
    "data": {"b": "bmV3"},
}


def secret(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "it", "namespace": "team", **metadata},
        "type": "Opaque",
        "data": data,
    }


def test_a_new_entry_is_added_beside_what_is_there() -> None:
    before = secret({"a": "b2xk"})
    after = secret({"a": "b2xk", "b": "bmV3"}, labels={"watch": "Enabled"})
    assert render_diff([secret_change(before, after, APPLIED)]).splitlines() == [
        "--- a/Secret/team/it",
        "+++ b/Secret/team/it",
        "@@ -3,6 +3,9 @@",
        " metadata:",
        "   name: it",
        "   namespace: team",
        "+  labels:",
        "+    watch: Enabled",
        " type: Opaque",
        " data:",
        "   a: (hidden)",
        "+  b: (hidden)",
    ]


def test_a_value_that_differs_is_said_to() -> None:
    shown = render_diff([secret_change(secret({"b": "b2xk"}), secret({"b": "bmV3"}), APPLIED)])
    assert "-  b: (hidden, before)\n+  b: (hidden, after)\n" in shown
    assert "b2xk" not in shown
    assert "bmV3" not in shown


def test_what_is_not_applied_is_not_shown() -> None:
    """kubectl apply keeps the whole Secret, readable, in an annotation."""
    last = {"kubectl.kubernetes.io/last-applied-configuration": '{"data": {"b": "bmV3"}}'}
    before = secret({"b": "b2xk"}, annotations=last, labels={"other": "bmV3"})
    assert "bmV3" not in render_diff([secret_change(before, secret({"b": "bmV3"}), APPLIED)])


def test_what_is_new_is_all_additions() -> None:
    changes = [namespace_change("team"), secret_change(None, secret({"b": "bmV3"}), APPLIED)]
    lines = render_diff(changes).splitlines()
    assert lines.count("--- /dev/null") == 2
    assert "+kind: Namespace" in lines
    assert "+  b: (hidden)" in lines
