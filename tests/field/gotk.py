"""What ``flux bootstrap`` commits, in the places and forms that it is met in."""

from __future__ import annotations

from tests.field.layout import (
    BOOTSTRAP,
    Expected,
    Layout,
    documents,
    gotk,
    kus,
    listing,
    named,
    source,
)

MOVED = documents(source(), kus("flux-system", "./fleets/west"))
LAYOUTS = {
    "one cluster": Layout(
        "the form that Flux documents: the path holds flux-system/ and nothing else lists it",
        gotk("clusters/prod"),
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "before flux bootstrap": Layout(
        "an example repository: the two gotk files hold a comment that says they will be written",
        {
            **gotk("clusters/prod"),
            "clusters/prod/flux-system/gotk-components.yaml": "# flux bootstrap writes this\n",
            "clusters/prod/flux-system/gotk-sync.yaml": "# flux bootstrap writes this\n",
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "another namespace": Layout(
        "flux bootstrap --namespace=gitops: folder, source and Kustomization have that name",
        gotk("clusters/prod", "gitops"),
        (
            Expected(
                "clusters/prod",
                BOOTSTRAP,
                "clusters/prod/gitops/kustomization.yaml",
                source="GitRepository/gitops",
                namespace="gitops",
            ),
        ),
    ),
    "a deep path": Layout(
        "regions above clusters: the folder of pull Secrets has all of the path below its first part",
        gotk("deploy/eu/west/prod"),
        (
            Expected(
                "deploy/eu/west/prod",
                BOOTSTRAP,
                "deploy/eu/west/prod/flux-system/kustomization.yaml",
            ),
        ),
    ),
    "several clusters": Layout(
        "staging and production beside each other, each with its own flux-system",
        {**gotk("clusters/staging"), **gotk("clusters/production")},
        (
            Expected(
                "clusters/production",
                BOOTSTRAP,
                "clusters/production/flux-system/kustomization.yaml",
            ),
            Expected(
                "clusters/staging", BOOTSTRAP, "clusters/staging/flux-system/kustomization.yaml"
            ),
        ),
    ),
    "the path lists its files": Layout(
        "a kustomization.yaml at the path: a file that it does not list is not applied",
        {
            **gotk("clusters/prod"),
            "clusters/prod/kustomization.yaml": listing("flux-system", "apps.yaml"),
            "clusters/prod/apps.yaml": kus("apps", "./apps"),
            "apps/web.yaml": named("ConfigMap", "web", "default"),
        },
        (
            Expected(
                "clusters/prod",
                BOOTSTRAP,
                "clusters/prod/flux-system/kustomization.yaml",
                ("clusters/prod/kustomization.yaml",),
            ),
        ),
    ),
    "elsewhere than it reads": Layout(
        "gotk-sync.yaml in a folder of shared files: the path that it says counts, not where it stands",
        {
            **gotk("fleets/west", folder="shared/flux-system", sync=MOVED),
            "fleets/west/kustomization.yaml": listing("../../shared/flux-system"),
        },
        (
            Expected(
                "fleets/west",
                BOOTSTRAP,
                "shared/flux-system/kustomization.yaml",
                ("fleets/west/kustomization.yaml",),
            ),
        ),
    ),
    "a copy of another's sync": Layout(
        "a folder was copied for a demo: both sync files read the same path, so there is one cluster",
        {
            **gotk("clusters/prod"),
            **gotk(
                "clusters/demo",
                sync=documents(source(), kus("flux-system", "./clusters/prod")),
            ),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "a template beside": Layout(
        "a template of gotk-sync.yaml with variables is no cluster",
        {
            **gotk("clusters/prod"),
            "templates/flux/flux-system/gotk-sync.yaml": documents(
                source(url="${REPOSITORY_URL}"), kus("flux-system", "./clusters/${CLUSTER}")
            ),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "an archive beside": Layout(
        "an old fleet in archive/: its sync file names a path that is no longer there",
        {
            **gotk("clusters/prod"),
            "archive/2023/old/flux-system/gotk-sync.yaml": documents(
                source(), kus("flux-system", "./clusters/old")
            ),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "the top itself": Layout(
        "flux bootstrap without --path: our folder must not fall under the generated kustomization",
        {**gotk("."), "apps/web.yaml": named("ConfigMap", "web", "default")},
        (Expected(".", BOOTSTRAP, "flux-system/kustomization.yaml", ("kustomization.yaml",)),),
    ),
    "decryption by a patch": Layout(
        "flux-system/kustomization.yaml already patches decryption and another pull Secret in",
        {
            **gotk("clusters/prod"),
            "clusters/prod/flux-system/kustomization.yaml": listing(
                "gotk-components.yaml",
                "gotk-sync.yaml",
                more=(
                    "patches:\n  - path: mirror.yaml\n    target:\n      kind: ServiceAccount\n"
                    "      labelSelector: app.kubernetes.io/part-of=flux\n"
                    "  - patch: |\n      - op: add\n        path: /spec/decryption\n"
                    "        value: {provider: sops, secretRef: {name: sops-gpg}}\n"
                    "    target: {kind: Kustomization, name: flux-system}\n"
                ),
            ),
            "clusters/prod/flux-system/mirror.yaml": (
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: all\n"
                "imagePullSecrets:\n  - name: mirror\n"
            ),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "a tenant's repository": Layout(
        "a Kustomization of a foreign source with path ./ takes nothing of this repository",
        {
            **gotk("clusters/prod"),
            "clusters/prod/tenant.yaml": documents(
                source("tenant", "https://git.example.org/tenant/deploy"),
                kus("tenant", "./", "GitRepository/tenant"),
            ),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
}
