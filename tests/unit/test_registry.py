"""Registry keys and docker configs, as the kubelet reads them."""

from __future__ import annotations

import base64
import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_secrets.core.registry.credentials import (
    Credentials,
    parse_credentials,
    strip_one_newline,
)
from gitops_secrets.core.registry.dockerconfig import build_dockerconfigjson, read_dockerconfigjson
from gitops_secrets.core.registry.reference import (
    DOCKER_HUB_KEY,
    Registry,
    covers,
    find_key,
    parse_registry,
    refuse_duplicates,
)
from gitops_secrets.errors import GitOpsSecretsError, UsageError


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("ghcr.io", "--registry ghcr.io"),
        ("r.example.com:5000", "--registry r.example.com:5000"),
        ("r.example.com/team", "--registry r.example.com/team --scope path"),
        ("https://r.example.com/v2/", "--registry r.example.com"),
        ("*.example.com", "--registry '*.example.com'"),
        (DOCKER_HUB_KEY, "--registry docker.io"),
    ],
)
def test_a_key_is_named_on_the_command_line_so_that_it_is_found_again(
    key: str, options: str
) -> None:
    assert Registry(key).options == options
    words = shlex.split(options)
    named = parse_registry(words[1], keep_path="--scope" in words)
    assert find_key([key], named) == key


@pytest.mark.parametrize(
    ("given_value", "key"),
    [
        ("ghcr.io", "ghcr.io"),
        ("GHCR.io", "ghcr.io"),
        ("https://registry.example.com:5000", "registry.example.com:5000"),
        ("registry.example.com:5000/", "registry.example.com:5000"),
        ("registry.example.com/v2/", "registry.example.com"),
        ("registry.example.com/team/app", "registry.example.com"),
        ("localhost:5000", "localhost:5000"),
        ("*.example.com", "*.example.com"),
        ("[::1]:5000", "[::1]:5000"),
        ("docker.io", DOCKER_HUB_KEY),
        ("index.docker.io", DOCKER_HUB_KEY),
        ("https://index.docker.io/v1/", DOCKER_HUB_KEY),
        ("registry-1.docker.io", DOCKER_HUB_KEY),
    ],
)
def test_a_registry_is_keyed_as_the_kubelet_looks_it_up(given_value: str, key: str) -> None:
    assert parse_registry(given_value).key == key


def test_scope_path_keeps_the_path_and_drops_what_the_kubelet_drops() -> None:
    assert parse_registry("r.example.com/team", keep_path=True).key == "r.example.com/team"
    assert parse_registry("r.example.com/v2/team/", keep_path=True).key == "r.example.com/team"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("r.example.com:*", "glob in its port"),
        ("r.example.com:http", "not a number"),
        ("r.example.com:70000", "not a number"),
        ("r.example.com:05000", "not a number"),
        ("r.example.com/v2", "matched by no image"),
        ("r example.com", "space or a control character"),
        ("r.example.com\x1b[2J", "control character"),
        ("ftp://r.example.com", "not a host"),
        ("", "does not begin with a host"),
        ("-r.example.com", "does not begin with a host"),
        ("r..example.com", "does not begin with a host"),
    ],
)
def test_a_registry_that_no_image_would_match_is_refused(value: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        parse_registry(value)
    assert "\x1b" not in caught.value.message


def test_a_tag_in_a_path_that_is_kept_is_refused() -> None:
    assert parse_registry("r.example.com/team/app:1").key == "r.example.com"
    with pytest.raises(UsageError, match="has a tag in its path") as caught:
        parse_registry("r.example.com/team/app:1", keep_path=True)
    assert caught.value.hints == ("--registry r.example.com/team/app --scope path",)


def test_credentials_inside_a_registry_are_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        parse_registry("https://robot:hunter2hunter2@r.example.com")
    assert "hunter2" not in caught.value.message


def test_credentials_split_at_the_first_colon() -> None:
    key = '_json_key:{"private_key": "a:b"}'
    assert parse_credentials(key, "a file") == Credentials("_json_key", '{"private_key": "a:b"}')


@pytest.mark.parametrize("value", ["", "user", "user:", ":password"])
def test_half_credentials_name_their_source_and_not_themselves(value: str) -> None:
    with pytest.raises(UsageError, match="standard input") as caught:
        parse_credentials(value, "standard input")
    assert "password" not in caught.value.message.replace("have no password", "")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("u:\udcff", "not UTF-8"),
        ("\udcff:p", "not UTF-8"),
        ("\ufeffu:p", "begin with a byte order mark"),
        ("u:p\0", "hold a NUL"),
    ],
)
def test_what_no_registry_would_take_is_refused(value: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_credentials(value, "a file")


def test_one_newline_at_the_end_is_the_editors_and_all_else_is_the_password() -> None:
    assert strip_one_newline(b"u:p\n", "x") == "u:p"
    assert strip_one_newline(b"u:p\r\n", "x") == "u:p"
    assert strip_one_newline(b"u:p\n\n", "x") == "u:p\n"
    assert strip_one_newline(b" u:p ", "x") == " u:p "


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(UsageError, match="UTF-8"):
        strip_one_newline(b"u:\xff", "a file")


def test_a_password_never_shows_in_a_repr() -> None:
    assert "hunter2" not in repr(Credentials("u", "hunter2"))


def test_two_spellings_of_one_registry_are_one() -> None:
    with pytest.raises(UsageError, match="given twice"):
        refuse_duplicates([parse_registry("docker.io"), parse_registry("index.docker.io")])


def test_the_auth_is_what_the_kubelet_decodes() -> None:
    built = json.loads(build_dockerconfigjson({"r": Credentials("u", "p:w")}))
    assert base64.b64decode(built["auths"]["r"]["auth"]) == b"u:p:w"


user = st.text(min_size=1).filter(lambda s: ":" not in s)
password = st.text(min_size=1).filter(lambda s: s == s.strip("\x00"))


@given(
    st.dictionaries(
        st.sampled_from(["a.io", "b.io:5000", DOCKER_HUB_KEY]), st.tuples(user, password)
    )
)
def test_any_credentials_come_back_as_they_were(pairs: dict[str, tuple[str, str]]) -> None:
    credentials = {key: Credentials(*pair) for key, pair in pairs.items()}
    assert read_dockerconfigjson(build_dockerconfigjson(credentials), "x") == credentials


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"identitytoken": "t"}, "only a token"),
        ({"registrytoken": "t"}, "only a token"),
        ({}, "no user name and password"),
        ({"auth": "!!"}, "not base64"),
        ({"auth": base64.b64encode(b"nocolon").decode()}, "without a colon"),
        ({"username": "a:b", "password": "p"}, "colon in its user name"),
        ("text", "not an object"),
    ],
)
def test_an_entry_that_the_kubelet_ignores_is_named(entry: object, says: str) -> None:
    content = json.dumps({"auths": {"r.io": entry}}).encode()
    with pytest.raises(GitOpsSecretsError, match=says) as caught:
        read_dockerconfigjson(content, "config.json")
    assert '"r.io"' in caught.value.message


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": "cm9ib3Q6bWFkZS11cC0x"},
        {"auth": "cm9ib3Q6bWFkZS11\ncC0x\n"},
        {"Auth": "cm9ib3Q6bWFkZS11cC0x", "username": "other"},
        {"USERNAME": "robot", "passWord": "made-up-1", "auth": ""},
        {"username": "robot", "password": "made-up-1", "auth": None, "email": 1},
    ],
)
def test_an_entry_is_read_as_the_kubelet_reads_it(entry: dict[str, object]) -> None:
    for auths in "auths", "Auths":
        found = read_dockerconfigjson(json.dumps({auths: {"r.io": entry}}).encode(), "c")
        assert found == {"r.io": Credentials("robot", "made-up-1")}


