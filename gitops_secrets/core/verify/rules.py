"""An encrypted file held against the creation rules: who reads it, and what of it is encrypted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitops_secrets.core.guard.judge.followed import followed
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.rules.base import ENCRYPT
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.reader.structure import EncryptedFile
from gitops_secrets.core.sops.rules.choices import EVERYTHING
from gitops_secrets.core.sops.rules.creation import CreationRule, choose_rule, parse_rules
from gitops_secrets.core.sops.structure import Metadata
from gitops_secrets.core.verify.checks import UPDATE_KEYS, dotted, found
from gitops_secrets.core.verify.structure import choice_of, encrypts
from gitops_secrets.core.yamltext.nodes import Position
from gitops_secrets.core.yamltext.splice import quote
from gitops_secrets.errors import InvalidDocumentError

_KINDS = {
    "pgp": "pgp",
    "kms": "kms",
    "gcp_kms": "gcp_kms",
    "hckms": "hckms",
    "azure_keyvault": "azure_kv",
    "hc_vault_transit_uri": "hc_vault",
    "hc_vault": "hc_vault",
}
"""What a creation rule calls the master keys of a ``sops`` block."""
MANIFESTS = (".yaml", ".yml", ".json")
_DROP = f"{UPDATE_KEYS} && sops rotate --in-place {{path}}"
"""Who was a reader has the data key, and would read what is written under it later."""


class Ruled(NamedTuple):
    """A creation rule, and the ``.sops.yaml`` that it stands in."""

    config: str
    rule: CreationRule

    @property
    def place(self) -> str:
        """The rule as a sentence names it."""
        return f"creation rule {self.rule.order + 1} of {self.config}"


class Rules:
    """The creation rules of a repository: those of each ``.sops.yaml`` are for what is below it.

    sops takes the first ``.sops.yaml`` above the folder in which it is started. Here it is the nearest one
    above the file that has a rule for it.
    """

    def __init__(self, configs: Mapping[str, bytes]) -> None:
        self.configs = configs
        self.rules: dict[str, tuple[CreationRule, ...]] = {}
        """By the path of the file that they stand in; what cannot be read is left out."""
        self.broken: dict[str, str] = {}
        """Why a file of rules cannot be read, or a rule cannot be matched."""
        for path in configs:
            try:
                self.rules[path] = parse_rules(followed(configs, path))
            except InvalidDocumentError as error:
                self.broken[path] = error.message

    def above(self, path: str) -> Iterator[str]:
        """Yield each ``.sops.yaml`` above *path*, the nearest first."""
        folder = path
        while folder:
            folder = folder.rpartition("/")[0]
            config = f"{folder}/{CONFIG}" if folder else CONFIG
            if config in self.configs:
                yield config

    def choose(self, path: str) -> Ruled | None:
        """Return the rule for *path*, None if there is none or it cannot be told."""
        for config in self.above(path):
            if config in self.broken:
                return None
            try:
                rule = choose_rule(self.rules[config], relative(config, path))
            except InvalidDocumentError as error:
                self.broken[config] = error.message
                return None
            if rule is not None:
                return Ruled(config, rule)
        return None


def relative(config: str, path: str) -> str:
    """Return *path* as the rules in *config* are matched with it."""
    folder = config.removesuffix(CONFIG)
    return path.removeprefix(folder)


def kinds_of(rule: CreationRule) -> set[str]:
    """Return the kinds of master keys besides age's that *rule* encrypts for, as a ``sops`` block calls them."""
    return {_KINDS.get(key.name, key.name) for key in rule.other_keys}


def check_rules(file: EncryptedFile, rules: Rules) -> Iterator[Finding]:
    """Yield where *file* is other than its creation rule says."""
    metadata = file.metadata
    configs = list(rules.above(file.path))
    if metadata is None or not configs:
        return
    chosen = rules.choose(file.path)
    if chosen is None:
        if not any(config in rules.broken for config in configs):
            yield found(
                "no-rule",
                file.path,
                file.place_of_block(),
                f"no creation rule of {' or '.join(configs)} is for it: sops would not encrypt it again",
            )
        return
    yield from _check_recipients(file, metadata, chosen)
    yield from _check_choice(file, metadata, chosen)


