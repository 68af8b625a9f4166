"""Hints about further namespaces and sources, and about what an earlier commit has."""

from __future__ import annotations

from tests.field import byhand
from tests.hints.bases import PATH, Prepare, empty, fresh, having, opaque, ready, ruled, then
from tests.hints.situation import Situation
from tests.support.fleet import DECRYPTED, kustomization, push, seal
from tests.support.user import User

_COMMIT = "git add --all && git commit --quiet --message Change"
_INSTANCE = """\
apiVersion: fluxcd.controlplane.io/v1
kind: FluxInstance
metadata: {name: flux, namespace: flux-system}
spec:
  distribution: {version: "2.x", registry: ghcr.io/fluxcd}
  sync: {kind: GitRepository, url: https://git.example.com/fleet.git, ref: refs/heads/main, path: clusters/prod}
"""


def namespace(name: str) -> str:
    """A Namespace."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"


def charts(where: str) -> str:
    """A source of Flux that reads the registry of the pull Secret."""
    return (
        f"{namespace(where)}---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n"
        f"metadata: {{name: charts, namespace: {where}}}\n"
        "spec:\n  interval: 1m\n  url: oci://registry.example.com/charts\n"
    )


def operated(user: User) -> None:
    """A cluster whose Flux the operator installs, with the pull Secret."""
    user.commit({"clusters/prod/flux.yaml": _INSTANCE})
    assert user.bootstrap().status == 0


def inline(user: User) -> None:
    """A cluster whose own Kustomization decrypts the pull Secret."""
    fresh(user)
    for more in ((), ("--resume",)):
        done = user.bootstrap("--layout", "inline", *more)
        assert done.status == 0, done.printed
        push(user)


def without_trees(user: User) -> None:
    """A clone that leaves out trees and contents, from a server that takes part in that, in the place of the repository."""
    ruled(user)
    whole = user.home / "whole"
    user.repository.rename(whole)
    user.git("config", "uploadpack.allowFilter", "true", cwd=whole)
    how = ("--quiet", "--filter=tree:0", "--no-checkout")
    user.git("clone", *how, whole.as_uri(), str(user.repository), cwd=user.home)


SHOP = f"""\
{namespace("shop")}---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: builder, namespace: shop}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  template:
    spec:
      serviceAccountName: builder
      containers: [{{name: web, image: registry.example.com/web:1}}]
