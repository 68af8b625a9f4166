"""By what a file is encrypted: a creation rule, read in full and checked before sops is started."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from gitops_secrets.adapters import age
from gitops_secrets.adapters.sops.program import refuse_outranking
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.rules.creation import (
    ENCRYPTED_REGEX,
    CreationRule,
    choose_rule,
    parse_rules,
)
from gitops_secrets.core.sops.rules.startconfig import Ruling, config_of, render_config
from gitops_secrets.errors import GitOpsSecretsError, UsageError


def ruling_by_rule(content: bytes, rule: CreationRule, path: str, config: str = CONFIG) -> Ruling:
    """Return the ruling by *rule* of the ``.sops.yaml`` *content*, which is at *config*, for the file *path*.

    Raises GitOpsSecretsError, with the line and the field, if the rule would have sops run or
    contact anything that the user's settings do not allow, or does not fit what Flux decrypts.
    """
    where = f"{config}:{rule.line}: creation rule {rule.order + 1}, for {path}"
    if rule.other_keys:
        field = rule.other_keys[0]
        raise GitOpsSecretsError(
            f"{config}:{field.line}: creation rule {rule.order + 1}, for {path}: {field.name} names a key "
            "manager, and gitops-secrets encrypts for age recipients alone",
            f"sops encrypt --in-place {path} && gitops-secrets scan {path}",
        )
    problem = rule.misfit()
    if problem is not None:
        raise GitOpsSecretsError(
            f"{where}, {problem}",
            f"encrypted_regex: {ENCRYPTED_REGEX} and no other choice of values",
        )
    if not all(group.recipients for group in rule.groups):
        raise GitOpsSecretsError(f"{where}, names no recipient", "add age: with who may read it")
    check_recipients(rule, (r.value for r in rule.recipients), config=config)
    groups = tuple(tuple(r.value for r in group.recipients) for group in rule.groups)
    if rule.threshold_flaw is not None:
        raise GitOpsSecretsError(
            f"{where}, {rule.threshold_flaw}",
            f"shamir_threshold: {len(groups) if rule.threshold > len(groups) else 2}",
            "or one key group with all of them under age, if each of them alone is to open the file",
        )
    return Ruling(
        config_of(content, rule),
        tuple(r.value for r in rule.recipients),
        mac_only=rule.mac_only_encrypted,
        needed=rule.needed if len(groups) > 1 else 1,
        groups=groups if len(groups) > 1 else (),
    )


def ruling_for(content: bytes, path: str) -> Ruling:
    """Return the ruling for *path* by the rule that sops would choose; the errors are those of ruling_by_rule."""
    rule = choose_rule(parse_rules(content), path)
    if rule is None:
        raise GitOpsSecretsError(f"no creation rule of {CONFIG} matches {path}")
    return ruling_by_rule(content, rule, path)


def find_ruling(tree: Overlay, path: str, age_recipients: Sequence[str]) -> Ruling:
    """Return by what *path* is encrypted: the rule of ``.sops.yaml``, else *age_recipients*.

    Raises GitOpsSecretsError if there is neither, or the rule does not fit what Flux decrypts.
    """
    refuse_outranking()
    for recipient in age_recipients:
        age.check_recipient(recipient)
    config = tree.read(CONFIG)
    rule = choose_rule(parse_rules(config or b""), path)
    if rule is None or config is None:
        if not age_recipients:
            raise GitOpsSecretsError(
                f"no creation rule of {CONFIG} matches {path}", *_without_rule(path, config)
            )
        return ruling_by_recipients(age_recipients)
    if age_recipients:
        raise UsageError(
            f"{CONFIG}:{rule.line}: the creation rule for {path} says who reads it, and "
            "--age-recipient would go past it",
            f"add the recipient to the rule in {CONFIG}",
        )
    return ruling_by_rule(config, rule, path)


def _without_rule(path: str, config: bytes | None) -> tuple[str, ...]:
    """Return what helps a file that no rule is for, in a repository whose clusters are known or not."""
    name = shlex.quote(path)
    asked = f"gitops-secrets encrypt {name} --age-recipient AGE1..."
    if any(r.cluster for rule in parse_rules(config or b"") for r in rule.recipients):
        return (
            f"gitops-secrets encrypt {name} --add-rule",
            asked,
        )
    return (asked, f"or add a rule with path_regex, encrypted_regex: {ENCRYPTED_REGEX} and age")


def ruling_of(tree: Overlay, sealed: Manifest) -> Ruling:
    """Return by what the encrypted file *sealed* is encrypted again: its rule, else whoever reads it now."""
    has_rule = choose_rule(parse_rules(tree.read(CONFIG) or b""), sealed.path) is not None
    return find_ruling(tree, sealed.path, () if has_rule else sealed.recipients)


def ruling_by_recipients(recipients: Sequence[str]) -> Ruling:
    """Return the ruling for a file that has no rule, and *recipients* that were checked."""
    return Ruling(
        render_config(ENCRYPTED_REGEX, recipients, {"yaml": 2}), tuple(dict.fromkeys(recipients))
    )


def check_recipients(
    rule: CreationRule, recipients: Iterable[str], *way_out: str, config: str = CONFIG
) -> None:
    """Raise GitOpsSecretsError if sops is not to encrypt for one of *recipients*, which *rule* names."""
    for recipient in recipients:
        problem = age.recipient_problem(recipient)
        if problem is not None:
            what, hint = problem
            raise GitOpsSecretsError(
                f"{config}:{rule.line}: creation rule {rule.order + 1}, age: {what}", hint, *way_out
            )