def _check_recipients(file: EncryptedFile, metadata: Metadata, chosen: Ruled) -> Iterator[Finding]:
    wanted = {r.value for r in chosen.rule.recipients}
    kinds = kinds_of(chosen.rule)
    if chosen.rule.flaw is not None or "plugins" in kinds or not (wanted or kinds):
        return
    held = set(metadata.recipients)
    others = {key.kind for key in metadata.keys if key.kind != "age"}
    more = [
        *(shorten(r) for r in sorted(held - wanted)),
        *(f"{k} keys" for k in sorted(others - kinds)),
    ]
    less = [
        *(shorten(r) for r in sorted(wanted - held)),
        *(f"{k} keys" for k in sorted(kinds - others)),
    ]
    said = []
    if more:
        said.append(f"can be read by {', '.join(more)}, which {chosen.place} does not name")
    if less:
        said.append(f"cannot be read by {', '.join(less)}, which {chosen.place} names")
    if said:
        yield found(
            "recipients",
            file.path,
            file.place_of_block("age"),
            f"it {', and '.join(said)}",
            fix=_fix(file, chosen, is_dropped=bool(more)),
        )
    elif not kinds:
        yield from _check_groups(file, metadata, chosen)


def _check_groups(file: EncryptedFile, metadata: Metadata, chosen: Ruled) -> Iterator[Finding]:
    """Yield whether those whom the rule names open *file* together otherwise than it says."""
    groups = [[r.value for r in group.recipients] for group in chosen.rule.groups]
    needed = chosen.rule.needed if len(groups) > 1 else 1
    if metadata.is_opened_by(groups, needed):
        return
    now = (
        f"identities of {metadata.needed} of its {len(metadata.groups)} key groups decrypt it"
        if metadata.groups
        else "each of its readers decrypts it alone"
    )
    says = f"says {needed} of {len(groups)}" if len(groups) > 1 else "has no key groups"
    if (len(metadata.groups), metadata.needed) == (len(groups), needed):
        says = "has other readers in its groups"
    yield found(
        "recipients",
        file.path,
        file.place_of_block("key_groups" if metadata.groups else "age"),
        f"{now}, and {chosen.place} {says}",
        fix="gitops-secrets verify --fix {path}" if _is_ours(file, chosen) else "",
    )


def _fix(file: EncryptedFile, chosen: Ruled, *, is_dropped: bool) -> str:
    """Return what has *file* read by those whom its rule names: our own command, if that encrypts it."""
    if _is_ours(file, chosen):
        return ENCRYPT
    return _DROP if is_dropped else ""


def _is_ours(file: EncryptedFile, chosen: Ruled) -> bool:
    """Return whether our own commands encrypt *file*: Secrets only, and by no rule that Flux could not follow."""
    is_of_secrets = file.path.endswith(MANIFESTS) and all(
        d.kind == "Secret" for d in file.documents
    )
    return is_of_secrets and chosen.rule.misfit() is None


def _choice_hint(file: EncryptedFile, chosen: Ruled, field: str, value: str) -> str:
    """Return the edit by which *file* has the rule that it was encrypted by; "" if our own command encrypts it."""
    if _is_ours(file, chosen):
        return ""
    shown = value.replace("{", "{{").replace("}", "}}")
    return f"in {chosen.config}, before that rule, one for {{path}} with {field}: {shown}"


def _check_choice(file: EncryptedFile, metadata: Metadata, chosen: Ruled) -> Iterator[Finding]:
    rule = chosen.rule
    if len(rule.choices) > 1:
        return
    actual, wanted = choice_of(metadata), rule.choices[0] if rule.choices else EVERYTHING
    if actual != wanted:
        differing = None
        if not (actual.is_by_comments or wanted.is_by_comments) and wanted.is_understood:
            values = (v for d in file.documents for v in d.values if not v.empty)
            differing = next((v for v in values if encrypts(wanted, v) != v.encrypted), None)
        if differing is not None:
            would = "leave readable" if differing.encrypted else "encrypt"
            yield found(
                "rule",
                file.path,
                differing.position,
                f"it was encrypted by {actual.field} '{actual.value}', and {chosen.place} would "
                f"{would} {dotted(differing.path)}",
                key=differing.path,
                fix=_choice_hint(file, chosen, actual.field, quote(actual.value)),
            )
    if metadata.mac_only_encrypted and not rule.mac_only_encrypted:
        yield found(
            "rule",
            file.path,
            file.place_of_block("mac_only_encrypted"),
            f"its MAC is over the encrypted values alone, and {chosen.place} says over all",
            fix=_choice_hint(file, chosen, "mac_only_encrypted", "true"),
        )


def config_line(message: str) -> Position:
    """Return the place that a message about a file of rules names."""
    digits = message.removeprefix(f"{CONFIG}:").partition(":")[0]
    return Position(int(digits) if digits.isdigit() else 1, 1)
