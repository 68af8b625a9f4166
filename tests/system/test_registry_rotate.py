"""registry rotate against Debian's registry and its password file, which the program of docs/rotation.md edits."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.cli.test_doctor_images import runs
from tests.support.contexts import in_thread
from tests.support.documents import read
from tests.support.fleet import FILES, fleet, push
from tests.support.leaks import Watch
from tests.support.secrets import mixed
from tests.support.user import Result, User
from tests.system.registries import OCI, Registry, basic, serving
from tests.system.registries import push as push_image
from tests.system.robots import shown_program

__all__ = ["fleet"]

COPY = "pull-secrets/namespaces/prod/shop/regcred.sops.yaml"
CONFIRMED = ("--confirmed", "clusters/prod")
WRAPPER = """\
for action; do :; done
[ -e "{folder}/before-$action" ] && . "{folder}/before-$action"
answer=$({program} "$@") || exit 1
[ -e "{folder}/after-$action" ] && . "{folder}/after-$action"
printf '%s' "$answer"
"""


class Place(NamedTuple):
    """A registry whose users a program mints, and a repository whose Secrets hold one of them."""

    user: User
    registry: Registry
    folder: Path
    password: str
    command: str
    """That of the program as docs/rotation.md has it."""

    @property
    def users(self) -> list[str]:
        """The users in the password file."""
        lines = (self.folder / "htpasswd").read_text().splitlines()
        return [line.partition(":")[0] for line in lines]

    def pulls(self, credentials: str) -> bool:
        """Whether the registry lets USER:PASSWORD pull."""
        answer = httpx.get(
            f"{self.registry.url}/v2/team/app/manifests/1",
            headers={"Authorization": basic(*credentials.split(":", 1)), "Accept": OCI},
            trust_env=False,
        )
        return answer.status_code == 200

    def held(self, path: str = "pull-secrets/prod/regcred.sops.yaml") -> str:
        """USER:PASSWORD that the last commit holds."""
        return self.user.credentials(path)[self.registry.host]

    @property
    def old(self) -> str:
        return f"robot:{self.password}"

    def rotate(self, *flags: str, command: str | None = None) -> Result:
        host = self.registry.host
        return self.user.run(
            *("registry", "rotate", "--registry", host, "--plain-http", host),
            *("--exec", command or self.command),
            *flags,
        )

    def fault(self, when: str, script: str) -> str:
        """Have the program do *script* once, before or after an action; return its command."""
        wrapper = self.folder / "wrapper"
        wrapper.write_text(WRAPPER.format(folder=self.folder, program=self.command))
        (self.folder / when).write_text(f'rm "{self.folder / when}"\n{script}\n')
        return f"sh {wrapper}"


@pytest.fixture
def place(fleet: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The Secret of prod and its copy for a namespace hold the user robot, and are pushed."""
    folder = tmp_path_factory.mktemp("registry")
    script = folder / "rotate-htpasswd"
    script.write_text(shown_program())
    password = mixed()
    with serving(folder, htpasswd={"robot": password}) as registry:
        push_image(registry, "team/app", "1", basic("robot", password))
        fleet.commit({"apps/app.yaml": runs(f"{registry.host}/team/app:1", secret="")})
        assert fleet.run("attach", "shop").status == 0
        flags = ("--registry", registry.host, "--registry-creds-env", "CREDS", "--check", "never")
        added = fleet.run("registry", "add", *flags, env={"CREDS": f"robot:{password}"})
        assert added.status == 0, added.printed
        push(fleet)
        command = f"{sys.executable} {script} {folder / 'htpasswd'}"
        yield Place(fleet, registry, folder, password, command)


def stages(result: Result) -> dict[str, str]:
    """What became of each stage."""
    found = re.findall(r"(?m)^([a-z-]+) +(done|skipped|waiting|failed) ", result.stdout)
    return dict(found)


