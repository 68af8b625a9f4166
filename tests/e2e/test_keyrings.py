"""Which entries are tried for a drawn image, compared with the packages of the kubelet, of Flux and of docker."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from gitops_secrets.core.registry.image import parse_image
from gitops_secrets.core.registry.lookup import Entry, Reader, chart_entries, entries_for
from gitops_secrets.core.registry.reference import normalised_key
from tests.e2e.tools.build import Binaries

SETS = 6000
DRAWN_BY = os.environ.get("GITOPS_SECRETS_KEYRINGS", "the same sets in each run")
"""The seed of the sets: another one is a search for what the readers do and we do not know."""

HOSTS = (
    *("docker.io", "index.docker.io", "registry-1.docker.io", "ghcr.io", "quay.io", "localhost:5000"),
    *("r.example.com", "r.example.com:5000", "a.r.example.com", "r-1.example.com", "[::1]:5000"),
)  # fmt: skip
GLOBS = (
    *("*.io", "*", "*.example.com", "r.*.com", "*.*.example.com", "r*.example.com", "*:5000"),
    *("*.example.com:5000", "R.example.com", "r.example.com:443", "example.com", "*.docker.io"),
)  # fmt: skip
PATHS = ("ap", "a/b", "team", "team-b", "team/web", "library", "library/alpine", "a/b/c")
ENDS = ("", "", "", "", "/", "/v1/", "/v2/", "/v2/team", "/v1", "/v2")
Group = tuple[str, str]
"""A Secret, and a key as it is compared: which of two entries of one group comes first is left to chance."""


class Drawn(NamedTuple):
    """Some pull Secrets and an image."""

    image: str
    entries: tuple[Entry, ...]

    @property
    def host(self) -> str:
        """The host of a HelmRepository that reads the image's registry."""
        return self.image.partition("/")[0]

    def question(self) -> str:
        """The set as the program reads it."""
        configs: dict[str, dict[str, object]] = {}
        for entry in self.entries:
            fields = {"username": entry.user, "password": "word"}
            configs.setdefault(entry.secret, {})[entry.key] = fields
        held = [json.dumps({"auths": auths}) for auths in configs.values()]
        return json.dumps({"image": self.image, "host": self.host, "configs": held})


def draw(random: Random) -> Drawn:
    """Return a set whose keys and image have a good chance to be for each other."""
    near = random.sample(HOSTS, 3)
    host, path = random.choice([*near, ""]), random.choice(PATHS)
    end = random.choice(["", ":1", ":v1.2", f"@sha256:{'ab' * 32}"])
    entries: dict[tuple[str, str], Entry] = {}
    for number in range(random.randint(1, 6)):
        secret = str(random.randint(0, min(2, number)))
        base = random.choice([*near, *near, random.choice(GLOBS), random.choice(HOSTS)])
        inside = random.choice(["", "", f"/{random.choice(PATHS)}", f"/{path}"])
        scheme = random.choice(["", "", "", "https://", "http://"])
        key = f"{scheme}{base}{inside or random.choice(ENDS)}"
        entries.setdefault((secret, key), Entry(secret, key, f"user{number}"))
    ordered = sorted(entries.values(), key=lambda entry: entry.secret)
    return Drawn(f"{host}/{path}{end}".lstrip("/"), tuple(ordered))


def groups(entries: Sequence[Entry]) -> list[Group]:
    return [(entry.secret, normalised_key(entry.key)) for entry in entries]


def difference(drawn: Drawn, answer: dict[str, list[str]]) -> str | None:
    """Return what of *answer* is not what we say, None if there is nothing."""
    by_user = {entry.user: entry for entry in drawn.entries}
    real = {reader: [by_user[user] for user in users] for reader, users in answer.items()}
    image = parse_image(drawn.image)
    kubelet = groups(entries_for(image, drawn.entries, Reader.KUBELET))
    if kubelet != groups(real["Kubelet"]):
        return f"kubelet: we {kubelet}, it {groups(real['Kubelet'])}"
    for reader in (Reader.SOURCE_CONTROLLER, Reader.IMAGE_REFLECTOR):
        ours = groups(entries_for(image, drawn.entries, reader))
        if ours != groups(real["Controller"]):
            return f"{reader}: we {ours}, it {groups(real['Controller'])}"
    first = [entry for entry in drawn.entries if entry.secret == drawn.entries[0].secret]
    charts = chart_entries(drawn.host, first)
    if bool(charts) != bool(real["Charts"]) or not set(real["Charts"]) <= set(charts):
        return f"charts: we {charts}, it {real['Charts']}"
    return None


def test_drawn_sets_are_tried_as_the_readers_themselves_try_them(binaries: Binaries) -> None:
    sets = [draw(Random(f"{DRAWN_BY} {number}")) for number in range(SETS)]
    done = subprocess.run(
        [binaries.keyrings],
        input="\n".join(drawn.question() for drawn in sets),
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == SETS
    wrong = [
        f"set {number}: {drawn.question()}: {found}"
        for number, (drawn, answer) in enumerate(zip(sets, answers, strict=True))
        if (found := difference(drawn, answer)) is not None
    ]
    for reader in ("Kubelet", "Controller", "Charts"):
        tried = sum(bool(answer[reader]) for answer in answers)
        assert SETS / 5 < tried < SETS * 4 / 5, f"{reader} finds an entry in {tried} sets"
    several = sum(len(answer["Kubelet"]) > 1 for answer in answers)
    assert several > SETS / 10, f"the kubelet tries several in {several} sets"
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong[:20])
