"""What shares its words with a registry's password and is none: other trades, and values that are no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.guard.corpus.case import Case, b64, silent

P = "Kd93kslQp2xVb7"
"""What would be a password anywhere else."""


def lookalikes() -> Iterator[Case]:
    for name, value, reason in MAPPINGS:
        yield silent(f"trade/{name}", json.dumps(value), reason)
    for name, text, reason in LINES:
        yield silent(f"trade/{name}", text + "\n", reason)


def _secret(**data: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": data}


MAPPINGS = [
    ("image of a database", {"services": {"db": {"image": "influxdb:2", "environment": {"DOCKER_INFLUXDB_INIT_USERNAME": "admin", "DOCKER_INFLUXDB_INIT_PASSWORD": P}}}}, "an image's own variables"),
    ("manifest of npm", {"dependencies": {"registry-auth-token": "^5.0.2"}}, "a package's version"),
    ("lock of npm", {"packages": {"node_modules/a": {"version": "1.2.3", "dependencies": {"registry-auth-token": ">=4.2.1 <6.0.0", "docker-token": "~1.0", "oci-pass": "npm:^2.0.0"}}}}, "versions of packages"),
    ("workspace of npm", {"devDependencies": {"@acme/registry-token": "workspace:*", "docker-password": "file:../docker-password"}}, "packages of the same repository"),
    ("labels", {"registryPassword": "Kennwort der Registry", "dockerhubToken": "Zugriffsschlüssel", "harborPass": "Mot de passe"}, "labels in other languages"),
    ("more labels", {"registryToken": "レジストリのトークン", "dockerPassword": "Contraseña", "ghcrToken": "Token for GHCR (optional)"}, "labels in other alphabets"),
    ("settings of json", _secret(userPassword="${SECRET_USER}", servers='[{"urls": ["stun:stun.example.com:3478"]}]', flags='{"debug": true, "level": 3}'), "JSON without a secret beside a variable"),
    ("display name", _secret(CLIENT_SECRET="${SECRET_CLIENT}", DISPLAY_NAME="Acme Login", OIDC_PROVIDER_TITLE="Log in"), "a title beside a variable"),
    ("schema registry", {"schemaRegistry": {"username": "app", "password": P, "registry": "https://schema.example.com"}}, "a registry of schemas"),
    ("schema registry secret", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "schema-registry-credentials"}, "data": {"username": b64("app"), "password": "${PASSWORD}"}}, "a Secret for a registry of schemas"),
    ("database of harbor", {"harbor": {"database": {"username": "harbor", "password": P}}}, "the database of a registry"),
    ("cache of harbor", {"HARBOR_REDIS_PASSWORD": P, "REGISTRY_CACHE_PASSWORD": P, "QUAY_DB_PASSWORD": P}, "caches and databases of a registry"),
    ("spring datasource", {"spring.datasource": {"username": "app", "password": P}}, "a name with a dot is not a host"),
    ("database of a host", {"db.example.com": {"username": "app", "password": P}}, "a host that nothing calls a registry's"),
    ("names of variables", {"registryPassword": "HARBOR_ROBOT_TOKEN", "dockerToken": "registry_token"}, "the names of variables"),
    ("names of secrets", {"registryPassword": "harbor-robot-credentials", "ghcrToken": "ghcr-pull-secret"}, "the names of Secrets"),
    ("files", {"registryPassword": "./secrets/registry.txt", "dockerPassword": "/run/secrets/docker", "ghcrToken": "secrets/ghcr/token"}, "files"),
    ("address", {"registryToken": "https://auth.example.com/token", "dockerToken": "oci://registry.example.com/a"}, "addresses without a user"),
    ("host of containers", {"hosts": [{"name": "docker-host-1", "username": "ops", "password": P}]}, "a machine on which containers run"),
    ("argo cd git", {"kind": "Secret", "metadata": {"name": "a", "labels": {"argocd.argoproj.io/secret-type": "repository"}}, "stringData": {"type": "git", "url": "https://git.example.com/a", "username": "u", "password": "${P}"}}, "a repository of Git"),
    ("setup node", {"steps": [{"uses": "actions/setup-node@v4", "with": {"registry-url": "https://npm.example.com", "username": "u", "password": P}}]}, "an index of packages"),
    ("compose action", {"steps": [{"uses": "acme/docker-compose-deploy@v1", "with": {"host": "a.example.com", "username": "ops", "password": P}}]}, "an action that logs in to a machine"),
    ("input without default", {"inputs": {"registry-password": {"required": True, "default": ""}}}, "an input without a default"),
    ("described variable", {"variables": {"HARBOR_PASSWORD": {"value": "", "description": "Set it in the settings of the project"}}}, "a variable that is set elsewhere"),
    ("labels of a form", {"registry": {"username": "Benutzername", "password": "Passwort", "token": "Zugriffstoken"}}, "every text of the mapping is a label"),
    ("labels of a form with a title", {"harbor": {"title": "Anmeldung", "user": "Utilisateur", "password": "Motdepasse", "registry": "Registry"}}, "the label of the field for the registry"),
    ("message", {"ERR_REGISTRY_PASSWORD": "registry password is missing or empty", "MSG_HARBOR_TOKEN": "the token has fewer than 8 characters", "registryErrorPassword": "anmeldung ist nicht möglich"}, "sentences under the names of messages"),
    ("labels of capitals", {"ROBOT_ACCOUNT": {"REGISTRY": "Registro", "USERNAME": "Nombre", "TOKEN": "Secreto"}}, "labels under names of capitals"),
    ("labels of other letters", {"REGISTRY_PASSWORD": "Пароль", "HARBOR_TOKEN": "시크릿"}, "labels in other letters under the names of variables"),
    ("switches", _secret(GRIST_TELEMETRY="off", GRIST_FUNCTIONS="true", OIDC_CLIENT_ID="grafana", TIMEOUT="30s", SESSION_SECRET="${SESSION_SECRET}"), "switches and a client's name beside a variable"),
    ("hosts of git", _secret(identity="${DEPLOY_KEY}", known_hosts="github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\ngit.example.com,10.0.0.1 ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTI=\n"), "the public keys of hosts beside a variable"),
]  # fmt: skip
HASHED = "app:$apr1$Kd93kslQ$p2xVb7Kd93kslQp2xVb7A."
LINES = [
    ("message of a shell", 'ERR_REGISTRY_PASSWORD="registry password is missing"\nHELP_DOCKER_TOKEN="cannot log in without it"', "a script's messages"),
    ("message of a program", 'ERR_REGISTRY_PASSWORD = "The registry password is missing."\nconst REGISTRY_PROMPT_PASSWORD = "enter it at the desk";', "a program's messages"),
    ("hash", f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: basic-auth\ndata:\n  auth: {b64(HASHED)}", "nobody can pull with a hash"),
    ("cue", '".dockerconfigjson": #"""\n  {"auths": {"\\#(registry)": {"username": "\\#(username)", "password": "\\#(password)", "auth": "\\#(auth)"}}}\n  """#', "CUE's variables"),
    ("bundle", 'x({authItem:NI,auths:MI,other:{id:"auth-basic-username",password:generators_password,type:"text"},token:a})', "a program made small"),
    ("concatenated", 'command = ["ctr", "images", "pull", "-u", username+":"+password, image]', "what a program puts together"),
    ("executed", "jib {\n  to {\n    image = 'gcr.io/acme/app'\n    auth {\n      username = 'oauth2accesstoken'\n      password = 'gcloud auth print-access-token'.execute().text.trim()\n    }\n  }\n}", "a command that a program runs"),
    ("braces", "flux create secret oci a --url=ghcr.io --username={user} --password={github-pat}", "to be filled in"),
    ("tests", "set DOCKER_REGISTRY_PASS=testpwd\ndocker login -u testuser -p mypw 127.0.0.1:15000", "words of tests"),

    ("database", f"DOCKER_POSTGRES_PASSWORD={P}", "a database's"),
    ("database two", f"DOCKER_MYSQL_ROOT_PASSWORD={P}\nexport MARIADB_DOCKER_PASSWORD={P}", "a database's"),
    ("oracle", f"IMAGE=docker.io/acme/a\nOCI_DB_PASSWORD={P}\nOCI_WALLET_PASSWORD={P}", "another product's OCI"),
    ("schema registry variable", f"SCHEMA_REGISTRY_PASSWORD={P}\nSCHEMA_REGISTRY_BASIC_AUTH_TOKEN={P}", "a registry of schemas"),
    ("indexes", f"NPM_REGISTRY_TOKEN={P}\nCARGO_REGISTRY_TOKEN={P}\nPYPI_REGISTRY_PASSWORD={P}\nTERRAFORM_REGISTRY_TOKEN={P}", "indexes of packages"),
    ("services", f"SERVICE_REGISTRY_PASSWORD={P}\nEUREKA_REGISTRY_PASSWORD={P}", "a registry of services"),
    ("whole words", f"DOCKER_BYPASS={P}\nSOCIAL_TOKEN={P}\nASSOCIATION_PASSWORD={P}\nSOCIAL_PAT=ghp_{P}{P}", "words that only hold others"),
    ("file", "REGISTRY_PASSWORD=/run/secrets/registry_password\nDOCKER_TOKEN=~/.docker/token", "files"),
    ("npmrc", f'_auth = "{b64("a:" + P)}"\nalways-auth = true', "npm's own settings"),
    ("npmrc scoped", f"//packages.example.com/:_auth={b64('a:' + P)}\nregistry=https://packages.example.com/", "the same for one index"),
    ("yarn lock", '__metadata:\n  version: 8\n\n"a@npm:^2.0.0":\n  version: 2.0.4\n  dependencies:\n    registry-auth-token: "npm:^5.0.1"', "yarn's lock"),
    ("pnpm lock", "dependencies:\n  registry-auth-token:\n    specifier: ^5.0.2\n    version: 5.0.2", "pnpm's lock"),
    ("go assertion", 'return registry.AuthConfig{\n\tUsername: options["user"].(string),\n\tRegistryToken: options["registry_token"].(string),\n}', "an element and its type"),
    ("code", 'registryPassword = config["registry"]["password"]\ndocker_token: cfg.docker.token\nregistryToken := getToken(ctx)\nharborPassword = this.props.password', "code"),
    ("next argument", 'flags.String("registry-password", "", "password of the registry")\nadd_argument("--registry-token", "-t")\nnames = ["REGISTRY_PASSWORD", "REGISTRY_USER"]\nget("docker_token", "default")', "what follows a name in a call"),
    ("argo cd in a pod", f"kubectl -n argocd exec deploy/argocd-server -- argocd login localhost:8080 --username admin --password {P}", "another tool's login"),
    ("argo cd", f"argocd login cd.example.com --username admin --password {P}", "the login to Argo CD itself"),
    ("argo cd git command", f"argocd repo add https://git.example.com/a --username u --password {P}", "a repository of Git"),
    ("cluster", f"oc login -u developer -p {P} https://api.example.com:6443", "the login to a cluster"),
    ("mysql in a container", f"docker exec db mysql -u root -p{P} -e 'select 1'\ndocker run --rm db mysql login -p {P}", "another tool's flag"),
    ("curl of a service", f"curl -u admin:{P} https://api.example.com/v2/orders\ncurl -u a:{P} https://mail.example.com/v2/messages/1", "the second version of anybody's API"),
    ("charts", f"helm repo add corp https://charts.example.com --username u --password {P}\nhelm pull corp/app --repo https://charts.example.com --username u --password {P}", "charts over HTTP"),
    ("git of flux", f"flux bootstrap git --url=https://git.example.com/a --username u --password={P}\nflux create secret helm a --username=u --password={P}", "Git, and charts over HTTP"),
    ("emphasis", "docker login -u alice -p <i>your_cli_secret</i> registry.example.com\ndocker login -u alice -p **your-password** registry.example.com\ndocker login -u a -p &lt;password&gt; ghcr.io\ndocker login -u a -p [your-token] ghcr.io", "how documentation sets words off"),
    ("spelled", "    docker login -u admin -p Passw0rd registry.example.com\n    docker login -u admin -p P@ssw0rd registry.example.com\n    docker login -u a -p s3cr3t ghcr.io", "documentation's words in other signs"),
    ("variable from a command", 'P=$(cat token)\ndocker login -u a -p "$P" ghcr.io\nP2=`cat token`\necho "$P2" | docker login -u a --password-stdin', "a variable that is read"),
    ("variable set again", f'P="{P}"\nuse "$P"\nP=$(cat token)\ndocker login -u a -p "$P" ghcr.io', "what it was before does not matter"),
    ("variable below", f'docker login -u a -p "$P" ghcr.io\nP="{P}"', "what it is later does not matter"),
    ("variable of words", 'P=changeme\ndocker login -u a -p "$P" ghcr.io\nQ="/run/token"\ndocker login -u a -p "$Q" ghcr.io', "documentation's word, and a file"),
    ("substring", 'docker login -u a -p "${TOKEN:0:12}" ghcr.io\ndocker login -u a -p "${TOKEN:?set it in the settings}" ghcr.io', "a part of a variable, and its message"),
    ("references", "registry:\n  username: a\n  password: ${env:REGISTRY_PASSWORD}\n  token: ${ssm:/registry/token}", "where another tool reads it"),
    ("header elsewhere", f"r = requests.get('https://api.example.com/v1/users', headers={{'Authorization': 'Basic {b64('a:' + P)}'}})", "a request to another service"),
    ("header nearest", f"requests.get('https://registry.example.com/v2/')\nrequests.get('https://git.example.com/a', headers={{'Authorization': 'Basic {b64('a:' + P)}'}})", "the nearest address counts"),
    ("blocks elsewhere", f'database {{\n  image = "ghcr.io/acme/db"\n  connection {{\n    username = "app"\n    password = "{P}"\n  }}\n}}', "the block says that it is something else"),
    ("schema block", f'schema_registry {{\n  url = "https://registry.example.com"\n  username = "app"\n  password = "{P}"\n}}', "a registry of schemas"),
    ("terraform without", 'variable "registry_password" {\n  type = string\n  sensitive = true\n}\nvariable "region" {\n  default = "eu-west-1-prod-b2"\n}', "a variable without a default, and another with one"),
    ("terraform set other", f'set {{\n  name  = "auth.password"\n  value = "{P}"\n}}\nset {{\n  name  = "image.registry"\n  value = "ghcr.io"\n}}', "a database's password"),
    ("terraform http", f'resource "helm_release" "a" {{\n  repository = "https://charts.example.com"\n  repository_username = "u"\n  repository_password = "{P}"\n}}', "charts over HTTP"),
]  # fmt: skip
