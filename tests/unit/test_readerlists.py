"""Recipients of a rule that are one text become a list, and everything beside them stays."""

from __future__ import annotations

import pytest

from gitops_secrets.core.sops.rules.readerlists import as_list
from gitops_secrets.errors import InvalidDocumentError

HEAD = "path_regex: ^apps/\n"
TAIL = "# which values\nencrypted_regex: ^(data|stringData)$\n"
FORMS = {
    "plain": ("age: age1a\n", "age:\n  - age1a\n"),
    "with whose it is": ("age: age1a # cluster: prod\n", "age:\n  - age1a # cluster: prod\n"),
    "quoted, with commas": ('age: "age1a, age1b"  # admins\n', "age: # admins\n  - age1a\n  - age1b\n"),
    "folded": ("age: >-\n  age1a,\n  age1b\n", "age:\n  - age1a\n  - age1b\n"),
    "folded, with a comment": ("age: >- # us\n  age1a,\n  age1b,\n\n", "age: # us\n  - age1a\n  - age1b\n\n"),
    "over lines": ("age: age1a,\n  age1b\n", "age:\n  - age1a\n  - age1b\n"),
    "in brackets": ("age: [age1a, 'age1b']\n", "age:\n  - age1a\n  - age1b\n"),
    "a list already": ("age:\n- age1a\n- age1b # b\n", "age:\n- age1a\n- age1b # b\n"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("last", [False, True], ids=["among others", "last"])
def test_recipients_become_a_list_and_the_rest_stays(form: str, last: bool) -> None:
    given, listed = FORMS[form]
    before, after = (HEAD + TAIL, "") if last else (HEAD, TAIL)
    assert as_list(f"{before}{given}{after}".encode(), "x").decode() == f"{before}{listed}{after}"


@pytest.mark.parametrize("rule", ["kms: arn\n", "age: &us age1a\n", "<<: {age: age1a}\n"])
def test_recipients_that_are_not_in_the_rule_itself_are_refused(rule: str) -> None:
    with pytest.raises(InvalidDocumentError):
        as_list(f"{HEAD}{rule}".encode(), "x")