def check_complete(place: Place, result: Result) -> None:
    """See that the new credential is everywhere, and that the old one is refused."""
    assert result.status == 0, result.printed
    assert stages(result)["prove-revoked"] == "done", result.printed
    assert "the rotation is complete" in result.stdout
    new = place.held()
    assert new != place.old
    assert place.held(COPY) == new
    assert (place.pulls(new), place.pulls(place.old)) == (True, False)
    assert place.users == [new.partition(":")[0]]


def test_one_run_goes_from_mint_to_revoke(place: Place) -> None:
    commits = place.user.commits()
    result = place.rotate("--push", *CONFIRMED)
    check_complete(place, result)
    assert place.user.commits() == commits + 1, "all Secrets in one commit, and no second one"
    new = place.held().partition(":")[0]
    assert re.fullmatch(r"gitops-secrets-remote-127-0-0-1-\d+-\d{8}-[0-9a-f]{8}", new)
    again = place.rotate("--resume", *CONFIRMED)
    assert (again.status, place.user.commits()) == (0, commits + 1), again.printed


def test_it_stops_where_a_cluster_is_not_confirmed_and_the_printed_command_goes_on(
    place: Place,
) -> None:
    first = place.rotate("--push")
    assert (first.status, stages(first)["confirm"]) == (0, "waiting")
    assert place.pulls(place.old)
    assert place.pulls(place.held())
    command = first.stdout.rpartition("to go on:\n")[2].split("--registry", 1)[1]
    assert command.strip().endswith("--resume")
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_a_second_rotation_takes_the_id_from_the_first(place: Place) -> None:
    check_complete(place, place.rotate("--push", *CONFIRMED))
    before = place.held()
    second = place.rotate("--push", *CONFIRMED)
    assert second.status == 0, second.printed
    assert place.held() != before
    assert not place.pulls(before)
    assert place.users == [place.held().partition(":")[0]]


def test_the_old_one_pulls_until_it_is_revoked(place: Place) -> None:
    ended = threading.Event()
    revoking = place.folder / "revoking"
    early: list[str] = []
    tries: list[bool] = []

    def pull() -> None:
        while not ended.is_set():
            works = place.pulls(place.old)
            tries.append(works)
            if not works and not revoking.exists():
                early.append("refused")

    command = place.fault("before-revoke", f"touch {revoking}")
    with in_thread(pull, ended.set):
        result = place.rotate("--push", *CONFIRMED, command=command)
    check_complete(place, result)
    assert tries.count(True) > 20
    assert early == []


def test_with_keep_old_nothing_is_revoked(place: Place) -> None:
    result = place.rotate("--push", "--keep-old", *CONFIRMED)
    assert (result.status, stages(result)["revoke"]) == (0, "skipped")
    assert place.pulls(place.old)
    refused = place.rotate("--push")
    assert (refused.status, "an earlier rotation of" in refused.stderr) == (3, True)
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_a_registry_without_a_known_image_is_asked_once(place: Place) -> None:
    """It was asked again for eight seconds, and no image comes by waiting."""
    place.user.git("rm", "--quiet", "apps/app.yaml")
    place.user.commit({})
    result = place.rotate()
    assert (result.status, "no image of it is known" in result.stderr) == (3, True), result.printed
    assert (place.folder / "log").read_text().count('"GET /v2/ HTTP/1.1" 200') == 1


def test_a_dry_run_mints_and_writes_nothing(place: Place) -> None:
    before = place.user.state()
    result = place.rotate("--dry-run", "--output", "json")
    document = read("registry-rotate", result.stdout)
    files = {holder["file"] for holder in document["holders"]}
    assert files == {"pull-secrets/prod/regcred.sops.yaml", COPY}
    assert (result.status, place.users, place.user.state()) == (0, ["robot"], before)


# -- a fault at each stage: the old credential pulls, and the next run completes

KILL = "kill -9 $PPID; sleep 1; exit 1"


