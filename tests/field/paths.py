"""Where a Kustomization's path leads, and what variables have to do with it."""

from __future__ import annotations

from tests.field.applying import DB, PROD, SHOP, fleet
from tests.field.layout import (
    DECRYPTED,
    FLUX,
    Layout,
    documents,
    kus,
    listing,
    named,
    sealed,
    source,
)

HERE = kus("any", "./any", namespace=None).replace(
    "name: flux-system", "name: flux-system\n    namespace: flux-system"
)
"""A Kustomization that any namespace can have: its source is in flux-system."""
LAYOUTS = {
    "a path with ..": Layout(
        "spec.path begins with ../..: Flux joins it below the artifact's root",
        fleet({"infra/ns.yaml": SHOP, "apps/db.yaml": DB}, kus("infra", "../../infra/")),
        PROD,
    ),
    "a path that is not there": Layout(
        "spec.path names a folder that was renamed",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": DB}, kus("infra", "./infra-old")),
        PROD,
        ("orphans: infra-old",),
    ),
    "a gate": Layout(
        "an empty kustomization.yaml that others depend on is meant so",
        fleet(
            {"apps/ns.yaml": SHOP, "gate/kustomization.yaml": listing(more="resources: []\n")},
            kus("gate", "./gate"),
        ),
        PROD,
    ),
    "a variable in a path": Layout(
        "the parent substitutes the environment in its children's paths",
        fleet(
            {
                "apps/all.yaml": kus("site", "./sites/${SITE}", more=DECRYPTED),
                "sites/oslo/ns.yaml": SHOP,
                "sites/oslo/db.yaml": sealed("db", "shop"),
            },
            more=DECRYPTED + "  postBuild:\n    substitute:\n      SITE: oslo\n",
        ),
        PROD,
    ),
    "a variable of a ConfigMap": Layout(
        "the variable comes from a ConfigMap that Git has; what lies there is looked at and not decrypted",
        fleet(
            {
                "clusters/prod/settings.yaml": named(
                    "ConfigMap", "settings", FLUX, "data:\n  SITE: oslo\n"
                ),
                "apps/all.yaml": kus("site", "./sites/${SITE}"),
                "sites/oslo/ns.yaml": SHOP,
                "sites/oslo/db.yaml": DB,
            },
            more="  postBuild:\n    substituteFrom:\n      - kind: ConfigMap\n        name: settings\n",
        ),
        PROD,
        ("decryption: Kustomization flux-system/site",),
    ),
    "a variable with a default": Layout(
        "the variable is not set, and its default leads on",
        fleet(
            {
                "apps/all.yaml": kus("site", "./sites/${SITE:=oslo}"),
                "sites/oslo/db.yaml": sealed("db", FLUX),
            },
            more="  postBuild:\n    substitute:\n      OTHER: x\n",
        ),
        PROD,
        ("decryption: Kustomization flux-system/site",),
    ),
    "a variable that Git does not show": Layout(
        "it comes from a Secret of the cluster: nothing is known of that path, and nothing is said of it",
        fleet(
            {"apps/all.yaml": kus("site", "./sites/${SITE}"), "sites/oslo/db.yaml": DB},
            more="  postBuild:\n    substituteFrom:\n      - kind: Secret\n        name: site\n",
        ),
        PROD,
    ),
    "a component named by a variable": Layout(
        "two applications use one component with a Kustomization ${APP}-db: two Kustomizations, and only one decrypts",
        fleet(
            {
                **{
                    f"{app}/kustomization.yaml": listing(
                        more="namespace: shop\ncomponents:\n  - ../components/db\n"
                    )
                    for app in ("web", "api")
                },
                "apps/ns.yaml": SHOP,
                "apps/all.yaml": "---\n".join(
                    kus(app, f"./{app}", more=f"  postBuild:\n    substitute:\n      APP: {app}\n")
                    for app in ("web", "api")
                ),
                "components/db/kustomization.yaml": listing("ks.yaml", kind="Component"),
                "components/db/ks.yaml": HERE.replace("name: any", "name: ${APP}-db").replace(
                    "./any", "./db/${APP}"
                ),
                "db/web/db.yaml": sealed("web", "shop"),
                "db/api/db.yaml": sealed("api", "shop"),
            }
        ),
        PROD,
        ("decryption: Kustomization shop/web-db", "decryption: Kustomization shop/api-db"),
    ),
    "a source for each tenant": Layout(
        "one template makes a source of this repository and a Kustomization that reads it, by the name that the "
        "variables of each use give both",
        fleet(
            {
                "apps/ns.yaml": SHOP,
                "apps/shop.yaml": kus(
                    "shop", "./template", more="  postBuild:\n    substitute:\n      TEAM: shop\n"
                ),
                "template/sync.yaml": documents(
                    source("${TEAM}-fleet", "ssh://git@git.example.org/acme/fleet.git"),
                    kus("${TEAM}-db", "./db/${TEAM}", "GitRepository/${TEAM}-fleet"),
                ),
                "db/shop/db.yaml": sealed("db", "shop"),
            }
        ),
        PROD,
        ("decryption: Kustomization flux-system/shop-db",),
    ),
    "artifacts of parts of the repository": Layout(
        "a generator makes an artifact of each application, of what its folder holds or of the folder itself, and "
        "Kustomizations read these: all but one that is made of another repository",
        fleet(
            {
                "apps/ns.yaml": SHOP,
                "apps/artifacts.yaml": documents(
                    source("others", "https://git.example.org/others/all.git"),
                    "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\n"
                    "metadata: {name: apps, namespace: flux-system}\nspec:\n  sources:\n"
                    "    - {alias: repo, kind: GitRepository, name: flux-system}\n"
                    "    - {alias: others, kind: GitRepository, name: others}\n  artifacts:\n"
                    "    - name: web\n      copy:\n"
                    '        - {from: "@repo/parts/web/**", to: "@artifact/"}\n'
                    '        - {from: "@repo/README.md", to: "@artifact/README.md"}\n'
                    "    - name: db\n      copy:\n"
                    '        - {from: "@repo/parts/db/", to: "@artifact/deploy/"}\n'
                    "    - name: other\n      copy:\n"
                    '        - {from: "@others/parts/web/**", to: "@artifact/"}\n',
                ),
                "apps/ks.yaml": documents(
                    kus("web", "./", "ExternalArtifact/web"),
                    kus("db", "./deploy/db/prod", "ExternalArtifact/db"),
                    kus("other", "./", "ExternalArtifact/other"),
                ),
                "parts/web/secret.yaml": sealed("web", "shop"),
                "parts/db/prod/secret.yaml": sealed("db", "shop"),
            }
        ),
        PROD,
        ("decryption: Kustomization flux-system/web", "decryption: Kustomization flux-system/db"),
    ),
    "a base for two tenants": Layout(
        "two overlays of one base give its Kustomization another namespace and path: both are followed",
        fleet(
            {
                "apps/kustomization.yaml": listing("a", "b", "ns.yaml"),
                "apps/ns.yaml": SHOP,
                "tenants/base/kustomization.yaml": listing("sync.yaml"),
                "tenants/base/sync.yaml": HERE,
                **{
                    f"apps/{name}/kustomization.yaml": listing(
                        "../../tenants/base",
                        more=(
                            f"namespace: team-{name}\npatches:\n  - target:\n      kind: Kustomization\n"
                            f"    patch: |\n      - op: replace\n        path: /spec/path\n        value: ./deploy/{name}\n"
                        ),
                    )
                    for name in ("a", "b")
                },
                "deploy/a/db.yaml": sealed("a", "shop"),
                "deploy/b/db.yaml": sealed("b", "shop"),
            }
        ),
        PROD,
        ("decryption: Kustomization team-b/any", "decryption: Kustomization team-a/any"),
    ),
    "a child that an overlay drops": Layout(
        "the base has a Kustomization that this cluster's overlay deletes: nothing of it is applied here",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "../base",
                    more=(
                        "patches:\n  - patch: |\n      $patch: delete\n"
                        "      apiVersion: kustomize.toolkit.fluxcd.io/v1\n      kind: Kustomization\n"
                        "      metadata:\n        name: db\n        namespace: flux-system\n"
                    ),
                ),
                "base/kustomization.yaml": listing("db.yaml", "web.yaml"),
                "base/db.yaml": kus("db", "./db"),
                "base/web.yaml": named("ConfigMap", "web", "default"),
                "db/db.yaml": DB,
            }
        ),
        PROD,
    ),
    "a patch of another namespace": Layout(
        "a patch without a target names no namespace, and its object has one: kustomize refuses the build",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "one.yaml", more="patches:\n  - path: patch.yaml\n"
                ),
                "apps/one.yaml": kus("one", "./one"),
                "apps/patch.yaml": (
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n"
                    "  name: one\nspec:\n  path: ./two\n"
                ),
                "one/web.yaml": named("ConfigMap", "web", "default"),
            }
        ),
        PROD,
        ("kustomization: patches Kustomization one",),
    ),
    "a prefix on Namespaces": Layout(
        "namePrefix leaves a Namespace as it is: the Secret's namespace is made",
        fleet(
            {
                "apps/kustomization.yaml": listing("ns.yaml", "db.yaml", more="namePrefix: eu-\n"),
                "apps/ns.yaml": SHOP,
                "apps/db.yaml": DB,
            }
        ),
        PROD,
    ),
    "a component of Flux in a namespace": Layout(
        "spec.components come into the folder's own kustomization, whose namespace holds for them too",
        fleet(
            {
                "apps/kustomization.yaml": listing("ns.yaml", more="namespace: shop\n"),
                "apps/ns.yaml": SHOP,
                "components/db/kustomization.yaml": listing("db.yaml", kind="Component"),
                "components/db/db.yaml": sealed("db", "elsewhere"),
            },
            more=DECRYPTED + "  components:\n    - ../components/db\n",
        ),
        PROD,
    ),
}
