"""The edits of ``.sops.yaml`` that add a cluster's creation rule, or make it anew: every other byte stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.sops.rules.creation import ENCRYPTED_REGEX, CreationRule, Recipient
from gitops_secrets.core.sops.rules.readerlists import as_list
from gitops_secrets.core.yamltext.nested import edit_block
from gitops_secrets.core.yamltext.nodes import compose_single, get, items, text
from gitops_secrets.core.yamltext.splice import (
    Item,
    insert_item,
    quote,
    remove_item,
    replace_item,
)
from gitops_secrets.errors import InvalidDocumentError


def rule_item(path_regex: str, recipients: Sequence[Recipient]) -> Item:
    """Return the creation rule for what *path_regex* matches: whose each recipient is, is said on its line."""
    age = tuple(f"  - {r.value} # {_label(r)}" for r in recipients)
    lines = (
        f"path_regex: {quote(path_regex)}",
        f"encrypted_regex: {ENCRYPTED_REGEX}",
        "age:",
        *age,
    )
    return Item(
        lines,
        {
            "path_regex": path_regex,
            "encrypted_regex": ENCRYPTED_REGEX,
            "age": [r.value for r in recipients],
        },
    )


def add_rule(
    content: bytes | None, cluster: Cluster, recipients: Sequence[Recipient], before: int | None
) -> bytes:
    """Return ``.sops.yaml`` with the rule for *cluster* before rule *before*, or last."""
    return add_path_rule(content, cluster.path_regex, recipients, before)


def add_path_rule(
    content: bytes | None,
    path_regex: str,
    recipients: Sequence[Recipient],
    before: int | None = None,
) -> bytes:
    """Return ``.sops.yaml`` with the rule for what *path_regex* matches before rule *before*, or last.

    A new file also pins the indent, so that no later sops rewrites a file it only meant to edit.
    """
    item = rule_item(path_regex, recipients)
    if content is None:
        start = b"# How sops encrypts here. The first rule whose path_regex matches is the one.\n"
        new = insert_item(start, CONFIG, "creation_rules", item)
        return new + b"stores:\n  yaml:\n    indent: 2\n"
    return insert_item(content, CONFIG, "creation_rules", item, before, aliases=True)


def replace_rule(
    content: bytes, cluster: Cluster, recipients: Sequence[Recipient], index: int
) -> bytes:
    """Return ``.sops.yaml`` with rule *index*, one of ours, made anew with *recipients*."""
    item = rule_item(cluster.path_regex, recipients)
    return replace_item(content, CONFIG, "creation_rules", index, item, aliases=True)


def add_reader(content: bytes, rule: CreationRule, recipient: str, name: str | None) -> bytes:
    """Return ``.sops.yaml`` with *recipient* last in the list ``age`` of *rule*, and whose it is on its line.

    Recipients in one text become a list. Raises InvalidDocumentError if the rule has no ``age`` of its own.
    """
    item = _reader(recipient, name)
    return _edit_list(content, rule, lambda block: insert_item(block, CONFIG, "age", item))


def name_reader(content: bytes, rule: CreationRule, recipient: str, name: str) -> bytes:
    """Return ``.sops.yaml`` with *name* on the line of *recipient* in *rule*; the errors are those of add_reader."""

    def named(block: bytes) -> bytes:
        at = _place(block, rule, recipient)
        return replace_item(block, CONFIG, "age", at, _reader(recipient, name))

    return _edit_list(content, rule, named)


def drop_reader(content: bytes, rule: CreationRule, recipient: str) -> bytes:
    """Return ``.sops.yaml`` without *recipient* in the list ``age`` of *rule*; the errors are those of add_reader."""

    def without(block: bytes) -> bytes:
        return remove_item(block, CONFIG, "age", _place(block, rule, recipient))

    return _edit_list(content, rule, without)


def _reader(recipient: str, name: str | None) -> Item:
    return Item((f"{recipient} # {_label(Recipient(recipient, name=name))}",), recipient)


def _place(block: bytes, rule: CreationRule, recipient: str) -> int:
    """Return where *recipient* is in the list ``age`` of the rule that *block* is."""
    elements = [text(e) for e in items(get(compose_single(block, CONFIG), "age"))]
    if recipient not in elements:
        raise _not_a_list(rule)
    return elements.index(recipient)


def _edit_list(content: bytes, rule: CreationRule, edit: Callable[[bytes], bytes]) -> bytes:
    """Return ``.sops.yaml`` with *edit* made in *rule*, whose recipients are a list for it."""

    def edited(block: bytes) -> bytes:
        try:
            listed = as_list(block, CONFIG)
        except InvalidDocumentError:
            raise _not_a_list(rule) from None
        return edit(listed)

    return edit_block(content, CONFIG, ("creation_rules", rule.order), edited)


def _not_a_list(rule: CreationRule) -> InvalidDocumentError:
    if len(rule.groups) > 1:
        return InvalidDocumentError(
            f"{CONFIG}:{rule.line}: creation rule {rule.order + 1} has {len(rule.groups)} key groups, and only you "
            "know which one is meant",
            f"edit key_groups in {CONFIG}, then: gitops-secrets verify --fix",
        )
    return InvalidDocumentError(
        f"{CONFIG}:{rule.line}: creation rule {rule.order + 1} has no list age of its own that can be edited: it is "
        "missing, or has an anchor, an alias or a merge key",
        f"write age in {CONFIG} with a dash for each recipient, and run again",
    )


def _label(recipient: Recipient) -> str:
    if recipient.cluster:
        return f"cluster: {recipient.cluster}"
    return f"person: {recipient.name}" if recipient.name else "person"
