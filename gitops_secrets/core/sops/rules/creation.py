"""Creation rules: which one sops would choose, for whom and by what it encrypts, and whether it will do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.goregex.match import is_found
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.sops.rules.choices import EVERYTHING, Choice
from gitops_secrets.core.sops.rules.config import (
    Fields,
    fields,
    flag_of,
    list_of,
    number_of,
    read_root,
    text_of,
    texts_of,
)
from gitops_secrets.core.sops.structure import RULE_FIELDS
from gitops_secrets.core.yamltext.nulls import is_null

ENCRYPTED_REGEX = "^(data|stringData)$"
"""The one choice of values that fits Kubernetes: apiVersion, kind and metadata stay readable."""

_ENCRYPTED = (("data", "key"), ("stringData", "key"))
_READ_BY_FLUX = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
"""What kustomize-controller needs before it decrypts."""
_READABLE = (
    *("apiVersion", "kind", "metadata", "type", "immutable"),
    *("name", "namespace", "labels", "annotations", "sops"),
)
"""The words that a rule for pull Secrets does not take for values."""
_PROBES = ("secret.yaml", "apps/base/secret.yaml", "clusters/x/secret.yaml", "infra/a.sops.yaml")
_OWNER = r"#\s*(?P<kind>cluster|person):\s*(?P<name>\S.*?)\s*$"

_RULE_KEYS = (
    *("pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri", "plugins"),
)
_GROUP_KEYS = ("pgp", "kms", "gcp_kms", "hckms", "azure_keyvault", "hc_vault", "plugins")
"""The fields of a rule, and of a key group, for which sops runs or contacts a key manager."""
_LISTS = ("hckms", "plugins")
"""Those that are a list in a rule too; the others may be text."""


class KeyField(NamedTuple):
    """A field of a rule by which sops would encrypt for a master key besides age's."""

    name: str
    line: int


class Recipient(NamedTuple):
    """An age recipient of a rule, and the cluster it is recorded for, None if it is a person's."""

    value: str
    cluster: str | None = None
    name: str | None = None
    """Whose it is, if the comment on its line says so."""


class KeyGroup(NamedTuple):
    """The master keys any one of which is enough for a group; a rule without key groups is one group."""

    recipients: tuple[Recipient, ...]
    other_keys: tuple[KeyField, ...] = ()
    """What names master keys besides age's."""


class CreationRule(NamedTuple):
    """One rule of ``.sops.yaml``, in the order in which sops tries them."""

    order: int
    line: int
    path_regex: str
    """Empty if it matches every path."""
    choices: tuple[Choice, ...]
    """The fields that say what is encrypted. sops takes one, and with none it encrypts every value."""
    groups: tuple[KeyGroup, ...]
    threshold: int
    """Of how many groups a key is needed; 0 for all of them."""
    mac_only_encrypted: bool
    flaw: str | None = None
    """Why sops fails on what the rule itself has under age, once it takes the rule."""

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """The age recipients of all groups."""
        return tuple(r for group in self.groups for r in group.recipients)

    @property
    def other_keys(self) -> tuple[KeyField, ...]:
        """What names master keys besides age's, in all groups."""
        return tuple(key for group in self.groups for key in group.other_keys)

    @property
    def needed(self) -> int:
        """Of how many key groups a key is needed to decrypt."""
        return self.threshold or len(self.groups)

    @property
    def threshold_flaw(self) -> str | None:
        """Why sops cannot split the data key among the groups by the threshold; None if it can."""
        if len(self.groups) == 1 or 2 <= self.needed <= len(self.groups):
            return None
        return (
            f"has shamir_threshold {self.threshold} and {len(self.groups)} key groups, and sops fails on it: "
            f"it takes 2 to {len(self.groups)}"
        )

    def matches(self, path: str) -> bool:
        """Return whether sops would find the rule's regex in *path*, relative to ``.sops.yaml``.

        Raises InvalidDocumentError, with the line, for one that Go refuses or that is not understood.
        """
        return not self.path_regex or is_found(
            self.path_regex, path, f"{CONFIG}:{self.line}: path_regex"
        )

    def encrypts(self, path: Sequence[str]) -> bool:
        """Return whether sops would encrypt the value at *path*, the keys that lead to it.

        What a rule chooses by comments is not known here, and counts as not encrypted.
        """
        return all(choice.encrypts(path) for choice in self.choices or (EVERYTHING,))

    @property
    def is_understood(self) -> bool:
        """Whether it is known here what the rule encrypts."""
        return all(choice.is_understood for choice in self.choices)

    def misfit(self) -> str | None:
        """Return why sops, or Flux after it, fails on any Secret that is encrypted by the rule; None if neither does."""
        if self.flaw is not None:
            return self.flaw
        if len(self.choices) > 1:
            names = " and ".join(choice.field for choice in self.choices)
            return f"has {names}, and sops takes one of them"
        if any(choice.is_by_comments for choice in self.choices):
            return f"encrypts by comments ({self.choices[0].field}), which Flux does not see"
        if not self.is_understood:
            return None
        read = next((path for path in _READ_BY_FLUX if self.encrypts(path)), None)
        if read is not None:
            return f"encrypts {'.'.join(read)}, which Flux has to read"
        if not any(map(self.encrypts, _ENCRYPTED)):
            return "leaves data and stringData readable"
        return None

    def fits_pull_secrets(self) -> bool:
        """Return whether the rule is in the form that ours has: a cluster's pull Secrets are left to no other.

        It encrypts data and stringData and nothing else, for one group, with a MAC over everything.
        """
        if len(self.choices) != 1 or len(self.groups) != 1 or self.mac_only_encrypted:
            return False
        return (
            self.choices[0].field == "encrypted_regex"
            and all(map(self.encrypts, _ENCRYPTED))
            and not any(self.encrypts((word,)) for word in _READABLE)
        )


