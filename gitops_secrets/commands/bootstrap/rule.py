"""A cluster's identity, and the creation rule by which sops encrypts for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.bootstrap.model import Request
from gitops_secrets.commands.key.identities import ClusterIdentity, choose_identity
from gitops_secrets.commands.secrets.ruling import check_recipients
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.repository.layout import CONFIG, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.rules.creation import (
    CreationRule,
    Recipient,
    choose_rule,
    is_specific,
    parse_rules,
    recorded_recipient,
)
from gitops_secrets.core.sops.rules.edits import add_rule, replace_rule
from gitops_secrets.errors import GitOpsSecretsError


class Ruled(NamedTuple):
    """A cluster, its identity, and the recipients that its creation rule names."""

    cluster: Cluster
    identity: ClusterIdentity
    recipients: tuple[Recipient, ...]
    decrypts_with: str | None = None
    """The Secret in the cluster that holds the identity already, None if that is not known."""


def plan_rule(
    request: Request,
    repository: Repository,
    tree: Overlay,
    cluster: Cluster,
    roots: Sequence[Root],
    keyring: Keyring,
) -> Ruled:
    """Plan the creation rule for *cluster*, and return whom it names; *roots* are those of all clusters.

    A rule that is there counts only if it is the cluster's alone, fits a Kubernetes Secret and
    names the cluster's own recipient; otherwise one goes in ahead of it. Raises GitOpsSecretsError
    where the identity that the user names is another's.
    """
    rules = parse_rules(tree.read(CONFIG) or b"")
    recorded = recorded_recipient(rules, cluster)
    known = None
    if recorded is None and request.identity_file is None and not cluster.inline:
        known = _known_identity(tree, roots, cluster, keyring)
    if known is not None:
        decrypts_with, identity = known
    else:
        decrypts_with = None
        identity = choose_identity(cluster, recorded, keyring, repository.top)
    siblings = [root.cluster for root in roots]
    recipients = _plan_recipients(request, tree, cluster, siblings, rules, identity.recipient)
    return Ruled(cluster, identity, recipients, decrypts_with)


def plan_tenants_rule(
    request: Request, tree: Overlay, tenant: Cluster, roots: Sequence[Root], own: Ruled
) -> None:
    """Plan the creation rule for the namespaces of a cluster, of which *tenant* is one; *own* is that of Flux's.

    A rule that somebody made for the namespace counts. Otherwise who reads the Secret of Flux reads the copies, and
    about a rule that the one of Flux's Secret goes ahead of nobody is asked again: what was answered is in that one.
    """
    people = tuple(r.value for r in own.recipients if r.cluster is None)
    request = request._replace(age_recipients=(*people, *request.age_recipients))
    rules = parse_rules(tree.read(CONFIG) or b"")
    chosen = choose_rule(rules, tenant.secret_file(request.secret))
    of_flux = own.cluster.secret_file(request.secret)
    first = choose_rule(rules, of_flux)
    if chosen and first and first.order < chosen.order and chosen.matches(of_flux):
        request = request._replace(ask_shadowed=lambda *_: False)
    siblings = [root.cluster for root in roots]
    _plan_recipients(request, tree, tenant, siblings, rules, own.identity.recipient)


def _known_identity(
    tree: Overlay, roots: Sequence[Root], cluster: Cluster, keyring: Keyring
) -> tuple[str, ClusterIdentity] | None:
    """Return the Secret that the cluster decrypts with, and its identity, if the user has that too."""
    from gitops_secrets.core.wiring.decrypting import decrypting_already

    for found in dict.fromkeys(decrypting_already(tree, roots, cluster)):
        held = keyring.find(found.recipient)
        if held is not None:
            return found.secret, ClusterIdentity(found.recipient, held.identity, held.file)
    return None


def _refuse_managers(rule: CreationRule, way_out: str) -> None:
    """Raise GitOpsSecretsError if readers of *rule* decrypt by something else than age."""
    for key in rule.other_keys:
        raise GitOpsSecretsError(
            f"{CONFIG}:{key.line}: {key.name} names a key manager, and pull Secrets are encrypted for age "
            "recipients alone",
            way_out,
        )


def _keeps_shadowed(
    request: Request, cluster: Cluster, rule: CreationRule, readers: Sequence[str]
) -> bool:
    if request.keep_shadowed is not None:
        return request.keep_shadowed
    return request.ask_shadowed(cluster, rule, readers)


def _plan_recipients(
    request: Request,
    tree: Overlay,
    cluster: Cluster,
    siblings: Sequence[Cluster],
    rules: Sequence[CreationRule],
    own: str,
) -> tuple[Recipient, ...]:
    content = tree.read(CONFIG)
    chosen = choose_rule(rules, cluster.secret_file(request.secret))
    people = [Recipient(value) for value in request.age_recipients]
    if (
        chosen is not None
        and is_specific(chosen, cluster, siblings)
        and chosen.fits_pull_secrets()
        and not chosen.other_keys
        and own in [r.value for r in chosen.recipients]
    ):
        known = {r.value for r in chosen.recipients}
        recipients = (*chosen.recipients, *(p for p in people if p.value not in known))
        check_recipients(chosen, known)
        if len(recipients) > len(chosen.recipients):
            tree.write(CONFIG, replace_rule(content or b"", cluster, recipients, chosen.order))
        return recipients
    if chosen is not None:
        shadowed = [r.value for r in chosen.recipients if r.cluster is None and r.value != own]
        shadowed = [value for value in shadowed if value not in request.age_recipients]
        managers = [f"{key.name} ({CONFIG}:{key.line})" for key in chosen.other_keys]
        readers = [*shadowed, *managers]
        if readers and _keeps_shadowed(request, cluster, chosen, readers):
            way_out = "--shadowed-recipients drop"
            _refuse_managers(chosen, way_out)
            check_recipients(chosen, shadowed, way_out)
            people += [Recipient(value) for value in shadowed]
    recipients = tuple(
        {r.value: r for r in [*people, Recipient(own, cluster.path)]}[value]
        for value in dict.fromkeys([own, *(p.value for p in people)])
    )
    tree.write(CONFIG, add_rule(content, cluster, recipients, chosen.order if chosen else None))
    return recipients
