"""apply brings what a cluster lacks, and takes nothing away."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.e2e.cluster import CONTEXT, DEVELOPER, Cluster
from tests.e2e.flux import Flux
from tests.e2e.operator import Operator
from tests.support import documents
from tests.support.githttp import Repository

CREDS = "robot:correct horse battery staple"
SPELLINGS = (
    "correct horse battery staple",
    base64.b64encode(b"robot:correct horse battery staple").decode(),
    base64.b64encode(b"correct horse battery staple").decode().rstrip("="),
)


@pytest.fixture
def operator(repository: Repository, tmp_path: Path) -> Operator:
    """An operator whose clone is bootstrapped and pushed."""
    operator = Operator(repository, tmp_path / "operator")
    operator.bootstrap(CREDS)
    operator.push()
    return operator


def secret(cluster: Cluster, name: str = "regcred") -> dict[str, object]:
    """A Secret of flux-system."""
    return cluster.get("Secret", name, "flux-system")


def password(cluster: Cluster) -> str:
    """The password in the cluster's pull Secret."""
    data = cluster.get("Secret", "regcred", "flux-system")["data"]
    config = json.loads(base64.b64decode(data[".dockerconfigjson"]))
    return str(config["auths"]["registry.example.com"]["password"])


def entry(cluster: Cluster) -> str:
    """The one entry of the cluster's identities."""
    (name,) = cluster.get("Secret", "sops-age", "flux-system")["data"]
    return str(name)


def create_namespace(cluster: Cluster) -> None:
    cluster.kubectl("create", "namespace", "flux-system")


def test_a_second_run_changes_nothing(fresh_cluster: Cluster, operator: Operator) -> None:
    operator.apply(fresh_cluster)
    before = [secret(fresh_cluster, name)["metadata"] for name in ("regcred", "sops-age")]

    printed = operator.apply(fresh_cluster)

    after = [secret(fresh_cluster, name)["metadata"] for name in ("regcred", "sops-age")]
    assert before == after
    assert printed.count("unchanged") == 3


