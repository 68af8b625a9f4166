"""Flux's side of a further namespace: its pull Secret is decrypted, and its ServiceAccounts pull with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.core.flux.accounts import accounts_in
from gitops_secrets.core.flux.artifact import (
    check_artifact,
    guard_generated,
    kustomization_at,
    list_resource,
)
from gitops_secrets.core.flux.follow import Applied, patches_of, target_namespaces
from gitops_secrets.core.flux.kustomizations import FluxKustomization, kustomizations_in
from gitops_secrets.core.flux.kustomize.patches import Subject
from gitops_secrets.core.flux.reach import reach
from gitops_secrets.core.flux.roots.root import Root
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import CLUSTER_ANNOTATION
from gitops_secrets.core.wiring.kustomization import write_kustomization
from gitops_secrets.core.wiring.spelling import strange_namespace
from gitops_secrets.core.wiring.wire import Wired
from gitops_secrets.core.yamltext.nested import edit_document
from gitops_secrets.core.yamltext.splice import Item, insert_item, quote
from gitops_secrets.errors import InvalidDocumentError

_ACCOUNT_FILE = "service-account.yaml"


class Attached(NamedTuple):
    """What was planned for one namespace."""

    namespace: str
    accounts: tuple[str, ...]
    """The ServiceAccounts asked for that pull with the Secret then."""
    notes: tuple[str, ...]
    account_file: str | None = None
    """The file that was planned for the ServiceAccount ``default``, None if none was: see account_notes."""


class _Made(NamedTuple):
    """A ServiceAccount in a file of the repository."""

    file: str
    line: int
    secrets: tuple[str, ...]
    shared: str | None
    """Why it is not to be edited for one namespace of one cluster, None if nothing speaks against it."""


def wire_namespaces(
    tree: Overlay,
    cluster: Cluster,
    wired: Wired,
    secret: str,
    asked: Mapping[str, Sequence[str]],
    roots: Sequence[Root],
) -> list[Attached]:
    """Plan for each namespace of *asked* its Kustomization, and that its ServiceAccounts pull with *secret*.

    *wired* is that of the cluster, which is planned already; *roots* are those of the planned *tree*. Raises
    GitOpsSecretsError where Flux would not apply what is planned, or somebody else's file is in the way.
    """
    others = [root.cluster for root in roots if root.cluster.path != cluster.path]
    view = View(tree, only=[cluster, *others], roots=roots)
    own = view.applied_in(cluster)
    objects = [a.kustomization for a in view.applied if not a.is_elsewhere]
    mine = [a.kustomization for a in own]
    base = view.root(cluster).base
    found = []
    for namespace, accounts in asked.items():
        tenant = cluster.of_namespace(namespace)
        write_kustomization(
            tree,
            tenant,
            wired.installation,
            wired.run_as,
            mine,
            secret,
            base,
            _decrypts_with(tree, cluster, mine),
        )
        strange = strange_namespace(view, own, namespace)
        notes = [*([strange] if strange else []), *guard_generated(tree, tenant, objects)]
        check_artifact(tree, tenant, wired.installation, wired.described, secret)
        pulling, file = [], None
        for account in accounts:
            if _make_account(tree, view, tenant, account, secret):
                file = _account_file(tenant)
                pulling.append(account)
                continue
            pulls, note = _wire_account(tree, view, tenant, account, secret)
            pulling += [account] if pulls else []
            notes += [note] if note else []
        found.append(Attached(namespace, tuple(pulling), tuple(notes), file))
    return found


def account_notes(files: Mapping[str, str]) -> tuple[str]:
    """Return what to know of new *files*, by namespace, that make the ServiceAccount ``default``: one note for all.

    There is one at least.
    """
    names = sorted(files)
    if names[1:]:
        shown = f"ServiceAccount {DEFAULT_ACCOUNT} in {len(names)} namespaces ({', '.join(names)})"
        subject, them = f"{_ACCOUNT_FILE} beside each copy", "the file"
    else:
        shown, them = f"ServiceAccount {names[0]}/{DEFAULT_ACCOUNT}", "it"
        subject = files[names[0]]
    return (
        f"{subject} sets the imagePullSecrets of {shown} from now on: add to {them} what was put there by hand",
    )


def _decrypts_with(
    tree: Overlay, cluster: Cluster, mine: Sequence[FluxKustomization]
) -> str | None:
    """Return the Secret with the cluster's identity: that of the Kustomization of Flux's own pull Secrets."""
    file = cluster.kustomization_file
    own = kustomizations_in(tree.read(file) or b"", file) or [
        k for k in mine if k.path == cluster.path
    ]
    return own[0].decryption_secret if own else None


def wire_account(
    tree: Overlay, view: View, tenant: Cluster, account: str, secret: str
) -> tuple[bool, str | None] | None:
    """Plan that *account* pulls with *secret* where Git makes it; None if Git does not.

    Return whether it does then, and what the user has to know or do about it.
    """
    made = _find(view, tenant, account)
    return _edit_account(tree, tenant, account, secret, made) if made is not None else None


def not_made(tenant: Cluster, account: str, secret: str) -> str:
    """Return what to say of an *account* that nothing in Git makes."""
    return (
        f"nothing in Git makes ServiceAccount {tenant.tenant}/{account}: give it {_entry(secret)} "
        "where it is made"
    )


def _entry(secret: str) -> str:
    return f"imagePullSecrets: [{{name: {secret}}}]"


def _account_file(tenant: Cluster) -> str:
    return f"{tenant.folder}/{_ACCOUNT_FILE}"


def _make_account(tree: Overlay, view: View, tenant: Cluster, account: str, secret: str) -> bool:
    """Plan the file of *account* if that is ``default`` and nothing in Git makes it yet; return whether it is."""
    path = _account_file(tenant)
    if account != DEFAULT_ACCOUNT or tree.read(path) is not None or _find(view, tenant, account):
        return False
    tree.write(path, _render(tenant, account, secret))
    list_resource(tree, tenant.folder, _ACCOUNT_FILE)
    return True


def _wire_account(
    tree: Overlay, view: View, tenant: Cluster, account: str, secret: str
) -> tuple[bool, str | None]:
    """Plan that *account* pulls with *secret*, where Git makes it or by the file beside the copy."""
    wired = wire_account(tree, view, tenant, account, secret)
    if wired is None and account == DEFAULT_ACCOUNT:
        return _wire_file(tree, view, tenant, account, secret)
    return wired or (False, not_made(tenant, account, secret))


def _wire_file(
    tree: Overlay, view: View, tenant: Cluster, account: str, secret: str
) -> tuple[bool, str | None]:
    """Plan that *account* pulls with *secret*, by the file in the namespace's folder that stood there before."""
    path = _account_file(tenant)
    if path not in reach(view.fetched(tenant), tenant.folder).files:
        listing = kustomization_at(tree, tenant.folder)[0]
        return False, (
            f"nothing applies {path}, so ServiceAccount {tenant.tenant}/{account} does not get the pull Secret: list "
            f"{_ACCOUNT_FILE} under resources in {listing}, and run this again"
        )
    made = next((a for a in accounts_in(tree.read(path) or b"", path) if a.name == account), None)
    if made is None or made.namespace not in (None, tenant.tenant):
        return False, f"{path} makes another; {not_made(tenant, account, secret)}"
    return _edit_account(
        tree, tenant, account, secret, _Made(path, made.line, made.pull_secrets, None)
    )