def test_a_mint_that_fails_leaves_nothing(place: Place) -> None:
    before = place.user.state()
    result = place.rotate(command=place.fault("before-mint", "exit 7"))
    assert result.status == 3
    assert "nothing was minted; the old credential is as it was" in result.stderr
    assert (place.users, place.user.state()) == (["robot"], before)
    check_complete(place, place.rotate("--push", *CONFIRMED))


def test_a_mint_whose_answer_is_lost_is_found_by_its_name_and_revoked(place: Place) -> None:
    result = place.rotate(command=place.fault("after-mint", "exit 1"))
    assert result.status == 3
    assert "its secret was lost, and it was revoked again" in result.stderr
    assert place.users == ["robot"]
    check_complete(place, place.rotate("--push", *CONFIRMED))


@pytest.mark.parametrize("when", ["before-list", "after-list", "before-mint"])
def test_a_kill_before_anything_was_minted_leaves_nothing(place: Place, when: str) -> None:
    before = place.user.state()
    assert place.rotate(command=place.fault(when, KILL)).status == -9
    assert (place.users, place.user.state()) == (["robot"], before)
    check_complete(place, place.rotate("--push", *CONFIRMED))


def test_after_a_kill_the_orphan_is_named_and_can_be_revoked(place: Place) -> None:
    result = place.rotate(command=place.fault("after-mint", KILL))
    assert result.status == -9
    _, orphan = place.users
    assert place.pulls(place.old)
    second = place.rotate("--push", "--resume")
    assert f"note: {orphan} was made for this repository" in second.stdout, second.printed
    done = place.rotate("--resume", *CONFIRMED, "--revoke", orphan)
    check_complete(place, done)


def test_a_new_credential_that_does_not_pull_is_not_written(place: Place) -> None:
    before = place.user.state()
    spoil = f"sed -i '$s/.*/nobody:x/' {place.folder / 'htpasswd'}"
    result = place.rotate(command=place.fault("after-mint", spoil))
    assert (result.status, stages(result)["prove"]) == (3, "failed"), result.printed
    assert "was revoked again; the old one is as it was" in result.stderr
    assert place.user.state() == before
    assert place.pulls(place.old)


def test_a_hook_that_refuses_the_commit_takes_the_new_credential_back(place: Place) -> None:
    place.user.hook("pre-commit", "echo closed >&2; exit 1")
    before = place.user.state()
    result = place.rotate("--push", *CONFIRMED)
    assert (result.status, "closed" in result.stderr) == (3, True)
    assert (place.users, place.user.state()) == (["robot"], before)
    place.user.hook("pre-commit", "exit 0")
    check_complete(place, place.rotate("--push", *CONFIRMED))


def test_a_refused_push_keeps_the_commit_and_resume_pushes_it(place: Place) -> None:
    remote = place.user.home / "remote"
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho closed >&2\nexit 1\n")
    hook.chmod(0o755)
    result = place.rotate("--push", *CONFIRMED)
    assert (result.status, stages(result)["push"]) == (3, "failed")
    assert place.pulls(place.old)
    assert place.pulls(place.held())
    hook.unlink()
    check_complete(place, place.rotate("--resume", "--push", *CONFIRMED))


@pytest.mark.parametrize("name", ["pre-commit", "post-commit", "pre-push"])
def test_a_kill_around_the_commit_and_the_push_is_gone_on_from(place: Place, name: str) -> None:
    once = place.folder / "once"
    once.touch()
    # The hook's parent is git, and the parent of that is the run.
    run = "$(awk '{print $4}' /proc/$PPID/stat)"
    place.user.hook(name, f"[ -e {once} ] || exit 0; rm {once}; kill -9 {run}; sleep 0.2; exit 0")
    result = place.rotate("--push", *CONFIRMED)
    assert result.status == -9, result.printed
    assert not once.exists()
    assert place.pulls(place.old)
    settle(place)
    done = place.rotate("--resume", "--push", *CONFIRMED)
    orphans = re.findall(r"note: (\S+) was made for this repository", done.stdout)
    if orphans:
        done = place.rotate("--resume", *CONFIRMED, "--revoke", orphans[0])
    check_complete(place, done)


