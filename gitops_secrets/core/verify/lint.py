"""What is wrong with a ``.sops.yaml`` though sops says nothing: it does other things than its author meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

import yaml

from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.sops.keys.managers import plugin_of
from gitops_secrets.core.sops.keys.recipients import is_identity
from gitops_secrets.core.sops.rules.config import read_root
from gitops_secrets.core.sops.rules.creation import CreationRule
from gitops_secrets.core.sops.structure import RULE_FIELDS
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.verify.rules import Rules, config_line, relative
from gitops_secrets.core.yamltext.nodes import Position, get, items, position
from gitops_secrets.errors import InvalidDocumentError

_TOP = ("creation_rules", "destination_rules", "stores")
_RULE = (
    *("path_regex", "kms", "aws_profile", "age", "pgp", "gcp_kms", "hckms", "azure_keyvault"),
    *("hc_vault_transit_uri", "key_groups", "merge", "plugins", "shamir_threshold"),
    *RULE_FIELDS,
    "mac_only_encrypted",
)
_GROUP = ("merge", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "age", "pgp", "plugins")
_TEMPLATE = re.compile(r"[$<{%]")
"""In what stands for a recipient in a template of such a file, and in no recipient."""
_STDIN = "/dev/stdin"
"""What a rule for ``sops encrypt /dev/stdin`` is for: no file of the repository."""
_NOT_READ = {"filename_regex": "path_regex"}
"""What no sops since 3.4 reads, and what does what it did."""

Problem = Callable[[str], tuple[str, str] | None]
"""Says why a recipient is none, and what helps; None for one that is."""


def lint(
    rules: Rules, paths: Collection[str], encrypted: Collection[str], problem: Problem
) -> Iterator[Finding]:
    """Yield what is wrong with each file of *rules*; *paths* are all files of the repository."""
    for config, message in rules.broken.items():
        where, why = config_line(message), message.partition(": ")[2] or message
        yield found("sops-config", config, where, why)
    for config, of_config in rules.rules.items():
        if any(_TEMPLATE.search(r.value) for rule in of_config for r in rule.recipients):
            continue
        yield from _unknown_keys(config, rules.configs[config])
        for rule in of_config:
            yield from _check_recipients(config, rule, problem)
            flaws = [rule.threshold_flaw]
            if len(rule.choices) > 1 or rule.flaw is not None:
                flaws.append(rule.misfit())
            for why in filter(None, flaws):
                where = Position(rule.line, 1)
                yield found("sops-config", config, where, f"creation rule {rule.order + 1} {why}")
        if config in rules.broken:
            continue
        flaw = _broken_regex(of_config)
        if flaw is None:
            yield from _unused(config, of_config, paths, encrypted)
        else:
            yield found("sops-config", config, config_line(flaw), flaw.partition(": ")[2])


def _broken_regex(rules: Sequence[CreationRule]) -> str | None:
    """Return why a path_regex of *rules* cannot be matched: sops fails on it once no rule before it matches."""
    for rule in rules:
        try:
            rule.matches("")
        except InvalidDocumentError as error:
            return error.message
    return None


def _unknown_keys(config: str, content: bytes) -> Iterator[Finding]:
    try:
        root = read_root(content)
    except InvalidDocumentError:
        return
    yield from _unknown(config, root, _TOP, "")
    for rule in items(root, "creation_rules"):
        yield from _unknown(config, rule, _RULE, " of a creation rule")
        for group in items(rule, "key_groups"):
            yield from _unknown(config, group, _GROUP, " of a key group")


def _unknown(
    config: str, node: yaml.Node | None, known: Sequence[str], where: str
) -> Iterator[Finding]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, _ in node.value:
        name = str(key.value)
        if name in known or name == "<<" or name.startswith("x-"):
            continue
        if not where and get(node, name) is not None and _is_anchor_holder(node, name):
            continue
        from difflib import get_close_matches

        close = _NOT_READ.get(name) or next(iter(get_close_matches(name, known, 1)), None)
        meant = f": is {close} meant?" if close else ""
        yield found(
            "unknown-key",
            config,
            position(key),
            f"sops ignores the key '{name}'{where}{meant}",
        )


def _is_anchor_holder(root: yaml.MappingNode, name: str) -> bool:
    """Return whether the value of *name* at the top is used again below: people keep anchors there."""
    value = get(root, name)
    inside = {id(node) for node in _nodes(value)}
    others = (node for key, node in root.value if key.value != name)
    return any(id(node) in inside for other in others for node in _nodes(other))


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if node is None:
        return
    yield node
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _nodes(key)
            yield from _nodes(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _nodes(item)


def _check_recipients(config: str, rule: CreationRule, problem: Problem) -> Iterator[Finding]:
    for recipient in rule.recipients:
        if not recipient.value or plugin_of(recipient.value) is not None:
            continue
        said = problem(recipient.value)
        if said is None:
            continue
        is_secret = is_identity(recipient.value)
        why = (
            "an identity, the secret half, stands in place of a recipient" if is_secret else said[0]
        )
        yield found(
            "invalid-recipient",
            config,
            Position(rule.line, 1),
            f"creation rule {rule.order + 1}: {why}",
        )


def _unused(
    config: str, rules: Sequence[CreationRule], paths: Collection[str], encrypted: Collection[str]
) -> Iterator[Finding]:
    """Yield the rules that sops would choose for no file, and why."""
    folder = config.rpartition("/")[0]
    below = [p for p in paths if not folder or p.startswith(f"{folder}/")]
    chosen: set[int] = set()
    ahead: dict[int, CreationRule] = {}
    matched: set[int] = set()
    for path in below:
        name = relative(config, path)
        hits = [rule for rule in rules if rule.matches(name)]
        matched.update(rule.order for rule in hits)
        if hits:
            chosen.add(hits[0].order)
            for rule in hits[1:]:
                ahead.setdefault(rule.order, hits[0])
    everything = next((rule for rule in rules if not rule.path_regex), None)
    for rule in rules:
        is_behind = everything is not None and rule.order > everything.order
        if is_behind or (rule.order in matched and rule.order not in chosen):
            first = everything if is_behind else ahead[rule.order]
            assert first is not None
            yield found(
                "shadowed-rule",
                config,
                Position(rule.line, 1),
                f"sops never chooses creation rule {rule.order + 1}: rule {first.order + 1} comes first "
                "for every file that it matches",
            )
        elif rule.order not in matched and encrypted and not rule.matches(_STDIN):
            yield found(
                "unused-rule",
                config,
                Position(rule.line, 1),
                f"creation rule {rule.order + 1} matches no file: path_regex '{rule.path_regex}'",
            )
