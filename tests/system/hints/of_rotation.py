"""Hints of registry rotate, with a program and with what the user brings."""

from __future__ import annotations

from tests.hints.bases import then
from tests.hints.situation import Situation
from tests.support.fleet import push, seal
from tests.support.secrets import opaque
from tests.system.hints.bases import HOST, MINTS, ROTATE, harbor, of_two_clusters, running
from tests.system.hints.site import Site

EXEC = f"{ROTATE} --exec mint-robot"
WAITS = "confirm       waiting"


def held_elsewhere(site: Site) -> None:
    """The password of the credential in a Secret of an application."""
    running(site)
    seal(site, "apps/job.sops.yaml", opaque("password", name="job"))
    site.commit({})
    push(site)


def hidden(site: Site) -> None:
    """A second cluster whose identity lies where nobody looks for it."""
    of_two_clusters(site)
    push(site)
    (path,) = site.home.rglob("stage.agekey")
    path.rename(site.home / "stage.agekey")


def brought(site: Site) -> None:
    """A second user of the registry."""
    running(site)
    site.servers.know({"robot-b": "a-new-password"})
    site.env["NEW_CREDS"] = "robot-b:a-new-password"


SITUATIONS = (
    Situation[Site](
        "a program that there is not",
        running,
        f"{ROTATE} --exec nowhere --push",
        "--exec '/usr/local/bin/mint-credential --server staging'",
        fill={"/usr/local/bin/mint-credential --server staging": "mint-robot --project team"},
        says=WAITS,
    ),
    Situation(
        "settings that name no program",
        running,
        f"{ROTATE} --provider exec --push",
        "--exec mint-robot",
        says=WAITS,
    ),
    Situation(
        "nothing to resume, and a program",
        running,
        f"{ROTATE} --resume --push",
        "--exec COMMAND",
        fill={"COMMAND": "mint-robot"},
        says=WAITS,
    ),
    Situation(
        "nothing to resume, and a new credential",
        brought,
        f"{ROTATE} --resume --push",
        "--registry-creds-env NAME",
        fill={"NAME": "NEW_CREDS"},
        says=WAITS,
    ),
    Situation(
        "a rotation that a provider began",
        then(harbor, f"{ROTATE} --provider harbor --endpoint https://{HOST}/team {MINTS} --push"),
        f"{ROTATE} --resume --confirmed clusters/prod",
        "--provider {}",
        status=3,
        then=2,
        says="--provider harbor needs a credential that may mint",
    ),
    Situation(
        "an id that no credential has",
        running,
        f"{EXEC} --push --revoke 99",
        "--revoke ID",
        status=3,
        fill={"ID": "robot"},
        says=WAITS,
    ),
    Situation(
        "a pause after the revocation",
        harbor,
        f"{ROTATE} --provider harbor --endpoint https://{HOST}/team {MINTS} --push --pause-after 8d",
        "--pause-after 3d --revoke-after 7d",
        says=WAITS,
    ),
    Situation(
        "a Secret that a rotation does not change",
        held_elsewhere,
        f"{EXEC} --push",
        "--keep-old",
        status=3,
        says=WAITS,
    ),
    Situation(
        "a pull Secret that no identity at hand opens",
        hidden,
        f"{EXEC} --push --path clusters/prod",
        "--age-identity-file FILE",
        status=3,
        fill={"FILE": "~/stage.agekey"},
        says=WAITS,
    ),
    Situation(
        "a cluster that does not hold the credential",
        running,
        f"{EXEC} --push --confirmed clusters/dev",
        "--confirmed {}",
        says="the rotation is complete",
    ),
    Situation(
        "a context for one of two clusters",
        of_two_clusters,
        f"{EXEC} --push --all --context prod",
        "--context {}={}",
        then=3,
        says="kubeconfig",
    ),
)
