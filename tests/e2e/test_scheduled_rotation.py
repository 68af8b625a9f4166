"""The CronJob of docs/rotation.md, as a real API server takes it, and whether its rights are those that rotate needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.e2e.cluster import Cluster
from tests.e2e.process import E2EError

PAGE = (Path(__file__).parents[2] / "docs/rotation.md").read_text()
ACCOUNT = "system:serviceaccount:flux-system:registry-rotate"
STRICT = ("apply", "--server-side", "--validate=strict", "-f", "-")


def documented() -> str:
    """The manifests of the page that begin with the CronJob, as they stand there."""
    blocks = re.findall(r"(?s)```yaml\n(.*?)```", PAGE)
    (found,) = [block for block in blocks if "\nkind: CronJob\n" in block]
    return str(found)


def test_the_api_server_takes_each_of_its_fields(ground: Cluster) -> None:
    taken = ground.kubectl(*STRICT, "--dry-run=server", input=documented())
    assert taken.count("(server dry run)") == len(list(yaml.safe_load_all(documented())))
    assert ground.find("CronJob", "registry-rotate", "flux-system") is None


def test_a_field_that_it_does_not_know_would_be_said(ground: Cluster) -> None:
    misspelt = documented().replace("concurrencyPolicy:", "concurrencyPolice:")
    with pytest.raises(E2EError, match="concurrencyPolice"):
        ground.kubectl(*STRICT, "--dry-run=server", input=misspelt)


def test_its_account_may_see_what_rotate_asks_and_no_other_secret(ground: Cluster) -> None:
    ground.install_crds(ground.binaries.flux_crds)
    objects = [o for o in yaml.safe_load_all(documented()) if o["kind"] != "CronJob"]
    for one in objects:
        ground.apply(json.dumps(one))

    def may(verb: str, resource: str) -> bool:
        try:
            asked = ("auth", "can-i", verb, resource, "--all-namespaces", f"--as={ACCOUNT}")
            return ground.kubectl(*asked).strip() == "yes"
        except E2EError:
            return False

    ground.wait_for(lambda: may("get", "secrets/regcred"), "the right to read the pull Secret")
    assert may("list", "kustomizations.kustomize.toolkit.fluxcd.io")
    assert not may("get", "secrets/sops-age")
    assert not may("list", "secrets")
    assert not may("patch", "secrets/regcred")


def test_it_mounts_the_configuration_that_the_page_makes() -> None:
    job, config, *_ = yaml.safe_load_all(documented())
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert {"name": "config", "configMap": {"name": config["metadata"]["name"]}} in pod["volumes"]
    kubeconfig = yaml.safe_load(config["data"]["kubeconfig"])
    (script,) = pod["containers"][0]["args"]
    assert f"--context {kubeconfig['contexts'][0]['name']}" in script
    assert "--kubeconfig /config/kubeconfig" in script
