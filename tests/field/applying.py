"""What Kustomizations apply, and how: what is right there is not reported, and what is wrong is."""

from __future__ import annotations

from tests.field.layout import (
    BOOTSTRAP,
    DECRYPTED,
    FLUX,
    Expected,
    Files,
    Layout,
    ciphertext,
    documents,
    gotk,
    kus,
    listing,
    named,
    sealed,
    sops_block,
    source,
)

PROD = (Expected("clusters/prod", BOOTSTRAP, "clusters/prod/flux-system/kustomization.yaml"),)
SHOP = named("Namespace", "shop")
DB = sealed("db", "shop")
HELM = "spec:\n  chart:\n    spec:\n      chart: db\n  install:\n    createNamespace: true\n"
SOPS_SECRET = (
    named(
        "SopsSecret",
        "db",
        "shop",
        "spec:\n  secretTemplates:\n    - name: db\n      stringData:\n"
        f"        token: {ciphertext('token')}\n",
    )
    + sops_block()
)


def fleet(files: Files, *also: str, more: str = DECRYPTED, name: str = "apps") -> Files:
    """A bootstrapped cluster with a Kustomization of apps/, and further ones."""
    here = kus(name, "./apps", more=more)
    return {**gotk("clusters/prod"), "clusters/prod/apps.yaml": documents(here, *also), **files}


