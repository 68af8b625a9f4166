"""Build the programs of the test cluster, once, into a cache folder.

    python -m tests.e2e.tools.build

What is there already is not built again. The cache folder is named by a hash of all that goes into
the programs, so an older one is never taken for the present one; it lies in
``~/.cache/gitops-secrets/e2e``, or in ``$GITOPS_SECRETS_E2E_CACHE``.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.e2e.tools import decrypting, fluxcli, fluxoperator, gitea, keyrings, manifests
from tests.e2e.tools.process import BuildError, run

HERE: Final = Path(__file__).parent
KUBERNETES: Final = "v1.36.3"

# The API server says its version by these; unset, it would be v0.0.0-master.
_VERSION: Final = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES} "
    "-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
)

# Without cgo the programs need no C compiler.
_ENV: Final = {"CGO_ENABLED": "0", "GOWORK": "off"}


@dataclass(frozen=True)
class Program:
    """One program: the Go module's folder (below this one) and the package in it."""

    name: str
    package: str
    module: str = "."
    ldflags: str = ""


PROGRAMS: Final = (
    # generate_cert comes with Go itself; it spares the tests an openssl.
    Program("generate-cert", "{goroot}/src/crypto/tls/generate_cert.go"),
    Program("etcd", "go.etcd.io/etcd/server/v3"),
    Program("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", ldflags=_VERSION),
    Program("kubectl", "k8s.io/kubernetes/cmd/kubectl", ldflags=_VERSION),
    Program("kustomize-controller", "github.com/fluxcd/kustomize-controller"),
    Program("sops", "github.com/getsops/sops/v3/cmd/sops"),
    Program("age", "filippo.io/age/cmd/age"),
    Program("age-keygen", "filippo.io/age/cmd/age-keygen"),
    Program("flux-bootstrap", "./bootstrap", module="flux"),
    Program("source-archive", "./sourcearchive", module="flux"),
)


@dataclass(frozen=True)
class Binaries:
    """Where the built programs and Flux's manifests are."""

    folder: Path

    def path(self, name: str) -> Path:
        """The program *name*, one of those in PROGRAMS."""
        if all(program.name != name for program in PROGRAMS):
            raise KeyError(name)
        return self.folder / "bin" / name

    @property
    def gitea(self) -> Path:
        """The folder of Gitea and of what it reads; named by its version, so that it outlives other changes."""
        return self.folder.parent / f"gitea-{gitea.VERSION}"

    @property
    def flux_cli(self) -> Path:
        """The flux CLI; in a folder of its version, so that it outlives other changes."""
        return self.folder.parent / f"flux-{fluxcli.VERSION}" / "flux"

    @property
    def flux_operator(self) -> Path:
        """The folder of the Flux Operator, of its kinds and of what it installs; named by its version."""
        return self.folder.parent / f"flux-operator-{fluxoperator.VERSION}"

    @property
    def keyrings(self) -> Path:
        """What the kubelet and Flux's controllers look up; in a folder of its own sources."""
        return self.folder.parent / f"keyrings-{keyrings.version()}" / "keyrings"

    @property
    def decrypting(self) -> Path:
        """What kustomize-controller decrypts; in a folder of its own sources and of the controller's version."""
        return self.folder.parent / f"decrypting-{decrypting.version()}" / "decrypting"

    @property
    def manifests(self) -> Path:
        """Flux's components, one file each, as the flux CLI embeds them."""
        return self.folder / "manifests"

    @property
    def components(self) -> Path:
        """gotk-components.yaml as flux generates it for source- and kustomize-controller."""
        return self.folder / "gotk-components.yaml"

    @property
    def flux_crds(self) -> Path:
        """The CustomResourceDefinitions of source-controller and kustomize-controller."""
        return self.folder / "flux-crds.yaml"

    @property
    def flux_instance_crd(self) -> Path:
        """The CustomResourceDefinition FluxInstance of the Flux Operator."""
        return self.folder / "flux-instance-crd.yaml"


def build() -> Binaries:
    """Build what is missing and return where all of it is.

    Prints what it builds and how long each took. A second process waits for the first. Raises
    BuildError where Go is missing or a build fails; nothing half-built is left under a final name.
    """
    go = _go()
    binaries = Binaries(_cache_folder(go))
    (binaries.folder / "bin").mkdir(parents=True, exist_ok=True)
    with _locked(binaries.folder / ".lock"):
        for program in PROGRAMS:
            _build_program(go, program, binaries.path(program.name))
        _build_manifests(go, binaries)
        for name, target, build_it in (
            ("gitea", binaries.gitea, gitea.build_gitea),
            ("flux", binaries.flux_cli, fluxcli.build_flux_cli),
            ("keyrings", binaries.keyrings, keyrings.build_keyrings),
            ("decrypting", binaries.decrypting, decrypting.build_decrypting),
            ("flux-operator", binaries.flux_operator, fluxoperator.build_flux_operator),
        ):
            if not target.exists():
                with _timed(name):
                    build_it(go, target)
    return binaries


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise BuildError(
            "go is not on PATH: the test cluster is built from source; install Go 1.26 or newer "
            "(any Go since 1.21 fetches that one itself)"
        )
    return go


def _go_env(go: str, name: str) -> str:
    return run([go, "env", name], HERE, **_ENV).strip()


def _cache_folder(go: str) -> Path:
    """The folder for exactly these sources, this Go and this kind of machine."""
    digest = hashlib.sha256()
    for part in (PROGRAMS, manifests.MODULES, _go_env(go, "GOVERSION"), _go_env(go, "GOARCH")):
        digest.update(f"{part!r}\0".encode())
    for file in sorted(HERE.rglob("*")):
        if file.name in {"go.mod", "go.sum", "manifests.py"} or file.suffix == ".go":
            digest.update(f"{file.relative_to(HERE)}\0".encode() + file.read_bytes() + b"\0")
    parent = os.environ.get("GITOPS_SECRETS_E2E_CACHE")
    folder = Path(parent) if parent else Path.home() / ".cache" / "gitops-secrets" / "e2e"
    return folder.absolute() / digest.hexdigest()[:16]


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _timed(what: str) -> Iterator[None]:
    print(f"building {what} ... ", end="", flush=True)
    start = time.monotonic()
    outcome = "failed after"
    try:
        yield
        outcome = "took"
    finally:
        print(f"{outcome} {time.monotonic() - start:.0f} s", flush=True)


def _build_program(go: str, program: Program, target: Path) -> None:
    if target.exists():
        return
    unfinished = target.with_name(f".{target.name}.unfinished")
    with _timed(program.name):
        package = program.package.format(goroot=_go_env(go, "GOROOT"))
        flags = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {program.ldflags}".strip()]
        run([go, "build", *flags, "-o", unfinished, package], HERE / program.module, **_ENV)
        unfinished.replace(target)


def _build_manifests(go: str, binaries: Binaries) -> None:
    # The last one written stands for all.
    if binaries.components.exists():
        return
    with _timed("Flux's manifests"):
        manifests.write(go, binaries.path("kubectl"), binaries.folder)
        export = [f"--manifests={binaries.manifests}", f"--version={manifests.FLUX}", "--export"]
        generated = run([binaries.path("flux-bootstrap"), *export], binaries.folder)
        unfinished = binaries.folder / ".components.unfinished"
        unfinished.write_text(generated)
        unfinished.replace(binaries.components)


if __name__ == "__main__":
    try:
        print(build().folder)
    except BuildError as error:
        sys.exit(f"tests.e2e.tools.build: error: {error}")
