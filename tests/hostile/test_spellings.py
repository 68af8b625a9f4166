"""What a reader of Kubernetes takes for a Secret, or a person for a password, is one however it is spelled."""

from __future__ import annotations

import base64

import pytest

from tests.hostile.test_contents import BLOCK, PASSWORD, rules

HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
TAGGED = {
    "a merge by its tag": f"{HEAD}!!merge a: {{stringData: {{password: {PASSWORD}}}}}\n",
    "a merge by its tag in full": f"{HEAD}? !<tag:yaml.org,2002:merge> a\n: [{{stringData: {{password: {PASSWORD}}}}}]\n",
    "a merge within data": f"{HEAD}stringData:\n  !!merge a: {{password: {PASSWORD}}}\n",
    "a merge of a merge": f"{HEAD}<<: {{!!merge b: {{stringData: {{password: {PASSWORD}}}}}}}\n",
    "the kind's key in base64": BLOCK.replace("kind:", "!!binary a2luZA==:"),
    "the kind in base64": BLOCK.replace("kind: Secret", "kind: !!binary U2VjcmV0"),
    "the data's key in base64": f"{HEAD}!!binary ZGF0YQ==: {{password: {ENCODED}}}\n",
    "a key that is only tagged as base64": f"{HEAD}!!binary data: {{password: {ENCODED}}}\n",
    "a longer key that is only tagged so": f"{HEAD}!x-binary stringData: {{password: {PASSWORD}}}\n",
    "a null with text": f"{HEAD}stringData:\n  password: !!null {PASSWORD}\n",
    "a null in quotes": f"{HEAD}stringData:\n  password: !!null '{PASSWORD}'\n",
    "a key tagged as null": BLOCK.replace("kind:", "!!null kind:"),
    "an object tagged as null": "!!null\n" + BLOCK,
}  # fmt: skip


@pytest.mark.parametrize("name", TAGGED)
def test_no_tag_hides_a_secret(name: str) -> None:
    assert "unencrypted-secret" in rules(TAGGED[name])


def test_a_real_null_is_empty() -> None:
    for value in ("!!null", "!!null ''", "!!null null", "~", ""):
        assert rules(f"{HEAD}stringData:\n  password: {value}\n") == set()