CONTROLLER = "  decryption:\n    provider: sops\n"
"""Decryption by what the controller has itself."""
RENAMED_BY_OPERATION = """patches:
  - target: {kind: ConfigMap, name: placeholder}
    patch: |-
      - op: replace
        path: /metadata/name
        value: first
"""
RENAMED_BY_MERGE = """patches:
  - target: {kind: ConfigMap}
    options: {allowNameChange: true}
    patch: |-
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: second}
"""
LAYOUTS = {
    "decrypted": Layout(
        "the plain case: a Secret, its namespace and a Kustomization that decrypts",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": DB}),
        PROD,
    ),
    "not decrypted": Layout(
        "the same without spec.decryption: Flux applies the ciphertext or fails",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": DB}, more=""),
        PROD,
        ("decryption: Kustomization flux-system/apps",),
    ),
    "no Secret to decrypt with": Layout(
        "decryption without a secretRef, and no identity of the controller's own",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": DB}, more=CONTROLLER),
        PROD,
        ("decryption-secret: decrypts without a secretRef",),
    ),
    "an identity of the controller's own": Layout(
        "the same where a patch gives kustomize-controller --sops-age-secret",
        fleet(
            {
                "apps/ns.yaml": SHOP,
                "apps/db.yaml": DB,
                "notes/patch.yaml": "- op: add\n  path: /args/-\n  value: --sops-age-secret=keys\n",
            },
            more=CONTROLLER,
        ),
        PROD,
    ),
    "no namespace": Layout(
        "nothing makes the namespace of the Secret",
        fleet({"apps/db.yaml": DB}),
        PROD,
        ("namespace: shop",),
    ),
    "components": Layout(
        "spec.components of Flux bring what the folder itself does not have",
        fleet(
            {
                "apps/kustomization.yaml": listing("ns.yaml"),
                "apps/ns.yaml": SHOP,
                "components/db/kustomization.yaml": listing("db.yaml", kind="Component"),
                "components/db/db.yaml": DB,
            },
            more="  components:\n    - ../components/db\n",
        ),
        PROD,
        ("decryption: Kustomization flux-system/apps",),
    ),
    "a component that is not there": Layout(
        "spec.components names a folder that is gone",
        fleet(
            {"apps/kustomization.yaml": listing("ns.yaml"), "apps/ns.yaml": SHOP},
            more="  components:\n    - ../components/gone\n",
        ),
        PROD,
        ("kustomization: ../components/gone",),
    ),
    "shared components": Layout(
        "one component gives each application its namespace and a Secret: kustomize names the Namespace anew",
        fleet(
            {
                f"apps/{name}/{file}": content
                for name in ("shop", "blog")
                for file, content in (
                    (
                        "kustomization.yaml",
                        listing(
                            "cm.yaml",
                            more=f"namespace: {name}\ncomponents:\n  - ../../components/common\n",
                        ),
                    ),
                    ("cm.yaml", named("ConfigMap", "cm")),
                )
            }
            | {
                "components/common/kustomization.yaml": listing(
                    "ns.yaml", "db.yaml", kind="Component"
                ),
                "components/common/ns.yaml": named("Namespace", "not-used"),
                "components/common/db.yaml": sealed("db", None),
            }
        ),
        PROD,
    ),
    "createNamespace": Layout(
        "a HelmRelease makes the namespace of its target",
        fleet(
            {
                "apps/release.yaml": named(
                    "HelmRelease", "db", FLUX, HELM + "  targetNamespace: shop\n"
                ),
                "apps/db.yaml": DB,
            }
        ),
        PROD,
    ),
    "targetNamespace": Layout(
        "spec.targetNamespace moves everything, a Secret for another namespace too",
        fleet(
            {"infra/ns.yaml": SHOP, "apps/db.yaml": sealed("db", "elsewhere")},
            kus("infra", "./infra"),
            more=DECRYPTED + "  targetNamespace: shop\n",
        ),
        PROD,
    ),
    "another cluster": Layout(
        "spec.kubeConfig: the namespaces of the other cluster are not known here",
        fleet(
            {"apps/db.yaml": DB},
            more=DECRYPTED + "  kubeConfig:\n    secretRef:\n      name: edge\n",
        ),
        PROD,
    ),
    "SopsSecret": Layout(
        "an operator of its own decrypts it: Flux has to apply it as it is",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": SOPS_SECRET}, more=""),
        PROD,
    ),
    "a SopsSecret that Flux decrypts": Layout(
        "Flux decrypts any object with a sops block: its operator then gets nothing that it can decrypt",
        fleet({"apps/ns.yaml": SHOP, "apps/db.yaml": SOPS_SECRET}),
        PROD,
        ("encrypted-kind: SopsSecret",),
    ),
    "an encrypted patch": Layout(
        "a patch file is encrypted: Flux decrypts it if the Kustomization decrypts",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "ns.yaml", "db.yaml", more="patches:\n  - path: patch.yaml\n"
                ),
                "apps/ns.yaml": SHOP,
                "apps/db.yaml": named("Secret", "db", "shop"),
                "apps/patch.yaml": DB,
            }
        ),
        PROD,
    ),
    "an encrypted patch that stays so": Layout(
        "and is applied as ciphertext if it does not",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "ns.yaml", "db.yaml", more="patches:\n  - path: patch.yaml\n"
                ),
                "apps/ns.yaml": SHOP,
                "apps/db.yaml": named("Secret", "db", "shop"),
                "apps/patch.yaml": DB,
            },
            more="",
        ),
        PROD,
        ("decryption: apps/patch.yaml",),
    ),
    "an encrypted generator file": Layout(
        "a secretGenerator of an encrypted .env file: Flux decrypts what a Secret is generated of",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "ns.yaml",
                    more="namespace: shop\nsecretGenerator:\n  - name: values\n    files:\n      - values.yaml=values.sops.yaml\n",
                ),
                "apps/ns.yaml": SHOP,
                "apps/values.sops.yaml": f"password: {ciphertext('p')}\n{sops_block()}",
            }
        ),
        PROD,
    ),
    "a generator file that stays encrypted": Layout(
        "the same without decryption: the Secret holds ciphertext",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "ns.yaml",
                    more="namespace: shop\nsecretGenerator:\n  - name: values\n    files:\n      - values.yaml=values.sops.yaml\n",
                ),
                "apps/ns.yaml": SHOP,
                "apps/values.sops.yaml": f"password: {ciphertext('p')}\n{sops_block()}",
            },
            more="",
        ),
        PROD,
        ("decryption: apps/values.sops.yaml",),
    ),
    "patch files of kind Kustomization": Layout(
        "an overlay's patch file looks like a Kustomization without source: it is none",
        fleet(
            {
                "apps/kustomization.yaml": listing(
                    "../base", more="patches:\n  - path: one.yaml\n"
                ),
                "apps/one.yaml": (
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n"
                    "  name: one\n  namespace: flux-system\nspec:\n  path: ./one/prod\n"
                    "  decryption:\n    provider: sops\n    secretRef:\n      name: sops-age\n"
                ),
                "base/kustomization.yaml": listing("one.yaml"),
                "base/one.yaml": kus("one", "./one/none"),
                "one/prod/ns.yaml": SHOP,
                "one/prod/db.yaml": DB,
            }
        ),
        PROD,
    ),
    "the same source by another address": Layout(
        "a second GitRepository of this repository: ssh there, https here",
        fleet(
            {
                "apps/ns.yaml": SHOP,
                "secrets/db.yaml": DB,
                "clusters/prod/secrets.yaml": documents(
                    source("mine", "ssh://git@git.example.org/acme/fleet.git"),
                    kus("secrets", "./secrets", "GitRepository/mine"),
                ),
            }
        ),
        PROD,
        ("decryption: Kustomization flux-system/secrets",),
    ),
    "the same repository at another branch": Layout(
        "a GitRepository with another branch is another tree: its ./ is not here",
        fleet(
            {
                "apps/ns.yaml": SHOP,
                "clusters/prod/stage.yaml": documents(
                    source("stage", more="  ref:\n    branch: stage\n"),
                    kus("stage", "./", "GitRepository/stage"),
                ),
            }
        ),
        PROD,
    ),
    "a base of which each overlay changes the name": Layout(
        "two overlays of one base give its object a name of their own, by a JSON Patch or a merge that may",
        fleet(
            {
                "base/kustomization.yaml": listing("settings.yaml"),
                "base/settings.yaml": named("ConfigMap", "placeholder", "shop"),
                "apps/kustomization.yaml": listing("ns.yaml", "../first", "../second"),
                "apps/ns.yaml": SHOP,
                "first/kustomization.yaml": listing("../base", more=RENAMED_BY_OPERATION),
                "second/kustomization.yaml": listing("../base", more=RENAMED_BY_MERGE),
            }
        ),
        PROD,
    ),
    "an object twice": Layout(
        "two files of one build hold the same object: kustomize builds neither",
        fleet({"apps/a.yaml": SHOP, "apps/b.yaml": SHOP}),
        PROD,
        ("kustomization: apps/b.yaml",),
    ),
}