def test_a_dry_run_writes_nothing_and_shows_no_value(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    printed = operator.apply(fresh_cluster, "--dry-run")
    assert "nothing was changed" in printed
    assert fresh_cluster.find("Namespace", "flux-system") is None

    assert "+++ b/Namespace/flux-system\n" in printed
    assert "+  .dockerconfigjson: (hidden)\n" in printed

    create_namespace(fresh_cluster)
    document = operator.apply(fresh_cluster, "--dry-run", "--output", "json")
    diffs = {step["object"]: step["diff"] for step in documents.read("apply", document)["objects"]}
    assert diffs["Namespace flux-system"] is None
    assert "+  .dockerconfigjson: (hidden)\n" in diffs["Secret flux-system/regcred"]
    assert fresh_cluster.find("Secret", "regcred", "flux-system") is None
    assert fresh_cluster.find("Secret", "sops-age", "flux-system") is None
    assert not [s for s in (*SPELLINGS, "AGE-SECRET-KEY") if s in printed + document]


def test_a_dry_run_shows_what_stays_and_what_changes(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    operator.apply(fresh_cluster)
    fresh_cluster.kubectl(
        *("patch", "secret", "sops-age", "--namespace=flux-system", "--type=json"),
        '--patch=[{"op": "move", "from": "/data/' + entry(fresh_cluster) + '", "path": "/data/x"}]',
    )
    operator.bootstrap("robot:newer")

    printed = operator.apply(fresh_cluster, "--dry-run", "--force")

    assert "   x: (hidden)\n" in printed
    assert "+  age-" in printed
    assert (
        "-  .dockerconfigjson: (hidden, before)\n+  .dockerconfigjson: (hidden, after)\n" in printed
    )
    assert password(fresh_cluster) == "correct horse battery staple"


def test_what_somebody_else_put_beside_the_identity_stays(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    create_namespace(fresh_cluster)
    fresh_cluster.kubectl(
        *("create", "secret", "generic", "sops-age", "--namespace=flux-system"),
        "--from-literal=theirs.agekey=AGE-SECRET-KEY-OF-THEIRS",
    )

    operator.apply(fresh_cluster)

    data = secret(fresh_cluster, "sops-age")["data"]
    assert len(data) == 2  # type: ignore[arg-type]
    assert base64.b64decode(data["theirs.agekey"]) == b"AGE-SECRET-KEY-OF-THEIRS"  # type: ignore[index]


def test_an_identity_that_is_there_under_another_name_is_enough(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    create_namespace(fresh_cluster)
    identity = next(operator.home.rglob("prod.agekey"))
    fresh_cluster.kubectl(
        *("create", "secret", "generic", "sops-age", "--namespace=flux-system"),
        f"--from-file=age.agekey={identity}",
    )

    operator.apply(fresh_cluster)

    assert list(secret(fresh_cluster, "sops-age")["data"]) == ["age.agekey"]  # type: ignore[call-overload]


def test_a_secret_of_another_type_is_refused(fresh_cluster: Cluster, operator: Operator) -> None:
    create_namespace(fresh_cluster)
    fresh_cluster.kubectl(
        *("create", "secret", "generic", "regcred", "--namespace=flux-system"),
        "--from-literal=a=b",
    )

    printed = operator.apply(fresh_cluster, ok=False)

    assert "is of the type Opaque, which cannot change" in printed
    assert f"--context {CONTEXT} --namespace flux-system delete secret regcred" in printed
    assert secret(fresh_cluster)["type"] == "Opaque"


def test_somebody_elses_value_is_taken_over_only_by_force(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    create_namespace(fresh_cluster)
    fresh_cluster.kubectl(
        *("create", "secret", "docker-registry", "regcred", "--namespace=flux-system"),
        *("--docker-server=registry.example.com", "--docker-username=robot"),
        "--docker-password=theirs",
    )

    printed = operator.apply(fresh_cluster, ok=False)
    assert "hint: --force\n" in printed
    assert password(fresh_cluster) == "theirs"

    operator.apply(fresh_cluster, "--force")
    assert password(fresh_cluster) == "correct horse battery staple"


def test_a_secret_that_flux_owns_is_left_to_flux(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    operator.apply(fresh_cluster)
    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets")
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    assert operator.apply(fresh_cluster).count("unchanged") == 3

    operator.bootstrap("robot:newer")
    printed = operator.apply(fresh_cluster, ok=False)
    assert "Flux owns it" in printed
    assert password(fresh_cluster) == "correct horse battery staple"

    operator.apply(fresh_cluster, "--force")
    assert password(fresh_cluster) == "newer"


def test_an_annotation_that_git_drops_goes_though_we_applied_first(
    fresh_cluster: Cluster, fresh_flux: Flux, repository: Repository, operator: Operator
) -> None:
    annotation = "kustomize.toolkit.fluxcd.io/substitute"
    operator.apply(fresh_cluster)
    fresh_flux.bootstrap(repository, "clusters/prod")
    fresh_flux.wait_ready("pull-secrets")
    assert annotation in secret(fresh_cluster)["metadata"]["annotations"]  # type: ignore[index]
    operator.git("pull", "--quiet", "--rebase", "origin", "main")
    operator.bootstrap("robot:changed")
    file = operator.clone / "pull-secrets" / "prod" / "regcred.sops.yaml"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if annotation not in line))
    operator.git("commit", "--quiet", "--all", "--message", "Drop an annotation")

    fresh_flux.wait_ready("pull-secrets", revision=operator.push())

    assert password(fresh_cluster) == "changed"
    assert annotation not in secret(fresh_cluster)["metadata"]["annotations"]  # type: ignore[index]


def test_who_may_not_is_told_what_he_may_not(fresh_cluster: Cluster, operator: Operator) -> None:
    printed = operator.run(
        *("apply", "--path", "clusters/prod", "--context", CONTEXT, "--yes"),
        *("--kubeconfig", str(fresh_cluster.kubeconfig_for(DEVELOPER))),
        ok=False,
    )
    assert "does not let you get Namespace flux-system" in printed
    assert "auth can-i get namespaces" in printed


def test_a_namespace_that_is_being_deleted_takes_nothing(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    create_namespace(fresh_cluster)
    fresh_cluster.kubectl("delete", "namespace", "flux-system", "--wait=false")
    printed = operator.apply(fresh_cluster, ok=False)
    assert "namespace flux-system is being deleted" in printed
    assert fresh_cluster.find("Secret", "sops-age", "flux-system") is None


def test_an_entry_that_holds_something_else_is_not_overwritten(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    operator.apply(fresh_cluster)
    name = entry(fresh_cluster)
    fresh_cluster.kubectl(
        *("patch", "secret", "sops-age", "--namespace=flux-system"),
        "--patch=" + json.dumps({"stringData": {name: "AGE-SECRET-KEY-OF-THEIRS"}}),
    )
    printed = operator.apply(fresh_cluster, ok=False)
    assert f"the entry {name} of Secret flux-system/sops-age holds something else" in printed
    data = secret(fresh_cluster, "sops-age")["data"]
    assert base64.b64decode(data[name]) == b"AGE-SECRET-KEY-OF-THEIRS"  # type: ignore[index]


def test_a_cluster_that_does_not_answer_is_named(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    fresh_cluster.stop()
    printed = operator.apply(fresh_cluster, ok=False)
    assert f"the cluster of context {CONTEXT} does not answer" in printed


def test_a_context_that_is_not_there_is_refused_with_those_that_are(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    printed = operator.run(
        *("apply", "--path", "clusters/prod", "--context", "other", "--yes"),
        *("--kubeconfig", str(fresh_cluster.kubeconfig)),
        ok=False,
    )
    assert "has no context other" in printed
    assert f"--context {CONTEXT}" in printed


def test_without_a_terminal_the_cluster_has_to_be_named(operator: Operator) -> None:
    printed = operator.run("apply", "--path", "clusters/prod", "--yes", ok=False)
    assert "--context NAME --yes" in printed


def test_without_the_identity_nothing_is_applied(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    next(operator.home.rglob("prod.agekey")).unlink()
    printed = operator.apply(fresh_cluster, ok=False)
    assert "the identity of clusters/prod is not at hand" in printed
    assert fresh_cluster.find("Namespace", "flux-system") is None


def test_nothing_that_apply_prints_holds_a_secret(
    fresh_cluster: Cluster, operator: Operator
) -> None:
    printed = operator.apply(fresh_cluster, "--verbose", "--output", "json")
    printed += operator.apply(fresh_cluster)
    assert not [s for s in (*SPELLINGS, "AGE-SECRET-KEY") if s in printed]