def parse_rules(content: bytes) -> tuple[CreationRule, ...]:
    """Return the creation rules of a ``.sops.yaml``.

    Raises InvalidDocumentError, with the line, for a file on which sops fails.
    """
    root = read_root(content)
    if root is None:
        return ()
    lines = content.decode("utf-8-sig").splitlines()
    found = fields(root, CONFIG)
    return tuple(
        _parse_rule(index, node, lines)
        for index, node in enumerate(list_of(found, "creation_rules"))
    )


def _parse_rule(index: int, node: yaml.Node, lines: Sequence[str]) -> CreationRule:
    found = fields(node, f"creation rule {index + 1}")
    listed = [_parse_group(one, lines) for one in list_of(found, "key_groups")]
    for name in _LISTS:
        list_of(found, name)
    age = found.get("age")
    flaw = None if listed else _flaw(age)
    own = KeyGroup(
        () if listed or flaw else tuple(_recipients(age, lines)),
        tuple(_key_fields(found, _RULE_KEYS)),
    )
    return CreationRule(
        order=index,
        line=node.start_mark.line + 1,
        path_regex=text_of(found, "path_regex"),
        choices=tuple(
            Choice(name, value) for name in RULE_FIELDS if (value := text_of(found, name))
        ),
        groups=tuple(listed) or (own,),
        threshold=number_of(found, "shamir_threshold"),
        mac_only_encrypted=flag_of(found, "mac_only_encrypted"),
        flaw=flaw,
    )


def _parse_group(node: yaml.Node, lines: Sequence[str]) -> KeyGroup:
    found = fields(node, "a key group")
    merged = [_parse_group(one, lines) for one in list_of(found, "merge")]
    for name in _GROUP_KEYS:
        list_of(found, name)
    own = [
        Recipient(part.strip(), *_owner(where, lines))
        for value, where in texts_of(found, "age")
        for part in (value.split(",") if value else ())
    ]
    unique: dict[str, Recipient] = {}
    for recipient in (*(r for group in merged for r in group.recipients), *own):
        unique.setdefault(recipient.value, recipient)
    return KeyGroup(
        tuple(unique.values()),
        (*(k for group in merged for k in group.other_keys), *_key_fields(found, _GROUP_KEYS)),
    )


def _key_fields(found: Fields, names: Iterable[str]) -> Iterator[KeyField]:
    for name in names:
        if name in found and found[name].value:
            yield KeyField(name, found[name].start_mark.line + 1)


def _flaw(age: yaml.Node | None) -> str | None:
    """Return what is wrong with *age*, a rule's own recipients: of which type they are, sops asks late."""
    if isinstance(age, yaml.MappingNode):
        return "has an age that is neither text nor a list, and sops fails on it"
    elements = age.value if isinstance(age, yaml.SequenceNode) else []
    if any(not isinstance(e, yaml.ScalarNode) or is_null(e) for e in elements):
        return "has an element of age that is not text, and sops fails on it"
    return None


def _recipients(age: yaml.Node | None, lines: Sequence[str]) -> Iterator[Recipient]:
    """Yield the recipients of a rule without key groups: of a text with commas, or of a list of such texts."""
    if isinstance(age, yaml.ScalarNode):
        values = [(value, age) for value in str(age.value).split(",") if value.strip()]
    else:
        nodes = age.value if age is not None else []
        values = [(value, node) for node in nodes for value in str(node.value).split(",")]
    for value, where in values:
        yield Recipient(value.strip(), *_owner(where, lines))


def _owner(node: yaml.Node, lines: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the cluster, or the person, that the comment behind a recipient names."""
    if node.end_mark.line != node.start_mark.line:
        return None, None
    owner = re.search(_OWNER, lines[node.end_mark.line][node.end_mark.column :])
    if owner is None:
        return None, None
    return (owner["name"], None) if owner["kind"] == "cluster" else (None, owner["name"])


def recorded_recipient(rules: Iterable[CreationRule], cluster: Cluster) -> str | None:
    """Return the recipient that ``.sops.yaml`` records for *cluster*, or None."""
    recorded = recorded_recipients(rules).get(cluster.path)
    return recorded.value if recorded else None


def recorded_recipients(rules: Iterable[CreationRule]) -> dict[str, Recipient]:
    """Return the recipient that ``.sops.yaml`` records for each cluster, by its path: the first of each."""
    recorded: dict[str, Recipient] = {}
    for rule in rules:
        for recipient in rule.recipients:
            if recipient.cluster:
                recorded.setdefault(recipient.cluster, recipient)
    return recorded


def choose_rule(rules: Iterable[CreationRule], path: str) -> CreationRule | None:
    """Return the rule that sops chooses for *path*: the first whose regex is found in it."""
    return next((rule for rule in rules if rule.matches(path)), None)


def is_specific(rule: CreationRule, cluster: Cluster, siblings: Iterable[Cluster]) -> bool:
    """Return whether *rule* is for *cluster* alone: for no sibling, nor for the repository at large."""
    name = "/gitops-secrets-probe.sops.yaml"
    others = [
        folder
        for c in siblings
        if c.path != cluster.path
        for folder in (c.folder, f"{c.tenants_folder}/{cluster.tenant or 'other'}")
    ]
    own = cluster.tenants_folder if cluster.tenant else cluster.folder
    others.append(f"{own}-other/{cluster.tenant}".rstrip("/"))
    return not any(rule.matches(f"{folder}{name}") for folder in others) and not any(
        rule.matches(path) for path in _PROBES
    )
