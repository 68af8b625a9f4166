"""The kustomize patches that put a pull Secret on Flux's ServiceAccounts and decryption on its Kustomization.

``imagePullSecrets`` of a ServiceAccount has no merge key: a patch replaces the list. So what is
rendered is the union of what the manifests and every earlier patch put there, and ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux import manifests
from gitops_secrets.core.splice import Item, insert_item, remove_item, replace_item
from gitops_secrets.core.yamldoc import compose_documents, get, items, text, walk_scalars
from gitops_secrets.errors import InvalidDocumentError

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

_MARK = "gitops-secrets"
"""The name in our patch's body: kustomize ignores it where there is a target, and we know ours by it."""


class _Patch(NamedTuple):
    """A patch of a kustomization.yaml, as far as ServiceAccounts and Kustomizations are concerned."""

    order: int
    body: tuple[yaml.Node, ...]
    target_kind: str | None
    target_name: str | None

    @property
    def ours(self) -> bool:
        """Whether it is our patch of ServiceAccounts."""
        names = [text(node, "metadata", "name") for node in self.body]
        return _MARK in names and self.target_kind == "ServiceAccount"

    def may_apply(self, kind: str, name: str) -> bool:
        target = self.target_kind, self.target_name
        if target == (None, None):
            return any(
                (text(n, "kind"), text(n, "metadata", "name")) == (kind, name) for n in self.body
            )
        return _selects(self.target_kind, kind) and _selects(self.target_name, name)

    def pull_secrets(self) -> Iterable[str]:
        for node in self.body:
            for entry in items(node, "imagePullSecrets"):
                yield text(entry, "name") or ""
            for operation in items(node):
                if (text(operation, "path") or "").startswith("/imagePullSecrets"):
                    value = get(operation, "value")
                    yield text(value, "name") or text(value) or ""
                    yield from (text(entry, "name") or "" for entry in items(value))

    def decryption(self) -> tuple[str | None, str | None]:
        provider = secret = None
        for node in self.body:
            found = get(node, "spec", "decryption")
            for operation in items(node):
                path = text(operation, "path") or ""
                if path == "/spec/decryption":
                    found = get(operation, "value")
                elif path == "/spec":
                    found = get(operation, "value", "decryption")
            provider = text(found, "provider") or provider
            secret = text(found, "secretRef", "name") or secret
        return provider, secret

    def service_account(self) -> str | None:
        for node in self.body:
            found = text(node, "spec", "serviceAccountName")
            for operation in items(node):
                if text(operation, "path") == "/spec/serviceAccountName":
                    found = text(operation, "value")
            if found:
                return found
        return None


def service_accounts(components: bytes, name: str) -> dict[str, tuple[str, ...]]:
    """Return Flux's ServiceAccounts in gotk-components.yaml with the pull Secrets they have there.

    All of Flux's, with none, while the file is empty.
    """
    found: dict[str, tuple[str, ...]] = {}
    for node in manifests(components, name, b"ServiceAccount"):
        account = text(node, "metadata", "name")
        flux = text(node, "metadata", "labels", "app.kubernetes.io/part-of") == "flux"
        if text(node, "kind") == "ServiceAccount" and account and flux:
            secrets = (text(entry, "name") for entry in items(node, "imagePullSecrets"))
            found[account] = tuple(s for s in secrets if s)
    if not components.strip():
        return dict.fromkeys(FLUX_SERVICE_ACCOUNTS, ())
    return found


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
    patches = _patches(root, read)
    ours = [patch for patch in patches if patch.ours]
    known = {**dict.fromkeys(_covered(ours), ()), **accounts}
    groups: dict[tuple[str, ...], list[str]] = {}
    for account, present in known.items():
        names = [*present]
        for patch in patches:
            if patch.may_apply("ServiceAccount", account):
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
        f"  name: {_MARK}",
        "spec:",
        "  decryption:",
        "    provider: sops",
        "    secretRef:",
        f"      name: {secret}",
    )
    return insert_item(content, name, "patches", _patch_item(body, "Kustomization", kustomization))


