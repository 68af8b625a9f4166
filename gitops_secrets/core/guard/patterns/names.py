"""Whose a name is, by its whole words: a registry's, as that of REGISTRY_PASSWORD, or another trade's.

``bypass`` is not a password and ``social`` does not speak of OCI. A name with a word of another trade is
not a registry's, whatever else it says: SCHEMA_REGISTRY_PASSWORD, DOCKER_POSTGRES_PASSWORD.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

LONGEST_NAME = 100
"""Characters of a name that is looked at: longer ones are nobody's, and cost time."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRETS = ("password", "passwd", "passwort", "pass", "pwd", "token")
_HAS_SECRET = re.compile(rf"(?i){'|'.join(_SECRETS)}")
_TOKEN_NAME = re.compile(r"[^\s:=]*_(?:PAT|pat)(?:[_.-][A-Za-z0-9]{1,12}){0,3}")
_OF_VARIABLE = re.compile(r"(?a)[\w.\s-]+")
_QUALIFIERS = """
    prod production prd nonprod preprod stage staging stg dev devel development test testing qa uat sandbox live local ci cd
    old new prev previous current next legacy backup bak tmp temp default primary secondary ro rw readonly readwrite pull push
    unencrypted plain plaintext cleartext decrypted decoded raw value v b64 base64
    """.split()  # noqa: SIM905 - a list of fifty lines says no more
"""What stands behind the word for a secret and says which: of where, since when, for what, or how it is written.

Any other word behind it names another thing: a file, the name of a Secret, a length.
"""
_QUALIFIER = "|".join(_QUALIFIERS)
QUALIFIED = rf"(?:[_.-]?(?i:{_QUALIFIER}|[0-9]{{1,3}})){{0,3}}"
"""A pattern of what may stand behind the word for a secret. ``names_password`` decides."""
_QUALIFIED = re.compile(
    rf"(?:[_.-](?i:{_QUALIFIER})|(?<=[a-z])(?:{'|'.join(map(str.capitalize, _QUALIFIERS))})|[0-9_.-]){{1,8}}\Z"
)
_REGISTRIES = frozenset(
    {
        "registry", "registries", "docker", "dockerhub", "ghcr", "gcr", "acr", "ecr", "quay", "harbor",
        "oci", "ocir", "regcred", "regcreds", "regopts", "jib", "kaniko", "podman", "buildah", "skopeo",
    }
)  # fmt: skip
_BEGINNINGS = (
    "registrycred", "registryauth", "registrylogin", "registryuser", "registrysecret", "registryconfig",
    "dockerhub", "dockercred", "dockerreg", "dockerlogin", "dockerauth", "dockerconfig", "dockersecret",
    "imagepull", "imagecred", "pullsecret",
)  # fmt: skip
"""How a word begins that is several, written together."""
_ENDINGS = ("registry", "registries", "regcred")
_PAIRS = frozenset(
    {("image", "pull"), ("image", "credentials"), ("image", "creds"), ("image", "cred"), ("image", "credential"),
     ("pull", "secret"), ("pull", "secrets"), ("container", "image"), ("docker", "hub")}
)  # fmt: skip
_OTHERS = frozenset(
    """
    adb airflow apicurio apt cache cargo cassandra cert certificate clickhouse cockroach composer conda consul couchbase
    cratesio csrf database databases datasource db debian elastic elasticsearch eureka file files gem gems git gradle
    grafana graphql imap influx jks join jwt kafka keycloak keystore kibana ldap mail mariadb maven memcached metrics
    minio model modules mongo mongodb mq mqtt mssql mysql nats neo4j node npm npmjs nuget opensearch oracle package
    packages packagist pg pgadmin plugin plugins postgres postgresql principal prometheus psql pulsar pypi python
    rabbit rabbitmq redis rubygems runner s3 schema schemas sentry smtp solr sonar sonarqube sql ssh sso ssl
    storage superset swarm swift terraform tls truststore twine valkey wallet webhook windows winreg yarn zookeeper
    """.split()  # noqa: SIM905 - a list of a hundred lines says no more
)
_OTHER_PAIRS = frozenset(
    {("service", "registry"), ("module", "registry"), ("provider", "registry")}
)
_OTHER_ENDINGS = ("db", "sql", "mq")


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of *name* in small letters, however they are written together; numbers at its end left out."""
    words = [word.lower() for word in _WORD.findall(name[: LONGEST_NAME + 1])]
    while words and words[-1].isdigit():
        words.pop()
    if words:
        last = words[-1]
        for secret in _SECRETS:
            rest = last.removesuffix(secret)
            if rest != last and rest and _is_registry_word(rest):
                words[-1:] = [rest, secret]
                break
    return tuple(words)


def unqualified(name: str) -> str:
    """Return *name* without what stands behind its last word to say which one of several is meant."""
    return _QUALIFIED.sub("", name)


def is_secret(name: str) -> bool:
    """Return whether *name* ends with a word for a password or a token, and perhaps with which is meant."""
    words = words_of(unqualified(name))
    return bool(words) and words[-1] in _SECRETS


def names_registry(name: str) -> bool:
    """Return whether some word of *name* is a registry's, and none another trade's."""
    return len(name) <= LONGEST_NAME and _is_registry(words_of(name))


def names_password(name: str) -> bool:
    """Return whether *name* is one that a registry's password or token goes by."""
    if len(name) > LONGEST_NAME or not _HAS_SECRET.search(name):
        return False
    name = unqualified(name)
    return name.lower().endswith(_SECRETS) and is_secret(name) and _is_registry(words_of(name))


def names_access_token(name: str) -> bool:
    """Return whether *name* is one that a personal access token for a registry goes by, or a pattern's of another."""
    if len(name) > LONGEST_NAME or not _TOKEN_NAME.fullmatch(name):
        return False
    words = words_of(unqualified(name))
    return words[-1:] == ("pat",) and ("cr" in words[-2:] or _is_registry(words))


def is_spelled_as_a_variable(name: str) -> bool:
    """Return whether *name*, a value of a field, is in letters that names of variables and parameters have."""
    return _OF_VARIABLE.fullmatch(name) is not None


def names_another_trade(name: str) -> bool:
    """Return whether a word of *name* is that of a database, an index of packages or the like."""
    return _is_anothers(words_of(name))


def _is_registry(words: tuple[str, ...]) -> bool:
    return (
        any(map(_is_registry_word, words)) or not _PAIRS.isdisjoint(pairwise(words))
    ) and not _is_anothers(words)


def _is_registry_word(word: str) -> bool:
    if word in _REGISTRIES or word.startswith(_BEGINNINGS):
        return True
    return word.endswith(_ENDINGS) and not any(
        _is_other(word.removesuffix(ending)) for ending in _ENDINGS
    )


def _is_anothers(words: tuple[str, ...]) -> bool:
    return any(map(_is_other, words)) or not _OTHER_PAIRS.isdisjoint(pairwise(words))


def _is_other(word: str) -> bool:
    return word in _OTHERS or word.endswith(_OTHER_ENDINGS)