def settle(place: Place) -> None:
    """Wait until the git that a killed run started has ended: it holds the lock."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        result = place.rotate("--dry-run")
        if "at work in this repository" not in result.stderr:
            return
        time.sleep(0.1)


@pytest.mark.parametrize("when", ["before-revoke", "after-revoke"])
@pytest.mark.parametrize("how", ["exit 1", KILL])
def test_a_revocation_that_breaks_off_is_gone_on_from(place: Place, when: str, how: str) -> None:
    result = place.rotate("--push", *CONFIRMED, command=place.fault(when, how))
    assert result.status in (3, -9), result.printed
    assert place.pulls(place.held())
    check_complete(place, place.rotate("--resume", *CONFIRMED))


def test_a_program_that_only_says_that_it_revoked_is_not_believed(place: Place) -> None:
    result = place.rotate("--push", *CONFIRMED, command=place.fault("before-revoke", "exit 0"))
    assert (result.status, "and still lists it" in result.stderr) == (3, True), result.printed
    check_complete(place, place.rotate("--resume", *CONFIRMED))


@pytest.mark.parametrize("named", [(), ("--revoke", "robot")])
def test_after_the_revocation_the_registry_is_asked_again_until_it_refuses(
    place: Place, named: tuple[str, ...]
) -> None:
    """The program's list has no old one any more, and the registry gets to know that later."""
    ids, users, late = (place.folder / name for name in ("ids", "htpasswd", "late"))
    ids.write_bytes(users.read_bytes())
    script = place.folder / "late-registry"
    script.write_text(
        "for action; do :; done\n"
        f'[ "$action" != revoke ] || touch {late}\n'
        f'answer=$({place.command.replace(str(users), str(ids))} "$@") || exit 1\n'
        f"[ -e {late} ] || {{ cp {ids} {ids}.copy && mv {ids}.copy {users}; }}\n"
        "printf '%s' \"$answer\"\n"
    )
    command = f"sh {script}"
    first = place.rotate("--push", *CONFIRMED, *named, command=command)
    assert (first.status, stages(first)["revoke"]) == (3, "done"), first.printed
    assert "--resume asks again" in first.stderr

    again = place.rotate("--resume", *CONFIRMED, *named, command=command)

    assert (again.status, stages(again)["revoke"]) == (3, "done"), again.printed
    assert "lists robot no more" in again.stdout
    assert "the old credential is not seen to be refused: " in again.stderr
    late.unlink()
    assert place.rotate("--dry-run", command=command).status == 0
    check_complete(place, place.rotate("--resume", *CONFIRMED, *named, command=command))


def test_an_id_that_nobody_knows_is_refused_and_the_old_one_is_not_called_gone(
    place: Place,
) -> None:
    first = place.rotate("--push")
    assert (first.status, stages(first)["confirm"]) == (0, "waiting"), first.printed
    new = place.held().partition(":")[0]

    result = place.rotate("--resume", *CONFIRMED, "--revoke", "robto")

    assert (result.status, "prove-revoked" in stages(result)) == (3, False), result.printed
    assert (
        "lists no credential with the id robto: of this repository it lists robot" in result.stderr
    )
    assert "hint: --revoke ID" in result.stderr
    assert "hint: leave --revoke robto out, if it is revoked already" in result.stderr
    assert place.users == ["robot", new]
    check_complete(place, place.rotate("--resume", *CONFIRMED, "--revoke", "robot"))


def test_an_id_that_nobody_knows_is_said_where_the_registry_refuses_the_old_one(
    place: Place,
) -> None:
    """The orphan of a killed run is revoked with the old one. The same command again has to end well."""
    assert place.rotate(command=place.fault("after-mint", KILL)).status == -9
    orphan = place.users[1]
    assert place.rotate("--push", "--resume").status == 0
    flags = ("--resume", *CONFIRMED, "--revoke", orphan)
    check_complete(place, place.rotate(*flags))

    again = place.rotate(*flags)

    check_complete(place, again)
    assert f"revoked before; no credential has the id {orphan}, whether" in again.stdout


