"""apply as a user of least rights: those of docs/apply.md are enough, and each that lacks is named."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.applier import Applier
from tests.e2e.cluster import DEVELOPER, Cluster
from tests.e2e.process import E2EError

DOCUMENTED = Path(__file__).parents[2] / "docs/apply.md"
IN_NAMESPACE = "--namespace=flux-system"
RIGHTS = [
    ("get", "namespaces", "flux-system"),
    *((verb, "secrets", name) for name in ("sops-age", "regcred") for verb in ("get", "create", "patch")),
]  # fmt: skip


def documented(kind: str, name: str = "gitops-secrets-apply") -> list[dict[str, Any]]:
    """The manifests of docs/apply.md that begin with the *kind* called *name*, as they stand there."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENTED.read_text(), re.DOTALL)
    begins = f"\nkind: {kind}\nmetadata: {{name: {name}"
    (found,) = [block for block in blocks if begins in f"\n{block}"]
    return list(yaml.safe_load_all(found.replace("USER", DEVELOPER)))


def rules(lacking: tuple[str, str, str] | None = None) -> list[dict[str, Any]]:
    """The rules of the documented Role, one right each, without the one that is *lacking*."""
    role = documented("Role")[0]
    rights = [
        (verb, resource, name)
        for rule in role["rules"]
        for resource in rule["resources"]
        for name in rule["resourceNames"]
        for verb in rule["verbs"]
    ]
    assert sorted(rights) == sorted(RIGHTS), "no right is documented that nothing needs"
    return [
        {"apiGroups": [""], "resources": [resource], "resourceNames": [name], "verbs": [verb]}
        for verb, resource, name in rights
        if (verb, resource, name) != lacking
    ]


def grant(cluster: Cluster, *objects: dict[str, Any]) -> None:
    for one in objects:
        cluster.apply(json.dumps(one))


def may(cluster: Cluster, verb: str, resource: str, *flags: str) -> bool:
    try:
        return cluster.kubectl("auth", "can-i", verb, resource, *flags, user=DEVELOPER) == "yes\n"
    except E2EError:
        return False


@pytest.fixture
def granted(applier: Applier) -> Applier:
    """What docs/apply.md says, in a namespace that is there."""
    grant(applier.cluster, *documented("Role"))
    last = ("patch", "secrets/regcred", IN_NAMESPACE)
    applier.cluster.wait_for(lambda: may(applier.cluster, *last), "the Role to be in force")
    return applier


def apply(applier: Applier, *flags: str, status: int = 0) -> str:
    kubeconfig = applier.cluster.kubeconfig_for(DEVELOPER)
    return applier.apply(*flags, kubeconfig=kubeconfig, status=status)


def test_the_documented_role_is_enough(granted: Applier) -> None:
    assert "+  .dockerconfigjson: (hidden)" in apply(granted, "--dry-run")
    assert not granted.data("sops-age")
    assert apply(granted).count("created") == 2
    assert granted.is_complete()
    assert apply(granted).count("unchanged") == 3


def test_each_right_that_lacks_is_named_and_the_rest_stays(granted: Applier) -> None:
    """One by one, each taken from the documented Role and given back."""
    cluster = granted.cluster
    role = documented("Role")[0]
    for verb, resource, name in RIGHTS:
        # patch alone creates nothing: it has to be there for that right to be asked for.
        if verb != "patch":
            granted.clear()
        grant(cluster, {**role, "rules": rules(lacking=(verb, resource, name))})
        asked = (verb, f"{resource}/{name}", IN_NAMESPACE)
        cluster.wait_for(lambda asked=asked: not may(cluster, *asked), "the right to be gone")  # type: ignore[misc]
        change(granted, verb, name)

        for flags in (("--dry-run",), ()):
            printed = apply(granted, *flags, status=3)
            where = "" if resource == "namespaces" else "flux-system/"
            kind = "Namespace" if resource == "namespaces" else "Secret"
            assert f"does not let you {verb} {kind} {where}{name}" in printed
            assert "no" in granted.hint(printed, "auth can-i").splitlines()
            assert "a rule of it" not in printed
        told = "applied so far: Secret flux-system/sops-age created" in printed
        assert told == (name == "regcred"), printed
        assert bool(granted.data("sops-age")) == (name == "regcred" or verb == "patch")

        grant(cluster, role)
        cluster.wait_for(lambda asked=asked: may(cluster, *asked), "the right to be back")  # type: ignore[misc]
        # The value that was there for the patch is kubectl's.
        apply(granted, "--force")
        assert granted.is_complete()


def change(applier: Applier, verb: str, name: str) -> None:
    """Have a patch be needed where *verb* says so: there is a Secret that lacks something."""
    if verb != "patch":
        return
    applier.clear()
    kind = {"sops-age": ("generic", "--from-literal=x=y"),
            "regcred": ("docker-registry", "--docker-server=r", "--docker-username=u", "--docker-password=p")}  # fmt: skip
    applier.cluster.kubectl("create", "secret", kind[name][0], name, IN_NAMESPACE, *kind[name][1:])