def _edit_account(
    tree: Overlay, tenant: Cluster, account: str, secret: str, made: _Made
) -> tuple[bool, str | None]:
    shown, entry = f"ServiceAccount {tenant.tenant}/{account}", _entry(secret)
    if secret in made.secrets:
        return True, None
    place = f"{made.file}:{made.line}"
    if made.shared is not None:
        words = f"{place}: {shown} is left as it is, since {made.shared}: add {entry} to it"
        return False, words
    item = Item((f"name: {quote(secret)}",), {"name": secret})

    def edit(document: bytes) -> bytes:
        return insert_item(document, made.file, "imagePullSecrets", item)

    try:
        tree.write(made.file, edit_document(tree.read(made.file) or b"", made.line, edit))
    except InvalidDocumentError as error:
        return False, f"{error.message}; {shown} is left as it is: add {entry} to it"
    return True, None


def _find(view: View, tenant: Cluster, account: str) -> _Made | None:
    """Return where Git makes *account* in the namespace, by the Kustomizations of the cluster."""
    for applied in view.applied_in(tenant):
        if applied.is_elsewhere or applied.is_remote:
            continue
        fetched = view.fetched(applied.cluster)
        for file in applied.reach.files:
            for found in view.tree.derive(file, accounts_in):
                if found.name != account:
                    continue
                targets = list(target_namespaces(applied, fetched, file, found.namespace))
                if tenant.tenant not in targets:
                    continue
                shared = _shared(view, applied, file, targets, account)
                return _Made(file, found.line, found.pull_secrets, shared)
    return None


def _shared(
    view: View, applied: Applied, file: str, targets: Sequence[str | None], account: str
) -> str | None:
    """Return why the ServiceAccount of *file* is not to be edited, None if nothing speaks against it."""
    if len(targets) > 1:
        return f"it is made in {len(targets)} namespaces"
    if view.is_shared(file, applied.cluster):
        return "another cluster applies the file too"
    subject = Subject("ServiceAccount", account)
    patches = patches_of(applied, view.fetched(applied.cluster), file)
    if any(patch.may_apply(subject) and list(patch.pull_secrets()) for patch in patches):
        return "a patch sets its imagePullSecrets"
    return None


def _render(tenant: Cluster, account: str, secret: str) -> bytes:
    return f"""\
# The pods of {tenant.tenant} that name no other ServiceAccount pull with these Secrets.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {account}
  namespace: {tenant.tenant}
  annotations:
    {CLUSTER_ANNOTATION}: {quote(tenant.path)}
    kustomize.toolkit.fluxcd.io/prune: disabled
imagePullSecrets:
  - name: {quote(secret)}
""".encode()
