"""Hints of apply about a Secret that the cluster has already, or does not accept."""

from __future__ import annotations

from tests.e2e.hints.ground import APPLY, NAMESPACE, Grounded
from tests.e2e.process import E2EError
from tests.hints.bases import fresh, ready
from tests.hints.situation import Situation

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


def theirs(user: Grounded) -> None:
    """A pull Secret whose value somebody else applies."""
    ready(user)
    user.apply_as("regcred", **PULL_SECRET)


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


SITUATIONS = (
    Situation[Grounded](
        "a value that somebody else owns",
        theirs,
        APPLY,
        "kubectl --context {} --namespace {} get secret {} -o jsonpath='{.metadata.managedFields[*].manager}'",
        status=3,
        shows="theirs",
    ),
    Situation("a value to be taken over", theirs, APPLY, "--force", status=3),
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
)
