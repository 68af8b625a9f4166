"""Hints that name a program of Debian, or one that needs a registry."""

from __future__ import annotations

import base64
import json
import sys

from tests.hints.bases import BOOTSTRAP
from tests.hints.situation import Situation
from tests.system.hints.bases import HOST, running
from tests.system.hints.site import Site

IMPORT = "gitops-secrets registry import ~/.docker/config.json"
DOCKER = f"""\
#!{sys.executable}
# A stand-in for docker, whose packages bring a daemon: it writes what "docker login" writes, without the questions.
import base64, json, pathlib, sys
_, action, host = sys.argv
path = pathlib.Path.home() / ".docker/config.json"
try:
    auths = json.loads(path.read_text()).get("auths", {{}})
except ValueError:
    auths = {{}}
if action == "login":
    auths[host] = {{"auth": base64.b64encode(b"robot:password").decode()}}
else:
    auths = {{key: auths[key] for key in auths if key not in (host, "https://" + host)}}
path.write_text(json.dumps({{"auths": auths}}))
"""


def config(site: Site, content: str) -> None:
    """A docker config, and docker."""
    running(site)
    program = site.home.parent / "bin/docker"
    program.write_text(DOCKER)
    program.chmod(0o755)
    path = site.home / ".docker/config.json"
    path.parent.mkdir()
    path.write_text(content)


def entries(*hosts: str) -> str:
    """A docker config whose entries have passwords of their own."""
    auths = {
        host: {"auth": base64.b64encode(f"robot:{number}".encode()).decode()}
        for number, host in enumerate(hosts)
    }
    return json.dumps({"auths": auths})


def identity(site: Site) -> None:
    """An identity of age's own making."""
    site.commit({})
    made = site.program(["age-keygen", "-o", str(site.home / "cluster.agekey")])
    assert made.status == 0, made.printed


SITUATIONS = (
    Situation[Site](
        "a docker config without an entry",
        lambda site: config(site, "{}"),
        IMPORT,
        "docker login HOST",
        status=3,
        fill={"HOST": HOST},
    ),
    Situation(
        "a docker config without the registry",
        lambda site: config(site, entries("ghcr.io")),
        f"{IMPORT} --registry {HOST}",
        "docker login {}",
        status=3,
    ),
    Situation(
        "two entries of one registry",
        lambda site: config(site, entries(f"https://{HOST}/v1/", f"https://{HOST}")),
        f"{IMPORT} --registry {HOST}",
        "docker logout {} && docker login {}",
        status=3,
    ),
    Situation(
        "an identity where its recipient is meant",
        identity,
        f"{BOOTSTRAP} --age-recipient $(grep AGE-SECRET-KEY ~/cluster.agekey)",
        "age-keygen -y FILE",
        fill={"FILE": "~/cluster.agekey"},
        shows="age1",
    ),
)
