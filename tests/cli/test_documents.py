"""Each command's JSON document: one convention, a schema that ships with it, and nothing beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from gitops_secrets.cli.app import root
from gitops_secrets.cli.printing.documents import apply_document
from gitops_secrets.commands.secrets.apply import Outcome, Step
from gitops_secrets.core.live.shown import namespace_change
from gitops_secrets.report.document import VERSIONS, Lines, render_document
from tests.cli.test_doctor import foreign
from tests.guard.corpus.case import Fresh
from tests.support.documents import SCHEMAS, read, schema
from tests.support.fleet import FILES
from tests.support.secrets import PATH, opaque, recipient, rule, word
from tests.support.user import User

JSON = ("--output", "json")
HOST = "registry.example.com"
FROM = ("--registry-creds-env", "CREDS", "--check", "never")


def bootstrapped(user: User) -> str:
    user.commit(FILES)
    return user.bootstrap(*JSON).stdout


def planned(user: User) -> str:
    return user.bootstrap("--dry-run", *JSON).stdout


def half_of_two(user: User) -> str:
    user.commit(FILES)
    return user.bootstrap("--layout", "inline", *JSON).stdout


def examined(user: User) -> str:
    user.commit(FILES)
    assert user.bootstrap().status == 0
    foreign(user)
    return user.run("doctor", *JSON).stdout


def attached(user: User) -> str:
    user.commit(FILES)
    assert user.bootstrap().status == 0
    return user.run("attach", "team-a", *JSON).stdout


def bootstrapped_for(user: User) -> str:
    user.commit(FILES)
    return user.bootstrap("--for", "team-a", *JSON).stdout


def with_registry(verb: str, *flags: str) -> Callable[[User], str]:
    """The story of a registry command in a repository that was bootstrapped."""

    def story(user: User) -> str:
        bootstrapped(user)
        (user.home / "config.json").write_text('{"auths": {"ghcr.io": {"auth": "eDp5"}}}')
        words = [str(user.home / "config.json")] if verb == "import" else []
        return user.run("registry", verb, *words, *flags, *JSON, env={"CREDS": "x:y"}).stdout

    return story


def explained(user: User) -> str:
    bootstrapped(user)
    return user.run("registry", "explain", f"{HOST}/team/app", *JSON).stdout


def checked(user: User) -> str:
    bootstrapped(user)
    closed = ("--registry", "127.0.0.1:1")
    user.run("registry", "add", *closed, *FROM, env={"CREDS": "x:y"})
    return user.run("registry", "check", *closed, *JSON).stdout


NEW = ("--registry-creds-env", "CREDS")


def rotated(user: User) -> str:
    """A rotation that waits for a push, of a credential that the user brings unchecked."""
    return with_registry("rotate", "--registry", HOST, *NEW, "--check", "never")(user)


def encrypted(user: User) -> str:
    user.commit({".sops.yaml": rule(recipient(user)), PATH: opaque(word())})
    return user.run("encrypt", PATH, *JSON).stdout


def edited(user: User) -> str:
    encrypted(user)
    return user.run("edit", PATH, "--key", "a", *JSON, stdin=word().encode()).stdout


def shown(user: User) -> str:
    encrypted(user)
    return user.run("show", PATH, *JSON).stdout


def shown_readable(user: User) -> str:
    user.write({"a.yaml": "a: 1\n---\nkind: Secret\nstringData: {a: b}\n"})
    return user.run("show", "a.yaml", *JSON).stdout


def compared(user: User) -> str:
    encrypted(user)
    user.commit({})
    assert user.run("edit", PATH, "--key", "a", stdin=word().encode()).status == 0
    return user.run("show", PATH, "--diff", *JSON).stdout


def resolved(user: User) -> str:
    conflict(user)
    return user.run("resolve", PATH, *JSON).stdout


def resolved_by_side(user: User) -> str:
    conflict(user)
    return user.run("resolve", PATH, "--theirs", *JSON).stdout


def conflict(user: User) -> None:
    """Two branches that set the same value of an encrypted file, merged by lines."""
    encrypted(user)
    user.commit({})
    user.git("checkout", "--quiet", "-b", "topic")
    for branch in ("topic", "main"):
        user.git("checkout", "--quiet", branch)
        edit = ("edit", PATH, "--key", "a")
        assert user.run(*edit, stdin=word().encode()).status == 0
        user.commit({})
    with pytest.raises(AssertionError):
        user.git("merge", "--quiet", "topic")


def hooked(user: User) -> str:
    user.hook("pre-push", "exit 0")
    assert user.run("hooks", "install").status == 0
    return user.run("hooks", "status", *JSON).stdout


def unhooked(user: User) -> str:
    return user.run("hooks", "status", *JSON).stdout


def clean(user: User) -> str:
    return user.run("scan", *JSON).stdout


def found(user: User) -> str:
    fresh = Fresh()
    marker = "data:\n  # gitops-secrets: ignore[plaintext-dockerconfigjson] a test\n"
    user.write({"a.yaml": fresh.secret, "b.yaml": fresh.secret.replace("data:\n", marker)})
    user.git("add", "--all")
    return user.run("scan", *JSON).stdout


def found_in_history(user: User) -> str:
    user.commit({"a.yaml": Fresh().secret})
    return user.run("scan", "--history", *JSON).stdout


def verified(user: User) -> str:
    encrypted(user)
    user.commit({})
    user.write({PATH: user.read(PATH).replace("namespace: shop", "namespace: other")})
    return user.run("verify", *JSON).stdout


def verified_with_a_marker(user: User) -> str:
    encrypted(user)
    user.commit({})
    marker = "# gitops-secrets: ignore[moved-ciphertext] a test"
    changed = user.read(PATH).replace("namespace: shop", f"{marker}\n  namespace: other")
    user.write({PATH: changed})
    document = user.run("verify", "--keyless", *JSON).stdout
    assert '"excused": [\n    {' in document
    return document


def ruled(user: User) -> str:
    encrypted(user)
    return user.run("which-rule", PATH, *JSON).stdout


def unruled(user: User) -> str:
    return user.run("which-rule", PATH, *JSON).stdout


RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def with_key(*words: str, before: tuple[str, ...] = ()) -> Callable[[User], str]:
    """The story of a key command in a repository that was bootstrapped."""

    def story(user: User) -> str:
        user.commit(FILES)
        assert user.bootstrap(*before).status == 0
        return user.run("key", *words, *JSON).stdout

    return story


STORIES: dict[str, tuple[Callable[[User], str], ...]] = {
    "attach": (attached,),
    "bootstrap": (bootstrapped, bootstrapped_for, planned, half_of_two),
    "doctor": (examined,),
    "registry-list": (with_registry("list"),),
    "registry-check": (checked,),
    "registry-explain": (explained,),
    "registry-add": (with_registry("add", "--registry", "ghcr.io", *FROM),),
    "registry-update": (with_registry("update", "--registry", HOST, *FROM, "--dry-run"),),
    "registry-rotate": (rotated, with_registry("rotate", "--registry", HOST, *NEW, "--dry-run")),
    "registry-remove": (with_registry("remove", "--registry", HOST, "--allow-empty"),),
    "registry-import": (with_registry("import"),),
    "key-list": (with_key("list"),),
    "key-add": (with_key("add", RECIPIENT), with_key("add", RECIPIENT, "--dry-run")),
    "key-remove": (with_key("remove", RECIPIENT, before=("--age-recipient", RECIPIENT)),),
    "encrypt": (encrypted,),
    "edit": (edited,),
    "show": (shown, shown_readable),
    "show-diff": (compared,),
    "resolve": (resolved, resolved_by_side),
    "hooks-status": (hooked, unhooked),
    "scan": (clean, found, found_in_history),
    "verify": (verified, verified_with_a_marker),
    "which-rule": (ruled, unruled),
}


@pytest.mark.parametrize(
    ("name", "story"),
    [(name, story) for name, stories in STORIES.items() for story in stories],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_what_a_command_prints_is_as_its_schema_says(
    user: User, name: str, story: Callable[[User], str]
) -> None:
    document = read(name, story(user))
    assert list(document)[:2] == ["schema", "version"]
    assert in_order(document, schema(name))


def test_apply_prints_what_its_schema_says() -> None:
    change = namespace_change("flux-system")
    steps = (
        Step("Namespace flux-system", "created", change=change),
        Step("Secret flux-system/regcred", "unchanged", "equal to Git's"),
        Step("Secret team-a/regcred", "deleted", "its file is no longer in Git"),
        Step("Secret team-b/regcred", "kept", "named by Pod web"),
    )
    outcome = Outcome("prod", "https://k:6443", "0" * 40, ("clusters/prod",), steps, ("a note",))
    document = read("apply", apply_document(outcome, dry_run=True))
    assert in_order(document, schema("apply"))
    assert "+kind: Namespace\n" in document["objects"][0]["diff"]


def test_each_command_that_prints_json_has_a_schema_and_each_schema_a_command() -> None:
    commands = {name for name, command in walk(root, "") if offers_json(command)}
    assert {*commands, "error", "show-diff"} == set(VERSIONS)
    files = {f"{name}-{version}.json" for name, version in VERSIONS.items()}
    assert files == {file.name for file in SCHEMAS.iterdir()}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_schema_names_each_field_in_snake_case_and_allows_no_other(name: str) -> None:
    whole = schema(name)
    referred_to = list(whole.get("$defs", {}).values())
    for part in mappings(whole):
        if "$ref" in part:
            assert part["unevaluatedProperties"] is False
        elif part.get("type") == "object" and part not in referred_to:
            assert part["additionalProperties"] is False
        if "properties" in part:
            assert part["required"] == list(part["properties"])
            assert all(re.fullmatch("[a-z]+(_[a-z]+)*", key) for key in part["properties"])


def test_a_document_steers_no_terminal_even_once_it_is_decoded() -> None:
    printed = render_document(
        "show", {"path": "a\x1b[2J\n", "objects": [{"diff": Lines("-a\x07\n+b\n")}]}
    )
    document = json.loads(printed)
    assert document["path"] == "a\\x1b[2J\\n"
    assert document["objects"][0]["diff"] == "-a\\x07\n+b\n"


@pytest.mark.parametrize("flags", [("--reveal",), ("--key", "a")])
def test_what_is_revealed_is_no_document(user: User, flags: tuple[str, ...]) -> None:
    encrypted(user)
    result = user.run("show", PATH, *flags, *JSON)
    assert (result.status, read("error", result.stdout)["exit_status"]) == (2, 2)
    assert f"hint: gitops-secrets show {PATH} --output json" in result.stderr


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Each command below *command* by its name, words joined by hyphens."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for word_ in command.list_commands(context):
        child = command.get_command(context, word_)
        assert child is not None
        yield from walk(child, f"{name}-{word_}" if name else word_)


def offers_json(command: click.Command) -> bool:
    return any(
        isinstance(p.type, click.Choice) and "json" in p.type.choices for p in command.params
    )


def mappings(part: Any) -> Iterator[dict[str, Any]]:
    """*part* and every mapping within it."""
    if isinstance(part, dict):
        yield part
    items = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for item in items:
        yield from mappings(item)


def in_order(value: Any, part: Any, top: Any = None) -> bool:
    """Whether the fields of *value* are in the order of the schema *part*."""
    top = top or part
    if "anyOf" in part:
        part = part["anyOf"][1]
    if isinstance(value, list):
        return all(in_order(item, part["items"], top) for item in value)
    if not isinstance(value, dict):
        return True
    referred = top["$defs"]["finding"]["properties"] if "$ref" in part else {}
    fields = {**referred, **part.get("properties", {})}
    return list(value) == [key for key in fields if key in value] and all(
        in_order(item, fields[key], top) for key, item in value.items()
    )
