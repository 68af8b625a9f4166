"""Creation rules: which one sops would choose, whether it will do, and the edit that adds ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.goregex.match import GoRegexError, go_regex, is_found
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.yamltext.nodes import compose_single, entries, get, items, text
from gitops_secrets.core.yamltext.splice import Item, insert_item, quote, replace_item
from gitops_secrets.errors import InvalidDocumentError

ENCRYPTED_REGEX = "^(data|stringData)$"
"""The one choice of values that fits Kubernetes: apiVersion, kind and metadata stay readable."""

_MUST_MATCH = ("data", "stringData")
_MUST_NOT_MATCH = (
    *("apiVersion", "kind", "metadata", "type", "immutable"),
    *("name", "namespace", "labels", "annotations", "sops"),
)
_PROBES = ("secret.yaml", "apps/base/secret.yaml", "clusters/x/secret.yaml", "infra/a.sops.yaml")
_UNFIT_FIELDS = (
    *("mac_only_encrypted", "shamir_threshold", "key_groups", "unencrypted_suffix"),
    *("encrypted_suffix", "unencrypted_regex", "encrypted_comment_regex"),
    "unencrypted_comment_regex",
)
_STRING = "tag:yaml.org,2002:str"
_OWNER = r"#\s*cluster:\s*(?P<cluster>\S.*?)\s*$"


_KEY_FIELDS = (
    *("pgp", "kms", "aws_profile", "gcp_kms", "hckms"),
    *("azure_keyvault", "hc_vault", "hc_vault_transit_uri"),
)
"""The fields, of a rule or of its key groups, for which sops 3.11 to 3.13 runs or contacts a key manager."""


class KeyField(NamedTuple):
    """A field of a rule by which sops would encrypt for a master key besides age's."""

    name: str
    line: int


class Recipient(NamedTuple):
    """An age recipient of a rule, and the cluster it is recorded for, None if it is a person's."""

    value: str
    cluster: str | None = None


class CreationRule(NamedTuple):
    """One rule of ``.sops.yaml``, in the order in which sops tries them."""

    order: int
    line: int
    path_regex: str | None
    encrypted_regex: str | None
    recipients: tuple[Recipient, ...]
    other_keys: tuple[KeyField, ...]
    """What names master keys besides age's, in the rule and its key groups."""
    unfit: tuple[str, ...]
    """The fields by which the rule does not fit a Kubernetes Secret that Flux decrypts."""

    def matches(self, path: str) -> bool:
        """Return whether sops would find the rule's regex in *path*, relative to ``.sops.yaml``.

        Raises InvalidDocumentError, with the line, for one that Go refuses or that is not understood.
        """
        return not self.path_regex or is_found(
            self.path_regex, path, f"{CONFIG}:{self.line}: path_regex"
        )

    def fits_kubernetes(self) -> bool:
        """Return whether the rule encrypts data and stringData and leaves the rest readable."""
        if self.unfit or self.encrypted_regex is None:
            return False
        try:
            is_found_in = go_regex(self.encrypted_regex).is_found_in
        except GoRegexError:
            return False
        return all(map(is_found_in, _MUST_MATCH)) and not any(map(is_found_in, _MUST_NOT_MATCH))


def parse_rules(content: bytes) -> tuple[CreationRule, ...]:
    """Return the creation rules of a ``.sops.yaml``.

    Raises InvalidDocumentError, with the line, for a file that is not one plain YAML document.
    """
    root = compose_single(content, CONFIG)
    node = get(root, "creation_rules")
    if node is not None and not isinstance(node, yaml.SequenceNode) and text(node) is not None:
        raise InvalidDocumentError(
            f"{CONFIG}: creation_rules is not a list",
            f"write it in {CONFIG} with a dash for each rule",
        )
    _refuse_merges(root)
    lines = content.decode("utf-8-sig").splitlines()
    return tuple(_parse_rule(i, rule, lines) for i, rule in enumerate(items(node)))


def _parse_rule(index: int, rule: yaml.Node, lines: Sequence[str]) -> CreationRule:
    groups = [rule, *_groups(rule, "key_groups")]
    return CreationRule(
        order=index,
        line=rule.start_mark.line + 1,
        path_regex=text(rule, "path_regex"),
        encrypted_regex=text(rule, "encrypted_regex"),
        recipients=tuple(r for group in groups for r in _recipients(get(group, "age"), lines)),
        other_keys=tuple(
            KeyField(name, value.start_mark.line + 1)
            for group in groups
            for name, value in entries(group)
            if name in _KEY_FIELDS
        ),
        unfit=tuple(f for f in _UNFIT_FIELDS if get(rule, f) is not None),
    )


