"""Sources of Flux that are to log in with the pull Secret: the edits, and the proof that they do."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_secrets.core.flux.view import View
from gitops_secrets.core.registry.reference import Registry, covers, host_of
from gitops_secrets.core.repository.commands import registry_command
from gitops_secrets.core.repository.layout import Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.pullsecret import PullSecret
from gitops_secrets.core.wiring.sources import Named, SourceName, find_named, wire_source
from gitops_secrets.errors import GitOpsSecretsError


def plan_sources(
    names: Sequence[SourceName], tree: Overlay, cluster: Cluster, whole: PullSecret
) -> tuple[list[Named], list[str]]:
    """Plan that the sources *names* of *cluster* log in with the Secret *whole*; return them, and notes.

    Raises UsageError for a source that Git does not make, and GitOpsSecretsError for one that takes no pull
    Secret, cannot be edited, or would not have the Secret after the edit.
    """
    find_named(View(tree), cluster, names)
    for name in names:
        # Each anew: an edit moves the lines of what comes behind it.
        view = View(tree)
        wire_source(tree, view, cluster, whole.name, find_named(view, cluster, [name])[0])
    after = find_named(View(tree), cluster, names)
    for one in after:
        if one.source is not None and one.source.secret != whole.name:
            raise GitOpsSecretsError(
                f"{one.file}: {one.object} would not log in with {whole.name} after this edit: a patch changes it",
                f"add secretRef: {{name: {whole.name}}} in that patch",
            )
    return after, [note for one in after for note in _notes(one, cluster, whole)]


def _notes(named: Named, cluster: Cluster, whole: PullSecret) -> list[str]:
    if named.elsewhere is not None:
        return [
            f"{named.elsewhere.object} makes {named.object} of what is not in this repository: see that it takes a pull Secret"
        ]
    reference = named.source.reference if named.source is not None else ""
    if not reference or any(covers(key, reference) for key in whole.entries):
        return []
    host = host_of(reference)
    add = registry_command("add", [cluster.path], whole.name, Registry(host).options)
    return [f"{named.object} reads {reference}, and {whole.name} has no key for {host}: {add}"]
