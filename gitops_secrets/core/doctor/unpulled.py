"""What pulls from a registry for which nothing in Git has credentials: no mistake, since a node may have them."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from gitops_secrets.core.doctor.checks.images import is_open
from gitops_secrets.core.flux.pulls.secrets import pull_secrets
from gitops_secrets.core.flux.pulls.workloads import Workload, workloads
from gitops_secrets.core.flux.suggesting import is_external
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.reference import host_of
from gitops_secrets.core.repository.kubenames import DEFAULT_ACCOUNT
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.sops.rules.creation import recorded_recipient

_SHOWN = 3
"""So many namespaces are named in a command; a line with all of a big cluster's helps nobody."""


class Unpulled(NamedTuple):
    """A registry that workloads of a cluster pull from without a pull Secret."""

    cluster: Cluster
    host: str
    flux: str
    """The namespace of Flux, which gets its pull Secret by bootstrap anyway."""
    workloads: tuple[Workload, ...]
    is_external: bool = False
    """Whether something outside Git installs Flux, which the command has to say."""

    @property
    def words(self) -> str:
        """What there is, as a sentence says it."""
        first, more = self.workloads[0].object, len(self.workloads) - 1
        who = f"{first} and {more} more pull" if more else f"{first} pulls"
        return f"{who} from {self.host}, and nothing in Git has credentials for it"

    @property
    def command(self) -> str:
        """The command that gives them to Flux and to these workloads."""
        accounts = dict.fromkeys(
            w.namespace if w.account == DEFAULT_ACCOUNT else f"{w.namespace}/{w.account}"
            for w in self.workloads
            if w.namespace != self.flux
        )
        named = "".join(f" --for {account}" for account in [*accounts][:_SHOWN])
        return (
            f"gitops-secrets bootstrap --path {shlex.quote(self.cluster.path)} --image-pull-secret regcred "
            f"--registry {self.host}{named}{' --flavour external' if self.is_external else ''}"
        )


def unpulled(view: View, cluster: Cluster) -> list[Unpulled]:
    """Return the registries, by host, that *cluster* pulls from while Git has no pull Secret for it at all."""
    own = recorded_recipient(view.rules, cluster)
    if own is not None or any(secret.cluster == cluster for secret in pull_secrets(view)):
        return []
    found: dict[str, list[Workload]] = {}
    for workload in workloads(view, cluster):
        if workload.pull_secrets == ():
            for host in dict.fromkeys(map(host_of, workload.images)):
                if not is_open(host):
                    found.setdefault(host, []).append(workload)
    root = view.root(cluster)
    return [
        Unpulled(cluster, host, root.namespace, tuple(those), is_external(view, cluster))
        for host, those in sorted(found.items())
    ]
