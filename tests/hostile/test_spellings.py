"""What a reader of Kubernetes takes for a Secret, or a person for a password, is one however it is spelled."""

from __future__ import annotations

import base64

import pytest

from gitops_secrets.core.guard.policy import Policy
from tests.hostile.test_contents import BLOCK, PASSWORD, rules

HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
TAGGED = {
    "a merge by its tag": f"{HEAD}!!merge a: {{stringData: {{password: {PASSWORD}}}}}\n",
    "a merge by its tag in full": f"{HEAD}? !<tag:yaml.org,2002:merge> a\n: [{{stringData: {{password: {PASSWORD}}}}}]\n",
    "a merge within data": f"{HEAD}stringData:\n  !!merge a: {{password: {PASSWORD}}}\n",
    "a merge of a merge": f"{HEAD}<<: {{!!merge b: {{stringData: {{password: {PASSWORD}}}}}}}\n",
    "the kind's key in base64": BLOCK.replace("kind:", "!!binary a2luZA==:"),
    "the kind in base64": BLOCK.replace("kind: Secret", "kind: !!binary U2VjcmV0"),
    "the data's key in base64": f"{HEAD}!!binary ZGF0YQ==: {{password: {ENCODED}}}\n",
    "a key that is only tagged as base64": f"{HEAD}!!binary data: {{password: {ENCODED}}}\n",
    "a longer key that is only tagged so": f"{HEAD}!x-binary stringData: {{password: {PASSWORD}}}\n",
    "a null with text": f"{HEAD}stringData:\n  password: !!null {PASSWORD}\n",
    "a null in quotes": f"{HEAD}stringData:\n  password: !!null '{PASSWORD}'\n",
    "a key tagged as null": BLOCK.replace("kind:", "!!null kind:"),
    "an object tagged as null": "!!null\n" + BLOCK,
}  # fmt: skip


@pytest.mark.parametrize("name", TAGGED)
def test_no_tag_hides_a_secret(name: str) -> None:
    assert "unencrypted-secret" in rules(TAGGED[name])


def test_a_real_null_is_empty() -> None:
    for value in ("!!null", "!!null ''", "!!null null", "~", ""):
        assert rules(f"{HEAD}stringData:\n  password: {value}\n") == set()


DEFAULTS = {
    "of a variable": f"{HEAD}stringData:\n  password: ${{p:=%s}}\n",
    "of a variable without a colon": f"{HEAD}stringData:\n  password: ${{p=%s}}\n",
    "of a variable, for this time": f"{HEAD}stringData:\n  password: ${{p:-%s}}\n",
    "of a default": f"{HEAD}stringData:\n  password: '${{p:-${{q:-%s}}}}'\n",
    "in quotes": f"{HEAD}stringData:\n  password: '${{p:=\"%s\"}}'\n",
    "under any key": f"{HEAD}stringData:\n  x: ${{p:=%s}}\n",
    "within an address": f"{HEAD}stringData:\n  url: 'https://${{H}}/${{p:=%s}}'\n",
    "of a chart": f"{HEAD}stringData:\n  password: '{{{{ .Values.p | default \"%s\" }}}}'\n",
    "that a chart encodes": f"{HEAD}data:\n  password: '{{{{ \"%s\" | b64enc }}}}'\n",
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_default_of_a_variable_is_a_value(name: str) -> None:
    assert "unencrypted-secret" in rules(DEFAULTS[name] % PASSWORD)


def test_a_word_is_a_password_where_its_key_says_so() -> None:
    assert rules(f"{HEAD}stringData:\n  password: ${{p:=correcthorse}}\n") == {"unencrypted-secret"}
    encoded = base64.b64encode(b"${p:=correcthorse}").decode()
    assert rules(f"{HEAD}data:\n  password: {encoded}\n") == {"unencrypted-secret"}


def test_the_default_of_a_registry_password_is_one() -> None:
    values = "kind: HelmRelease\nspec: {values: {imageCredentials: {registry: ghcr.io, username: robot, password: '%s'}}}\n"
    assert rules(values % f"${{P:={PASSWORD}}}") == {"registry-password"}
    for silent in ("${P}", "${P:=}", "${P:?not set}", "${P:-changeme}", "${P:=${Q}}", "{{ .Values.p | default \"changeme\" }}"):  # fmt: skip
        assert rules(values % silent) == set()


@pytest.mark.parametrize(
    "value",
    [
        "host: ${H:=db.apps.svc}",
        "port: ${P:-5432}",
        "level: ${L:=info}",
        "password: ${P:=changeme}",
        "password: ${P}",
        "password: ${P:=${Q}}",
        "name: '{{ include \"chart.fullname\" . }}'",
    ],  # fmt: skip
)
def test_defaults_that_are_no_passwords_are_silent(value: str) -> None:
    assert rules(f"{HEAD}stringData:\n  {value}\n") == set()


def test_what_nothing_fills_in_is_a_value() -> None:
    for value in ("<token>", "<your password>", "'[redacted]'", "'`x`'"):
        assert rules(f"{HEAD}stringData:\n  password: {value}\n") == {"unencrypted-secret"}
    encoded = base64.b64encode(b"<the token>").decode()
    assert rules(f"{HEAD}data:\n  password: {encoded}\n") == {"unencrypted-secret"}
    assert rules(f"{HEAD}stringData:\n  password: <path:secret/data/db#password>\n") == set()


def pull_secret(config: str, value: str = "%s") -> str:
    encoded = base64.b64encode(config.encode()).decode()
    return f"{HEAD}type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {value % encoded}\n"


AUTH = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
UNCOVERED = Policy({})


@pytest.mark.parametrize("auths", ["Auths", "AUTHS", "aUtHs", "auth\u017f"])
@pytest.mark.parametrize("auth", ["Auth", "AUTH", "aUTh"])
def test_a_docker_config_in_capitals_is_one(auths: str, auth: str) -> None:
    config = f'{{"{auths}":{{"ghcr.io":{{"{auth}":"{AUTH}"}}}}}}'
    assert rules(pull_secret(config), UNCOVERED) == {"plaintext-dockerconfigjson"}
    assert rules(config, UNCOVERED) == {"docker-config"}


def test_user_and_password_in_capitals_are_readable() -> None:
    config = f'{{"Auths":{{"ghcr.io":{{"Username":"robot","PassWord":"{PASSWORD}"}}}}}}'
    assert rules(pull_secret(config), UNCOVERED) == {"plaintext-dockerconfigjson"}


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 30])
@pytest.mark.parametrize("between", ["\\n", "\\r\\n"])
def test_base64_in_lines_of_any_length_is_decoded(width: int, between: str) -> None:
    config = f'{{"auths":{{"ghcr.io":{{"auth":"{AUTH}"}}}}}}'
    encoded = base64.b64encode(config.encode()).decode()
    lines = between.join(encoded[i : i + width] for i in range(0, len(encoded), width))
    text = f'{HEAD}type: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: "{lines}"\n'
    assert rules(text, UNCOVERED) == {"plaintext-dockerconfigjson"}


def test_the_items_of_a_list_of_secrets_are_secrets() -> None:
    items = f"items:\n- metadata: {{name: db}}\n  stringData: {{password: {PASSWORD}}}\n"
    assert rules(f"apiVersion: v1\nkind: SecretList\n{items}") == {"unencrypted-secret"}
    nested = f"kind: List\nitems:\n- kind: SecretList\n  items: [{{data: {{a: {ENCODED}}}}}]\n"
    assert rules(nested) == {"unencrypted-secret"}
    assert rules(f"apiVersion: v1\nkind: ConfigMapList\n{items}") == set()
