"""Hints about the API that mints: where it is, and who may mint."""

from __future__ import annotations

from tests.hints.situation import Situation
from tests.system.hints.bases import (
    HOST,
    MINTS,
    ROTATE,
    acr,
    docker_hub,
    gitlab,
    harbor,
    quay,
)
from tests.system.hints.site import Site

HARBOR = f"{ROTATE} --push --provider harbor"
WAITS = "confirm       waiting"

SITUATIONS = (
    Situation[Site](
        "an API without TLS",
        harbor,
        f"{HARBOR} {MINTS} --endpoint http://git.example.com/team",
        "--plain-http {}",
        says=WAITS,
    ),
    Situation(
        "an API that does not answer",
        harbor,
        f"{HARBOR} {MINTS} --endpoint https://nowhere.example.com/team",
        "--endpoint URL",
        status=3,
        fill={"URL": f"https://{HOST}/team"},
        says=WAITS,
    ),
    Situation(
        "an API without a scheme",
        harbor,
        f"{HARBOR} {MINTS} --endpoint {HOST}/team",
        "--endpoint https://git.example.com",
        fill={"git.example.com": f"{HOST}/team"},
        says=WAITS,
    ),
    Situation(
        "a repository in place of a project of Harbor",
        harbor,
        f"{HARBOR} {MINTS} --endpoint https://{HOST}/team/app",
        "--endpoint https://HOST/PROJECT",
        fill={"HOST": HOST, "PROJECT": "team"},
        says=WAITS,
    ),
    Situation(
        "nobody who may mint",
        harbor,
        f"{HARBOR} --endpoint https://{HOST}/team",
        "--minting-creds-env NAME",
        fill={"NAME": "MINTING_CREDS"},
        says=WAITS,
    ),
    Situation(
        "nobody who may mint, and a file",
        harbor,
        f"{HARBOR} --endpoint https://{HOST}/team",
        "--minting-creds-file FILE",
        fill={"FILE": "~/minting.txt"},
        says=WAITS,
    ),
    Situation(
        "no project of GitLab",
        gitlab,
        f"{ROTATE} --push --provider gitlab {MINTS}",
        "--endpoint https://HOST/GROUP/PROJECT",
        fill={"HOST": HOST, "GROUP": "group", "PROJECT": "app"},
        says=WAITS,
    ),
    Situation(
        "no group of GitLab",
        gitlab,
        f"{ROTATE} --push --provider gitlab {MINTS}",
        "--endpoint https://HOST/groups/GROUP",
        fill={"HOST": HOST, "GROUP": "group"},
        says=WAITS,
    ),
    Situation(
        "no organisation of Quay",
        quay,
        f"{ROTATE} --push --provider quay {MINTS} --revoke team+flux",
        "--endpoint https://HOST/ORGANISATION",
        fill={"HOST": HOST, "ORGANISATION": "team"},
        says=WAITS,
    ),
    Situation(
        "a robot of Quay whose permissions the new one gets",
        quay,
        f"{ROTATE} --push --provider quay {MINTS} --endpoint https://{HOST}/team",
        "--revoke ORGANISATION+ROBOT",
        status=3,
        fill={"ORGANISATION": "team", "ROBOT": "flux"},
        says=WAITS,
    ),
    Situation(
        "the registry in place of the API of Docker Hub",
        docker_hub,
        f"gitops-secrets registry rotate --registry docker.io --push --provider dockerhub {MINTS}",
        "--endpoint https://hub.docker.com",
        says=WAITS,
    ),
    Situation(
        "no token of Azure",
        acr,
        f"{ROTATE} --push --provider acr {MINTS}",
        "--endpoint https://management.azure.com/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ContainerRegistry/registries/REGISTRY/tokens/TOKEN",
        fill={"ID": "0000", "GROUP": "fleet", "REGISTRY": "team", "TOKEN": "flux"},
        says=WAITS,
    ),
)
