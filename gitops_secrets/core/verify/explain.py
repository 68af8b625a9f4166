"""Which creation rule sops chooses for a file, and why, in the words of a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.keys.recipients import visible
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.rules.choices import EVERYTHING
from gitops_secrets.core.sops.rules.creation import CreationRule, Recipient
from gitops_secrets.core.verify.checks import dotted
from gitops_secrets.core.verify.rules import Rules, relative
from gitops_secrets.core.verify.structure import encrypts
from gitops_secrets.errors import InvalidDocumentError


class Explained(NamedTuple):
    """What sops does with one file."""

    path: str
    config: str | None
    """The ``.sops.yaml`` with the rule, or else the nearest; None if there is none."""
    rule: CreationRule | None
    values: tuple[tuple[str, bool], ...]
    """The values of the file, if it is there, and whether the rule encrypts each."""
    lines: tuple[str, ...]


def explain(rules: Rules, path: str, file: EncryptedFile | None) -> Explained:
    """Return which of *rules* is for *path*; *file* is what is there, encrypted or not."""
    configs = list(rules.above(path))
    for config in configs:
        if config in rules.broken:
            why = f"{config} cannot be read: {rules.broken[config]}"
            return Explained(path, config, None, (), (why,))
    chosen = rules.choose(path)
    tried = tuple(_tried(rules, configs, path, chosen.rule if chosen else None))
    if chosen is None:
        last = f"{path}: no creation rule is for it"
        if not configs:
            last = f"{path}: there is no .sops.yaml above it"
        elif any(config in rules.broken for config in configs):
            last = f"{path}: no creation rule can be found for it"
        return Explained(path, configs[0] if configs else None, None, (), (*tried, last))
    rule = chosen.rule
    choice = rule.choices[0] if rule.choices else EVERYTHING
    values: tuple[tuple[str, bool], ...] = ()
    if file is not None and not choice.is_by_comments:
        held = (v for document in file.documents for v in document.values)
        values = tuple((dotted(v.path), encrypts(choice, v) and not v.empty) for v in held)
    about = _about(path, chosen.config, rule, may_be_secret=_may_be_secret(path, file))
    lines = (*tried, *about, *_of_values(values))
    return Explained(path, chosen.config, rule, values, lines)


def _tried(
    rules: Rules, configs: list[str], path: str, chosen: CreationRule | None
) -> Iterator[str]:
    """Yield the rules that sops passes over before the one it takes."""
    for config in configs:
        for rule in rules.rules.get(config, ()):
            if rule is chosen:
                return
            place = f"{config}:{rule.line}: creation rule {rule.order + 1}"
            name = relative(config, path)
            try:
                rule.matches(name)
            except InvalidDocumentError as error:
                yield f"{place} ends the search: its {error.message.partition(': ')[2]}"
                return
            yield f"{place} is not for it: '{rule.path_regex}' is not found in {name}"


def _may_be_secret(path: str, file: EncryptedFile | None) -> bool:
    """Return whether *path* is, or can become, a manifest of Secrets: a file that is there says what it is."""
    if not path.endswith((".yaml", ".yml", ".json")):
        return False
    kinds = [document.kind or "" for document in file.documents] if file is not None else []
    return not kinds or any(kind == "Secret" or is_encrypted_value(kind) for kind in kinds)


def _about(path: str, config: str, rule: CreationRule, *, may_be_secret: bool) -> Iterator[str]:
    why = f"'{rule.path_regex}' is found in {relative(config, path)}"
    yield (
        f"{config}:{rule.line}: creation rule {rule.order + 1} is for it: "
        f"{why if rule.path_regex else 'it has no path_regex'}"
    )
    for number, group in enumerate(rule.groups, 1):
        readers = [
            *map(_reader, group.recipients),
            *(f"{k.name} (line {k.line})" for k in group.other_keys),
        ]
        who = f"key group {number}" if len(rule.groups) > 1 else "readers"
        yield f"  {who}: {', '.join(readers) or 'none'}"
    choices = " and ".join(f"{choice.field}: {choice.value}" for choice in rule.choices)
    yield f"  encrypts by {choices or 'no choice of its own: every value whose keys do not end in _unencrypted'}"
    mac = "the encrypted values alone" if rule.mac_only_encrypted else "all values"
    yield f"  MAC over {mac}"
    misfit = rule.misfit()
    is_unclear = rule.flaw is not None or len(rule.choices) > 1
    if misfit is not None and (may_be_secret or is_unclear):
        yield f"  it does not fit a Secret for Flux: it {misfit}"


def _reader(recipient: Recipient) -> str:
    value = visible(recipient.value)
    return f"{value} ({recipient.cluster})" if recipient.cluster else value


def _of_values(values: tuple[tuple[str, bool], ...]) -> Iterator[str]:
    for name, is_encrypted in values:
        yield f"  {'encrypts' if is_encrypted else 'leaves readable'}: {name}"
