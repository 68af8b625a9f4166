"""Hints of apply about the cluster and the way to it, and of doctor where there is no Flux."""

from __future__ import annotations

import json
from http import HTTPStatus

from tests.e2e.between import Answer, Asked
from tests.e2e.cluster import DEVELOPER
from tests.e2e.hints.ground import APPLY, NAMESPACE, Grounded
from tests.hints.bases import of_two_in_two, ready
from tests.hints.situation import Situation
from tests.support.user import User


def unavailable(user: Grounded) -> None:
    """An API server that refuses to write."""
    ready(user)
    user.through(lambda asked: Answer(500) if asked.method == "PATCH" else None)


def elsewhere(user: Grounded) -> None:
    """What is at the server's address is something else."""
    ready(user)
    user.through(lambda _: Answer(302, {"Location": "https://login.example.com/"}))


def terminating(user: Grounded) -> None:
    """The namespace is being deleted."""
    ready(user)
    user.end_namespace(for_good=False)


def nobody(user: Grounded) -> None:
    """A login that the cluster does not know."""
    ready(user)
    user.log_in(token="unknown")


def developer(user: Grounded) -> None:
    """A user without rights."""
    ready(user)
    user.log_in(DEVELOPER)


def vanishing(user: Grounded) -> None:
    """The namespace goes after it was looked at."""
    ready(user)
    user.end_namespace(for_good=True)
    there = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": NAMESPACE}}
    body = json.dumps(there).encode()

    def rule(asked: Asked) -> Answer | None:
        is_look = asked.short == f"GET {NAMESPACE}"
        return (
            Answer(HTTPStatus.OK, {"Content-Type": "application/json"}, body) if is_look else None
        )

    user.through(rule)


def without_kubeconfig(user: Grounded) -> None:
    """A kubeconfig in another place."""
    ready(user)
    (user.home / ".kube/config").rename(user.home / "kubeconfig")


def twice(user: User) -> None:
    """An object that stands in two files of one build."""
    ready(user)
    twin = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twin, namespace: default}\n"
    build = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml, b.yaml]\n"
    user.commit(
        {
            "clusters/prod/twins/a.yaml": twin,
            "clusters/prod/twins/b.yaml": twin,
            "clusters/prod/twins/kustomization.yaml": build,
        }
    )


SITUATIONS = (
    Situation[Grounded](
        "an API server that answers with an error",
        unavailable,
        APPLY,
        "kubectl --context {} version",
        status=3,
        shows="Server Version",
    ),
    Situation(
        "a server that is no API server",
        elsewhere,
        APPLY,
        "kubectl --context {} version",
        status=3,
        shows="login.example.com",
        ends=1,
    ),
    Situation(
        "a namespace that is being deleted",
        terminating,
        APPLY,
        "kubectl --context {} get {} -o yaml",
        status=3,
        shows="phase: Terminating",
    ),
    Situation(
        "a login that the cluster does not know",
        nobody,
        APPLY,
        "kubectl --context {} auth whoami",
        status=3,
        shows="Unauthorized",
        ends=1,
    ),
    Situation(
        "a right that lacks",
        developer,
        APPLY,
        "kubectl --context {} auth can-i {} {} --namespace {}",
        status=3,
        shows="no\n",
        ends=1,
    ),
    Situation(
        "a namespace that went meanwhile",
        vanishing,
        APPLY,
        "kubectl --context {} create namespace {}",
        status=3,
    ),
    Situation(
        "no kubeconfig, to see what there is",
        without_kubeconfig,
        APPLY,
        "kubectl config get-contexts",
        status=3,
        shows="CURRENT",
    ),
    Situation(
        "a kubeconfig in another place",
        without_kubeconfig,
        APPLY,
        "--kubeconfig FILE",
        status=3,
        fill={"FILE": "~/kubeconfig"},
    ),
    Situation(
        "a context that there is not",
        ready,
        "gitops-secrets apply --path clusters/prod --context stage --yes",
        "--context {}",
    ),
    Situation(
        "no terminal to confirm at",
        ready,
        "gitops-secrets apply --path clusters/prod",
        "--context NAME --yes",
        fill={"NAME": "prod"},
    ),
    Situation(
        "a context of one of two clusters",
        of_two_in_two,
        "gitops-secrets doctor --context prod",
        "gitops-secrets doctor --path {} --context {}",
        replaces=True,
        then=1,
        says="with which Kustomization flux-system/pull-secrets decrypts, is not in the cluster",
    ),
    Situation(
        "an object that stands twice in a build",
        twice,
        "gitops-secrets doctor",
        "kubectl kustomize {}",
        status=1,
        shows="may not add resource with an already registered id",
        ends=1,
    ),
)