def patched_service_account(
    root: yaml.Node | None, kustomization: str, read: Callable[[str], bytes]
) -> str | None:
    """Return the serviceAccountName that a patch puts on Flux's own Kustomization, or None."""
    found = None
    for patch in _patches(root, read):
        if patch.may_apply("Kustomization", kustomization):
            found = patch.service_account() or found
    return found


def patched_decryption(
    root: yaml.Node | None, kustomization: str, read: Callable[[str], bytes]
) -> tuple[str | None, str | None]:
    """Return the decryption provider and Secret that patches put on Flux's own Kustomization."""
    provider = secret = None
    for patch in _patches(root, read):
        if patch.may_apply("Kustomization", kustomization):
            found = patch.decryption()
            provider, secret = found[0] or provider, found[1] or secret
    return provider, secret


def patches_mention(
    root: yaml.Node | None,
    kind: str,
    name: str,
    words: Sequence[str],
    read: Callable[[str], bytes],
) -> bool:
    """Return whether a patch that may apply to the object says one of *words*, as a field or in a path.

    A patch that is not valid YAML says everything.
    """
    try:
        patches = _patches(root, read)
    except InvalidDocumentError:
        return True
    return any(
        word in (*map(str, path), *str(node.value).split("/"))
        for patch in patches
        if patch.may_apply(kind, name)
        for body in patch.body
        for path, node in walk_scalars(body)
        for word in words
    )


def patched_pull_secrets(
    root: yaml.Node | None, account: str, read: Callable[[str], bytes]
) -> tuple[str, ...] | None:
    """Return the pull Secrets that the last patch puts on a ServiceAccount, None where none does.

    The list has no merge key: the last patch replaces what those before it put there.
    """
    found = None
    for patch in _patches(root, read):
        if patch.may_apply("ServiceAccount", account):
            names = tuple(n for n in patch.pull_secrets() if n)
            found = names or found
    return found


def _patches(root: yaml.Node | None, read: Callable[[str], bytes]) -> list[_Patch]:
    found = []
    for index, entry in enumerate(items(root, "patches")):
        inline, file = text(entry, "patch"), text(entry, "path")
        found.append(_patch(index, entry, inline.encode() if inline else read(file or ""), file))
    for entry in items(root, "patchesStrategicMerge"):
        value = text(entry) or ""
        content = value.encode() if "\n" in value else read(value)
        found.append(_patch(-1, None, content, value))
    for entry in items(root, "patchesJson6902"):
        inline, file = text(entry, "patch"), text(entry, "path")
        found.append(_patch(-1, entry, inline.encode() if inline else read(file or ""), file))
    return found


def _patch(index: int, entry: yaml.Node | None, content: bytes, file: str | None) -> _Patch:
    return _Patch(
        index,
        tuple(
            compose_documents(content, file or f"patch {index + 1} of Flux's kustomization.yaml")
        ),
        text(entry, "target", "kind"),
        text(entry, "target", "name"),
    )


def _covered(ours: Iterable[_Patch]) -> list[str]:
    names = [(patch.target_name or "").strip("()").split("|") for patch in ours]
    return [name for group in names for name in group if name]


def _selects(pattern: str | None, value: str) -> bool:
    """Return whether kustomize's selector *pattern*, an anchored regex, takes *value*."""
    if not pattern:
        return True
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def _item(accounts: Sequence[str], secrets: Sequence[str]) -> Item:
    body = [
        "apiVersion: v1",
        "kind: ServiceAccount",
        "metadata:",
        f"  name: {_MARK}",
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


def _value(patch: _Patch, root: yaml.Node | None) -> object:
    entry = get(root, "patches", patch.order)
    return {
        "patch": text(entry, "patch"),
        "target": {"kind": patch.target_kind, "name": patch.target_name},
    }