def test_an_auth_without_padding_is_one() -> None:
    for value in ("u:made-up-2", "u:made-up-22", "u:made-up-222"):
        bare = base64.b64encode(value.encode()).decode().rstrip("=")
        (found,) = read_dockerconfigjson(
            json.dumps({"auths": {"r": {"auth": bare}}}).encode(), "c"
        ).values()
        assert found.password == value[2:]


def test_tokens_beside_a_login_at_docker_hub_are_no_registry() -> None:
    entry = {"auth": "dTptYWRlLXVw"}
    auths = {DOCKER_HUB_KEY: entry, f"{DOCKER_HUB_KEY}access-token": entry}
    auths |= {f"{DOCKER_HUB_KEY}refresh-token": entry, "r.io/access-token": entry}
    found = read_dockerconfigjson(json.dumps({"auths": auths}).encode(), "c")
    assert list(found) == [DOCKER_HUB_KEY, "r.io/access-token"]


@pytest.mark.parametrize(
    "config",
    [
        {"credsStore": "desktop"},
        {"auths": {"r.io": {}}, "credsStore": "desktop"},
        {"auths": {}, "credHelpers": {"r.io": "desktop"}},
    ],
)
def test_what_a_credential_helper_has_is_said_to_be_there(config: dict[str, object]) -> None:
    with pytest.raises(GitOpsSecretsError, match='credential helper "desktop"') as raised:
        read_dockerconfigjson(json.dumps(config).encode(), "c")
    assert "--registry-creds-docker-config" in raised.value.hints[0]


@pytest.mark.parametrize("part", ["auth", "username", "password"])
def test_a_part_that_is_no_text_fails_for_the_kubelet(part: str) -> None:
    entry = {"username": "u", "password": "p", part: 1234}
    with pytest.raises(GitOpsSecretsError, match=f"has a {part} that is not text"):
        read_dockerconfigjson(json.dumps({"auths": {"r": entry}}).encode(), "c")


def test_a_docker_config_with_a_key_twice_is_refused() -> None:
    with pytest.raises(GitOpsSecretsError, match="not a valid docker config"):
        read_dockerconfigjson(b'{"auths": {"r": {"auth": "dTpw"}, "r": {"auth": "dTpx"}}}', "c")


@pytest.mark.parametrize(
    ("key", "image", "fits"),
    [
        ("registry.example.com", "registry.example.com/team/app:1", True),
        ("registry.example.com", "registry.example.com:5000/app", False),
        ("registry.example.com:5000", "registry.example.com:5000/app@sha256:0", True),
        ("https://registry.example.com/v2/", "registry.example.com/app", True),
        ("*.example.com", "registry.example.com/app", True),
        ("*.example.com", "a.registry.example.com/app", False),
        ("ghcr.io/team", "ghcr.io/team/app", True),
        ("ghcr.io/team", "ghcr.io/other/app", False),
        (DOCKER_HUB_KEY, "nginx", True),
        (DOCKER_HUB_KEY, "docker.io/library/nginx:1", True),
        # The kubelet names an image of Docker Hub docker.io/team/app before it looks for its key.
        ("docker.io", "team/app", True),
        ("index.docker.io", "team/app", True),
        ("docker.io/other", "team/app", False),
    ],
)
def test_a_key_covers_what_the_kubelet_would_try_it_for(key: str, image: str, fits: bool) -> None:
    assert covers(key, image) is fits
