"""Flux's side of a cluster: that Flux decrypts our folder, and its ServiceAccounts pull with the Secret."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux import objects as flux
from gitops_secrets.core.flux.artifact import check_artifact, guard_generated
from gitops_secrets.core.flux.follow import Applied
from gitops_secrets.core.flux.objects import FluxInstallation, Source
from gitops_secrets.core.flux.roots.find import find_roots
from gitops_secrets.core.flux.roots.patching import (
    accounts_of,
    patch_decryption,
    patch_service_accounts,
)
from gitops_secrets.core.flux.roots.root import Customised, Installer, Root
from gitops_secrets.core.flux.roots.sources import source_of
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.layout import PULL_SECRETS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.wiring.fluxfiles import create_flux_files
from gitops_secrets.core.wiring.kustomization import IDENTITY_SECRET, write_kustomization
from gitops_secrets.core.wiring.root import choose_root
from gitops_secrets.core.yamltext.nested import edit_block, edit_document
from gitops_secrets.core.yamltext.nodes import compose_single, items, text
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_LOCKED_DOWN = b"--default-service-account="
_LOCKDOWN_ACCOUNT = "kustomize-controller"


class Wired(NamedTuple):
    """What was planned for one cluster."""

    installation: FluxInstallation
    components: str
    """The file that says which Flux it is: gotk-components.yaml, the FluxInstance's, or what installs it."""
    described: str
    """The file that says what Flux reads: that of the root Kustomization, or of the FluxInstance."""
    service_accounts: tuple[str, ...]
    notes: tuple[str, ...]
    run_as: str | None = None
    """The serviceAccountName that our Kustomizations need, None for none."""


class Known(NamedTuple):
    """What a repository is before a bootstrap."""

    roots: tuple[Root, ...]
    applied: tuple[Applied, ...]
    """Every Kustomization that a root leads to; of a cluster that is planned alone none, for that is still to come."""


def read_known(tree: Overlay, roots: tuple[Root, ...], asked: Sequence[Cluster]) -> Known:
    """Return what *tree*, whose roots are *roots*, is before the clusters *asked* are planned."""
    alone = asked[0].path if len(asked) == 1 else None
    others = [root.cluster for root in roots if root.cluster.path != alone]
    return Known(roots, View(tree, only=others, roots=roots).applied if others else ())


def wire(
    tree: Overlay,
    cluster: Cluster,
    secret: str,
    namespace: str | None,
    source: Source | None,
    flavour: str | None = None,
    known: Known | None = None,
    identity_secret: str | None = None,
    *,
    decryption_only: bool = False,
) -> Wired:
    """Plan all that Flux needs to decrypt *cluster*'s folder and to pull with *secret*.

    *flavour* is one of root.FLAVOURS, None for what is found; *known* is what the repository
    was before the first of several clusters is planned, None if it is still to be read; *identity_secret* is
    what Flux decrypts with, None for our own. With *decryption_only* an inline pull Secret is
    not listed yet. Raises GitOpsSecretsError or UsageError for a repository in which that would not work,
    or would stop what works today.
    """
    known = known or read_known(tree, find_roots(tree), [cluster])
    root = choose_root(tree, known.roots, cluster, flavour, namespace)._replace(cluster=cluster)
    installation = _installation(tree, root, namespace, source)
    if root.folder is not None:
        create_flux_files(tree, root.folder)
    account, notes = _service_account(tree, root)
    accounts: tuple[str, ...] = ()
    if root.patches_in is not None:
        accounts = _patch(tree, root, root.patches_in, secret)
    else:
        notes.append(
            f"nothing in Git installs Flux: give its ServiceAccounts imagePullSecrets: [{{name: {secret}}}]"
        )
    others = [a for a in known.applied if a.cluster.path != cluster.path]
    applied = [*others, *View(tree, only=[cluster], roots=[*known.roots, root]).applied]
    objects = [a.kustomization for a in applied if not a.is_elsewhere]
    if not cluster.inline:
        mine = [a.kustomization for a in applied if a.cluster == cluster]
        write_kustomization(
            tree, cluster, installation, account, mine, secret, root.base, identity_secret
        )
    elif not decryption_only:
        from gitops_secrets.core.wiring.inline import list_pull_secret

        list_pull_secret(tree, cluster, installation.namespace, secret)
    if identity_secret is not None:
        notes.append(
            f"Flux decrypts with the Secret {identity_secret} already: its identity is used"
        )
    notes += _by_hand(root, applied)
    notes += guard_generated(tree, cluster, objects)
    described = root.kustomization.file
    check_artifact(tree, cluster, installation, described, secret)
    components = root.components or (root.patches_in.file if root.patches_in else described)
    return Wired(installation, components, described, accounts, tuple(notes), account)