"""


def encrypted_at_the_top(prepare: Prepare) -> Prepare:
    """*prepare*, and an encrypted Secret of an application below the path of the cluster."""

    def prepared(user: User) -> None:
        prepare(user)
        apps = {"clusters/prod/apps.yaml": kustomization("apps", "apps", DECRYPTED)}
        user.commit({**apps, "apps/shop.yaml": namespace("shop")})
        seal(user, "clusters/prod/db.yaml", opaque("one"))
        user.commit({})

    return prepared


SITUATIONS = (
    Situation(
        "a ServiceAccount that attach leaves as it is",
        then(
            having(ready, {"clusters/prod/shop.yaml": SHOP}), "gitops-secrets attach shop/builder"
        ),
        "gitops-secrets doctor",
        "in {}, beside containers: imagePullSecrets: [{name: {}}]",
        status=1,
        by_hand="sed -i 's/^      containers:/      imagePullSecrets: [{name: regcred}]\\n&/' clusters/prod/shop.yaml",
        says="healthy",
    ),
    Situation(
        "an application's Secret where Flux's own Kustomization applies it",
        encrypted_at_the_top(ready),
        "gitops-secrets doctor",
        "move {} to {}",
        status=1,
        by_hand="git mv clusters/prod/db.yaml apps/",
        says="healthy",
    ),
    Situation(
        "an application's Secret where a FluxInstance applies it",
        encrypted_at_the_top(operated),
        "gitops-secrets doctor",
        "move {} to {}",
        status=1,
        by_hand="git mv clusters/prod/db.yaml apps/",
        then=1,
        says="1 problem",
    ),
    Situation(
        "a pull Secret for a Flux that nothing in Git installs",
        having(empty, byhand.LAYOUTS["a root that holds itself"].files),
        "gitops-secrets attach shop",
        "gitops-secrets bootstrap --path {} --image-pull-secret {} --registry {}",
        fill={"HOST:PORT": "registry.example.com"},
        adds=" --registry-creds-env CREDS",
        replaces=True,
    ),
    Situation(
        "a namespace with a file, for the operator",
        then(operated, "gitops-secrets attach shop"),
        "gitops-secrets attach --resourceset shop",
        "git rm -r {} {} && git commit",
    ),
    Situation(
        "a namespace that the operator copies into",
        then(operated, "gitops-secrets attach --resourceset shop"),
        "gitops-secrets attach shop",
        "gitops-secrets attach --resourceset {} {}",
        replaces=True,
    ),
    Situation(
        "a namespace with a file beside one that the operator copies into",
        then(
            operated,
            "gitops-secrets attach shop",
            "gitops-secrets attach --resourceset team",
        ),
        "gitops-secrets attach shop team",
        "gitops-secrets attach --resourceset {} {} && gitops-secrets attach {} {}",
        replaces=True,
    ),
    Situation(
        "all namespaces, of which Git makes none",
        ready,
        "gitops-secrets attach --all-namespaces",
        "gitops-secrets attach NAMESPACE --path {}",
        fill={"NAMESPACE": "shop"},
        replaces=True,
    ),
    Situation(
        "all namespaces, in the inline layout",
        inline,
        "gitops-secrets attach --all-namespaces",
        "gitops-secrets attach NAMESPACE --path {}",
        fill={"NAMESPACE": "shop"},
        replaces=True,
    ),
    Situation(
        "a namespace that came after all of them",
        then(
            having(ready, {"clusters/prod/shop.yaml": namespace("shop")}),
            "gitops-secrets attach --all-namespaces",
            f"printf %s '{namespace('team')}' > clusters/prod/team.yaml && {_COMMIT}",
        ),
        "gitops-secrets doctor",
        "gitops-secrets attach {} --path {} --image-pull-secret {}",
        status=1,
        says="healthy",
    ),
    Situation(
        "a namespace that came after all that the operator copies into",
        then(
            operated,
            f"printf %s '{namespace('shop')}' > clusters/prod/shop.yaml && {_COMMIT}",
            "gitops-secrets attach --resourceset --all-namespaces",
            f"printf %s '{namespace('team')}' > clusters/prod/team.yaml && {_COMMIT}",
        ),
        "gitops-secrets doctor",
        "gitops-secrets attach --resourceset {} {}",
        status=1,
        says="healthy",
    ),
    Situation(
        "a source that does not log in",
        having(ready, {"clusters/prod/charts.yaml": charts("shop")}),
        "gitops-secrets doctor",
        "gitops-secrets attach --source {} --path {} --image-pull-secret {}",
        status=1,
        says="healthy",
    ),
    Situation(
        "what is no source",
        having(ready, {"clusters/prod/charts.yaml": charts("shop")}),
        "gitops-secrets attach --source podinfo",
        "--source OCIRepository/NAME.NAMESPACE",
        fill={"NAME.NAMESPACE": "charts.shop"},
    ),
    Situation(
        "a FluxInstance that is not there",
        having(ready, {"clusters/prod/charts.yaml": charts("shop")}),
        "gitops-secrets attach --source FluxInstance/flux",
        "--source OCIRepository/NAME.NAMESPACE",
        fill={"NAME.NAMESPACE": "charts.shop"},
    ),
    Situation(
        "a source in two namespaces",
        having(
            ready,
            {f"clusters/prod/{name}.yaml": charts(name) for name in ("shop", "team")},
        ),
        "gitops-secrets attach --source OCIRepository/charts",
        "--source {}",
    ),
    Situation(
        "a file that an earlier commit has not",
        ruled,
        f"gitops-secrets show {PATH} --diff HEAD~1",
        "git log --oneline --follow -- {}",
        status=3,
        shows="Change",
    ),
    Situation(
        "a file that no commit has encrypted",
        then(ruled, f"cp {PATH} apps/other.yaml"),
        "gitops-secrets encrypt --smallest-diff apps/other.yaml",
        "git add {}",
        status=3,
        after="git commit --quiet --message Change",
    ),
    Situation(
        "a clone without trees",
        without_trees,
        "gitops-secrets scan --tree",
        "git fetch --refetch --no-filter",
        status=3,
    ),
)
