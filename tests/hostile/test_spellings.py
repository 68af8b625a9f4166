"""What a reader of Kubernetes takes for a Secret, or a person for a password, is one however it is spelled."""

from __future__ import annotations

import base64
import gzip
import textwrap
from random import Random

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.hostile.test_contents import BLOCK, COVERED, PASSWORD, rules
from tests.support.draw import CHANCE

BLOCK_HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"
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
    "of a chart without quotes": f'{HEAD}stringData:\n  password: {{{{ .Values.p | default "%s" }}}}\n',
    "of a workflow": f"{HEAD}stringData:\n  password: \"${{{{ secrets.p || '%s' }}}}\"\n",
    "that a chart says": f'{HEAD}stringData:\n  password: {{{{ "%s" }}}}\n',
    "that a chart says in quotes": f"{HEAD}stringData:\n  password: '{{{{ quote \"%s\" }}}}'\n",
    "that a shell prints": f"{HEAD}stringData:\n  password: $(echo %s)\n",
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
    for silent in ("${P}", "${P:=}", "${P:?not set}", "${P:-changeme}", "${P:=${Q}}", '{{ .Values.p | default "changeme" }}'):  # fmt: skip
        assert rules(values % silent) == set()


def test_a_default_that_is_mixed_as_a_password_is_one_under_any_key() -> None:
    assert rules(f"{HEAD}stringData:\n  a: ${{p:=hunter22xQ}}\n") == {"unencrypted-secret"}


NO_NAME = "8sZkq2Lw9XvT4bNp"
LIKE_VARIABLES = ("$%s", "${%s}", "$(%s)", "[%s]", "@%s@", "%%%s%%", "<%s>", "var.%s", "data.%s")


@pytest.mark.parametrize("form", LIKE_VARIABLES)
def test_a_password_that_begins_as_a_variable_is_no_variable(form: str) -> None:
    password = form % NO_NAME
    encoded = base64.b64encode(password.encode()).decode()
    auth = base64.b64encode(f"robot:{password}".encode()).decode()
    assert rules(f"{HEAD}data:\n  password: {encoded}\n") == {"unencrypted-secret"}
    assert rules(f'{{"auths": {{"ghcr.io": {{"auth": "{auth}"}}}}}}') == {"docker-config"}


@pytest.mark.parametrize("form", LIKE_VARIABLES[:3])
@pytest.mark.parametrize("name", ["dockerHubToken2Base64", "x509CertV2Token", "dockerS3Token"])
def test_a_variable_with_digits_in_its_name_is_one(form: str, name: str) -> None:
    assert rules(f"{HEAD}stringData:\n  password: '{form % name}'\n") == set()


def test_dots_cut_short_what_is_readable_and_end_a_password_that_was_encoded() -> None:
    auth = base64.b64encode(f"robot:{NO_NAME}...".encode()).decode()
    assert rules(f'{{"auths": {{"ghcr.io": {{"auth": "{auth}"}}}}}}') == {"docker-config"}
    assert rules(f'{{"auths": {{"ghcr.io": {{"auth": "{auth[:12]}..."}}}}}}') == set()


@pytest.mark.parametrize("around", ["%s", "{{- if .Values.pull }}\n%s{{- end }}\n"])
def test_a_registry_password_that_a_chart_says_itself_is_readable(around: str) -> None:
    values = (
        around % "imageCredentials:\n  registry: quay.io\n  username: robot\n  password: {{ %s }}\n"
    )
    for said in (
        f'"{NO_NAME}"',
        f'.Values.p | default "{NO_NAME}"',
        f'default "{NO_NAME}" .Values.p',
    ):
        assert rules(values % said) == {"registry-password"}
    for silent in (".Values.p", ".Values.p | quote", 'required "a password" .Values.p', '.Values.p | default ""', 'printf "%s" .p'):  # fmt: skip
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
    ],
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


def sealed(data: bytes, *, iv: bytes = b"", tag: bytes = b"") -> str:
    """Return what sops writes, or what looks like it."""
    parts = (data, iv or CHANCE.randbytes(32), tag or CHANCE.randbytes(16))
    data64, iv64, tag64 = (base64.b64encode(part).decode() for part in parts)
    return f"ENC[AES256_GCM,data:{data64},iv:{iv64},tag:{tag64},type:str]"


def sops_file(value: str = "", extra: str = "", entry: str = "") -> str:
    armored = base64.b64encode(b"age-encryption.org/v1\n-> X25519 " + CHANCE.randbytes(150))
    return f"""apiVersion: v1
kind: Secret
metadata:
    name: db
stringData:
    password: {value or sealed(CHANCE.randbytes(16))}
sops:
    age:
        - recipient: age1f3fnj69da20d73vawz4552tuh2k9fmzz2w42kvtlus99577wxp7smrkeka
          enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            {armored.decode()}
            -----END AGE ENCRYPTED FILE-----
{entry}    lastmodified: "2030-01-01T00:00:00Z"
    mac: {sealed(CHANCE.randbytes(128))}
    encrypted_regex: ^(data|stringData)$
    version: 3.11.0
{extra}"""


