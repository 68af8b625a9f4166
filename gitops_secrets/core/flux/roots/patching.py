"""The kustomize patches that put a pull Secret on Flux's ServiceAccounts and decryption on its Kustomization.

``imagePullSecrets`` of a ServiceAccount has no merge key: a patch replaces the list. So what is
rendered is the union of what the manifests and every earlier patch put there, and ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import yaml

from gitops_secrets.core.flux.accounts import pull_secrets_of
from gitops_secrets.core.flux.kustomize.patches import (
    MARK,
    Patch,
    flux_account,
    patched_pull_secrets,
    read_patches,
)
from gitops_secrets.core.flux.objects import manifests
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.yamltext.nodes import get, text
from gitops_secrets.core.yamltext.splice import Item, insert_item, remove_item, replace_item

FLUX_SERVICE_ACCOUNTS = (
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
)
"""Every ServiceAccount that a Flux distribution can have."""


def service_accounts(components: bytes, name: str) -> dict[str, tuple[str, ...]]:
    """Return Flux's ServiceAccounts in gotk-components.yaml with the pull Secrets they have there.

    All of Flux's, with none, as long as it brings none: it is empty, or something else installs Flux.
    """
    found: dict[str, tuple[str, ...]] = {}
    for node in manifests(components, name, b"ServiceAccount"):
        account = text(node, "metadata", "name")
        labelled = text(node, "metadata", "labels", "app.kubernetes.io/part-of") == "flux"
        is_flux = labelled or account in FLUX_SERVICE_ACCOUNTS
        if text(node, "kind") == "ServiceAccount" and account and is_flux:
            found[account] = pull_secrets_of(node)
    return found or dict.fromkeys(FLUX_SERVICE_ACCOUNTS, ())


def accounts_of(tree: Overlay, root: Root) -> dict[str, tuple[str, ...]]:
    """Return the ServiceAccounts of *root*'s Flux with the pull Secrets that they have before any patch.

    None of them if something outside Git installs Flux. Raises InvalidDocumentError if
    gotk-components.yaml is not YAML.
    """
    if root.instance is not None:
        return root.instance.accounts
    if root.components is not None:
        return service_accounts(tree.read(root.components) or b"", root.components)
    return dict.fromkeys(FLUX_SERVICE_ACCOUNTS, ()) if root.patches_in is not None else {}


def pulling_accounts(tree: Overlay, root: Root) -> list[tuple[str, tuple[str, ...]]]:
    """Return the ServiceAccounts of *root*'s Flux with the pull Secrets that they end up with.

    Raises GitOpsSecretsError if a patch or gotk-components.yaml is not valid YAML.
    """
    patches = read_patches(root.customisation(tree), root.reader(tree))
    return [
        (account, patched_pull_secrets(patches, account) or present)
        for account, present in accounts_of(tree, root).items()
    ]


def patch_service_accounts(
    content: bytes,
    name: str,
    root: yaml.Node | None,
    accounts: Mapping[str, Sequence[str]],
    secret: str,
    read: Callable[[str], bytes],
) -> bytes:
    """Return flux-system's kustomization.yaml with *secret* on every account of *accounts*.

    *root* is the parsed *content*; *read* returns the file of a patch that stands in one of its
    own, by the name the kustomization gives it. What is there stays, and a second run changes nothing.
    """
    patches = read_patches(root, read)
    ours = [patch for patch in patches if patch.ours]
    known = {**dict.fromkeys(_covered(ours), ()), **accounts}
    groups: dict[tuple[str, ...], list[str]] = {}
    for account, present in known.items():
        names = [*present]
        for patch in patches:
            if patch.may_apply(flux_account(account)):
                names += [n for n in patch.pull_secrets() if n]
        groups.setdefault(tuple(dict.fromkeys([*names, secret])), []).append(account)
    wanted = [_item(members, secrets) for secrets, members in groups.items()]
    if [_value(patch, root) for patch in ours] == [item.value for item in wanted]:
        return content
    for patch in reversed(ours[len(wanted) :]):
        content = remove_item(content, name, "patches", patch.order)
    for patch, item in zip(ours, wanted, strict=False):
        content = replace_item(content, name, "patches", patch.order, item)
    for item in wanted[len(ours) :]:
        content = insert_item(content, name, "patches", item)
    return content


def patch_decryption(content: bytes, name: str, kustomization: str, secret: str) -> bytes:
    """Return flux-system's kustomization.yaml with a patch that has *kustomization* decrypt with *secret*."""
    body = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1",
        "kind: Kustomization",
        "metadata:",
        f"  name: {MARK}",
        "spec:",
        "  decryption:",
        "    provider: sops",
        "    secretRef:",
        f"      name: {secret}",
    )
    return insert_item(content, name, "patches", _patch_item(body, "Kustomization", kustomization))


def _covered(ours: Iterable[Patch]) -> list[str]:
    names = [(patch.target.name or "").strip("()").split("|") for patch in ours]
    return [name for group in names for name in group if name]


def _item(accounts: Sequence[str], secrets: Sequence[str]) -> Item:
    body = [
        "apiVersion: v1",
        "kind: ServiceAccount",
        "metadata:",
        f"  name: {MARK}",
        "imagePullSecrets:",
        *(f"  - name: {name}" for name in secrets),
    ]
    names = "|".join(accounts)
    return _patch_item(body, "ServiceAccount", f"({names})" if len(accounts) > 1 else names)


def _patch_item(body: Sequence[str], kind: str, name: str) -> Item:
    lines = (
        "patch: |",
        *(f"  {line}" for line in body),
        "target:",
        f"  kind: {kind}",
        f"  name: {name}",
    )
    value = {"patch": "\n".join(body) + "\n", "target": {"kind": kind, "name": name}}
    return Item(lines, value)


def _value(patch: Patch, root: yaml.Node | None) -> object:
    entry = get(root, "patches", patch.order)
    return {
        "patch": text(entry, "patch"),
        "target": {"kind": patch.target.kind, "name": patch.target.name},
    }
