"""The new credential in the live pull Secrets before the commit: the clusters that are named have it at once.

Flux undoes it at its next reconcile, until it applies the commit. So this counts for nothing: whether a cluster has the
new credential is asked afterwards, of what Flux applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitops_secrets.adapters.cluster.answers import ConflictError
from gitops_secrets.adapters.cluster.api import Cluster, connect
from gitops_secrets.commands.registry.rotation.holders import Found
from gitops_secrets.commands.registry.rotation.model import Request
from gitops_secrets.core.flux.pulls.secrets import PullSecret
from gitops_secrets.core.live.bridge import plan_bridge, read_live
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.rotation.stages import Journey, Stage, State
from gitops_secrets.errors import GitOpsSecretsError

_TRIES = 5
"""How often a Secret is read again that somebody else changed meanwhile."""

Entries = Mapping[str, Credentials]


class _Laid(NamedTuple):
    """A live Secret that was changed, or may have been."""

    cluster: Cluster
    secret: PullSecret
    before: Entries
    after: Entries


class Bridge:
    """What one run does to live Secrets before its commit, and takes back if there is none."""

    def __init__(self, request: Request, found: Found, contexts: Mapping[str, str]) -> None:
        self._request = request
        self._found = found
        self._contexts = contexts
        self._laid: list[_Laid] = []

    def lay(self, credentials: Credentials, journey: Journey) -> None:
        """Give *credentials* to the live Secrets of the clusters that have a context, and note which took them.

        A cluster that cannot be reached or changed stops nothing here: it has to be confirmed later.
        """
        if not self._contexts:
            return
        if not self._request.check:
            words = "not proven, so that only Flux brings it, with the commit"
            journey.note(Stage.BRIDGE, State.SKIPPED, words)
            return
        done, left = [], []
        for path, context in self._contexts.items():
            self._request.progress(f"applying the new credential to {context}")
            try:
                self._lay_in(path, connect(self._request.kubeconfig, context), credentials)
                done.append(f"{path} has the new credential until Flux reconciles")
            except GitOpsSecretsError as error:
                left.append(f"{path} does not have it: {error.message}")
        journey.note(Stage.BRIDGE, State.DONE if done else State.WAITING, "; ".join([*done, *left]))

    def take_back(self) -> list[str]:
        """Give back what the live Secrets had before. Return the clusters in which that failed, by path."""
        left = []
        for laid in reversed(self._laid):

            def undone(held: Entries, laid: _Laid = laid) -> Entries:
                return {k: c for k, c in laid.before.items() if held.get(k) == laid.after[k]}

            try:
                _change(laid.cluster, laid.secret, undone)
            except GitOpsSecretsError:
                left.append(laid.secret.cluster.path)
        self._laid.clear()
        return list(dict.fromkeys(left))

    def _lay_in(self, path: str, cluster: Cluster, credentials: Credentials) -> None:
        keys: dict[PullSecret, set[str]] = {}
        for holder in self._found.holding.ours:
            if holder.secret.cluster.path == path:
                keys.setdefault(holder.secret, set()).add(holder.key)
        for secret, of_secret in keys.items():

            def wanted(
                held: Entries, keys: set[str] = of_secret, name: str = secret.name
            ) -> Entries:
                found = {key: credentials for key in held if key in keys}
                if not found:
                    raise GitOpsSecretsError(f"its Secret {name} has no entry for {min(keys)}")
                return found

            def remember(before: Entries, after: Entries, secret: PullSecret = secret) -> None:
                self._laid.append(_Laid(cluster, secret, before, after))

            _change(cluster, secret, wanted, remember)


def _change(
    cluster: Cluster,
    secret: PullSecret,
    wanted: Callable[[Entries], Entries],
    remember: Callable[[Entries, Entries], None] = lambda _before, _after: None,
) -> None:
    """Give a live Secret the entries that *wanted* makes of those that it has. *remember* is told before it is sent.

    Raises GitOpsSecretsError if the cluster does not take it.
    """
    name = f"{secret.namespace}/{secret.name}"
    for left in reversed(range(_TRIES)):
        live = cluster.find("Secret", secret.name, secret.namespace)
        held = read_live(live, name)
        assert live is not None
        after = wanted(held)
        patch = plan_bridge(live, secret.namespace, secret.name, after, cluster.kubectl)
        if patch is None:
            return
        remember({key: held[key] for key in after}, after)
        try:
            cluster.apply_secret(patch.body, patch.manager, force=True, dry_run=False)
        except ConflictError:
            if not left:
                raise
        else:
            return