def test_a_kill_between_two_revocations_is_gone_on_from_by_the_same_command(place: Place) -> None:
    assert place.rotate(command=place.fault("after-mint", KILL)).status == -9
    orphan = place.users[1]
    assert place.rotate("--push", "--resume").status == 0
    flags = ("--resume", *CONFIRMED, "--revoke", orphan)
    assert place.rotate(*flags, command=place.fault("after-revoke", KILL)).status == -9
    assert ("robot" in place.users, orphan in place.users) == (False, True)
    check_complete(place, place.rotate(*flags))


def test_the_old_one_stays_as_long_as_revoke_after_says(place: Place) -> None:
    first = place.rotate("--push", "--revoke-after", "7d", *CONFIRMED)
    assert (first.status, stages(first)["revoke"]) == (0, "waiting"), first.printed
    assert "the old credential stays until " in first.stdout
    assert "--revoke-after 7d" in first.stdout.partition("to go on:")[2]
    assert (place.pulls(place.old), place.pulls(place.held())) == (True, True)
    early = place.rotate("--resume", "--revoke-after", "7d", *CONFIRMED)
    assert (early.status, stages(early)["revoke"]) == (0, "waiting"), early.printed
    assert place.pulls(place.old)
    # As if the commit were from last month.
    amend = ("git", "commit", "--quiet", "--amend", "--no-edit")
    month = f"{int(time.time()) - 30 * 24 * 3600} +0000"
    assert place.user.program([*amend], env={"GIT_COMMITTER_DATE": month}).status == 0
    place.user.git("push", "--quiet", "--force")
    check_complete(place, place.rotate("--resume", "--revoke-after", "7d", *CONFIRMED))


def test_a_scheduled_run_rotates_in_time_and_revokes_in_a_later_night(place: Place) -> None:
    """The program's credentials end: the first in a month, as its answer says."""
    end = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    script = place.folder / "rotate-htpasswd"
    answered = '"token_seconds": 0}'
    assert answered in script.read_text()
    script.write_text(
        script.read_text().replace(answered, f'"token_seconds": 0, "expires": "{end}"}}')
    )
    nothing = place.rotate("--push", "--due", "14d", *CONFIRMED)
    assert (nothing.status, stages(nothing)) == (0, {"find": "skipped"}), nothing.printed
    assert "nothing in Git says when the credential for" in nothing.stdout
    assert place.rotate("--push", *CONFIRMED).status == 0
    first = place.held()

    early = place.rotate("--push", "--due", "14d", "--revoke-after", "7d", *CONFIRMED)
    assert (early.status, stages(early)) == (0, {"find": "skipped"}), early.printed
    assert "lasts until" in early.stdout
    in_time = place.rotate("--push", "--due", "40d", "--revoke-after", "7d", *CONFIRMED)
    assert (in_time.status, stages(in_time)["revoke"]) == (0, "waiting"), in_time.printed
    assert place.pulls(first)
    later = place.rotate("--push", "--due", "14d", "--revoke-after", "0d", *CONFIRMED)

    assert (later.status, stages(later)["prove-revoked"]) == (0, "done"), later.printed
    assert (place.pulls(first), place.pulls(place.held())) == (False, True)
    done = place.rotate("--push", "--due", "14d", "--revoke-after", "7d", *CONFIRMED)
    assert stages(done) == {"find": "skipped"}, done.printed


@pytest.mark.parametrize("span", ["7", "d", "-1d", "7w", "1.5d"])
def test_a_span_is_days_or_hours(fleet: User, span: str) -> None:
    flags = ("--registry", "registry.example.com", "--exec", "true", "--revoke-after", span)
    result = fleet.run("registry", "rotate", *flags)
    assert (result.status, "as 7d or 36h" in result.stderr) == (2, True), result.printed


