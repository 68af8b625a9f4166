"""Artifacts that hold less than the repository: of a subfolder, or by ignore rules."""

from __future__ import annotations

from tests.field.layout import (
    BOOTSTRAP,
    OPERATOR,
    Expected,
    Layout,
    documents,
    gotk,
    instance,
    kus,
    named,
    source,
    sync,
)

PUSH = (
    "on: push\njobs:\n  push:\n    steps:\n      - run: |\n"
    "          flux push artifact oci://registry.example.org/fleet:latest \\\n"
    '            --path="./kubernetes" --source=x --revision=y\n'
)
URL = "oci://registry.example.org/fleet"
SYNC = sync("./clusters/hub", "OCIRepository", URL)
FLUX_YAML = "kubernetes/clusters/hub/flux.yaml"
HUB = (
    Expected(
        "kubernetes/clusters/hub",
        OPERATOR,
        FLUX_YAML,
        base="kubernetes",
        home="kubernetes",
        source="OCIRepository/flux-system",
    ),
)
ONLY = "/*\n!/clusters/\n!/apps/\n"
PROD = "clusters/prod/flux-system/kustomization.yaml"
APPS = {
    "clusters/prod/apps.yaml": kus("apps", "./apps"),
    "apps/web.yaml": named("ConfigMap", "web", "default"),
}
LAYOUTS = {
    "pushed by a workflow": Layout(
        "a workflow pushes kubernetes/ as an artifact: every spec.path counts from there",
        {
            ".github/workflows/push.yaml": PUSH,
            FLUX_YAML: instance(SYNC),
            "kubernetes/clusters/hub/apps.yaml": kus(
                "apps", "./apps/hub", "OCIRepository/flux-system"
            ),
            "kubernetes/apps/hub/web.yaml": named("ConfigMap", "web", "default"),
        },
        HUB,
    ),
    "pushed by nobody here": Layout(
        "no pipeline is in Git: the path is the end of the folder in which the FluxInstance stands",
        {
            FLUX_YAML: instance(SYNC),
            "kubernetes/clusters/hub/apps.yaml": kus(
                "apps", "apps/hub", "OCIRepository/flux-system"
            ),
            "kubernetes/apps/hub/web.yaml": named("ConfigMap", "web", "default"),
        },
        HUB,
    ),
    "pushed by make": Layout(
        "a Makefile pushes the folder of one cluster, and the root has no spec.path",
        {
            "Makefile": f"push:\n\tflux push artifact {URL} --path=deploy/local --source=a --revision=b\n",
            **gotk(
                "deploy/local",
                sync=documents(
                    source(url=URL, kind="OCIRepository"),
                    kus("flux-system", None, "OCIRepository/flux-system"),
                ),
            ),
            "deploy/local/apps/web.yaml": named("ConfigMap", "web", "default"),
            "ansible/main.yaml": "- hosts: all\n",
        },
        (
            Expected(
                "deploy/local",
                BOOTSTRAP,
                "deploy/local/flux-system/kustomization.yaml",
                ("deploy/local/kustomization.yaml",),
                base="deploy/local",
                home="deploy/local",
                source="OCIRepository/flux-system",
            ),
        ),
    ),
    "only folders are let through": Layout(
        ".sourceignore leaves all out but two folders: ours has to be in one of them",
        {**gotk("clusters/prod"), **APPS, ".sourceignore": ONLY},
        (Expected("clusters/prod", BOOTSTRAP, PROD, home="clusters"),),
    ),
    "files are left out": Layout(
        ".sourceignore leaves documentation out, which is no manifest and would stop a generated kustomization",
        {
            **gotk("clusters/prod"),
            **APPS,
            ".sourceignore": "/apps/docs/\n",
            "apps/docs/openapi.yaml": "openapi: 3.1.0\n",
        },
        (Expected("clusters/prod", BOOTSTRAP, PROD),),
    ),
    "what is no manifest": Layout(
        "the same file without a rule: Flux takes every .yaml of a folder without a kustomization.yaml",
        {**gotk("clusters/prod"), **APPS, "apps/docs/openapi.yaml": "openapi: 3.1.0\n"},
        (Expected("clusters/prod", BOOTSTRAP, PROD),),
        ("foreign-file: apps/docs/openapi.yaml",),
    ),
    "spec.ignore of the source": Layout(
        "gotk-sync.yaml was given ignore rules that leave all out but two folders",
        {
            **gotk(
                "clusters/prod",
                sync=documents(
                    source(more="  ignore: |\n    /*\n    !/clusters\n    !/apps\n"),
                    kus("flux-system", "./clusters/prod"),
                ),
            ),
            **APPS,
        },
        (Expected("clusters/prod", BOOTSTRAP, PROD, home="clusters"),),
    ),
    "a sparse checkout": Layout(
        "spec.sparseCheckout names the folders that Flux fetches",
        {
            **gotk(
                "clusters/prod",
                sync=documents(
                    source(more="  sparseCheckout:\n    - ./clusters\n    - apps\n"),
                    kus("flux-system", "./clusters/prod"),
                ),
            ),
            **APPS,
        },
        (Expected("clusters/prod", BOOTSTRAP, PROD, home="clusters"),),
    ),
}