def _by_hand(root: Root, applied: Sequence[Applied]) -> Iterator[str]:
    """Yield what to do if no Kustomization applies the file in which Flux is patched."""
    place = root.patches_in
    if place is None or root.folder is not None:
        return
    read = {f for a in applied for f in (*a.reach.files, *a.reach.inputs, *a.reach.kustomizations)}
    if place.file not in read:
        how = (
            f"kubectl apply -f {place.file}"
            if root.instance is None or root.instance.keys == ("spec",)
            else "helm upgrade"
        )
        yield f"no Kustomization applies {place.file}, so it has to be applied by hand: {how}"


def _patch(tree: Overlay, root: Root, place: Customised, secret: str) -> tuple[str, ...]:
    """Plan the patches of *root*'s installer, and return the ServiceAccounts that they are for."""
    accounts = accounts_of(tree, root)
    own = root.kustomization
    decrypt = root.cluster.inline and not _decrypts(tree, root)
    read = _patch_reader(tree, place)

    def patched(block: bytes) -> bytes:
        node = compose_single(block, place.file)
        new = patch_service_accounts(block, place.file, node, accounts, secret, read)
        return patch_decryption(new, place.file, own.name, IDENTITY_SECRET) if decrypt else new

    def edited(document: bytes) -> bytes:
        return edit_block(document, place.file, place.keys, patched)

    content = tree.read(place.file) or b""
    new = edit_document(content, place.line, edited) if place.keys else patched(content)
    tree.write(place.file, new)
    return tuple(accounts)


def _decrypts(tree: Overlay, root: Root) -> bool:
    """Return whether Flux's own Kustomization decrypts, or will once ``flux bootstrap`` has made it."""
    from gitops_secrets.core.wiring.inline import own_decryption

    if root.instance is not None:
        return root.kustomization.decryption_provider is not None
    own = own_decryption(tree, root.cluster)
    if own is not None:
        return own.secret is not None
    return root.kustomization.decryption_secret is not None


def _installation(
    tree: Overlay, root: Root, namespace: str | None, source: Source | None
) -> FluxInstallation:
    own = root.kustomization
    is_there = root.instance is not None or bool((tree.read(own.file) or b"").strip())
    if not is_there:
        return FluxInstallation(
            namespace or root.namespace,
            source or Source(name=namespace or flux.DEFAULT_NAMESPACE),
            bootstrapped=root.installer == Installer.EXTERNAL,
        )
    place = f"{own.file}:{own.line}" if root.instance is not None else own.file
    if namespace not in (None, root.namespace):
        raise UsageError(
            f"{place} has Flux in {root.namespace}, not in {namespace}", "leave --namespace out"
        )
    found = source_of(tree, root)
    if source is not None and (found.kind, found.name) != (source.kind, source.name):
        if root.instance is None or root.instance.path is not None:
            raise UsageError(
                f"{place} has Flux read {found.kind}/{found.name}", "leave --source out"
            )
        found = source
    return FluxInstallation(
        root.namespace, found, bootstrapped=True, service_account=own.service_account
    )


def _patch_reader(tree: Overlay, place: Customised) -> Callable[[str], bytes]:
    folder = posixpath.dirname(place.file)

    def read(name: str) -> bytes:
        path = posixpath.normpath(posixpath.join(folder, name))
        content = None if path.startswith("../") else tree.read(path)
        if content is None:
            raise GitOpsSecretsError(f"{place.file} names a patch that is not there: {name}")
        return content

    return read


def _service_account(tree: Overlay, root: Root) -> tuple[str | None, list[str]]:
    """Return the serviceAccountName that our Kustomization needs, and what to say about it."""
    account = root.kustomization.service_account
    components = tree.read(root.components) or b"" if root.components is not None else b""
    node = root.customisation(tree)
    patches = "".join(str(text(entry, "patch")) for entry in items(node, "patches")).encode()
    if account is None and _LOCKED_DOWN in components + patches:
        assert root.patches_in is not None
        note = (
            f"{root.patches_in.file} locks tenants down: the Kustomization {PULL_SECRETS} runs as "
            f"{_LOCKDOWN_ACCOUNT}"
        )
        return _LOCKDOWN_ACCOUNT, [note]
    return account, []
