"""For each page the repository in which its commands are typed, and what a reader does beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.pages import repositories as made
from tests.support.user import User

Prepare = Callable[[User], object]
_IN_A_YEAR = (dt.datetime.now(dt.UTC) + dt.timedelta(days=365)).strftime("%Y-%m-%d")


@dataclass(frozen=True)
class Step:
    """One command of a page that is not simply typed and done; those of a page are in its order."""

    text: str
    begins: Prepare | None = None
    """Makes another repository, in which this command and the next ones are typed."""
    before: Prepare | None = None
    """What the reader does before the command, because the page says so or shows its result."""
    status: int = 0
    says: str = ""
    """What the page shows of the result."""
    reads: str = ""
    """What is on standard input."""
    types: tuple[tuple[str, str], ...] = ()
    """What is typed at a terminal, each after its question."""
    at_a_terminal: bool = False
    """Whether a terminal is there though nothing is typed."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """What the reader puts in place of words of the command."""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """The commands of one page."""

    prepare: Prepare
    steps: tuple[Step, ...] = ()


_INSTALL = "gitops-secrets hooks install"
_PLUGIN = Step("flux secrets doctor", says="gitops-secrets: healthy")
SESSIONS = {
    "README.md": Session(
        made.nothing,
        (
            Step(
                "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred "
                "--registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS",
                says="clusters/prod: 6 files in commit ",
            ),
            Step(_INSTALL, says="pre-commit guards "),
            Step(
                "git add apps && git commit -m 'Pull Secret for the apps'",
                before=made.leak,
                status=1,
                says="hint: gitops-secrets encrypt --add-rule apps/regcred.yaml && git add apps/regcred.yaml .sops.yaml",
            ),
            _PLUGIN,
        ),
    ),
    "docs/attach.md": Session(
        made.teams,
        (
            Step(
                "gitops-secrets attach team-a team-b/builder --path clusters/prod",
                says="sets the imagePullSecrets of ServiceAccount team-a/default from now on",
            ),
            Step(
                "gitops-secrets attach --resourceset team-a team-b --path clusters/prod",
                begins=made.by_operator,
            ),
            Step(
                "gitops-secrets attach --source OCIRepository/podinfo.team-b --path clusters/prod",
                begins=made.teams,
                says="  sources    OCIRepository team-b/podinfo\n",
            ),
            Step(
                "git rm -r pull-secrets/namespaces/prod/team-a clusters/prod/pull-secrets-team-a.yaml",
                before=lambda user: user.run("attach", "team-a"),
            ),
        ),
    ),
    "docs/bootstrap.md": Session(
        made.flux,
        (
            Step(
                "gitops-secrets bootstrap --layout inline --path clusters/prod --image-pull-secret regcred "
                "--registry registry.example.com --registry-creds-env REGISTRY_CREDS",
                begins=made.flux,
                says="comes with a second commit",
            ),
        ),
    ),
    "docs/ci.md": Session(made.a_branch),
    "docs/doctor.md": Session(
        made.undecrypted,
        (
            Step(
                "gitops-secrets doctor",
                status=1,
                says="hint: in clusters/prod/apps.yaml, spec: decryption: {provider: sops, secretRef: {name: sops-age}}",
            ),
        ),
    ),
    "docs/flux-plugin.md": Session(made.with_secret, (_PLUGIN,)),
    "docs/hooks.md": Session(
        made.bootstrapped,
        (
            Step(_INSTALL, says="pre-push guards "),
            Step(_INSTALL, begins=made.on_a_server, says="pre-receive guards "),
        ),
    ),
    "docs/merging.md": Session(
        made.two_sides,
        (
            Step(_INSTALL, says="Git merges encrypted files by value"),
            Step(
                "git merge topic",
                status=1,
                says="hint: gitops-secrets resolve apps/db.sops.yaml stringData.password --theirs",
            ),
            Step(
                "gitops-secrets resolve apps/db.sops.yaml stringData.password --theirs",
                says="apps/db.sops.yaml: no conflict is left; staged",
            ),
            Step("gitops-secrets show apps/db.yaml --diff main", says="values are the same"),
        ),
    ),
    "docs/registries.md": Session(
        made.bootstrapped,
        (
            Step(
                "gitops-secrets registry list",
                says="    used by   image registry.example.com:5000/team/web:1.4 of Deployment shop/web",
            ),
            Step(
                "gitops-secrets registry add --registry ghcr.io --registry-creds-env REGISTRY_CREDS",
                says="  registries ghcr.io (new)\n",
            ),
            Step(
                "gitops-secrets registry update --path clusters/prod --path clusters/stage "
                "--registry registry.example.com:5000 --registry-creds-file ~/robot.txt "
                "--registry ghcr.io --registry-creds-env GHCR_CREDS",
                begins=made.two_clusters,
            ),
            Step("gitops-secrets registry import ~/.docker/config.json", begins=made.bootstrapped),
            Step("gitops-secrets registry explain ghcr.io/acme/web:1", says="the kubelet tries"),
        ),
    ),
    "docs/rotation.md": Session(
        made.bootstrapped,
        (
            Step(
                "read -rs MINTING_CREDS && export MINTING_CREDS", reads="admin:a-word-that-mints\n"
            ),
        ),
    ),
    "docs/scan.md": Session(
        made.a_branch,
        (
            Step(
                "gitops-secrets scan --tree --accept 'test registry, see README' --expires 2027-06-30",
                before=lambda user: (made.leak(user), user.commit({})),
                instead={"2027-06-30": _IN_A_YEAR},
            ),
        ),
    ),
    "docs/secrets.md": Session(
        made.with_secret,
        (
            Step(
                "gitops-secrets encrypt apps/db.yaml",
                before=lambda user: user.write({made.PATH: made.READABLE}),
                says="Secret shop/db encrypted",
            ),
            Step(
                "kubectl create secret generic db --from-file=tls.key --dry-run=client -o yaml | "
                "gitops-secrets encrypt - --to apps/db.yaml",
                before=lambda user: user.write({"tls.key": "another-key"}),
                says="  values   data.tls.key\n",
            ),
            Step(
                "gitops-secrets edit apps/db.yaml",
                at_a_terminal=True,
                env={"EDITOR": "sed -i s/another-key/a-third-key/"},
                says="Secret shop/db encrypted, changed: data.tls.key",
            ),
            Step(
                "gitops-secrets edit apps/db.yaml --key password",
                types=((": ", "a-new-one"), (": ", "a-new-one")),
            ),
        ),
    ),
    "docs/team.md": Session(
        made.with_secret,
        (
            Step("gitops-secrets key list", says="clusters/prod: 2 encrypted files\n"),
            Step("age-keygen -o ~/.config/sops/age/keys.txt", says="Public key: age1"),
            Step(
                "gitops-secrets registry remove --path clusters/prod --registry old.example.com",
                before=lambda user: made.bootstrap(
                    user,
                    "clusters/prod",
                    *("--registry", "old.example.com", "--registry-creds-env", "GHCR_CREDS"),
                ),
            ),
            Step(
                "gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred "
                "--registry registry.example.com --branch registry/regcred --push",
                types=(("User name for ", "robot"), ("Password for ", "a-word")),
                says="Flux gets the commit when registry/regcred is merged into main",
            ),
        ),
    ),
    "docs/verify.md": Session(
        made.tampered,
        (
            Step("gitops-secrets verify", status=1, says="stringData.password was encrypted"),
            Step("gitops-secrets verify --fix", status=1, says="left: apps/db.yaml: "),
            Step("gitops-secrets which-rule apps/db.yaml", says="is for it: "),
        ),
    ),
}
"""Pages that are not in it have no command that is run."""