# -- what is not revoked


def note_previous(place: Place, ident: str) -> None:
    """Have the Secret note *ident* as the old one's, as somebody who can decrypt can do it."""
    import json

    from gitops_secrets.adapters.sops.program import find_sops

    user, path = place.user, "pull-secrets/prod/regcred.sops.yaml"
    line = next(x for x in user.read(path).splitlines() if "rotation-records" in x)
    changed = line.partition(": ")[2].strip().strip("'").replace('"robot"', f'"{ident}"')
    assert ident in changed
    (identity,) = (user.home / ".config").rglob("*.agekey")
    way = '["metadata"]["annotations"]["gitops-secrets/rotation-records"]'
    done = user.program(
        [find_sops(), "set", path, way, json.dumps(changed)],
        env={"SOPS_AGE_KEY_FILE": str(identity)},
    )
    assert done.status == 0, done.printed
    user.git("commit", "--quiet", "--all", "--message", "Another id")


def test_an_id_that_stands_in_git_is_not_revoked_if_the_list_has_it_for_another_user(
    place: Place,
) -> None:
    assert place.rotate("--push").status == 0
    path = place.folder / "htpasswd"
    path.write_text(path.read_text() + "other:x\n")
    note_previous(place, "other")
    result = place.rotate("--resume", "--push", *CONFIRMED)
    assert (result.status, stages(result)["revoke"]) == (0, "waiting"), result.printed
    assert "the list does not say which id is the old credential's" in result.stdout
    assert {"other", "robot"} < {*place.users}
    named = place.rotate("--resume", "--push", *CONFIRMED, "--revoke", "robot")
    assert (stages(named)["prove-revoked"], "robot" in place.users) == ("done", False)
    assert "other" in place.users


def test_an_annotation_that_was_changed_without_a_key_stops_everything(place: Place) -> None:
    assert place.rotate("--push").status == 0
    secret = "pull-secrets/prod/regcred.sops.yaml"
    changed = (
        place.user.read(secret).replace('"robot"', '"other"').replace(r"\"robot\"", r"\"other\"")
    )
    assert changed != place.user.read(secret)
    place.user.commit({secret: changed})
    users = place.users
    result = place.rotate("--resume", "--push", *CONFIRMED)
    assert (result.status, place.users) == (3, users), result.printed


def test_clusters_with_different_credentials_are_rotated_one_after_the_other(place: Place) -> None:
    user, host = place.user, place.registry.host
    stage = {
        path.replace("prod", "stage"): text.replace("prod", "stage") for path, text in FILES.items()
    }
    user.commit(stage)
    flags = ("--registry", host, "--registry-creds-env", "CREDS", "--image-pull-secret", "regcred")
    other = user.run("bootstrap", "--path", "clusters/stage", *flags, env={"CREDS": "x:y"})
    assert other.status == 0, other.printed
    both = place.rotate("--all", "--push")
    assert (both.status, "have different credentials" in both.stderr) == (3, True), both.printed
    assert place.users == ["robot"]
    check_complete(place, place.rotate("--path", "clusters/prod", "--push", *CONFIRMED))


def test_every_cluster_with_the_credential_is_switched_and_has_to_be_confirmed(
    place: Place,
) -> None:
    user, host = place.user, place.registry.host
    stage = {
        path.replace("prod", "stage"): text.replace("prod", "stage") for path, text in FILES.items()
    }
    user.commit(stage)
    flags = ("--registry", host, "--registry-creds-env", "CREDS", "--image-pull-secret", "regcred")
    other = user.run("bootstrap", "--path", "clusters/stage", *flags, env={"CREDS": place.old})
    assert other.status == 0, other.printed
    first = place.rotate("--path", "clusters/prod", "--push", *CONFIRMED)
    assert "clusters/stage not confirmed" in first.stdout, first.printed
    assert place.pulls(place.old)
    path = "pull-secrets/stage/regcred.sops.yaml"
    assert place.held(path) == place.held() != place.old
    wrong = place.rotate("--path", "clusters/prod", "--resume", "--confirmed", "clusters/dev")
    assert (wrong.status, "clusters/dev does not hold this credential" in wrong.stderr) == (2, True)
    last = ("--resume", *CONFIRMED, "--confirmed", "clusters/stage")
    check_complete(place, place.rotate("--path", "clusters/stage", *last))


