"""The plan of a bootstrap: read the repository, decide, encrypt; write nothing.

sops takes as long to start as everything else takes to plan, so it is started as soon as it is known
what for, and what is needed only afterwards is imported meanwhile.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from gitops_secrets.adapters.files import check_inside, read_file
from gitops_secrets.adapters.git.repository import Head, Repository, sparse_hints
from gitops_secrets.adapters.sops.program import Encrypt, encrypting
from gitops_secrets.commands.bootstrap.model import ClusterOutcome, Plan, Request
from gitops_secrets.commands.bootstrap.questions import Questions, paths_of
from gitops_secrets.commands.bootstrap.rule import Ruled, plan_rule
from gitops_secrets.commands.bootstrap.stage import first_stages, lay_out
from gitops_secrets.commands.secrets.ruling import ruling_for
from gitops_secrets.core.flux.instance import clusters_of
from gitops_secrets.core.repository.layout import CONFIG, PULL_SECRETS, Cluster, parse_cluster_path
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.errors import GitOpsSecretsError, UsageError

if TYPE_CHECKING:
    from gitops_secrets.core.registry.credentials import Credentials
    from gitops_secrets.core.registry.reference import Registry
    from gitops_secrets.core.wiring.wire import Wired


def make_plan(request: Request, repository: Repository, questions: Questions) -> Plan:
    """Return all that bootstrap is to do in *repository*; reads credentials last.

    Raises UsageError for a request that is invalid there, GitOpsSecretsError where it cannot be
    done.
    """
    tree = Overlay(questions.files(), lambda path: read_file(repository.top, path))
    clusters = lay_out(request, tree, _clusters(request, tree))
    ask_status = questions.status or repository.begin_status(paths_of(clusters))
    head, states = ask_status()
    _check_head(repository, request, head)
    first = first_stages(request, repository, tree, clusters)
    _refuse_left_out(repository, clusters)
    ruled = [plan_rule(request, repository, tree, cluster) for cluster in clusters]
    with ExitStack() as stack:
        encrypt = None if first else _start_encryption(stack, request, tree, ruled[0])
        from gitops_secrets.core.wiring.wire import wire

        registries = _registries(request, tree, clusters[0])
        wired = [
            wire(
                *(tree, cluster, request.secret, request.namespace, request.source),
                request.flavour,
                decryption_only=cluster in first,
            )
            for cluster in clusters
        ]
        ours = {cluster.kustomization_file for cluster in clusters} | set(tree.edited())
        ours |= {CONFIG, *(cluster.secret_file(request.secret) for cluster in clusters)}
        for path in ours:
            check_inside(repository.top, path)
        _refuse_dirty(states, [change.path for change in tree.changes()])
        # Only now, when all else is seen to be in order: one of the sources may be a prompt.
        credentials = {
            registry.key: source(registry)
            for registry, (_, source) in zip(registries, request.groups, strict=True)
            if len(first) < len(clusters)
        }
        outcomes = [
            _plan_decryption(request, rule, wiring)
            if rule.cluster in first
            else _plan_secret(
                request, tree, rule, wiring, credentials, encrypt if rule is ruled[0] else None
            )
            for rule, wiring in zip(ruled, wired, strict=True)
        ]
    changes = tree.changes()
    _refuse_dirty(states, [change.path for change in changes])
    concerned = {path: state for path, state in states.items() if path in ours}
    return Plan(tuple(outcomes), changes, head, concerned)


def _check_head(repository: Repository, request: Request, head: Head) -> None:
    """Raise GitOpsSecretsError where no commit can be made here."""
    if head.branch is None:
        raise GitOpsSecretsError(
            f"{repository.top} is on no branch (detached HEAD)", "git switch main"
        )
    if request.push and head.upstream is None:
        raise UsageError(
            f"--push: the branch {head.branch} has no upstream",
            f"git push --set-upstream origin {head.branch}",
        )


def _refuse_left_out(repository: Repository, clusters: list[Cluster]) -> None:
    """Raise GitOpsSecretsError where a sparse checkout hides a file that has to be read."""
    left_out = repository.left_out(paths_of(clusters))
    if left_out:
        folders = [cluster.path for cluster in clusters if cluster.path != "."]
        raise GitOpsSecretsError(
            f"{left_out[0]} is in the repository, but this sparse checkout leaves it out",
            *sparse_hints([*folders, PULL_SECRETS]),
        )


def _clusters(request: Request, tree: Overlay) -> list[Cluster]:
    if request.paths:
        return list(dict.fromkeys(parse_cluster_path(path) for path in request.paths))
    found = clusters_of(tree)
    if not found:
        raise UsageError(
            "no cluster is in this repository yet: where is Flux to look?", "--path clusters/prod"
        )
    if len(found) > 1 and not request.all_clusters:
        raise UsageError(
            f"{len(found)} clusters are in this repository: {', '.join(c.path for c in found)}",
            f"--path {found[0].path}, or --all",
        )
    return found


def _registries(request: Request, tree: Overlay, cluster: Cluster) -> list[Registry]:
    from gitops_secrets.core.registry.reference import parse_registry, refuse_duplicates
    from gitops_secrets.core.wiring.wire import private_registry

    registries = [
        registry or parse_registry(private_registry(tree, cluster, request.namespace))
        for registry, _ in request.groups
    ]
    refuse_duplicates(registries)
    return registries


def _start_encryption(
    stack: ExitStack, request: Request, tree: Overlay, ruled: Ruled
) -> Encrypt | None:
    """Start sops for a pull Secret that is not there yet; None where there is one."""
    path = ruled.cluster.secret_file(request.secret)
    if tree.read(path) is not None:
        return None
    config = ruling_for(tree.read(CONFIG) or b"", path).config
    return stack.enter_context(encrypting(config, path, ruled.secrets))


def _plan_decryption(request: Request, ruled: Ruled, wired: Wired) -> ClusterOutcome:
    """Return the first of two commits: everything but the pull Secret."""
    from gitops_secrets.commands.secrets.pull_secret import Encrypted

    return ClusterOutcome(
        ruled.cluster,
        wired.installation.namespace,
        ruled.cluster.secret_file(request.secret),
        Encrypted(b"", (), (), ()),
        ruled.recipients,
        ruled.identity,
        wired,
        decryption_only=True,
    )


def _plan_secret(
    request: Request,
    tree: Overlay,
    ruled: Ruled,
    wired: Wired,
    credentials: Mapping[str, Credentials],
    encrypt: Encrypt | None,
) -> ClusterOutcome:
    from gitops_secrets.commands.secrets.pull_secret import PullSecret, encrypt_pull_secret
    from gitops_secrets.core.sops.recipients import too_old

    components = tree.read(wired.components) or b""
    version = too_old(components, [r.value for r in ruled.recipients if r.cluster])
    if version is not None:
        note = (
            f"{wired.components} is Flux {version}, and post-quantum identities need v2.9 or later"
        )
        wired = wired._replace(notes=(*wired.notes, note))
    path = ruled.cluster.secret_file(request.secret)
    wanted = PullSecret(
        cluster=ruled.cluster,
        name=request.secret,
        namespace=wired.installation.namespace,
        credentials=credentials,
        recipients=tuple(r.value for r in ruled.recipients),
        config=ruling_for(tree.read(CONFIG) or b"", path).config,
        identity=ruled.identity.identity,
        identity_file=request.identity_file,
    )
    request.progress(f"encrypting {path}")
    encrypted = encrypt_pull_secret(wanted, tree.read(wanted.path), encrypt)
    tree.write(wanted.path, encrypted.content)
    return ClusterOutcome(
        ruled.cluster,
        wanted.namespace,
        wanted.path,
        encrypted,
        ruled.recipients,
        ruled.identity,
        wired,
    )


def _refuse_dirty(states: Mapping[str, str], changed: Sequence[str]) -> None:
    for path in changed:
        state = states.get(path)
        if state == "!!":
            raise GitOpsSecretsError(
                f"{path} is ignored by Git", f"git check-ignore --verbose {path}"
            )
        if state is not None:
            raise GitOpsSecretsError(
                f"{path} has changes that are not committed", _dirty_hint(path, state)
            )


def _dirty_hint(path: str, state: str) -> str:
    name = shlex.quote(path)
    if "D" in state:
        return f"git restore --staged --worktree -- {name}"
    away = f"mv {name} {name}.mine" if state == "??" else "git stash"
    return f"git add {name} && git commit, or {away}"
