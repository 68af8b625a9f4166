"""The scheduled jobs of docs/rotation.md: parsed as they stand there, and their commands run.

Only addresses and folders are others here: a registry and a Harbor on loopback, without TLS, and no cluster.
"""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.fleet import fleet
from tests.support.user import PROGRAM
from tests.system.test_rotate_harbor import Place, place

__all__ = ["fleet", "place"]

ROOT = Path(__file__).parents[2]
HOST = "registry.example.com:5000"
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: prod
contexts: [{name: prod, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: none}}]
"""


def blocks() -> list[str]:
    return re.findall(r"(?s)```yaml\n(.*?)```", (ROOT / "docs/rotation.md").read_text())


def gitlab_job() -> dict[str, Any]:
    (found,) = [block for block in blocks() if block.startswith("# .gitlab-ci.yml\n")]
    (job,) = yaml.safe_load(found).values()
    return dict(job)


def cronjob_script() -> str:
    (found,) = [block for block in blocks() if "\nkind: CronJob\n" in block]
    job = next(iter(yaml.safe_load_all(found)))
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-euc"]
    return str(container["args"][0])


class Job:
    """A job whose script runs with *place* for what the page names."""

    def __init__(self, place: Place, script: str) -> None:
        self.place = place
        self.folder = place.user.temporary / "job"
        for name in ("work", "secrets", "config"):
            (self.folder / name).mkdir(parents=True)
            script = script.replace(f"/{name}/", f"{self.folder / name}/")
        server = place.server.host
        script = script.replace(f"https://{HOST}", f"http://{server}")
        script = script.replace(HOST, place.registry.host)
        plain = f"--plain-http {place.registry.host} --plain-http {server} --realm {server}"
        self.script = script.replace("registry rotate", f"registry rotate {plain}")
        (self.folder / "config/kubeconfig").write_text(KUBECONFIG)
        minting = self.folder / "secrets/minting"
        minting.write_text(f"robot$minting:{place.password}")
        identity = next((place.user.home / ".config").rglob("prod.agekey"))
        (self.folder / "secrets/prod.agekey").write_bytes(identity.read_bytes())
        for file in (self.folder / "secrets").iterdir():
            file.chmod(0o600)
        # The address of the page leads to the repository that there is.
        remote = place.user.git("remote", "get-url", "origin").strip()
        place.user.git("--git-dir", remote, "symbolic-ref", "HEAD", "refs/heads/main")
        config = place.user.home / ".gitconfig"
        config.write_text(
            f'{config.read_text()}[url "{remote}"]\n\tinsteadOf = ssh://git@git.example.com/fleet.git\n'
        )

    def run(self, **more: str) -> subprocess.CompletedProcess[str]:
        user = self.place.user
        env = {
            **user.env,
            "PATH": f"{PROGRAM.parent}:{user.env['PATH']}",
            "CI_COMMIT_BRANCH": "main",
        }
        env |= {
            "MINTING_CREDS": f"robot$minting:{self.place.password}",
            "AGE_IDENTITY_FILE": str(self.folder / "secrets/prod.agekey"),
            "KUBECONFIG": str(self.folder / "config/kubeconfig"),
        }
        return subprocess.run(
            ["sh", "-euc", self.script],
            cwd=user.repository,
            env={**env, **more},
            capture_output=True,
            text=True,
            check=False,
        )


def gitlab_script() -> str:
    install, *rest = gitlab_job()["script"]
    assert install == "pipx install 'gitops-secrets[all]'"
    return "\n".join(rest)


@pytest.fixture
def lasting(place: Place) -> Place:
    """A place whose credential ends on a day that Git notes: in 2033, as its provider said."""
    (robot,) = place.harbor.robots.values()
    robot["duration"] = 30
    assert place.rotate("--push", "--confirmed", "clusters/prod").status == 0
    return place


@pytest.mark.parametrize("script", [gitlab_script, cronjob_script], ids=["gitlab", "cronjob"])
def test_a_night_on_which_nothing_is_due_changes_nothing(lasting: Place, script: Any) -> None:
    before, robots = lasting.user.git("ls-remote", "origin", "main"), dict(lasting.harbor.secrets)
    done = Job(lasting, script()).run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lasts until 2033-05-18" in done.stdout + done.stderr
    assert (lasting.user.git("ls-remote", "origin", "main"), lasting.harbor.secrets) == (
        before,
        robots,
    )


@pytest.mark.parametrize("script", [gitlab_script, cronjob_script], ids=["gitlab", "cronjob"])
def test_a_night_on_which_it_ends_soon_mints_and_pushes_and_keeps_the_old_one(
    lasting: Place, script: Any
) -> None:
    before, old = lasting.user.git("ls-remote", "origin", "main"), lasting.held()
    days = (dt.datetime(2033, 5, 18, tzinfo=dt.UTC) - dt.datetime.now(dt.UTC)).days + 2
    job = Job(lasting, script().replace("--due 14d", f"--due {days}d"))

    done = job.run()

    # No cluster runs here to confirm, and until one has, the old one pulls.
    assert done.returncode == 3, done.stdout + done.stderr
    assert "does not answer at https://127.0.0.1:1" in done.stderr
    assert lasting.user.git("ls-remote", "origin", "main") != before
    assert old.partition(":")[0] in lasting.harbor.secrets
    assert len(lasting.harbor.secrets) == 2
    assert lasting.password not in done.stdout + done.stderr


def test_the_job_runs_on_a_schedule_alone_and_installs_what_there_is() -> None:
    assert gitlab_job()["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "all" in project["optional-dependencies"]
