"""The plan of a bootstrap: read the repository, decide, encrypt; write nothing.

sops takes as long to start as everything else takes to plan, so it is started as soon as it is known
what for, and what is needed only afterwards is imported meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_secrets.adapters.files import check_inside, read_plain
from gitops_secrets.adapters.git.repository import Head, Listing, Repository
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.bootstrap.model import ClusterOutcome, NamespaceOutcome, Plan, Request
from gitops_secrets.commands.bootstrap.questions import Questions, paths_of
from gitops_secrets.commands.bootstrap.rule import Ruled, plan_rule
from gitops_secrets.commands.bootstrap.stage import first_stages, lay_out
from gitops_secrets.commands.repository.branches import NewBranch, new_branch
from gitops_secrets.commands.repository.clusters import Choice, chosen_clusters
from gitops_secrets.commands.repository.committing import (
    refuse_changed,
    refuse_detached,
    refuse_left_out,
)
from gitops_secrets.commands.repository.pushing import Target, target_of
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.flux.roots.find import find_roots
from gitops_secrets.core.repository.commands import bootstrap_command
from gitops_secrets.core.repository.layout import CONFIG, NAMESPACES, PULL_SECRETS, Cluster
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import UsageError

if TYPE_CHECKING:
    from gitops_secrets.core.registry.credentials import Credentials
    from gitops_secrets.core.registry.reference import Registry
    from gitops_secrets.core.sops.pullsecret import PullSecret
    from gitops_secrets.core.wiring.sources import Named
    from gitops_secrets.core.wiring.wire import Wired


def make_plan(request: Request, repository: Repository, questions: Questions) -> Plan:
    """Return all that bootstrap is to do in *repository*; reads credentials last.

    Raises UsageError for a request that is invalid there, GitOpsSecretsError where it cannot be
    done.
    """
    listing = questions.listing()
    tree = Overlay(listing.files, lambda path: read_plain(repository.top, path))
    choice = Choice(request.paths, request.all_clusters, request.new_cluster)
    clusters = lay_out(request, tree, chosen_clusters(choice, tree, repository.top))
    if request.attach:
        request = _of_the_secret(request, tree, clusters)
    ask_status = questions.of(clusters) or repository.begin_status(paths_of(clusters))
    head, states = ask_status()
    branch, target = _check_head(repository, request, head)
    first = first_stages(request, repository, tree, clusters)
    if first and request.accounts:
        raise UsageError(
            "this is the first of the two commits of --layout inline, and no pull Secret is made yet",
            "run it without --for, and give --for with --resume",
        )
    _refuse_left_out(repository, listing, clusters)
    keyring = Keyring(request.identity_file)
    roots = find_roots(tree)
    ruled = [plan_rule(request, repository, tree, cluster, roots, keyring) for cluster in clusters]
    with Sealer(tree, keyring) as sealer:
        if not first:
            _start_encryption(sealer, request, tree, ruled[0])
        from gitops_secrets.core.wiring.wire import read_known, wire

        known = read_known(tree, roots, clusters)
        registries = _registries(request, tree, clusters[0])
        wired = [
            wire(
                *(tree, rule.cluster, request.secret, request.namespace, request.source),
                request.flavour,
                known,
                rule.decrypts_with,
                decryption_only=rule.cluster in first,
            )
            for rule in ruled
        ]
        ours = {cluster.kustomization_file for cluster in clusters}
        ours |= {CONFIG, *(cluster.secret_file(request.secret) for cluster in clusters)}
        planned = ours | set(tree.edited())
        for path in planned:
            check_inside(repository.top, path)
        refuse_changed(repository, listing, states, tree.changes(), run_filters=not request.dry_run)
        # Only now, when all else is seen to be in order: one of the sources may be a prompt.
        credentials = {
            registry.key: source(registry)
            for registry, (_, source) in zip(registries, request.groups, strict=True)
            if len(first) < len(clusters)
        }
        outcomes = [
            _plan_decryption(request, rule, wiring)
            if rule.cluster in first
            else _plan_secret(request, tree, sealer, rule, wiring, credentials)
            for rule, wiring in zip(ruled, wired, strict=True)
        ]
    ours |= {n.secret_file for outcome in outcomes for n in outcome.namespaces}
    ours |= set(tree.edited())
    for path in set(tree.edited()) - planned:
        check_inside(repository.top, path)
    refuse_changed(repository, listing, states, tree.changes(), run_filters=not request.dry_run)
    _prove(tree, outcomes)
    changes = tree.changes()
    concerned = {path: state for path, state in states.items() if path in ours}
    return Plan(tuple(outcomes), changes, head, concerned, branch, target)


def _of_the_secret(request: Request, tree: Overlay, clusters: Sequence[Cluster]) -> Request:
    """Return *request* for a pull Secret that each of *clusters* has. Raises UsageError if one has not."""
    from gitops_secrets.commands.bootstrap.namespaces import chosen_secret

    secret = request.secret or chosen_secret(tree, clusters[0])
    for cluster in clusters:
        if tree.read(cluster.secret_file(secret)) is None:
            raise UsageError(
                f"{cluster.path} has no pull Secret {secret}: {cluster.secret_file(secret)} is not there",
                bootstrap_command(cluster.path, secret),
            )
    return request._replace(secret=secret)


def _prove(tree: Overlay, outcomes: Sequence[ClusterOutcome]) -> None:
    """Raise GitOpsSecretsError if the planned *tree* would not give Flux its pull Secrets."""
    from gitops_secrets.commands.bootstrap.proof import prove

    roots = find_roots(tree)
    for outcome in outcomes:
        if not outcome.decryption_only:
            prove(tree, roots, outcome)


def _check_head(
    repository: Repository, request: Request, head: Head
) -> tuple[NewBranch | None, Target | None]:
    """Return the branch that is to be made for the commit, and where it is pushed to, if at all.

    Raises GitOpsSecretsError if no commit can be made here, or not pushed.
    """
    refuse_detached(repository, head)
    branch = new_branch(repository, head, request.branch)
    target = target_of(repository, head, branch, request.branch) if request.push else None
    return branch, target


def _refuse_left_out(repository: Repository, listing: Listing, clusters: list[Cluster]) -> None:
    """Raise GitOpsSecretsError if a sparse checkout hides a file that has to be read."""
    below = tuple("" if path == "." else f"{path}/" for path in paths_of(clusters))
    ours = (path for path in listing.unseen if path.startswith(below) or path == CONFIG)
    absent = [path for path in ours if not (repository.top / path).exists()]
    folders = [*(cluster.path for cluster in clusters if cluster.path != "."), PULL_SECRETS]
    refuse_left_out(repository, listing, absent[:1], [CONFIG], folders)


def _registries(request: Request, tree: Overlay, cluster: Cluster) -> list[Registry]:
    from gitops_secrets.core.registry.reference import parse_registry, refuse_duplicates
    from gitops_secrets.core.wiring.images import private_registry

    registries = [
        registry or parse_registry(private_registry(tree, cluster, request.namespace))
        for registry, _ in request.groups
    ]
    refuse_duplicates(registries)
    return registries


def _start_encryption(sealer: Sealer, request: Request, tree: Overlay, ruled: Ruled) -> None:
    """Start sops for a pull Secret that is not there yet."""
    path = ruled.cluster.secret_file(request.secret)
    if tree.read(path) is None:
        sealer.begin(path, ruling_for(tree.read(CONFIG) or b"", path))


def _plan_decryption(request: Request, ruled: Ruled, wired: Wired) -> ClusterOutcome:
    """Return the first of two commits: everything but the pull Secret."""
    from gitops_secrets.commands.secrets.pull_secret import Registries

    return ClusterOutcome(
        ruled.cluster,
        wired.installation.namespace,
        ruled.cluster.secret_file(request.secret),
        Registries(),
        ruled.recipients,
        ruled.identity,
        wired,
        decryption_only=True,
    )


def _plan_secret(
    request: Request,
    tree: Overlay,
    sealer: Sealer,
    ruled: Ruled,
    wired: Wired,
    credentials: Mapping[str, Credentials],
) -> ClusterOutcome:
    from gitops_secrets.commands.secrets.pull_secret import beside_others, plan_pull_secret
    from gitops_secrets.core.sops.keys.recipients import too_old
    from gitops_secrets.core.sops.pullsecret import PullSecret

    components = tree.read(wired.components) or b""
    version = too_old(components, [r.value for r in ruled.recipients if r.cluster])
    if version is not None:
        note = (
            f"{wired.components} is Flux {version}, and post-quantum identities need v2.9 or later"
        )
        wired = wired._replace(notes=(*wired.notes, note))
    path = ruled.cluster.secret_file(request.secret)
    namespace = wired.installation.namespace
    wanted = PullSecret(ruled.cluster.path, namespace, request.secret, credentials)
    ruling = ruling_for(tree.read(CONFIG) or b"", path)
    request.progress(f"encrypting {path}")
    if tree.read(path) is None:
        wired = wired._replace(notes=(*wired.notes, *beside_others(sealer, tree, path, wanted)))
    planned = plan_pull_secret(sealer, tree, path, wanted, ruling)
    sources, notes = _plan_sources(request, tree, ruled.cluster, planned.whole)
    spaces = {source.namespace for source in sources} - {namespace}
    return ClusterOutcome(
        ruled.cluster,
        namespace,
        path,
        planned.registries,
        ruled.recipients,
        ruled.identity,
        wired._replace(notes=(*wired.notes, *notes)),
        namespaces=_plan_namespaces(request, tree, sealer, ruled, wired, planned.whole, spaces),
        sources=tuple(source.object for source in sources),
    )


def _plan_sources(
    request: Request, tree: Overlay, cluster: Cluster, whole: PullSecret
) -> tuple[list[Named], list[str]]:
    """Plan that the sources asked for log in with the Secret, and return them with what is to be known of them."""
    if not request.sources:
        return [], []
    from gitops_secrets.commands.bootstrap.sources import plan_sources

    return plan_sources(request.sources, tree, cluster, whole)


def _plan_namespaces(
    request: Request,
    tree: Overlay,
    sealer: Sealer,
    ruled: Ruled,
    wired: Wired,
    whole: PullSecret,
    spaces: Collection[str],
) -> tuple[NamespaceOutcome, ...]:
    """Plan the copies for other namespaces, if some are asked for or there."""
    asked = request.accounts or request.all_namespaces or spaces
    if not asked and not any(f"{NAMESPACES}/" in file for file in tree.files()):
        return ()
    from gitops_secrets.commands.bootstrap.namespaces import plan_namespaces

    return plan_namespaces(request, tree, sealer, ruled, wired, whole, spaces)
