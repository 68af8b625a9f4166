"""The stand-in for Flux's source-controller, which cannot be built from published Go modules.

A library of it is in none, so this takes its place: a revision of a Git repository is packed into
an artifact, served on loopback, and told to kustomize-controller in the status of a GitRepository, or
of an OCIRepository, whose artifact can be one folder of the repository.

What stays real: kustomize-controller fetches and checks the artifact as always, and what the
artifact leaves out is decided by Flux's own package (``source-archive``), with its default
patterns, ``.sourceignore`` files and ``spec.ignore``.

What is not here: the transport and its credentials, a registry's too (the repository is read from
disk), ``spec.include``, ``spec.sparseCheckout``, ``spec.verify`` and submodules.
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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.e2e.api import ApiError, Object
from tests.e2e.cluster import Cluster
from tests.e2e.process import E2EError
from tests.support.contexts import Context, in_thread, serving
from tests.support.githttp import git_environ

REQUESTED_AT: Final = "reconcile.fluxcd.io/requestedAt"
_GIT: Final = "GitRepository"


class _Followed(NamedTuple):
    """A source in the cluster that is kept at the newest commit."""

    kind: str
    name: str
    namespace: str
    repository: Path
    folder: str


class Source(Context):
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
        self._followed: list[_Followed] = []
        self._failure: Exception | None = None
        self.is_asked = False
        """Whether it looks only when it is asked, as the real one between two intervals."""

    def _open(self, stack: ExitStack) -> None:
        stack.enter_context(serving(self._server))
        stack.enter_context(in_thread(self._follow, self._stopped.set))

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
        found = self._cluster.find(_GIT, name, namespace)
        source = found or self._create(repository, name, namespace)
        commit = _git(repository, "rev-parse", "--verify", f"{ref}^{{commit}}").strip()
        return self._publish(repository, source, commit)

    def follow(
        self,
        repository: Path,
        name: str = "flux-system",
        namespace: str = "flux-system",
        kind: str = _GIT,
        folder: str = "",
    ) -> None:
        """Publish the branch of the source now and whenever it moves, until the end.

        The source need not exist yet. An OCIRepository gets the *folder* of the branch main, as a pipeline
        pushes it. As the real one does, this leaves a suspended object alone, and marks the annotation
        ``reconcile.fluxcd.io/requestedAt`` as handled.
        """
        one = _Followed(kind, name, namespace, repository, folder)
        if one not in self._followed:
            self._followed.append(one)

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
        for one in list(self._followed):
            # An object or the API server may go away between two steps.
            with contextlib.suppress(OSError, ApiError):
                found = self._cluster.find(one.kind, one.name, one.namespace)
                if found and not found["spec"].get("suspend"):
                    self._publish_if_moved(one, found)

    def _publish_if_moved(self, one: _Followed, source: Object) -> None:
        ref = f"refs/heads/{_branch(source)}"
        commit = _git(one.repository, "for-each-ref", "--format=%(objectname)", ref).strip()
        if not commit:
            return
        status = source.get("status", {})
        is_handled = status.get("lastHandledReconcileAt") == _requested_at(source)
        if self.is_asked and is_handled:
            return
        if (
            status.get("artifact", {}).get("path") != str(_path(source, commit))
            or status.get("observedGeneration") != source["metadata"]["generation"]
            or not is_handled
        ):
            self._publish(one.repository, source, commit, one.folder)

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

    def _publish(self, repository: Path, source: Object, commit: str, folder: str = "") -> str:
        metadata, kind = source["metadata"], source["kind"]
        path = _path(source, commit)
        ignore = source["spec"].get("ignore", "")
        digest = self._archive(repository, commit, folder, ignore, path)
        revision = f"{_branch(source)}@sha1:{commit}" if kind == _GIT else f"latest@sha256:{digest}"
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
            "lastHandledReconcileAt": _requested_at(source),
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
        name, namespace = metadata["name"], metadata["namespace"]
        self._cluster.api.patch(kind, name, namespace, {"status": status}, status=True)
        return revision

    def _archive(self, repository: Path, commit: str, folder: str, ignore: str, path: Path) -> str:
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
            subprocess.run([program, f"--ignore={ignore}", checkout / folder, archive], check=True)
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            archive.replace(target)
        return digest


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _path(source: Object, commit: str) -> Path:
    """Where the artifact of *commit* is, below the folder that is served."""
    metadata = source["metadata"]
    kind = str(source["kind"]).lower()
    return Path(kind) / metadata["namespace"] / metadata["name"] / f"{commit}.tar.gz"


def _branch(source: Object) -> str:
    if source["kind"] != _GIT:
        return "main"
    ref = source["spec"].get("ref", {})
    # Flux's own default is master.
    return str(ref.get("branch") or ref.get("name", "master").removeprefix("refs/heads/"))


def _requested_at(source: Object) -> str | None:
    annotations: dict[str, str] = source["metadata"].get("annotations", {})
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
