"""FluxInstance objects, and HelmReleases of the chart flux-instance with their values inside."""

from __future__ import annotations

from tests.field.layout import (
    EXTERNAL,
    FLUX,
    OPERATOR,
    Expected,
    Layout,
    documents,
    instance,
    kus,
    listing,
    named,
    release,
    sealed,
    source,
    sync,
)

FILE = "kubernetes/apps/flux-system/flux-instance/app/helmrelease.yaml"
CLUSTER = "kubernetes/flux/cluster"
OCI = source("flux-instance", "oci://ghcr.io/acme/charts/flux-instance", "OCIRepository")
KS = "kubernetes/apps/flux-system/flux-instance/ks.yaml"
APP = "./kubernetes/apps/flux-system/flux-instance/app"
WAY = {
    f"{CLUSTER}/ks.yaml": kus("cluster-apps", "./kubernetes/apps"),
    KS: kus("flux-instance", APP, more=f"  targetNamespace: {FLUX}\n"),
    "kubernetes/apps/flux-system/kustomization.yaml": listing("flux-instance/ks.yaml"),
    "kubernetes/apps/flux-system/flux-instance/app/kustomization.yaml": listing("helmrelease.yaml"),
}
"""The way from the root to the chart, as home clusters have it."""
AT_HOME = (Expected(CLUSTER, OPERATOR, FILE),)
PATCHES = (
    "kustomize:\n  patches:\n    - target:\n        kind: Deployment\n        name: kustomize-controller\n"
    "      patch: |\n        - op: add\n          path: /spec/template/spec/containers/0/args/-\n"
    "          value: --concurrent=20\n"
)
LAYOUTS = {
    "an object": Layout(
        "a FluxInstance among the manifests of its own path: its spec.kustomize gets the patches",
        {"clusters/prod/flux.yaml": instance(sync("clusters/prod"))},
        (Expected("clusters/prod", OPERATOR, "clusters/prod/flux.yaml"),),
    ),
    "beside other documents": Layout(
        "one file with the operator's namespace, its repository and the FluxInstance",
        {
            "clusters/prod/flux.yaml": documents(
                named("Namespace", FLUX),
                named("ConfigMap", "notes", FLUX, "data:\n  who: platform\n"),
                instance(sync("./clusters/prod/")),
                named("ConfigMap", "after", FLUX),
            )
        },
        (Expected("clusters/prod", OPERATOR, "clusters/prod/flux.yaml"),),
    ),
    "a second source of the same repository": Layout(
        "the operator reads it by HTTPS, and a source by SSH that leaves folders out is what the applications are "
        "read from: by the same branch, and not by another",
        {
            "clusters/prod/flux.yaml": instance(sync("clusters/prod")),
            "clusters/prod/sources.yaml": documents(
                source("fleet-by-ssh", "ssh://git@git.example.org/acme/fleet.git"),
                source(
                    "fleet-of-stage",
                    "ssh://git@git.example.org/acme/fleet.git",
                    more="  ref:\n    branch: stage\n",
                ),
                kus("apps", "./apps", "GitRepository/fleet-by-ssh"),
                kus("stage", "./stage", "GitRepository/fleet-of-stage"),
            ),
            "apps/token.yaml": sealed("token", "web"),
            "stage/token.yaml": sealed("stage-token", "web"),
        },
        (Expected("clusters/prod", OPERATOR, "clusters/prod/flux.yaml"),),
        ("decryption: Kustomization flux-system/apps ",),
    ),
    "synced from Git by another name": Layout(
        "spec.sync.name names the source and the Kustomization",
        {"clusters/prod/flux.yaml": instance(sync("clusters/prod") + "  name: fleet\n")},
        (
            Expected(
                "clusters/prod",
                OPERATOR,
                "clusters/prod/flux.yaml",
                source="GitRepository/fleet",
            ),
        ),
    ),
    "synced from an artifact": Layout(
        "spec.sync.kind OCIRepository: nothing says that the artifact is less than the repository",
        {
            "clusters/prod/flux.yaml": instance(
                sync("clusters/prod", "OCIRepository", "oci://registry.example.org/fleet")
            )
        },
        (
            Expected(
                "clusters/prod",
                OPERATOR,
                "clusters/prod/flux.yaml",
                source="OCIRepository/flux-system",
            ),
        ),
    ),
    "synced from a bucket": Layout(
        "spec.sync.kind Bucket, and a namespace that the source's name follows",
        {
            "clusters/prod/flux.yaml": instance(
                sync("clusters/prod", "Bucket", "minio.example.org"), namespace="gitops"
            )
        },
        (
            Expected(
                "clusters/prod",
                OPERATOR,
                "clusters/prod/flux.yaml",
                source="Bucket/gitops",
                namespace="gitops",
            ),
        ),
    ),
    "locked down": Layout(
        "spec.cluster.multitenant, and patches that are there already",
        {
            "clusters/prod/flux.yaml": instance(
                sync("clusters/prod") + "cluster:\n  multitenant: true\n" + PATCHES
            )
        },
        (Expected("clusters/prod", OPERATOR, "clusters/prod/flux.yaml"),),
    ),
    "two clusters": Layout(
        "one FluxInstance a cluster, each below its own path",
        {
            f"clusters/{name}/{FLUX}/flux-instance.yaml": instance(sync(f"clusters/{name}"))
            for name in ("edge", "hub")
        },
        tuple(
            Expected(f"clusters/{name}", OPERATOR, f"clusters/{name}/{FLUX}/flux-instance.yaml")
            for name in ("edge", "hub")
        ),
    ),
    "a release": Layout(
        "a home cluster: the chart's HelmRelease has the instance among its values, and no namespace of its own",
        {**WAY, FILE: release(sync(CLUSTER), None)},
        AT_HOME,
    ),
    "a release with patches": Layout(
        "the values have kustomize.patches of their own, which stay",
        {**WAY, FILE: release(PATCHES + sync(f"./{CLUSTER}"), None)},
        AT_HOME,
    ),
    "a release beside its source": Layout(
        "the OCIRepository of the chart and the HelmRelease are documents of one file",
        {**WAY, FILE: documents(OCI, release(sync(CLUSTER), None))},
        AT_HOME,
    ),
    "a release by spec.chart": Layout(
        "the older form: spec.chart with a HelmRepository",
        {
            **WAY,
            FILE: release(
                sync(CLUSTER),
                None,
                "  chart:\n    spec:\n      chart: flux-instance\n      version: 0.30.0\n"
                "      sourceRef:\n        kind: HelmRepository\n        name: operator\n",
            ),
        },
        AT_HOME,
    ),
    "a release with a target": Layout(
        "the HelmRelease is in one namespace, and spec.targetNamespace says where Flux runs",
        {
            **WAY,
            KS: kus("flux-instance", APP),
            FILE: release(
                sync(CLUSTER),
                "operators",
                "  targetNamespace: flux-system\n  chartRef:\n    kind: OCIRepository\n    name: flux-instance\n",
            ),
        },
        AT_HOME,
    ),
    "a release with anchors": Layout(
        "YAML anchors among the values: the path is that of the anchor",
        {
            **WAY,
            FILE: release(
                f"commonMetadata:\n  annotations:\n    where: &where {CLUSTER}\n"
                "sync:\n  kind: GitRepository\n  url: https://git.example.org/acme/fleet\n  path: *where\n",
                None,
            ),
        },
        AT_HOME,
    ),
    "a release and a helmfile": Layout(
        "the same chart stands in a helmfile for the first installation: one cluster, by the HelmRelease",
        {
            **WAY,
            FILE: release(sync(CLUSTER), None),
            "bootstrap/helmfile.yaml": (
                "releases:\n  - name: flux-instance\n    namespace: flux-system\n"
                "    chart: oci://ghcr.io/acme/charts/flux-instance\n    values:\n"
                f"      - instance:\n          sync:\n            kind: GitRepository\n            path: {CLUSTER}\n"
            ),
        },
        AT_HOME,
    ),
    "a template beside": Layout(
        "a generator's template of the release, with its own file ending or with variables, is no cluster",
        {
            **WAY,
            FILE: release(sync(CLUSTER), None),
            "templates/helmrelease.yaml.j2": release(sync("#{path}#"), None),
            "templates/flux.yaml": instance(sync("${CLUSTER_PATH}")),
        },
        AT_HOME,
    ),
    "one instance for several clusters": Layout(
        "spec.sync.path has a variable for the cluster, which each cluster's own Kustomization gives: every folder "
        "with Kustomizations that the path may be is a cluster, and the folder of their common files is none",
        {
            **{
                f"clusters/{name}/{below}.yaml": kus("apps", f"./clusters/{name}/apps")
                for name in ("oslo", "rome")
                for below in ("bootstrap/apps", "old/apps")
            },
            "clusters/common/bootstrap/web.yaml": named("ConfigMap", "web", FLUX),
            **{f"clusters/{name}/apps/db.yaml": sealed("db", FLUX) for name in ("oslo", "rome")},
            "flux/flux.yaml": release(sync("clusters/${CLUSTER}/bootstrap")),
        },
        tuple(
            Expected(f"clusters/{name}/bootstrap", OPERATOR, "flux/flux.yaml")
            for name in ("oslo", "rome")
        ),
        2 * ("decryption: Kustomization flux-system/apps ",),
    ),
    "a source that the cluster has from before": Layout(
        "the repository came from flux bootstrap to the operator: Kustomizations still name its old source, whose "
        "manifest is left in a folder that nothing applies",
        {
            "clusters/prod/flux.yaml": instance(sync("clusters/prod")),
            "clusters/prod/apps.yaml": kus("apps", "./apps", "GitRepository/fleet"),
            "old/cluster.yaml": source("fleet"),
            "apps/token.yaml": sealed("token", FLUX),
        },
        (Expected("clusters/prod", OPERATOR, "clusters/prod/flux.yaml"),),
        ("decryption: Kustomization flux-system/apps ",),
    ),
    "the root from before the operator": Layout(
        "the files by which a person applied source and root are left in config/, and read the folder around the "
        "one that the FluxInstance names: one cluster",
        {
            "kubernetes/flux/config/cluster.yaml": documents(
                source("home"), kus("cluster", "./kubernetes/flux", "GitRepository/home")
            ),
            "kubernetes/flux/cluster/apps.yaml": kus("apps", "./kubernetes/apps"),
            "kubernetes/apps/flux.yaml": instance(sync("kubernetes/flux/cluster")),
        },
        (Expected("kubernetes/flux/cluster", OPERATOR, "kubernetes/apps/flux.yaml"),),
    ),
    "by Terraform": Layout(
        "Terraform installs the chart, and its sync is not in Git: the root is not either; the place is named",
        {
            "flux.tf": 'resource "helm_release" "flux" {\n  name  = "flux"\n  chart = "flux-instance"\n}\n',
            "clusters/prod/apps.yaml": kus("apps", "./apps"),
            "apps/web.yaml": named("ConfigMap", "web", "default"),
        },
        (),
    ),
    "by Terraform with a root": Layout(
        "Terraform installs Flux, and the root's Kustomization is in Git: only the user can give the accounts a Secret",
        {
            "flux.tf": 'resource "helm_release" "flux" {\n  name  = "flux"\n  chart = "flux2"\n}\n',
            "clusters/prod/root.yaml": documents(
                source("fleet"), kus("fleet", "./clusters/prod", "GitRepository/fleet")
            ),
        },
        (Expected("clusters/prod", EXTERNAL, refused="flux.tf:3 installs Flux"),),
    ),
}
