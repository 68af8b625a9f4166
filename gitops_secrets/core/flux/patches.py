"""What the patches of a kustomization.yaml say of ServiceAccounts and of Flux's Kustomizations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import yaml

from gitops_secrets.core.flux.objects import FluxKustomization
from gitops_secrets.core.yamltext.nodes import compose_documents, get, items, text, walk_scalars
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

MARK = "gitops-secrets"
"""The name in our patch's body: kustomize ignores it where there is a target, and we know ours by it."""


class Patch(NamedTuple):
    """A patch of a kustomization.yaml, as far as ServiceAccounts and Kustomizations are concerned."""

    order: int
    body: tuple[yaml.Node, ...]
    target_kind: str | None
    target_name: str | None

    @property
    def ours(self) -> bool:
        """Whether it is our patch of ServiceAccounts."""
        names = [text(node, "metadata", "name") for node in self.body]
        return MARK in names and self.target_kind == "ServiceAccount"

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


def patched_service_account(
    root: yaml.Node | None, kustomization: str, read: Callable[[str], bytes]
) -> str | None:
    """Return the serviceAccountName that a patch puts on Flux's own Kustomization, or None."""
    found = None
    for patch in read_patches(root, read):
        if patch.may_apply("Kustomization", kustomization):
            found = patch.service_account() or found
    return found


def patched_decryption(
    root: yaml.Node | None, kustomization: str, read: Callable[[str], bytes]
) -> tuple[str | None, str | None]:
    """Return the decryption provider and Secret that patches put on Flux's own Kustomization."""
    provider = secret = None
    for patch in read_patches(root, read):
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
        patches = read_patches(root, read)
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


def patched(
    found: FluxKustomization, root: yaml.Node | None, read: Callable[[str], bytes]
) -> FluxKustomization:
    """Return *found* with the account and decryption that patches of the kustomization *root* give it.

    *read* returns the file of a patch; patches that are not YAML count for nothing.
    """
    try:
        account = patched_service_account(root, found.name, read)
        provider, secret = patched_decryption(root, found.name, read)
    except GitOpsSecretsError:
        return found
    return found._replace(
        service_account=account or found.service_account,
        decryption_provider=provider or found.decryption_provider,
        decryption_secret=secret or found.decryption_secret,
    )


def patched_pull_secrets(
    root: yaml.Node | None, account: str, read: Callable[[str], bytes]
) -> tuple[str, ...] | None:
    """Return the pull Secrets that the last patch puts on a ServiceAccount, None if none does.

    The list has no merge key: the last patch replaces what those before it put there.
    """
    found = None
    for patch in read_patches(root, read):
        if patch.may_apply("ServiceAccount", account):
            names = tuple(n for n in patch.pull_secrets() if n)
            found = names or found
    return found


def read_patches(root: yaml.Node | None, read: Callable[[str], bytes]) -> list[Patch]:
    """Return the patches of the kustomization *root*; *read* returns the file of one that stands apart."""
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


def _patch(index: int, entry: yaml.Node | None, content: bytes, file: str | None) -> Patch:
    return Patch(
        index,
        tuple(
            compose_documents(content, file or f"patch {index + 1} of Flux's kustomization.yaml")
        ),
        text(entry, "target", "kind"),
        text(entry, "target", "name"),
    )


def _selects(pattern: str | None, value: str) -> bool:
    """Return whether kustomize's selector *pattern*, an anchored regular expression of Go, takes *value*.

    One that is not understood may take anything.
    """
    if not pattern:
        return True
    from gitops_secrets.core.goregex.match import GoRegexError, go_regex

    try:
        return go_regex(f"^(?:{pattern})$").is_found_in(value)
    except GoRegexError:
        return True