def test_a_namespace_that_lacks_takes_a_right_of_its_own(first_applier: Applier) -> None:
    cluster = first_applier.cluster
    role, *bound = documented("ClusterRole")
    assert [(r["resources"], r["verbs"]) for r in role["rules"]] == [
        (["namespaces"], ["get", "create"]),
        (["secrets"], ["get", "create", "patch"]),
    ]
    reading = {**role, "rules": [{**role["rules"][0], "verbs": ["get"]}, role["rules"][1]]}
    grant(cluster, reading, *bound)
    cluster.wait_for(lambda: may(cluster, "get", "namespaces/flux-system"), "the right to read")
    printed = apply(first_applier, status=3)
    assert "does not let you create Namespace flux-system" in printed
    assert "no" in first_applier.hint(printed, "auth can-i create namespaces").splitlines()
    assert cluster.find("Namespace", "flux-system") is None

    grant(cluster, role)
    cluster.wait_for(lambda: may(cluster, "create", "namespaces"), "the right to create")
    assert apply(first_applier).count("created") == 3
    assert first_applier.is_complete()


def test_the_documented_rights_to_prune_are_enough_and_each_is_needed(granted: Applier) -> None:
    """What Git no longer has is looked for with each right taken away once."""
    cluster = granted.cluster
    user = granted.user
    more = ("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "other")
    group = ("--registry", "other.example.com", "--registry-creds-env", "CREDS")
    identity = ("--age-identity-file", str(granted.identity_file))
    assert user.run(*more, *group, *identity, env={"CREDS": f"a:{granted.password}"}).status == 0
    granted.apply()
    user.git("rm", "--quiet", "pull-secrets/prod/other.sops.yaml")
    user.git("commit", "--quiet", "--message", "Take it out")
    role, *bound = documented("ClusterRole", "gitops-secrets-prune")
    role["rules"][0]["resourceNames"] = ["other"]
    rights = [(n, verb) for n, rule in enumerate(role["rules"]) for verb in rule["verbs"]]
    for number, verb in rights:
        rules = [
            {**rule, "verbs": [v for v in rule["verbs"] if (at, v) != (number, verb)]}
            for at, rule in enumerate(role["rules"])
        ]
        grant(cluster, {**role, "rules": [rule for rule in rules if rule["verbs"]]}, *bound)
        resource = role["rules"][number]["resources"][0]
        name = "/other" if resource == "secrets" else ""
        asked = (verb, f"{resource}{name}", IN_NAMESPACE)
        cluster.wait_for(lambda asked=asked: not may(cluster, *asked), f"{asked} to be gone")  # type: ignore[misc]
        assert "does not let you" in apply(granted, "--prune", status=3), asked
        assert granted.data("other")

    grant(cluster, role)
    cluster.wait_for(lambda: may(cluster, "delete", "secrets/other", IN_NAMESPACE), "all rights")
    assert "Secret flux-system/other" in apply(granted, "--prune")
    assert not granted.data("other")


def test_who_is_not_known_is_told_so(applier: Applier) -> None:
    printed = applier.apply(kubeconfig=applier.kubeconfig(login={"token": "x" * 32}), status=3)
    assert "the cluster of context e2e does not know who you are" in printed


POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-pulls.example.com}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [secrets]}
  validations:
  - expression: "object.type != 'kubernetes.io/dockerconfigjson'"
    messageExpression: "'refused: ' + string(object.data['.dockerconfigjson'])"
    reason: REASON
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-pulls}
spec: {policyName: no-pulls.example.com, validationActions: [Deny]}
"""


@pytest.mark.parametrize("reason", ["Forbidden", "Invalid", "RequestEntityTooLarge"])
def test_a_policy_that_quotes_the_value_is_not_repeated(
    first_applier: Applier, reason: str
) -> None:
    """What an admission rule says on refusal is the cluster's own text, and may hold anything."""
    cluster = first_applier.cluster
    cluster.create_namespace("flux-system")
    cluster.apply(POLICY.replace("REASON", reason))
    probe = ("create", "secret", "docker-registry", "probe", "--namespace=default", "--dry-run=server",
             "--docker-server=r", "--docker-username=u", "--docker-password=p")  # fmt: skip

    def in_force() -> bool:
        try:
            cluster.kubectl(*probe)
        except E2EError as error:
            return "refused: " in str(error)
        return False

    cluster.wait_for(in_force, "the policy to be in force")
    printed = first_applier.apply(status=3)
    assert "refused: " not in printed
    assert "Secret flux-system/regcred" in printed
    assert "applied so far: Secret flux-system/sops-age created" in printed
    if reason in {"Forbidden", "Invalid"}:
        assert "but a rule of it does not accept the object: no-pulls.example.com" in printed
        assert "no-pulls.example.com" in first_applier.hint(printed, "validatingadmissionpolicies")
