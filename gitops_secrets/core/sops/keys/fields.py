"""Which fields of a ``sops`` block sops gets to see: known ones, and the master keys that are allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.sops.keys.managers import KINDS, Allowed, plugin_of
from gitops_secrets.core.yamltext.nodes import get, items, text, to_value
from gitops_secrets.errors import GitOpsSecretsError

_TEXTS = (
    *("lastmodified", "mac", "version", "unencrypted_suffix", "encrypted_suffix"),
    *("unencrypted_regex", "encrypted_regex"),
    *("unencrypted_comment_regex", "encrypted_comment_regex"),
)


class Dropped(NamedTuple):
    """A master key that sops does not get to see: its kind, as SOPS names it, and what identifies it."""

    kind: str
    identification: str


class Choice(NamedTuple):
    """A ``sops`` block for sops, and what is not in it."""

    block: dict[str, object]
    dropped: list[Dropped]
    kept: set[str]
    """The kinds, beside age, of the master keys that are in it."""


def choose_fields(node: yaml.MappingNode, path: str, allowed: Allowed) -> Choice:
    """Return what sops gets to see of the block *node*.

    Raises GitOpsSecretsError if too few of its key groups would be left.
    """
    choice = Choice({}, [], set())
    choice.block.update(_known_fields(node, path, allowed, choice))
    return choice


def _known_fields(
    node: yaml.MappingNode, path: str, allowed: Allowed, choice: Choice
) -> Iterator[tuple[str, object]]:
    groups = items(node, "key_groups")
    if groups:
        yield from _groups(node, groups, path, allowed, choice)
    else:
        yield from _keys(node, allowed, choice)
    for name in _TEXTS:
        value = text(node, name)
        if value is not None:
            yield name, value
    if (text(node, "mac_only_encrypted") or "").lower() == "true":
        yield "mac_only_encrypted", True


def _groups(
    node: yaml.MappingNode, groups: Sequence[yaml.Node], path: str, allowed: Allowed, choice: Choice
) -> Iterator[tuple[str, object]]:
    left = [keys for group in groups if (keys := dict(_keys(group, allowed, choice)))]
    threshold = text(node, "shamir_threshold") or "0"
    needed = int(threshold) if threshold.isdecimal() and int(threshold) else len(groups)
    if len(left) < needed:
        names = ", ".join(
            sorted({KINDS[k.kind].setting for k in choice.dropped if k.kind in KINDS})
        )
        raise GitOpsSecretsError(
            f"{path} needs keys of {needed} of its {len(groups)} key groups, and only {len(left)} have one "
            "that your settings allow",
            f"allow what they name ({names or 'age-plugin'}) under key-managers in your settings",
        )
    if len(groups) == 1:
        yield from left[0].items()
        return
    yield "shamir_threshold", needed
    yield "key_groups", left


def _keys(
    holder: yaml.Node, allowed: Allowed, choice: Choice
) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Yield the master keys of a block or a group that sops may see, by kind."""
    ages: list[dict[str, object]] = []
    for entry in items(holder, "age"):
        recipient = text(entry, "recipient") or ""
        plugin = plugin_of(recipient)
        if plugin is not None and not allowed.allows_plugin(plugin):
            choice.dropped.append(Dropped("age", recipient))
        else:
            ages.append({"recipient": recipient, "enc": text(entry, "enc") or ""})
    if ages:
        yield "age", ages
    for kind, known in KINDS.items():
        kept = []
        for entry in items(holder, kind):
            identification = text(entry, known.field) or ""
            # A role or a profile of the file's choice would act with the user's own credentials.
            commands = any(text(entry, field) for field in ("role", "aws_profile"))
            if commands or not allowed.allows(kind, identification):
                choice.dropped.append(Dropped(kind, identification))
                continue
            kept.append(dict(_fields(entry, (known.field, *known.others))))
        if kept:
            choice.kept.add(kind)
            yield kind, kept


def _fields(entry: yaml.Node, names: Sequence[str]) -> Iterator[tuple[str, object]]:
    for name in names:
        value = text(entry, name)
        if value is not None:
            yield name, value
        elif isinstance(get(entry, name), yaml.MappingNode):
            yield name, to_value(get(entry, name))