def test_a_text_between_the_brackets_of_ciphertext_is_readable() -> None:
    config = f'{{"auths":{{"ghcr.io":{{"auth":"{AUTH}"}}}}}}'.encode()
    for data in (
        config,
        base64.b64encode(config),
        b"\x01\xff" + config,
        gzip.compress(config),
        PASSWORD.encode(),
    ):
        assert "partly-encrypted-secret" in rules(sops_file(sealed(data)))
    for forged in (
        sealed(b"\xff", iv=config[:32]),
        sealed(b"\xff", iv=b"\xff" * 12),
        sealed(b"\xff", tag=PASSWORD.encode()[:16]),
        sealed(b"\xff", tag=b"\xff" * 4),
    ):
        assert "partly-encrypted-secret" in rules(sops_file(forged))


def test_ciphertext_of_every_length_is_silent() -> None:
    random = Random(7)
    for length in [*range(1, 200), 5000, 200_000]:
        assert rules(sops_file(sealed(random.randbytes(length)))) == set()


UNWRITTEN = {
    "another field": {"extra": f"    extra: {PASSWORD}\n"},
    "another field with a mapping": {"extra": f"    extra: {{password: {PASSWORD}}}\n"},
    "a mapping where a text stands": {"extra": f"    unencrypted_suffix: {{a: {PASSWORD}}}\n"},
    "a text where keys stand": {"extra": f"    pgp: {PASSWORD}\n"},
    "a text among the keys": {"extra": f"    pgp: [{PASSWORD}]\n"},
    "a key group of another kind": {"extra": f"    key_groups: [{{x: {PASSWORD}}}]\n"},
    "another field of a key": {"entry": f"          password: {PASSWORD}\n"},
    "a merged field": {"extra": f"    <<: {{extra: {PASSWORD}}}\n"},
}


@pytest.mark.parametrize("name", UNWRITTEN)
def test_a_sops_block_holds_nothing_that_sops_does_not_write(name: str) -> None:
    assert "broken-sops-metadata" in rules(sops_file(**UNWRITTEN[name]))


def test_every_field_that_sops_writes_is_silent() -> None:
    written = (
        "    kms: []\n    gcp_kms: []\n    azure_kv: null\n    hc_vault: []\n    pgp: []\n    shamir_threshold: 2\n"
        "    unencrypted_suffix: _x\n    encrypted_suffix: _y\n    unencrypted_regex: a\n    mac_only_encrypted: true\n"
        "    unencrypted_comment_regex: a\n    encrypted_comment_regex: b\n    key_groups:\n    - hc_vault: []\n"
        "      hckms: [{key_id: 'a:b', created_at: '2030-01-01T00:00:00Z', enc: x}]\n"
        "    - kms: [{arn: a, role: r, context: {a: b}, created_at: t, enc: x, aws_profile: ''}]\n      age: []\n"
        "      gcp_kms: [{resource_id: r, created_at: t, enc: x}]\n"
        "      azure_kv: [{vault_url: u, name: n, version: v, created_at: t, enc: x}]\n"
        "    - hc_vault: [{vault_address: a, engine_path: e, key_name: k, created_at: t, enc: x}]\n"
    )
    assert rules(sops_file(extra=written)) == set()


FLOW = f"stringData: {{password: {PASSWORD}}}"
READ_ELSEWHERE = {
    "an escaped quote": f'{BLOCK_HEAD}  annotations: {{a: "\\\'"}}\n{FLOW}\n',
    "an escaped quote in flow style": f'{{apiVersion: v1, kind: Secret, metadata: {{name: db, annotations: {{a: "\\\'"}}}}, {FLOW}}}\n',
    "a colon at the end": f"{BLOCK_HEAD}  annotations: {{a: a:}}\n{FLOW}\n",
    "a colon at the end of a list's item": f"{BLOCK_HEAD}  annotations: [a:, b:]\n{FLOW}\n",
    "a tag with brackets": f"{BLOCK_HEAD}  annotations: {{a: !a[b] c}}\n{FLOW}\n",
    "a tag with a comma": f"{BLOCK_HEAD}  annotations: {{a: !a,b c}}\n{FLOW}\n",
    "what nobody reads, in flow style": f"{{apiVersion: v1, kind: Secret, metadata: {{name: @db}}, {FLOW}}}\n",
    "what nobody reads, data in flow style": f"{BLOCK_HEAD}  annotations: {{a: @x}}\n{FLOW}\n",
    "a separator with a comment": f"kind: ConfigMap\nmetadata: {{name: a}}\n---#c\n{{kind: Secret, {FLOW}}}\n",
    "a separator with a word": f"kind: ConfigMap\nmetadata: {{name: a}}\n---c\n{{kind: Secret, {FLOW}}}\n",
    "a separator with more dashes": f"kind: ConfigMap\nmetadata: {{name: a}}\n-----\n{{kind: Secret, {FLOW}}}\n",
    "a separator within quotes": f'kind: ConfigMap\nmetadata: {{name: "\n---#c\n{{kind: Secret, {FLOW}}}\n---#c\n"}}\n',
    "a Secret with a separator in quotes": f'{{kind: Secret, stringData: {{a: "\n---#c\n", b: {PASSWORD}}}}}\n',
}  # fmt: skip


