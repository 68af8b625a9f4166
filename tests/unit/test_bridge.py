"""What is applied to a live pull Secret before the commit: one entry, of this very object."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gitops_secrets.core.live.bridge import plan_bridge
from gitops_secrets.core.registry.credentials import Credentials
from gitops_secrets.core.registry.dockerconfig import build_dockerconfigjson, read_dockerconfigjson
from gitops_secrets.core.sops.secrets import DOCKERCONFIGJSON, PULL_SECRET_TYPE
from gitops_secrets.errors import GitOpsSecretsError
from tests.support.secrets import mixed

HOST, OTHER = "registry.example.com", "ghcr.io"
OLD, NEW, KEPT = (Credentials(user, mixed()) for user in ("old", "new", "kept"))


def live(**more: object) -> dict[str, Any]:
    content = build_dockerconfigjson({HOST: OLD, OTHER: KEPT})
    return {
        "type": PULL_SECRET_TYPE,
        "metadata": {"name": "regcred", "uid": "u-1", "resourceVersion": "7"},
        "data": {DOCKERCONFIGJSON: base64.b64encode(content).decode()},
        **more,
    }


def plan(secret: dict[str, Any], wanted: dict[str, Credentials]) -> Any:
    return plan_bridge(secret, "flux-system", "regcred", wanted, "kubectl")


def test_the_entry_is_changed_and_the_others_are_kept() -> None:
    patch = plan(live(), {HOST: NEW})
    content = base64.b64decode(patch.body["data"][DOCKERCONFIGJSON])
    assert read_dockerconfigjson(content, "x") == {HOST: NEW, OTHER: KEPT}


def test_the_patch_is_for_the_object_that_was_read_and_makes_no_new_one() -> None:
    metadata = plan(live(), {HOST: NEW}).body["metadata"]
    assert (metadata["uid"], metadata["resourceVersion"]) == ("u-1", "7")


def test_a_secret_that_has_it_is_left_alone() -> None:
    assert plan(live(), {HOST: OLD}) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"immutable": True}, "immutable"),
        ({"data": {DOCKERCONFIGJSON: "AAAA"}}, "not a valid docker config"),
        ({"data": {}}, "not a valid docker config"),
    ],
)
def test_a_secret_that_cannot_be_changed_is_refused_without_its_values(
    more: dict[str, object], words: str
) -> None:
    with pytest.raises(GitOpsSecretsError, match=words) as refused:
        plan(live(**more), {HOST: NEW})
    assert NEW.password not in json.dumps([refused.value.message, *refused.value.hints])
