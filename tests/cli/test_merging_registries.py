"""Two branches that change the registries of one pull Secret, which sops encrypts as one value."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
import yaml

from tests.support.merging import Branches
from tests.support.user import User


@pytest.fixture
def branches(user: User) -> Branches:
    return Branches(user)


def config(**entries: str) -> str:
    auths = {key.replace("_", "."): {"auth": auth} for key, auth in entries.items()}
    return json.dumps({"auths": auths}, separators=(",", ":"))


def pull_secret(field: str, docker: str) -> str:
    value = base64.b64encode(docker.encode()).decode() if field == "data" else docker
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/dockerconfigjson",
            "metadata": {"name": "regcred"},
            field: {".dockerconfigjson": value},
        }
    )


def registries(branches: Branches, field: str) -> dict[str, str]:
    value = yaml.safe_load(branches.opened())[field][".dockerconfigjson"]
    text = base64.b64decode(value).decode() if field == "data" else value
    return {key: entry["auth"] for key, entry in json.loads(text)["auths"].items()}


@pytest.mark.parametrize("field", ["data", "stringData"])
def test_two_registries_that_two_branches_added_are_both_there(
    branches: Branches, field: str
) -> None:
    def holding(**entries: str) -> Callable[[], None]:
        docker = config(**entries)
        value = base64.b64encode(docker.encode()).decode() if field == "data" else docker
        return branches.setting(field, ".dockerconfigjson", value=json.dumps(value))

    branches.start(branches.encrypt(pull_secret(field, config(ghcr_io="Zw==", quay_io="cQ=="))))
    branches.part(
        holding(ghcr_io="Zw==", a_io="YQ=="), holding(ghcr_io="bmV3", quay_io="cQ==", b_io="Yg==")
    )
    done = branches.merge()
    assert done.status == 0, done.printed
    assert registries(branches, field) == {"ghcr.io": "bmV3", "a.io": "YQ==", "b.io": "Yg=="}


def test_one_registry_with_two_credentials_is_a_conflict_named_by_registry(
    branches: Branches,
) -> None:
    def holding(**entries: str) -> Callable[[], None]:
        return branches.setting(
            "stringData", ".dockerconfigjson", value=json.dumps(config(**entries))
        )

    branches.start(branches.encrypt(pull_secret("stringData", config(ghcr_io="Zw=="))))
    branches.part(holding(ghcr_io="bWFpbg=="), holding(ghcr_io="dG9waWM=", b_io="Yg=="))
    done = branches.merge()
    key = "stringData..dockerconfigjson.auths.ghcr.io"
    assert (done.status, f"both sides changed {key};" in done.stderr) == (1, True), done.stderr
    assert branches.user.run("resolve", branches.path, key, "--theirs").status == 0
    assert registries(branches, "stringData") == {"ghcr.io": "dG9waWM=", "b.io": "Yg=="}