def _groups(holder: yaml.Node, field: str) -> Iterator[yaml.Node]:
    for group in items(holder, field):
        yield group
        yield from _groups(group, "merge")


def _refuse_merges(root: yaml.Node | None) -> None:
    """Raise InvalidDocumentError if sops would read other fields than the ones that are written out."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)
        if not isinstance(node, yaml.MappingNode):
            continue
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != _STRING or key.value == "<<":
                raise InvalidDocumentError(
                    f"{CONFIG}:{key.start_mark.line + 1}: holds a merge key, or a key that is not plain text",
                    "write the fields out",
                )
            stack.append(value)


def _recipients(node: yaml.Node | None, lines: Sequence[str]) -> Iterable[Recipient]:
    if isinstance(node, yaml.ScalarNode):
        found = [(value.strip(), node) for value in str(node.value).split(",")]
    else:
        found = [(str(n.value), n) for n in items(node) if isinstance(n, yaml.ScalarNode)]
    for value, where in found:
        comment = ""
        if where.end_mark.line == where.start_mark.line:
            comment = lines[where.end_mark.line][where.end_mark.column :]
        owner = re.search(_OWNER, comment)
        if value:
            yield Recipient(value, owner["cluster"] if owner else None)


def recorded_recipient(rules: Iterable[CreationRule], cluster: Cluster) -> str | None:
    """Return the recipient that ``.sops.yaml`` records for *cluster*, or None."""
    for rule in rules:
        for recipient in rule.recipients:
            if recipient.cluster == cluster.path:
                return recipient.value
    return None


def choose_rule(rules: Iterable[CreationRule], path: str) -> CreationRule | None:
    """Return the rule that sops chooses for *path*: the first whose regex is found in it."""
    return next((rule for rule in rules if rule.matches(path)), None)


def is_specific(rule: CreationRule, cluster: Cluster, siblings: Iterable[Cluster]) -> bool:
    """Return whether *rule* is for *cluster* alone: for no sibling, nor for the repository at large."""
    name = "/gitops-secrets-probe.sops.yaml"
    others = [c.folder for c in siblings if c.path != cluster.path] + [f"{cluster.folder}-other"]
    return not any(rule.matches(f"{folder}{name}") for folder in others) and not any(
        rule.matches(path) for path in _PROBES
    )


def rule_item(cluster: Cluster, recipients: Sequence[Recipient]) -> Item:
    """Return the creation rule for *cluster*: its own recipient and people's, each said on its line."""
    age = tuple(f"  - {r.value} # {_label(r)}" for r in recipients)
    lines = (
        f"path_regex: {quote(cluster.path_regex)}",
        f"encrypted_regex: {ENCRYPTED_REGEX}",
        "age:",
        *age,
    )
    return Item(
        lines,
        {
            "path_regex": cluster.path_regex,
            "encrypted_regex": ENCRYPTED_REGEX,
            "age": [r.value for r in recipients],
        },
    )


def add_rule(
    content: bytes | None, cluster: Cluster, recipients: Sequence[Recipient], before: int | None
) -> bytes:
    """Return ``.sops.yaml`` with the rule for *cluster* before rule *before*, or last.

    A new file also pins the indent, so that no later sops rewrites a file it only meant to edit.
    """
    item = rule_item(cluster, recipients)
    if content is None:
        start = b"# How sops encrypts here. The first rule whose path_regex matches is the one.\n"
        new = insert_item(start, CONFIG, "creation_rules", item)
        return new + b"stores:\n  yaml:\n    indent: 2\n"
    return insert_item(content, CONFIG, "creation_rules", item, before)


def replace_rule(
    content: bytes, cluster: Cluster, recipients: Sequence[Recipient], index: int
) -> bytes:
    """Return ``.sops.yaml`` with rule *index*, one of ours, made anew with *recipients*."""
    return replace_item(content, CONFIG, "creation_rules", index, rule_item(cluster, recipients))


def _label(recipient: Recipient) -> str:
    return f"cluster: {recipient.cluster}" if recipient.cluster else "person"