def test_the_program_can_stand_in_the_users_own_settings(place: Place) -> None:
    host = place.registry.host
    common = ("registry", "rotate", "--registry", host, "--plain-http", host, "--provider", "exec")
    refused = place.user.run(*common)
    assert (refused.status, place.users) == (2, ["robot"])
    settings = place.user.home / ".config/gitops-secrets/config.yaml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f"registry-programs:\n  {host}: {place.command}\n")
    check_complete(place, place.user.run(*common, "--push", *CONFIRMED))


def test_settings_in_a_work_tree_name_no_program(place: Place) -> None:
    host = place.registry.host
    proof = place.folder / "ran"
    settings = f"registry-programs:\n  {host}: touch {proof}\n"
    place.user.commit({"config/gitops-secrets/config.yaml": settings})
    env = {"XDG_CONFIG_HOME": str(place.user.repository / "config")}
    result = place.user.run(
        *("registry", "rotate", "--registry", host, "--provider", "exec"), env=env
    )
    assert (result.status, proof.exists()) == (3, False), result.printed


def test_a_holder_that_is_not_ours_stops_it_before_anything_is_minted(place: Place) -> None:
    from tests.support.fleet import seal
    from tests.support.secrets import opaque

    seal(place.user, "apps/job.sops.yaml", opaque(place.password, name="job"))
    place.user.commit({})
    result = place.rotate("--push", *CONFIRMED)
    assert (result.status, "also in apps/job.sops.yaml" in result.stderr) == (3, True), (
        result.printed
    )
    assert place.users == ["robot"]


def test_what_you_bring_is_switched_and_you_are_told_what_to_revoke(place: Place) -> None:
    host, path = place.registry.host, place.folder / "htpasswd"
    new = f"robot-b:{mixed()}"
    add_user(path, new)
    common = ("registry", "rotate", "--registry", host, "--plain-http", host)
    flags = ("--registry-creds-env", "NEW", "--push", "-v", *CONFIRMED)
    with Watch(place.user, new.partition(":")[2], place.password, own="NEW") as watch:
        first = place.user.run(*common, *flags, env={"NEW": new})
    assert watch.leaks(first) == []
    assert (first.status, stages(first)["revoke"]) == (0, "waiting"), first.printed
    assert "revoke the old credential of robot at" in first.stdout
    assert place.held() == new
    assert place.pulls(place.old)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("robot:")))
    check_complete(place, place.user.run(*common, "--resume", *CONFIRMED))


def add_user(path: Path, credentials: str) -> None:
    import bcrypt

    user, _, password = credentials.partition(":")
    digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    path.write_text(f"{path.read_text()}{user}:{digest}\n")


def test_neither_credential_is_in_anything_that_a_rotation_wrote_or_printed(place: Place) -> None:
    with Watch(place.user, place.password) as watch:
        first = place.rotate("--push", "-v")
        new = place.held().partition(":")[2]
        results: list[Any] = [first, place.rotate("--resume", "--push", "-v", *CONFIRMED)]
    assert "rotation is complete" in results[1].stdout, results[1].printed
    assert watch.leaks(*results) == []
    with Watch(place.user, new) as later:
        results.append(place.rotate("--resume", *CONFIRMED, "--output", "json"))
        results.append(place.rotate("--push", *CONFIRMED, "--output", "json"))
    assert later.leaks(*results) == []
