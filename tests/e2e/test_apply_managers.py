"""apply among others who manage the same objects: nothing of theirs is taken, nothing of ours is lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from pyrage import x25519

from tests.e2e.applier import Applier
from tests.e2e.between import Answer, Asked, Between

NAMESPACE = "--namespace=flux-system"
PULL_SECRET = "kubernetes.io/dockerconfigjson"
WATCH = "reconcile.fluxcd.io/watch"
THEIRS = base64.b64encode(b'{"auths":{"r.example.com":{"auth":"YTpi"}}}').decode()


def apply_as(
    applier: Applier, name: str, manager: str = "theirs", *, force: bool = False, **fields: object
) -> None:
    """Apply a Secret server-side, as a controller does."""
    metadata = {"name": name, "namespace": "flux-system", **fields.pop("metadata", {})}  # type: ignore[dict-item]
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}
    flags = (
        "--server-side",
        f"--field-manager={manager}",
        *(["--force-conflicts"] if force else []),
    )
    applier.cluster.kubectl("apply", *flags, "-f", "-", input=json.dumps(manifest))


def pull_secret_of_theirs(applier: Applier) -> None:
    apply_as(
        applier,
        "regcred",
        type=PULL_SECRET,
        data={".dockerconfigjson": THEIRS},
    )


def identity_of_theirs() -> str:
    return base64.b64encode(f"{x25519.Identity.generate()}\n".encode()).decode()


def test_a_value_of_another_manager_is_taken_by_force_alone(applier: Applier) -> None:
    pull_secret_of_theirs(applier)
    printed = applier.apply(status=3)
    assert "somebody else owns the value of Secret flux-system/regcred" in printed
    assert "hint: --force\n" in printed
    assert "theirs" in applier.hint(printed, "managedFields")
    assert "applied so far: Secret flux-system/sops-age created" in printed
    assert applier.data("regcred") == {".dockerconfigjson": THEIRS}

    assert "regcred   changed" in applier.apply("--force")
    assert applier.data("regcred") != {".dockerconfigjson": THEIRS}
    assert applier.apply().count("unchanged") == 3


def test_labels_of_another_manager_stay(applier: Applier) -> None:
    labels = {"team": "a", WATCH: "Disabled"}
    empty = {".dockerconfigjson": base64.b64encode(b"{}").decode()}
    apply_as(applier, "sops-age", metadata={"labels": labels})
    apply_as(applier, "regcred", metadata={"labels": labels}, type=PULL_SECRET, data=empty)
    applier.apply("--force")
    assert applier.is_complete()
    for name in ("sops-age", "regcred"):
        found = applier.cluster.get("Secret", name, "flux-system")
        assert found["metadata"]["labels"] == labels
        apply_as(applier, name, metadata={"labels": labels}, type=found["type"])
    assert applier.is_complete(), "what is no longer theirs is ours"
    assert applier.apply().count("unchanged") == 3


@pytest.mark.parametrize("how", ["server-side", "client-side"])
def test_an_owner_of_the_identities_and_we_keep_ours_both(applier: Applier, how: str) -> None:
    """Also when the other one applies its own again."""
    theirs = identity_of_theirs()

    def again() -> None:
        manifest = {"apiVersion": "v1", "kind": "Secret", "data": {"theirs.agekey": theirs},
                    "metadata": {"name": "sops-age", "namespace": "flux-system"}}  # fmt: skip
        flags = ("--server-side", "--field-manager=theirs") if how == "server-side" else ()
        applier.cluster.kubectl("apply", *flags, "-f", "-", input=json.dumps(manifest))

    again()
    assert "sops-age  added" in applier.apply()
    again()
    data = applier.data("sops-age")
    assert len(data) == 2
    assert data["theirs.agekey"] == theirs
    assert applier.apply().count("unchanged") == 3


@pytest.mark.parametrize("name", ["sops-age", "regcred"])
def test_an_immutable_secret_is_replaced_by_the_command_that_is_named(
    applier: Applier, name: str
) -> None:
    theirs = identity_of_theirs()
    if name == "sops-age":
        apply_as(applier, name, data={"theirs.agekey": theirs}, immutable=True)
    else:
        pull_secret_of_theirs(applier)
        applier.cluster.kubectl("patch", "secret", name, NAMESPACE, '--patch={"immutable": true}')
    printed = applier.apply("--force", status=3)
    assert f"Secret flux-system/{name} is immutable, and lacks what this commit has" in printed
    applier.hint(printed, "replace --force")
    applier.apply("--force")
    assert applier.is_complete()
    if name == "sops-age":
        assert applier.data(name)["theirs.agekey"] == theirs


def test_an_immutable_secret_that_has_it_all_is_left_alone(applier: Applier) -> None:
    applier.apply()
    for name in ("sops-age", "regcred"):
        applier.cluster.kubectl("patch", "secret", name, NAMESPACE, '--patch={"immutable": true}')
    assert applier.apply().count("unchanged") == 3


@pytest.mark.parametrize("name", ["sops-age", "regcred"])
@pytest.mark.parametrize("is_equal", [True, False])
def test_a_secret_that_is_being_deleted_is_not_taken_for_one_that_is_there(
    applier: Applier, name: str, *, is_equal: bool
) -> None:
    applier.apply()
    finalizers = {"metadata": {"finalizers": ["example.com/kept"]}}
    applier.cluster.kubectl("patch", "secret", name, NAMESPACE, f"--patch={json.dumps(finalizers)}")
    if not is_equal:
        applier.cluster.kubectl("patch", "secret", name, NAMESPACE, "--type=json",
                              f"--patch={json.dumps([change(name)])}")  # fmt: skip
    applier.cluster.kubectl("delete", "secret", name, NAMESPACE, "--wait=false")
    printed = applier.apply("--force", status=3)
    assert (
        f"Secret flux-system/{name} is being deleted, and what is put there goes with it" in printed
    )
    assert "example.com/kept" in applier.hint(printed, "finalizers")

    applier.cluster.api.patch("Secret", name, "flux-system", {"metadata": {"finalizers": []}})
    applier.apply()
    assert applier.is_complete()


def change(name: str) -> dict[str, object]:
    if name == "sops-age":
        return {"op": "replace", "path": "/data", "value": {}}
    return {"op": "replace", "path": "/data/.dockerconfigjson", "value": THEIRS}


def between_read_and_apply(
    applier: Applier, name: str, happens: Callable[[], object], *flags: str, status: int
) -> str:
    """What apply prints if something happens just before its PATCH of *name* arrives."""
    happened: list[str] = []

    def rule(asked: Asked) -> Answer | None:
        if asked.short in {f"PATCH {name}", f"POST {name}"} and not happened:
            happened.append(name)
            happens()
        return None

    with Between(applier.cluster, rule) as between:
        kubeconfig = applier.kubeconfig(cluster={"server": between.url})
        printed = applier.apply(*flags, kubeconfig=kubeconfig, status=status)
    assert happened
    return printed


def test_a_pull_secret_that_came_meanwhile_is_not_overwritten(applier: Applier) -> None:
    printed = between_read_and_apply(
        applier, "regcred", lambda: pull_secret_of_theirs(applier), status=3
    )
    assert "somebody else owns the value of Secret flux-system/regcred" in printed
    assert applier.data("regcred") == {".dockerconfigjson": THEIRS}


def test_a_secret_of_another_type_that_came_meanwhile_stays(applier: Applier) -> None:
    printed = between_read_and_apply(
        applier,
        "regcred",
        lambda: apply_as(applier, "regcred", type="Opaque", data={"a": "Yg=="}),
        "--force",
        status=3,
    )
    assert "Secret flux-system/regcred is not as it was a moment ago" in printed
    assert applier.data("regcred") == {"a": "Yg=="}
    assert "is of the type Opaque, which cannot change" in applier.apply(status=3)


def test_an_entry_that_came_meanwhile_is_not_overwritten(applier: Applier) -> None:
    applier.apply()
    (entry,) = applier.data("sops-age")
    applier.clear()
    theirs = identity_of_theirs()
    printed = between_read_and_apply(
        applier, "sops-age", lambda: apply_as(applier, "sops-age", data={entry: theirs}), status=3
    )
    assert "somebody else owns the value of Secret flux-system/sops-age" in printed
    assert "--force" not in printed
    assert applier.data("sops-age") == {entry: theirs}
    assert f"the entry {entry} of Secret flux-system/sops-age holds something else" in applier.apply(status=3)  # fmt: skip


def test_entries_that_came_meanwhile_stay(applier: Applier) -> None:
    theirs = identity_of_theirs()
    printed = between_read_and_apply(
        applier,
        "sops-age",
        lambda: apply_as(applier, "sops-age", data={"theirs.agekey": theirs}),
        status=0,
    )
    assert "sops-age  added" in printed, "it was there by then"
    assert len(applier.data("sops-age")) == 2
    assert applier.data("sops-age")["theirs.agekey"] == theirs


def test_a_secret_that_is_deleted_meanwhile_is_created(applier: Applier) -> None:
    apply_as(applier, "sops-age", data={"theirs.agekey": identity_of_theirs()})
    printed = between_read_and_apply(
        applier,
        "sops-age",
        lambda: applier.cluster.kubectl("delete", "secret", "sops-age", NAMESPACE),
        status=0,
    )
    assert "sops-age  created" in printed
    assert applier.is_complete()


def test_a_namespace_that_comes_meanwhile_is_taken_as_it_is(first_applier: Applier) -> None:
    printed = between_read_and_apply(
        first_applier,
        "namespaces",
        lambda: first_applier.cluster.create_namespace("flux-system"),
        status=0,
    )
    assert "Namespace flux-system        unchanged" in printed
    assert first_applier.is_complete()


@pytest.mark.parametrize("name", ["sops-age", "regcred"])
def test_a_namespace_that_is_deleted_meanwhile_takes_nothing_more(
    first_applier: Applier, name: str
) -> None:
    first_applier.cluster.create_namespace("flux-system")
    printed = between_read_and_apply(
        first_applier,
        name,
        lambda: first_applier.cluster.kubectl("delete", "namespace", "flux-system", "--wait=false"),
        status=3,
    )
    assert "namespace flux-system is being deleted" in printed
    assert "get namespace flux-system -o yaml" in printed
    assert ("applied so far: Secret flux-system/sops-age created" in printed) == (name == "regcred")
    assert not first_applier.data(name)
