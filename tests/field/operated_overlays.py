"""FluxInstance objects that a kustomization makes of a base."""

from __future__ import annotations

from tests.field.layout import OPERATOR, Expected, Files, Layout, instance, listing, sync

BASE = {
    "flux/base/kustomization.yaml": listing("flux.yaml"),
    "flux/base/flux.yaml": instance(sync("clusters/none")),
}
ROOT = {"clusters/prod/kustomization.yaml": listing("../../flux/prod")}
JSON = "- op: replace\n  path: /spec/sync/path\n  value: clusters/prod\n"


def overlay(more: str, **files: str) -> Files:
    return {
        **BASE,
        **ROOT,
        "flux/prod/kustomization.yaml": listing("../base", more=more),
        **{f"flux/prod/{name}.yaml": content for name, content in files.items()},
    }


PROD = (
    Expected(
        "clusters/prod", OPERATOR, "flux/base/flux.yaml", ("clusters/prod/kustomization.yaml",)
    ),
)
LAYOUTS = {
    "a patch in a file": Layout(
        "a base FluxInstance, and an overlay whose patch file gives the path",
        overlay("patches:\n  - path: sync.yaml\n", sync=instance("sync:\n  path: clusters/prod\n")),
        PROD,
    ),
    "a patch inline": Layout(
        "the overlay's patch stands in its kustomization.yaml",
        overlay(
            "patches:\n  - target:\n      kind: FluxInstance\n    patch: |\n"
            "      kind: FluxInstance\n      metadata:\n        name: any\n"
            "      spec:\n        sync:\n          path: clusters/prod\n"
        ),
        PROD,
    ),
    "a JSON patch": Layout(
        "the overlay's patch is RFC 6902, in a file",
        overlay(
            "patches:\n  - path: sync.yaml\n    target:\n      kind: FluxInstance\n      name: flux\n",
            sync=JSON,
        ),
        PROD,
    ),
    "patchesStrategicMerge": Layout(
        "the older field of kustomize for the same",
        overlay(
            "patchesStrategicMerge:\n  - sync.yaml\n",
            sync=instance("sync:\n  path: clusters/prod\n"),
        ),
        PROD,
    ),
    "patchesJson6902": Layout(
        "and the older field for JSON patches",
        overlay(
            "patchesJson6902:\n  - path: sync.yaml\n    target:\n      group: fluxcd.controlplane.io\n"
            "      version: v1\n      kind: FluxInstance\n      name: flux\n",
            sync=JSON,
        ),
        PROD,
    ),
    "two overlays of a base": Layout(
        "each cluster is an overlay of one FluxInstance, applied by hand: its path comes from a patch alone",
        {
            **BASE,
            **{
                f"flux/{name}/{file}": content
                for name in ("east", "west")
                for file, content in (
                    ("kustomization.yaml", listing("../base", more="patches:\n  - path: p.yaml\n")),
                    ("p.yaml", instance(f"sync:\n  path: clusters/{name}\n")),
                )
            },
            "clusters/east/notes.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: default\n",
            "clusters/west/notes.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  namespace: default\n",
        },
        (
            Expected("clusters/east", OPERATOR, "flux/base/flux.yaml"),
            Expected("clusters/west", OPERATOR, "flux/base/flux.yaml"),
        ),
    ),
}
