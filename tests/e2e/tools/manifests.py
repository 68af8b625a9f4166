"""Flux's manifests out of its published modules, the way its own release puts them together.

A release of flux2 takes each controller's manifests from that controller's release page. The same
text is made here from the controllers' modules, by ``kubectl kustomize``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.process import BuildError, run

FLUX: Final = "v2.9.5"
_FLUX2: Final = "github.com/fluxcd/flux2/v2"
_OPERATOR: Final = "github.com/controlplaneio-fluxcd/flux-operator"
_CONTROLLERS: Final = ("source-controller", "kustomize-controller")

# Module: version and the sum that Go's checksum database has for it.
MODULES: Final = {
    _FLUX2: (FLUX, "h1:jwCccxvkD+2QnsjN+pl5QqM8KnFUwA8pIoQ1Lf0avkA="),
    "github.com/fluxcd/source-controller": (
        "v1.9.5",
        "h1:MFPyCodUi9hZIMaKDsC/rYbNoyzpvrAdrPVixj7W9F0=",
    ),
    "github.com/fluxcd/kustomize-controller": (
        "v1.9.5",
        "h1:/XY2zy3K7fntyppEXIHG7oRMzmfgIt50eJzUfaPX1Kc=",
    ),
    _OPERATOR: ("v0.58.1", "h1:ME/p3jGf5h9bNmQ5dhQBSjvj0G+7NTI1k3At+pCscis="),
}


def write(go: str, kubectl: Path, folder: Path) -> None:
    """Write ``manifests/``, ``flux-crds.yaml`` and ``flux-instance-crd.yaml`` into *folder*."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        sources = {module: _download(go, module, work) for module in MODULES}
        flux = sources[_FLUX2] / "manifests"
        done = work / "manifests"
        done.mkdir()
        crds = []
        for controller in _CONTROLLERS:
            config = sources[f"github.com/fluxcd/{controller}"] / "config"
            crds.append(_kustomize(kubectl, config / "crd"))
            manager = _kustomize(kubectl, config / "manager")
            base = _base(flux, controller, work / controller, crds[-1], manager)
            (done / f"{controller}.yaml").write_text(_kustomize(kubectl, base))
        for part in ("rbac", "policies"):
            (done / f"{part}.yaml").write_text(_kustomize(kubectl, flux / part))
        (folder / "flux-crds.yaml").write_text("---\n".join(crds))
        bases = sources[_OPERATOR] / "config" / "crd" / "bases"
        instance = bases / "fluxcd.controlplane.io_fluxinstances.yaml"
        (folder / "flux-instance-crd.yaml").write_text(instance.read_text())
        shutil.rmtree(folder / "manifests", ignore_errors=True)
        done.replace(folder / "manifests")


def _download(go: str, module: str, work: Path) -> Path:
    version, expected = MODULES[module]
    argv: list[str | Path] = [go, "mod", "download", "-json", f"{module}@{version}"]
    # The sum stands above, so nobody else has to be asked for it.
    told = json.loads(run(argv, work, GOSUMDB="off", GOWORK="off"))
    if told["Sum"] != expected:
        raise BuildError(f"the sum of {module}@{version} is {told['Sum']}, not {expected}")
    return Path(told["Dir"])


def _base(flux: Path, controller: str, folder: Path, crds: str, manager: str) -> Path:
    """A copy of flux's base of *controller* that takes the two files in place of two addresses."""
    folder.mkdir()
    for file in (flux / "bases" / controller).iterdir():
        (folder / file.name).write_text(file.read_text())
    (folder / "crds.yaml").write_text(crds)
    (folder / "deployment.yaml").write_text(manager)
    kustomization = folder / "kustomization.yaml"
    lines = kustomization.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("- https://"):
            lines[number] = "- crds.yaml" if "crds" in line else "- deployment.yaml"
    kustomization.write_text("\n".join(lines) + "\n")
    return folder


def _kustomize(kubectl: Path, folder: Path) -> str:
    return run([kubectl, "kustomize", folder], folder)
