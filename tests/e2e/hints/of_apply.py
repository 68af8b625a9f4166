"""Hints of apply, and of doctor where there is no Flux."""

from __future__ import annotations

import json
from http import HTTPStatus

from tests.e2e.between import Answer, Asked
from tests.e2e.cluster import DEVELOPER
from tests.e2e.hints.ground import NAMESPACE, Grounded
from tests.e2e.process import E2EError
from tests.hints.bases import fresh, of_two_in_two, ready
from tests.hints.situation import Situation
from tests.support.user import User

APPLY = "gitops-secrets apply --path clusters/prod --context prod --yes"
OTHER_TYPE = {"type": "Opaque", "data": {"a": "Yg=="}}
PULL_SECRET = {
    "type": "kubernetes.io/dockerconfigjson",
    "data": {".dockerconfigjson": "eyJhdXRocyI6e319"},
}
POLICY = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: none-such.example.com}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}
  validations:
  - expression: "object.metadata.name != 'policed'"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: none-such}
spec: {policyName: none-such.example.com, validationActions: [Deny]}
"""


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


def theirs(user: Grounded) -> None:
    """A pull Secret whose value somebody else applies."""
    ready(user)
    user.apply_as("regcred", **PULL_SECRET)


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


def policed(user: Grounded) -> None:
    """A rule of the cluster that does not accept the pull Secret."""
    fresh(user)
    done = user.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "policed"),
        *("--registry", "registry.example.com", "--registry-creds-env", "CREDS"),
        env={"CREDS": "robot:password"},
    )
    assert done.status == 0, done.printed
    user.cluster.apply(POLICY)
    probe = ("create", "secret", "generic", "policed", "--namespace=default", "--dry-run=server")

    def is_in_force() -> bool:
        try:
            user.cluster.kubectl(*probe)
        except E2EError:
            return True
        return False

    user.cluster.wait_for(is_in_force, "the policy to be in force")


def kept(user: Grounded) -> None:
    """A Secret that is being deleted, and kept by a finalizer."""
    theirs(user)
    finalizers = {"metadata": {"finalizers": ["example.com/kept"]}}
    user.cluster.api.patch("Secret", "regcred", NAMESPACE, finalizers)
    user.cluster.kubectl("delete", "secret", "regcred", f"-n={NAMESPACE}", "--wait=false")


def immutable(user: Grounded) -> None:
    """An immutable pull Secret with another value."""
    ready(user)
    user.apply_as("regcred", immutable=True, **PULL_SECRET)


def taken(user: Grounded) -> None:
    """The entry of the identity has something else in it."""
    ready(user)
    user.types(APPLY)
    (entry,) = user.cluster.get("Secret", "sops-age", NAMESPACE)["data"]
    user.apply_as("sops-age", data={entry: "eA=="})


def of_another_type(user: Grounded) -> None:
    """A Secret of that name that is no pull Secret."""
    ready(user)
    user.apply_as("regcred", **OTHER_TYPE)


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
        "a value that somebody else owns",
        theirs,
        APPLY,
        "kubectl --context {} --namespace {} get secret {} -o jsonpath='{.metadata.managedFields[*].manager}'",
        status=3,
        shows="theirs",
    ),
    Situation("a value to be taken over", theirs, APPLY, "--force", status=3),
    Situation(
        "a namespace that went meanwhile",
        vanishing,
        APPLY,
        "kubectl --context {} create namespace {}",
        status=3,
    ),
    Situation(
        "a policy that refuses the object",
        policed,
        APPLY,
        "kubectl --context {} get validatingadmissionpolicies,validatingwebhookconfigurations,mutatingwebhookconfigurations",
        status=3,
        shows="none-such.example.com",
    ),
    Situation(
        "no quota that refuses the object",
        policed,
        APPLY,
        "kubectl --context {} --namespace {} get resourcequotas",
        status=3,
        shows="No resources found",
    ),
    Situation(
        "a Secret that is being deleted",
        kept,
        APPLY,
        "kubectl --context {} --namespace {} get secret {} -o jsonpath='{.metadata.finalizers}'",
        status=3,
        shows="example.com/kept",
    ),
    Situation(
        "a Secret that is immutable",
        immutable,
        f"{APPLY} --force",
        "kubectl --context {} get secret {} -o yaml | sed '/^immutable: true$/d' | kubectl --context {} replace --force -f -",
        status=3,
    ),
    Situation(
        "an entry that is taken",
        taken,
        APPLY,
        "kubectl --context {} --namespace {} get secret {} --show-managed-fields -o yaml",
        status=3,
        shows="manager: theirs",
    ),
    Situation(
        "a Secret of another type",
        of_another_type,
        APPLY,
        "kubectl --context {} --namespace {} delete secret {}",
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
