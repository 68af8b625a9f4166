"""Roots that people write and apply themselves."""

from __future__ import annotations

from tests.field.layout import (
    BOOTSTRAP,
    DECRYPTED,
    EXTERNAL,
    MANIFESTS,
    Expected,
    Layout,
    components,
    documents,
    gotk,
    kus,
    listing,
    named,
    sealed,
    source,
)

HOME = "GitRepository/home"
IGNORE = "  ignore: |\n    /*\n    !/kubernetes\n"
ONE_HOME = Expected(
    "cluster/flux",
    EXTERNAL,
    refused="nothing in Git says what installs its Flux",
    source=HOME,
)
CONFIG = {
    "kubernetes/flux/config/cluster.yaml": documents(
        source("home", "https://git.example.org/me/home", more=IGNORE),
        kus("cluster", "./kubernetes/flux", HOME, more=DECRYPTED),
    ),
    "kubernetes/flux/config/flux.yaml": documents(
        source("flux-manifests", "oci://ghcr.io/fluxcd/flux-manifests", "OCIRepository"),
        kus("flux", "./", "OCIRepository/flux-manifests"),
    ),
    "kubernetes/flux/config/kustomization.yaml": listing("cluster.yaml", "flux.yaml"),
    "kubernetes/flux/apps.yaml": kus("cluster-apps", "./kubernetes/apps", HOME, more=DECRYPTED),
    "kubernetes/apps/shop.yaml": documents(
        named("Namespace", "shop"), named("ConfigMap", "a", "shop")
    ),
    "kubernetes/apps/db.sops.yaml": sealed("db", "shop"),
}
FLUX_YAML = "kubernetes/flux/config/flux.yaml"
BASE = {
    "flux/base/kustomization.yaml": listing(
        "sync.yaml", "https://github.com/fluxcd/flux2/manifests/install?ref=v2.6.1"
    ),
    "flux/base/sync.yaml": documents(
        source("fleet"), kus("fleet", "./clusters/${ENVIRONMENT}/${CLUSTER}", "GitRepository/fleet")
    ),
}


def overlay(name: str) -> dict[str, str]:
    """A cluster whose root is the base's, with its own path."""
    return {
        f"clusters/{name}/kustomization.yaml": listing(
            "../../../flux/base", more="patches:\n  - path: path.yaml\n"
        ),
        f"clusters/{name}/path.yaml": (
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n"
            f"  name: fleet\n  namespace: flux-system\nspec:\n  path: ./clusters/{name}\n"
        ),
    }