@pytest.mark.parametrize("name", READ_ELSEWHERE)
def test_what_only_other_parsers_read_is_judged(name: str) -> None:
    assert rules(READ_ELSEWHERE[name]) & {"unencrypted-secret", "unreadable"}


RUSSIAN = (
    "# Это секрет для тестового реестра, не удалять его без спроса. Его читают все кластеры.\n"
)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "comment", [RUSSIAN * 40, "# 秘密を消さないでください\n" * 90, "# סוד\n" * 200]
)
def test_a_text_of_16_or_32_bits_is_read_in_any_language(encoding: str, comment: str) -> None:
    for end in (b"", b"\n"):
        assert rules(f"\ufeff{comment}{BLOCK}".encode(encoding) + end) == {"unencrypted-secret"}
    login = f"\ufeff{comment}docker login -u robot -p {PASSWORD} ghcr.io\n".encode(encoding)
    assert rules(login) == {"registry-login"}


def test_ciphertext_is_known_again_however_its_object_is_written() -> None:
    before = sops_file()
    secret = before.replace("name: db", "name: db\n    namespace: apps")
    moved = before.replace("name: db", "name: db\n    namespace: evil")
    for text in (
        moved.replace("name: db", 'name: db\n    annotations: {a: "\\\'"}').encode(),
        moved.replace("name: db", "name: db\n    annotations: {a: a:}").encode(),
        f"\ufeff{RUSSIAN * 40}{moved}".encode("utf-16-le"),
        moved.replace("name: db", "name: db\n    annotations: {a: @x}").encode(),
    ):
        found = engine.judge_change(
            "a.yaml", engine.examine(text), [("a.yaml", engine.examine(secret.encode()))], UNCOVERED
        )
        assert {f.rule for f in found.findings} == {"moved-ciphertext"}


INSIDE = {
    "a ConfigMap": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  s.yaml: |\n{textwrap.indent(BLOCK, '    ')}",
    "a HelmRelease": f"kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nmetadata: {{name: a}}\nspec:\n  values:\n    extraObjects:\n    -\n{textwrap.indent(BLOCK, '      ')}",
    "a comment": textwrap.indent(BLOCK, "# "),
    "a comment beside something": "a: b\n" + textwrap.indent(BLOCK, "# "),
    "base64": base64.b64encode(BLOCK.encode()).decode() + "\n",
    "gzip in base64": base64.b64encode(gzip.compress(BLOCK.encode())).decode() + "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", INSIDE)
def test_a_secret_inside_of_something_is_one_under_a_rule(name: str) -> None:
    assert rules(INSIDE[name]) == {"unencrypted-secret"}
    assert rules(INSIDE[name], Policy({})) == set()
    found = engine.judge_blob("pull-secrets/db.yaml", INSIDE[name].encode(), COVERED).findings
    assert "into a file of its own" in found[0].fix
    assert PASSWORD not in repr(found)


@pytest.mark.parametrize(
    "value", ["changeme", "${PASSWORD}", "'{{ .Values.p }}'", "<password>", "''"]
)
def test_an_example_inside_of_something_is_none(value: str) -> None:
    example = BLOCK.replace(PASSWORD, value)
    for text in (
        "a: b\n" + textwrap.indent(example, "# "),
        f"kind: ConfigMap\ndata:\n  s.yaml: |\n{textwrap.indent(example, '    ')}",
    ):
        assert rules(text) == set()


def test_a_policy_that_makes_secrets_is_none() -> None:
    policy = "kind: ClusterPolicy\napiVersion: kyverno.io/v1\nmetadata: {name: a}\nspec:\n  rules:\n  - generate:\n      kind: Secret\n      apiVersion: v1\n      name: a\n      data: {kind: Secret, type: Opaque, data: {a: b}}\n"
    assert rules(policy) == set()


def test_a_copy_in_an_annotation_is_found_once() -> None:
    copied = '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"db"},"stringData":{"password":"%s"}}'
    head = f"{BLOCK_HEAD}  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '"
    assert rules(f"{head}{copied % PASSWORD}'\n") == {"annotation-credentials"}
