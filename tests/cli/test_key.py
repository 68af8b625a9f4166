"""key: who can decrypt the Secrets of a cluster; a colleague comes, and goes."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.field import gotk
from tests.support.secrets import opaque, word
from tests.support.user import User

SECRET = "pull-secrets/prod/regcred.sops.yaml"
APP = "apps/db.sops.yaml"


class Person:
    """A colleague, and the file with the identity."""

    def __init__(self, folder: Path) -> None:
        identity = pyrage.x25519.Identity.generate()
        self.recipient = str(identity.to_public())
        self.file = folder / "colleague.agekey"
        self.file.write_text(f"{identity}\n")
        # Nothing else of the user's can be found there.
        self.env = {"SOPS_AGE_KEY_FILE": str(self.file), "XDG_CONFIG_HOME": str(folder)}


@pytest.fixture
def fleet(user: User) -> User:
    """A user with a cluster, its pull Secret, and a Secret of an app."""
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    made = ("encrypt", "-", "--add-rule", "--to", APP)
    assert user.run(*made, stdin=opaque("an-app-value").encode()).status == 0
    user.commit({})
    return user


@pytest.fixture
def colleague(tmp_path: Path) -> Person:
    """Somebody who has an identity and nothing else."""
    return Person(tmp_path)


def can_read(user: User, person: Person, path: str) -> bool:
    return user.run("show", path, "--reveal", env=person.env).status == 0


def test_a_colleague_who_comes_can_decrypt_everything_of_the_cluster(
    fleet: User, colleague: Person
) -> None:
    assert not can_read(fleet, colleague, SECRET)

    result = fleet.run("key", "add", colleague.recipient, "--name", "alice")

    assert result.status == 0, result.printed
    assert fleet.git("show", "--name-only", "--format=").split() == [".sops.yaml", APP, SECRET]
    assert all(can_read(fleet, colleague, path) for path in (SECRET, APP))
    assert fleet.read(".sops.yaml").count(f"- {colleague.recipient} # person: alice\n") == 2
    before = fleet.state()
    again = fleet.run("key", "add", colleague.recipient, "--name", "alice")
    assert (again.status, fleet.state()) == (0, before), again.printed
    assert fleet.run("verify").status == 0


def test_a_name_for_a_reader_who_is_known_goes_to_the_rules_alone(
    fleet: User, colleague: Person
) -> None:
    assert fleet.run("key", "add", colleague.recipient).status == 0
    for name in ("alice", "alice@example.com"):
        result = fleet.run("key", "add", colleague.recipient, "--name", name)

        assert result.status == 0, result.printed
        assert "  clusters/prod: 2 creation rules, 0 encrypted files\n" in result.stdout
        assert fleet.git("show", "--name-only", "--format=%s").split("\n\n") == [
            "Say whose a recipient of clusters/prod is",
            ".sops.yaml\n",
        ]
        assert fleet.read(".sops.yaml").count(f"- {colleague.recipient} # person: {name}\n") == 2
    again = fleet.run("key", "add", colleague.recipient)
    assert "everything is in place" in again.stdout, "without --name the name stays"


def test_no_value_is_encrypted_again_for_one_reader_more(fleet: User, colleague: Person) -> None:
    values = [line for line in fleet.read(SECRET).splitlines() if "ENC[" in line]
    assert fleet.run("key", "add", colleague.recipient).status == 0
    assert [line for line in fleet.read(SECRET).splitlines() if "ENC[" in line] == values


def test_one_who_goes_cannot_decrypt_what_comes_later(fleet: User, colleague: Person) -> None:
    assert fleet.run("key", "add", colleague.recipient).status == 0
    values = [line for line in fleet.read(SECRET).splitlines() if "ENC[" in line]

    result = fleet.run("key", "remove", colleague.recipient)

    assert result.status == 0, result.printed
    assert not any(can_read(fleet, colleague, path) for path in (SECRET, APP))
    assert not set(values) & set(fleet.read(SECRET).splitlines()), "with another data key"
    assert colleague.recipient not in fleet.read(".sops.yaml")
    assert "earlier commits can still be decrypted with that key" in result.stdout
    assert fleet.credentials() == {"registry.example.com": "robot:password"}
    assert fleet.run("verify").status == 0


def test_whoever_goes_read_each_of_two_pull_secrets_and_each_gets_a_command(
    fleet: User, colleague: Person
) -> None:
    more = ("--image-pull-secret", "second", "--registry", "ghcr.io", "--registry-creds-env", "C")
    assert fleet.run("bootstrap", *more, env={"C": "a:b"}).status == 0
    assert fleet.run("key", "add", colleague.recipient).status == 0

    said = fleet.run("key", "remove", colleague.recipient, "--path", "clusters/prod").stdout

    for secret, registry in (("regcred", "registry.example.com"), ("second", "ghcr.io")):
        command = f"registry update --path clusters/prod --image-pull-secret {secret} --registry "
        assert f"  gitops-secrets {command}HOST:PORT\n" in said, said
        words = (*command.split(), registry, "--registry-creds-env", "C", "--check", "never")
        assert fleet.run(*words, env={"C": "c:d"}).status == 0


def test_the_list_says_who_reads_how_much(fleet: User, colleague: Person) -> None:
    assert fleet.run("key", "add", colleague.recipient, "--name", "alice").status == 0
    printed = fleet.run("key", "list").stdout
    assert "clusters/prod: 2 encrypted files\n" in printed
    assert f"  {colleague.recipient}  alice\n" in printed
    assert "  cluster, identity in " in printed


@pytest.fixture
def former(fleet: User, colleague: Person) -> Person:
    """A colleague whom the files still have as a reader, and no rule any more: somebody edited .sops.yaml."""
    assert fleet.run("key", "add", colleague.recipient).status == 0
    lines = fleet.read(".sops.yaml").splitlines(keepends=True)
    fleet.commit({".sops.yaml": "".join(x for x in lines if colleague.recipient not in x)})
    return colleague


def test_a_reader_whom_only_a_file_still_names_is_shown(fleet: User, former: Person) -> None:
    assert f"{former.recipient}  person, in no rule any more\n" in fleet.run("key", "list").stdout


def encrypted_lines(user: User) -> set[str]:
    return {
        line for path in (SECRET, APP) for line in user.read(path).splitlines() if "ENC[" in line
    }


def test_when_somebody_comes_who_is_in_no_rule_any_more_gets_nothing_later(
    fleet: User, former: Person
) -> None:
    """The former reader has the old data key: what is written under it later would be readable too."""
    before = encrypted_lines(fleet)
    coming = str(pyrage.x25519.Identity.generate().to_public())

    result = fleet.run("key", "add", coming)

    assert result.status == 0, result.printed
    assert not encrypted_lines(fleet) & before
    assert not any(former.recipient in fleet.read(path) for path in (SECRET, APP))
    assert fleet.run("verify").status == 0


def test_a_reader_whom_only_a_file_still_names_can_be_removed(fleet: User, former: Person) -> None:
    before = encrypted_lines(fleet)

    result = fleet.run("key", "remove", former.recipient)

    assert result.status == 0, result.printed
    assert "  clusters/prod: 0 creation rules, 2 encrypted files\n" in result.stdout
    assert not encrypted_lines(fleet) & before
    assert former.recipient not in fleet.run("key", "list").stdout
    again = fleet.run("key", "remove", former.recipient)
    assert (again.status, "no creation rule and no file of" in again.stderr) == (3, True), (
        again.printed
    )


def test_a_name_is_kept_by_a_later_bootstrap(fleet: User, colleague: Person) -> None:
    assert fleet.run("key", "add", colleague.recipient, "--name", "alice").status == 0
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert fleet.bootstrap("--age-recipient", other).status == 0
    assert f"- {colleague.recipient} # person: alice\n" in fleet.read(".sops.yaml")


def test_of_several_clusters_only_the_one_named_is_changed(user: User, colleague: Person) -> None:
    user.commit(gotk.LAYOUTS["several clusters"].files)
    more = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    made = ("bootstrap", "--all", "--image-pull-secret", "regcred", *more)
    assert user.run(*made, env={"CREDS": "robot:password"}).status == 0

    asked = user.run("key", "add", colleague.recipient)
    result = user.run("key", "add", colleague.recipient, "--path", "clusters/staging")

    assert (asked.status, result.status) == (2, 0), result.printed
    assert can_read(user, colleague, "pull-secrets/staging/regcred.sops.yaml")
    assert not can_read(user, colleague, "pull-secrets/production/regcred.sops.yaml")


def test_what_cannot_be_done_is_said_before_anything_is_written(
    fleet: User, colleague: Person
) -> None:
    own = fleet.run("key", "list", "--json").stdout.partition('"recipient": "')[2].partition('"')[0]
    before = fleet.state()
    for arguments, status, message in (
        (("remove", own), 3, "is the recipient of clusters/prod itself"),
        (("add", own, "--name", "alice"), 2, "is the recipient of clusters/prod, which its line"),
        (("remove", colleague.recipient), 3, "no creation rule and no file of clusters/prod names"),
        (("add", "age1nonsense"), 2, "recipient"),
        (("add", colleague.recipient, "--name", "two\nlines"), 2, "--name is one line"),
        (("add", colleague.recipient, "--dry-run"), 0, "would change; nothing was written"),
    ):
        result = fleet.run("key", *arguments)
        assert result.status == status, result.printed
        assert message in result.printed
        assert fleet.state() == before


def test_without_an_identity_nobody_is_added(fleet: User, colleague: Person) -> None:
    before = fleet.state()
    env = {"XDG_CONFIG_HOME": str(fleet.temporary)}
    result = fleet.run("key", "add", colleague.recipient, env=env)
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "no identity at hand opens" in result.stderr


@pytest.mark.parametrize(
    "form", ["{own} # cluster: clusters/prod", ">-\n      {own},\n      {other}"]
)
def test_a_rule_whose_recipients_are_text_gets_a_list(
    fleet: User, colleague: Person, form: str
) -> None:
    config = fleet.read(".sops.yaml")
    own = next(line.split()[1] for line in config.splitlines() if "# cluster" in line)
    other = str(pyrage.x25519.Identity.generate().to_public())
    value = form.format(own=own, other=other)
    regex = "    encrypted_regex: ^(data|stringData)$\n"
    more = f"  - path_regex: ^pull-secrets/prod/\n    age: {value}\n{regex}"
    head, tail = config.split("creation_rules:\n")
    fleet.commit({".sops.yaml": f"{head}creation_rules:\n{more}{tail}"})

    result = fleet.run("key", "add", colleague.recipient, "--name", "alice")

    assert result.status == 0, result.printed
    added = f"      - {colleague.recipient} # person: alice\n"
    assert f"    age:\n      - {own}" in fleet.read(".sops.yaml")
    assert fleet.read(".sops.yaml").count(added) >= 1
    assert can_read(fleet, colleague, SECRET)


def test_a_rule_without_recipients_of_its_own_is_named(fleet: User, colleague: Person) -> None:
    config = fleet.read(".sops.yaml")
    own = next(line.split()[1] for line in config.splitlines() if "# cluster" in line)
    more = f"  - path_regex: ^more/\n    age: &own {own} # cluster: clusters/prod\n"
    fleet.commit({".sops.yaml": config.replace("stores:", f"{more}stores:")})
    before = fleet.state()
    result = fleet.run("key", "add", colleague.recipient)
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "has no list age of its own that can be edited" in result.stderr


def test_a_file_that_is_no_manifest_is_counted_and_named(
    fleet: User, colleague: Person, tmp_path: Path
) -> None:
    """sops alone changes the readers of a dotenv file, and nobody is to think that it was done."""
    own = next(x.split()[1] for x in fleet.read(".sops.yaml").splitlines() if "# cluster" in x)
    rules = f"  - path_regex: ^env/\n    age:\n      - {own}\n"
    plain = tmp_path / "plain"
    plain.write_text("a=one\n")
    form = ("--input-type", "dotenv", "--output-type", "dotenv", str(plain))
    sealed = fleet.program(
        [
            *(find_sops(), "--config", "/dev/null", "encrypt"),
            *("--age", f"{own},{colleague.recipient}", *form),
        ]
    )
    fleet.commit(
        {
            "env/x.env": sealed.stdout,
            ".sops.yaml": fleet.read(".sops.yaml").replace("stores:", f"{rules}stores:"),
        }
    )
    assert f"{colleague.recipient}  person, can decrypt 1 of 3, in no rule any more\n" in (
        fleet.run("key", "list").stdout
    )
    said = "note: env/x.env: no YAML or JSON, and left as it is; gitops-secrets verify says what helps\n"
    assert said in fleet.run("key", "remove", colleague.recipient).stdout
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert said in fleet.run("key", "add", other).stdout
    assert fleet.run("verify").status == 1


@pytest.mark.parametrize("verb", ["add", "remove"])
def test_which_of_several_key_groups_is_meant_is_for_a_person_to_say(
    fleet: User, colleague: Person, verb: str
) -> None:
    """The list age of the rule that the hint asked for would have taken the place of the groups."""
    config = fleet.read(".sops.yaml")
    old, own = next(
        (line, line.split()[1]) for line in config.splitlines(keepends=True) if "# cluster" in line
    )
    others = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    groups = "".join(f"    - age: [{one}]\n" for one in (f"{own}, {others[0]}", own, others[1]))
    fleet.commit(
        {".sops.yaml": config.replace(f"    age:\n{old}", f"    key_groups:\n{groups}", 1)}
    )
    before = fleet.state()
    who = colleague.recipient if verb == "add" else others[0]
    result = fleet.run("key", verb, who)
    assert (result.status, fleet.state()) == (3, before), result.printed
    assert "has 3 key groups, and only you know which one is meant" in result.stderr
    assert (
        "hint: edit key_groups in .sops.yaml, then: gitops-secrets verify --fix\n" in result.stderr
    )


def test_a_secret_in_place_of_a_recipient_is_not_repeated(fleet: User) -> None:
    secret = str(pyrage.x25519.Identity.generate())
    result = fleet.run("key", "add", secret)
    assert result.status == 2
    assert secret not in result.printed
    assert secret not in fleet.run("key", "add", word(), "--name", secret).printed