LAYOUTS = {
    "a home cluster": Layout(
        "source and root in config/cluster.yaml below the path, spec.ignore lets one folder through, and Flux "
        "comes from flux-manifests: our folder has to be inside, the patches in that Kustomization's spec",
        CONFIG,
        (Expected("kubernetes/flux", MANIFESTS, FLUX_YAML, home="kubernetes", source=HOME),),
    ),
    "with a template beside": Layout(
        "the generator's template of the same files, with variables, is no cluster",
        {
            **CONFIG,
            "tmpl/cluster.yaml": documents(
                source("home", "${REPOSITORY}"), kus("cluster", "./kubernetes/flux", HOME)
            ),
        },
        (Expected("kubernetes/flux", MANIFESTS, FLUX_YAML, home="kubernetes", source=HOME),),
    ),
    "flux-manifests with patches": Layout(
        "the Kustomization of flux-manifests has patches already: ours come after them",
        {
            **CONFIG,
            FLUX_YAML: documents(
                source("flux-manifests", "oci://ghcr.io/fluxcd/flux-manifests", "OCIRepository"),
                kus(
                    "flux",
                    "./",
                    "OCIRepository/flux-manifests",
                    more="  patches:\n    - target:\n        kind: NetworkPolicy\n      patch: |\n"
                    "        $patch: delete\n        apiVersion: networking.k8s.io/v1\n"
                    "        kind: NetworkPolicy\n        metadata:\n          name: any\n",
                ),
            ),
        },
        (Expected("kubernetes/flux", MANIFESTS, FLUX_YAML, home="kubernetes", source=HOME),),
    ),
    "a source elsewhere": Layout(
        "the root's GitRepository stands in a folder of all sources, the root is in the folder that it reads",
        {
            "cluster/flux-system/ks.yaml": kus("cluster", "cluster", HOME),
            "cluster/repositories/git/home.yaml": source("home", "https://git.example.org/me/home"),
            "cluster/flux-system/gotk-components.yaml": components(),
            "cluster/flux-system/kustomization.yaml": listing("gotk-components.yaml", "ks.yaml"),
        },
        (Expected("cluster", MANIFESTS, "cluster/flux-system/kustomization.yaml", source=HOME),),
    ),
    "gotk-components without a sync": Layout(
        "flux install --export committed, and a root with its source in one file beside it",
        {
            "clusters/lab/flux-system/gotk-components.yaml": components(),
            "clusters/lab/flux-system/root.yaml": documents(
                source("lab"), kus("lab", "./clusters/lab", "GitRepository/lab")
            ),
            "clusters/lab/flux-system/kustomization.yaml": listing(
                "gotk-components.yaml", "root.yaml"
            ),
        },
        (
            Expected(
                "clusters/lab",
                MANIFESTS,
                "clusters/lab/flux-system/kustomization.yaml",
                source="GitRepository/lab",
            ),
        ),
    ),
    "overlays that give the path": Layout(
        "a platform's base root has variables in its path, and each cluster's overlay patches the real one in",
        {**BASE, **overlay("demo/00"), **overlay("demo/01")},
        (
            Expected(
                "clusters/demo/00",
                MANIFESTS,
                "flux/base/kustomization.yaml",
                ("clusters/demo/00/kustomization.yaml",),
                source="GitRepository/fleet",
            ),
            Expected(
                "clusters/demo/01",
                MANIFESTS,
                "flux/base/kustomization.yaml",
                ("clusters/demo/01/kustomization.yaml",),
                source="GitRepository/fleet",
            ),
        ),
    ),
    "a root that holds itself": Layout(
        "a small stack: apps/flux.yaml has the source and a root that reads apps; nothing installs Flux",
        {
            "apps/flux.yaml": documents(
                source("stack"), kus("stack", "./apps", "GitRepository/stack")
            ),
            "apps/web.yaml": named("ConfigMap", "web", "default"),
        },
        (Expected("apps", EXTERNAL, refused="nothing in Git says what installs its Flux"),),
    ),
    "roots that lead to others": Layout(
        "a root applied by hand applies Kustomizations with paths below their own folder: one cluster, not three",
        {
            "sites/north/root.yaml": documents(
                source("site"), kus("site", "./sites/north", "GitRepository/site")
            ),
            "sites/north/infra/infra.yaml": kus(
                "infra", "./sites/north/infra", "GitRepository/site"
            ),
            "sites/north/infra/kustomization.yaml": listing("infra.yaml"),
            "sites/north/shop/shop.yaml": kus("shop", "./sites/north/shop", "GitRepository/site"),
        },
        (Expected("sites/north", EXTERNAL, refused="nothing in Git says what installs its Flux"),),
    ),
    "another repository as a whole": Layout(
        "CRDs come from the repository of a project, by a Kustomization without a path: that reads all of the other "
        "repository, and is no root of this one, though its file is below the top folder",
        {
            "cluster/flux/home.yaml": documents(
                source("home", "https://git.example.org/me/home"),
                kus("home", "./cluster/flux", HOME),
            ),
            "cluster/flux/crds.yaml": kus("crds", "./cluster/crds", HOME),
            "cluster/crds/policy.yaml": documents(
                source("policy", "https://git.example.org/policy/policy"),
                kus("policy", None, "GitRepository/policy"),
            ),
        },
        (ONE_HOME,),
    ),
    "a Kustomization that nothing applies": Layout(
        "an app was moved, and its old Kustomization is still beside its manifests: the folder is read by the new one",
        {
            "cluster/flux/home.yaml": documents(
                source("home", "https://git.example.org/me/home"),
                kus("home", "./cluster/flux", HOME),
            ),
            "cluster/flux/apps.yaml": kus("web", "./apps/web", HOME),
            "apps/web/kustomization.yaml": listing("web.yaml"),
            "apps/web/web.yaml": named("ConfigMap", "web", "default"),
            "apps/web/ks.yaml": kus("flux-system", "./apps/web", HOME),
        },
        (ONE_HOME,),
    ),
    "Kustomizations that were left behind": Layout(
        "apps that were switched off: each has its Kustomization beside its manifests, and no list names it any more",
        {
            "cluster/flux/home.yaml": documents(
                source("home", "https://git.example.org/me/home"),
                kus("home", "./cluster/flux", HOME),
            ),
            "cluster/flux/apps.yaml": kus("apps", "./apps", HOME),
            "apps/kustomization.yaml": listing("web.yaml"),
            "apps/web.yaml": named("ConfigMap", "web", "default"),
            "apps/mesh/policies/ks.yaml": kus("policies", "./apps/mesh/policies", HOME),
            "apps/mesh/policies/policy.yaml": named("ConfigMap", "policy", "default"),
        },
        (ONE_HOME,),
    ),
    "all of another repository, and a root that is not in Git": Layout(
        "secrets come from a private repository, by a Kustomization without a path; all others read folders of this "
        "one, by a source that is in the cluster alone",
        {
            "clusters/home/secrets.yaml": documents(
                source("secrets", "ssh://git@git.example.org/me/secrets.git"),
                kus("secrets", None, "GitRepository/secrets"),
            ),
            "clusters/home/apps.yaml": kus("apps", "./apps", HOME),
            "apps/web.yaml": named("ConfigMap", "web", "default"),
        },
        (),
    ),
    "all of another repository in an archive": Layout(
        "an archive has the old CRDs, which came from the repository of a project, source and Kustomization in one "
        "file: that reads all of the other repository, and does not lead to the root that stands here",
        {
            **CONFIG,
            "archive/crds/certificates.yaml": documents(
                source("certificates", "https://git.example.org/others/certificates.git"),
                kus("certificates", None, "GitRepository/certificates"),
            ),
        },
        (Expected("kubernetes/flux", MANIFESTS, FLUX_YAML, home="kubernetes", source=HOME),),
    ),
    "all of another repository beside a root": Layout(
        "a left-over Kustomization without a path, whose source is in Git and is another repository than the root's",
        {
            **gotk("clusters/prod"),
            "config/charts.yaml": source("charts", "https://git.example.org/others/charts.git"),
            "config/kustomization.yaml": listing("charts.yaml"),
            "old/crds.yaml": kus("crds", None, "GitRepository/charts"),
        },
        (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),),
    ),
    "all of another repository, pinned to a commit": Layout(
        "an app that applies all of a repository at one commit, its source beside it: what applies it is not in Git",
        {
            "apps/net/kustomization.yaml": listing("net.yaml"),
            "apps/net/net.yaml": documents(
                source(
                    "net",
                    "https://git.example.org/acme/net",
                    namespace="net",
                    more=f"  ref:\n    commit: {'7b' * 20}\n",
                ),
                kus("net", "./", "GitRepository/net", "net"),
            ),
            "clusters/base/apps.yaml": kus(
                "apps", "providers/PROVIDER/apps", "OCIRepository/flux-system"
            ),
        },
        (),
    ),
    "a repository of components": Layout(
        "what other repositories read: manifests and kustomizations, and no root",
        {
            "components/cert/kustomization.yaml": listing("cert.yaml"),
            "components/cert/cert.yaml": named("ConfigMap", "cert", "cert"),
            "tenants/a/a.yaml": kus("a", "./deploy", "GitRepository/a", "a"),
        },
        (),
    ),
}
