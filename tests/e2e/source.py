"""The stand-in for Flux's source-controller, which cannot be built from published Go modules.

A library of it is in none, so this takes its place: a revision of a Git repository is packed into
an artifact, served on loopback, and told to kustomize-controller in the status of a GitRepository.

What stays real: kustomize-controller fetches and checks the artifact as always, and what the
artifact leaves out is decided by Flux's own package (``source-archive``), with its default
patterns, ``.sourceignore`` files and ``spec.ignore``.

What is not here: the Git transport and its credentials (the repository is read from disk),
``spec.include``, ``spec.sparseCheckout``, ``spec.verify`` and submodules.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import http.server
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.e2e.api import ApiError, Object
from tests.e2e.cluster import Cluster
from tests.e2e.process import E2EError
from tests.support.githttp import git_environ

REQUESTED_AT: Final = "reconcile.fluxcd.io/requestedAt"


class Source:
    """Publishes Git revisions to one cluster; use it with ``with``.

    with Source(cluster, folder) as source:
        source.publish(repository.folder)          # once, now
        source.follow(repository.folder)           # at each new commit, until the end
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """*folder* is a new or empty folder for the artifacts."""
        self._cluster = cluster
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        serve = functools.partial(_Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
        self._stopped = threading.Event()
        self._followed: dict[tuple[str, str], Path] = {}
        self._failure: Exception | None = None
        self._threads = [
            threading.Thread(target=self._server.serve_forever, daemon=True),
            threading.Thread(target=self._follow, daemon=True),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()

    def publish(
        self,
        repository: Path,
        name: str = "flux-system",
        namespace: str = "flux-system",
        ref: str = "HEAD",
    ) -> str:
        """Make *ref* of the *repository* the artifact of a GitRepository; returns its revision.

        *repository* is a work tree or a bare repository. Where the GitRepository does not exist,
        it is created. A revision reads ``main@sha1:<commit>``, with the object's own branch.
        """
        found = self._cluster.find("GitRepository", name, namespace)
        git_repository = found or self._create(repository, name, namespace)
        commit = _git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}").strip()
        return self._publish(repository, git_repository, commit)

    def follow(
        self, repository: Path, name: str = "flux-system", namespace: str = "flux-system"
    ) -> None:
        """Publish the branch of the GitRepository now and whenever it moves, until the end.

        The GitRepository need not exist yet. As the real one does, this leaves a suspended object
        alone, and marks the annotation ``reconcile.fluxcd.io/requestedAt`` as handled.
        """
        self._followed[name, namespace] = repository

    def check(self) -> None:
        """Raise what has ended following, if something has."""
        if self._failure is not None:
            raise self._failure

    def _follow(self) -> None:
        try:
            while not self._stopped.wait(0.2):
                self._follow_once()
        except (E2EError, subprocess.CalledProcessError) as error:
            self._failure = error

    def _follow_once(self) -> None:
        for (name, namespace), repository in list(self._followed.items()):
            # An object or the API server may go away between two steps.
            with contextlib.suppress(OSError, ApiError):
                found = self._cluster.find("GitRepository", name, namespace)
                if found and not found["spec"].get("suspend"):
                    self._publish_if_moved(repository, found)

    def _publish_if_moved(self, repository: Path, git_repository: Object) -> None:
        branch = _branch(git_repository)
        commit = _git(repository, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        if not commit.strip():
            return
        status = git_repository.get("status", {})
        if (
            status.get("artifact", {}).get("revision") != f"{branch}@sha1:{commit.strip()}"
            or status.get("observedGeneration") != git_repository["metadata"]["generation"]
            or status.get("lastHandledReconcileAt") != _requested_at(git_repository)
        ):
            self._publish(repository, git_repository, commit.strip())

    def _create(self, repository: Path, name: str, namespace: str) -> Object:
        created: Object = self._cluster.api.request(
            "POST",
            self._cluster.api.path("GitRepository", "", namespace),
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "GitRepository",
                "metadata": {"name": name},
                "spec": {
                    "interval": "1m",
                    "url": f"https://git.invalid/{repository.name}",
                    "ref": {"branch": "main"},
                },
            },
        )
        return created

    def _publish(self, repository: Path, git_repository: Object, commit: str) -> str:
        metadata = git_repository["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        path = Path("gitrepository") / namespace / name / f"{commit}.tar.gz"
        digest = self._archive(repository, commit, git_repository["spec"].get("ignore", ""), path)
        revision = f"{_branch(git_repository)}@sha1:{commit}"
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = f"stored artifact for revision '{revision}'"
        condition = {
            "status": "True",
            "reason": "Succeeded",
            "message": message,
            "observedGeneration": metadata["generation"],
            "lastTransitionTime": now,
        }
        status: dict[str, Any] = {
            "observedGeneration": metadata["generation"],
            "lastHandledReconcileAt": _requested_at(git_repository),
            "conditions": [
                {"type": "Ready", **condition},
                {"type": "ArtifactInStorage", **condition},
            ],
            "artifact": {
                "path": str(path),
                "url": f"http://127.0.0.1:{self._server.server_port}/{path}",
                "revision": revision,
                "digest": f"sha256:{digest}",
                "size": (self._folder / path).stat().st_size,
                "lastUpdateTime": now,
            },
        }
        api = self._cluster.api
        api.patch("GitRepository", name, namespace, {"status": status}, status=True)
        return revision

    def _archive(self, repository: Path, commit: str, ignore: str, path: Path) -> str:
        """Write the artifact and return its SHA-256."""
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            checkout = Path(name) / "checkout"
            checkout.mkdir()
            # A checkout as source-controller makes one; `git archive` would honour export-ignore.
            environ = {
                "GIT_INDEX_FILE": str(Path(name) / "index"),
                "GIT_WORK_TREE": str(checkout),
            }
            _git(repository, "read-tree", commit, **environ)
            _git(repository, "checkout-index", "--all", **environ)
            archive = Path(name) / "artifact"
            program = self._cluster.binaries.path("source-archive")
            subprocess.run([program, f"--ignore={ignore}", checkout, archive], check=True)
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            archive.replace(target)
        return digest


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _branch(git_repository: Object) -> str:
    # Flux's own default is master.
    return str(git_repository["spec"].get("ref", {}).get("branch", "master"))


def _requested_at(git_repository: Object) -> str | None:
    annotations: dict[str, str] = git_repository["metadata"].get("annotations", {})
    return annotations.get(REQUESTED_AT)


def _git(repository: Path, *args: str, **environ: str) -> str:
    folder = repository / ".git" if (repository / ".git").exists() else repository
    done = subprocess.run(
        ["git", f"--git-dir={folder}", *args],
        env={**git_environ(repository), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise E2EError(f"git {' '.join(args)} in {repository}: {done.stderr.strip()}")
    return done.stdout
