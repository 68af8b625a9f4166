"""Registry passwords as tools, operators and programs of the field are given them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.guard.corpus.case import Case, Fresh, b64, found, remember


class Mapping(NamedTuple):
    """Settings that any spelling of YAML and JSON may hold."""

    name: str
    spell: Callable[[Fresh], Any]
    reason: str


class Lines(NamedTuple):
    """Lines of a script, a program or settings that are no YAML."""

    name: str
    spell: Callable[[Fresh], str]
    reason: str
    rule: str = "registry-password"


def readable() -> Iterator[Case]:
    for mapping in MAPPINGS:
        text = json.dumps(mapping.spell(Fresh()))
        yield found(f"field/{mapping.name}", "registry-password", text, mapping.reason)
    for lines in LINES:
        text = lines.spell(Fresh()) + "\n"
        yield found(f"field/{lines.name}", lines.rule, text, lines.reason)


def _secret(meta: dict[str, Any], data: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, **more, "stringData": data}


def _login(c: Fresh, **more: Any) -> dict[str, Any]:
    return {**more, "username": c.user, "password": c.password}


def _header(c: Fresh, host: str = "images.corp.example") -> str:
    return b64(json.dumps(_login(c, serveraddress=host)))


MAPPINGS = [
    Mapping("ansible arguments", lambda c: [{"name": "log in", "docker_login": f"registry=images.example.com username={c.user} password={c.password}"}], "a module's arguments in one text"),
    Mapping("ansible collection", lambda c: [{"containers.podman.podman_login": f"username={c.user} password='{c.password}' registry=images.example.com"}], "the same of another module, with quotes"),
    Mapping("argo cd oci", lambda c: _secret({"name": "a", "labels": {"argocd.argoproj.io/secret-type": "repository"}}, _login(c, type="helm", enableOCI="true", url="images.corp.example/a")), "Argo CD pulls charts from a registry with it"),
    Mapping("argo cd oci creds", lambda c: _secret({"name": "a", "labels": {"argocd.argoproj.io/secret-type": "repo-creds"}}, _login(c, type="oci", url="oci://images.corp.example/a")), "the same for every repository of a registry"),
    Mapping("azure login", lambda c: {"jobs": {"a": {"steps": [{"uses": "azure/docker-login@v1", "with": _login(c, **{"login-server": "corp.azurecr.io"})}]}}}, "an action's own name for the registry"),
    Mapping("azure own domain", lambda c: {"registry-login": {"with": _login(c, **{"login-server": "images.corp.example"})}}, "a login server is a registry, whatever its host"),
    Mapping("docker hub action", lambda c: {"jobs": {"a": {"steps": [{"uses": "docker/login-action@v3", "with": _login(c)}]}}}, "without a registry, Docker Hub is meant"),
    Mapping("podman action", lambda c: {"jobs": {"a": {"steps": [{"uses": "redhat-actions/podman-login@v1", "with": _login(c)}]}}}, "another action that logs in"),
    Mapping("build action", lambda c: {"steps": [{"uses": "acme/docker-build-push@main", "with": _login(c, image="app")}]}, "an action that pushes images"),
    Mapping("diun", lambda c: {"regopts": [_login(c, name="corp", selector="image")]}, "Diun's list of registries"),
    Mapping("drone", lambda c: {"kind": "pipeline", "steps": [{"name": "push", "image": "plugins/docker", "settings": _login(c, repo="acme/app")}]}, "a step of Drone that pushes images"),
    Mapping("drone kaniko", lambda c: {"steps": [{"image": "plugins/kaniko:1", "settings": _login(c, repo="acme/app")}]}, "another plugin"),
    Mapping("woodpecker", lambda c: {"steps": {"push": {"image": "woodpeckerci/plugin-docker-buildx", "settings": _login(c, repo="acme/app")}}}, "Woodpecker's plugin"),
    Mapping("old drone", lambda c: {"pipeline": {"push": _login(c, image="plugins/docker", repo="acme/app")}}, "Drone before its first version"),
    Mapping("bitbucket image", lambda c: {"image": _login(c, name="acme/build:1", email="a@example.com")}, "the image that Bitbucket's pipeline runs in"),
    Mapping("circle", lambda c: {"jobs": {"a": {"docker": [{"image": "acme/build", "auth": _login(c)}]}}}, "the image that CircleCI runs in"),
    Mapping("concourse", lambda c: {"resources": [{"name": "a", "type": "registry-image", "source": _login(c, repository="acme/app")}]}, "a resource of Concourse"),
    Mapping("concourse task", lambda c: {"image_resource": {"type": "docker-image", "source": _login(c, repository="acme/build")}}, "the image of a task of Concourse"),
    Mapping("gitlab described", lambda c: {"variables": {"HARBOR_PASSWORD": {"value": c.password, "description": "how we push"}}}, "a variable of GitLab with a description"),
    Mapping("jenkins", lambda c: {"credentials": {"system": {"domainCredentials": [{"credentials": [{"usernamePassword": _login(c, scope="GLOBAL", id="harbor-push")}]}]}}}, "Jenkins' configuration as code"),
    Mapping("jenkins described", lambda c: {"usernamePassword": _login(c, id="ci", description="Docker Hub")}, "the description says it"),
    Mapping("quarkus yaml", lambda c: {"quarkus": {"container-image": _login(c, registry="images.corp.example")}}, "how Quarkus pushes"),
    Mapping("quarkus hub", lambda c: {"quarkus": {"container-image": _login(c, group="acme")}}, "the way to it says that it is about images"),
    Mapping("renovate", lambda c: {"hostRules": [_login(c, hostType="docker", matchHost="images.corp.example")]}, "Renovate's rule for a registry"),
    Mapping("renovate host", lambda c: {"hostRules": [_login(c, matchHost="ghcr.io")]}, "a registry's host without a type"),
    Mapping("spring default", lambda c: {"registry": {"username": c.user, "password": f"${{REGISTRY_PASSWORD:{c.password}}}"}}, "what Spring takes if the variable is not set"),
    Mapping("chart default", lambda c: {"registry": {"username": c.user, "password": f'{{{{ or .Values.password "{c.password}" }}}}'}}, "what a template takes otherwise"),
    Mapping("jinja default", lambda c: {"registry_password": f"{{{{ lookup('env', 'P') or '{c.password}' }}}}"}, "the same in another language of templates"),
    Mapping("shell default", lambda c: {"env": {"REGISTRY_PASSWORD": f"${{REGISTRY_PASSWORD:-{c.password}}}"}}, "the same for a shell"),
    Mapping("talos host", lambda c: {"apiVersion": "v1alpha1", "kind": "RegistryAuthConfig", **_login(c, name="images.corp.example")}, "a document of Talos"),
    Mapping("word", lambda c: {"registry": {"username": c.user, "password": remember("Wintergarten")}}, "a word is a password too"),
    Mapping("rke2", lambda c: {"configs": {"images.corp.example": {"auth": _login(c)}}}, "registries.yaml of RKE2"),
    Mapping("tekton annotation", lambda c: _secret({"name": "a", "annotations": {"tekton.dev/docker-0": "https://images.corp.example"}}, _login(c), type="kubernetes.io/basic-auth"), "Tekton pushes with it"),
    Mapping("tekton parameter", lambda c: {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "a"}, "spec": {"params": [{"name": "registry-password", "type": "string", "default": c.password}]}}, "a parameter's default"),
    Mapping("cloudformation", lambda c: {"Parameters": {"RegistryPassword": {"Type": "String", "NoEcho": True, "Default": c.password}}}, "a parameter's default under its name"),
    Mapping("cloudformation environment", lambda c: {"Environment": [{"Name": "REGISTRY_PASSWORD", "Value": c.password}]}, "a container's variable"),
    Mapping("cloudformation given", lambda c: [{"ParameterKey": "HarborPassword", "ParameterValue": c.password}], "what a stack is given"),
    Mapping("workflow input", lambda c: {"on": {"workflow_call": {"inputs": {"registry-password": {"type": "string", "default": c.password}}}}}, "an input's default"),
    Mapping("arm parameter", lambda c: {"parameters": {"registryPassword": {"type": "securestring", "defaultValue": c.password}}}, "a template of Azure"),
    Mapping("nested names", lambda c: {"global": {"imageCredentials": _login(c)}}, "the way to it says it"),
    Mapping("server address", lambda c: {"auth": _login(c, serveraddress="images.corp.example")}, "docker's own name for a registry's host"),
]  # fmt: skip

HCL = 'resource "helm_release" "a" {{\n  name = "a"\n{0}\n}}'
LINES = [
    Lines("export two", lambda c: f"export REGISTRY_USER={c.user} REGISTRY_PASSWORD={c.password}", "two on one line"),
    Lines("ahead of a command", lambda c: f"REGISTRY_USER={c.user} REGISTRY_PASSWORD={c.password} ./push.sh", "variables of one command"),
    Lines("systemd", lambda c: f'[Service]\nEnvironment="REGISTRY_USER={c.user}" "REGISTRY_PASSWORD={c.password}"', "a unit of systemd"),
    Lines("systemd bare", lambda c: f"[Service]\nEnvironment=REGISTRY_USER={c.user} REGISTRY_PASSWORD={c.password}", "the same without quotes"),
    Lines("maven property", lambda c: f"mvn package -Djib.to.auth.username={c.user} -Djib.to.auth.password={c.password}", "a property on the command line"),
    Lines("gradle property", lambda c: f"./gradlew jib -PregistryPassword={c.password}", "the same of Gradle"),
    Lines("terraform var", lambda c: f"terraform apply -var registry_password={c.password}", "Terraform's command line"),
    Lines("build arg", lambda c: f"docker build --build-arg registry_password={c.password} .", "small letters behind a flag"),
    Lines("openshift process", lambda c: f"oc process -f t.yaml -p REGISTRY_PASSWORD={c.password}", "a template's parameter"),
    Lines("quarkus", lambda c: f"quarkus.container-image.registry=images.corp.example\nquarkus.container-image.username={c.user}\nquarkus.container-image.password={c.password}", "properties"),
    Lines("properties", lambda c: f"harbor.registry.user = {c.user}\nharbor.registry.password = {c.password}", "properties with blanks"),
    Lines("java constant", lambda c: f'private static final String REGISTRY_PASSWORD = "{c.password}";', "a constant behind its type"),
    Lines("kotlin", lambda c: f'val registryPassword: String = "{c.password}"', "a type behind the name"),
    Lines("typescript", lambda c: f"export const dockerPassword: string = '{c.password}';", "the same"),
    Lines("object", lambda c: f"run({{ image: 'app', registryPassword: '{c.password}' }});", "a key of an object"),
    Lines("getenv", lambda c: f'password = os.environ.get("REGISTRY_PASSWORD", "{c.password}")', "what a program takes if the variable is not set"),
    Lines("getenv or", lambda c: f"const p = process.env.REGISTRY_PASSWORD || '{c.password}'", "the same in JavaScript"),
    Lines("fetch", lambda c: f"p = ENV.fetch('HARBOR_PASSWORD', '{c.password}')", "the same in Ruby"),
    Lines("bicep", lambda c: f"param registryPassword string = '{c.password}'", "a parameter of Bicep"),
    Lines("terraform default", lambda c: f'variable "registry_password" {{\n  type = string\n  sensitive = true\n  default = "{c.password}"\n}}', "a variable's default"),
    Lines("terraform checked", lambda c: f'variable "harbor_token" {{\n  validation {{\n    condition = true\n  }}\n  default = "{c.password}"\n}}', "behind a block"),
    Lines("terraform set", lambda c: HCL.format(f'  set_sensitive {{\n    name  = "imageCredentials.password"\n    value = "{c.password}"\n  }}'), "name and value in fields of their own"),
    Lines("terraform set turned", lambda c: HCL.format(f'  set {{\n    value = "{c.password}"\n    name  = "registry.password"\n  }}'), "in the other order"),
    Lines("terraform set list", lambda c: HCL.format(f'  set = [{{ name = "registry.password", value = "{c.password}" }}]'), "in a list"),
    Lines("terraform repository", lambda c: HCL.format(f'  repository = "oci://images.corp.example/charts"\n  repository_username = "{c.user}"\n  repository_password = "{c.password}"'), "a chart that is in a registry"),
    Lines("terraform build", lambda c: f'resource "docker_image" "a" {{\n  build {{\n    auth_config {{\n      host_name = "harbor.example.com"\n      user_name = "{c.user}"\n      password  = "{c.password}"\n    }}\n  }}\n}}', "the docker provider"),
    Lines("terraform own host", lambda c: f'resource "docker_image" "a" {{\n  build {{\n    context = "docker"\n    auth_config {{\n      host_name = "images.corp.example"\n      user_name = "{c.user}"\n      password  = "{c.password}"\n    }}\n  }}\n}}', "the block says it"),
    Lines("azure container group", lambda c: f'image_registry_credential {{\n  server   = "images.corp.example"\n  username = "{c.user}"\n  password = "{c.password}"\n}}', "the azurerm provider"),
    Lines("nomad", lambda c: f'config {{\n  image = "ghcr.io/acme/app"\n  auth {{\n    username = "{c.user}"\n    password = "{c.password}"\n  }}\n}}', "a task of Nomad"),
    Lines("jib gradle", lambda c: f"jib {{\n  to {{\n    image = 'images.corp.example/app'\n    auth {{\n      username = '{c.user}'\n      password = '{c.password}'\n    }}\n  }}\n}}", "Jib's block says it"),
    Lines("jib kotlin", lambda c: f'jib {{\n  to {{\n    image = "ghcr.io/acme/app"\n    auth {{\n      username.set("{c.user}")\n      password.set("{c.password}")\n    }}\n  }}\n}}', "in Kotlin"),
    Lines("nixos", lambda c: f'{{ virtualisation.oci-containers.containers.a.login = {{ registry = "images.corp.example"; username = "{c.user}"; password = "{c.password}"; }}; }}', "a module of NixOS"),
    Lines("go own host", lambda c: f'c := registry.AuthConfig{{\n\tUsername: "{c.user}",\n\tPassword: "{c.password}",\n\tServerAddress: "https://images.corp.example",\n}}', "the type says it"),
    Lines("go types", lambda c: f'c := types.AuthConfig{{\n\tUsername: "{c.user}",\n\tPassword: "{c.password}",\n\tServerAddress: "https://index.docker.io/v1/",\n}}', "the type of older versions"),
    Lines("docker for python", lambda c: f"client.images.pull('ghcr.io/acme/app', auth_config={{'username': '{c.user}', 'password': '{c.password}'}})", "an argument of a call"),
    Lines("docker for python host", lambda c: f"client.login('{c.user}', registry='images.corp.example')\nclient.login(username='{c.user}', password='{c.password}', registry='https://registry.example.com')", "docker for Python"),
    Lines("header python", lambda c: f"import requests\nr = requests.get('https://registry.example.com/v2/_catalog', headers={{'Authorization': 'Basic {c.auth}'}})", "a header of a request"),
    Lines("header go", lambda c: f'req, _ := http.NewRequest("GET", "https://registry.example.com/v2/", nil)\nreq.Header.Set("Authorization", "Basic {c.auth}")', "a header that is set below"),
    Lines("header request", lambda c: f"GET https://registry.example.com/v2/app/tags/list\nAuthorization: Basic {c.auth}", "a request as editors keep it"),
    Lines("header containerd", lambda c: f'server = "https://images.corp.example"\n[host."https://images.corp.example"]\n  capabilities = ["pull"]\n[host."https://images.corp.example".header]\n  Authorization = "Basic {c.auth}"', "containerd's hosts.toml"),
    Lines("header containerd list", lambda c: f'[host."http://images.corp.example".header]\n  authorization = ["Basic {c.auth}"]', "a list of values"),
    Lines("registry header", lambda c: f'curl -X POST -H "X-Registry-Auth: {_header(c)}" "http://localhost/images/create?fromImage=app"', "docker's own header"),
    Lines("registry header url", lambda c: f'header("X-Registry-Auth", "{base64.urlsafe_b64encode(json.dumps(_login(c, serveraddress="images.corp.example")).encode()).decode()}")', "in the alphabet of addresses"),
    Lines("ansible command", lambda c: f'ansible all -m docker_login -a "registry=ghcr.io username={c.user} password={c.password}"', "Ansible's command line"),
    Lines("kaniko", lambda c: "echo \"{\\\"auths\\\":{\\\"ghcr.io\\\":{\\\"auth\\\":\\\"$(printf '" + f"{c.user}:{c.password}" + "' | base64)\\\"}}}\" > config.json", "an auth that a shell makes", "docker-config"),
    Lines("kaniko echo", lambda c: "echo '{\"auths\":{\"ghcr.io\":{\"auth\":\"'$(echo -n " + f"{c.user}:{c.password}" + " | base64 -w0)'\"}}}' > config.json", "the same in other quotes", "docker-config"),
    Lines("variable above", lambda c: f'P="{c.password}"\ndocker login -u {c.user} -p "$P" ghcr.io', "a variable that the line above sets", "registry-login"),
    Lines("variable braces", lambda c: f"pw='{c.password}'\npodman login -u {c.user} --password=${{pw}} ghcr.io", "the same in braces", "registry-login"),
    Lines("variable printed", lambda c: f'SECRET={c.password}\necho "$SECRET" | docker login ghcr.io -u {c.user} --password-stdin', "the same, printed", "registry-login"),
    Lines("variable here string", lambda c: f'key={c.password}\nhelm registry login ghcr.io -u {c.user} --password-stdin <<< "$key"', "the same in a here string", "registry-login"),
    Lines("variable pair", lambda c: f'CREDS={c.user}:{c.password}\nskopeo copy --src-creds "$CREDS" docker://a docker://b', "user and password in one", "registry-login"),
    Lines("variable half", lambda c: f'PW={c.password}\ncurl -u "{c.user}:$PW" https://registry.example.com/v2/_catalog', "the password alone is a variable", "registry-login"),
    Lines("make variable", lambda c: f"PASS := {c.password}\nlogin:\n\t@docker login -u {c.user} -p $(PASS) ghcr.io", "make has its own brackets", "registry-login"),
    Lines("powershell variable", lambda c: f'$pw = "{c.password}"\ndocker login ghcr.io -u {c.user} -p $pw', "PowerShell", "registry-login"),
    Lines("batch variable", lambda c: f"set PW={c.password}\r\ndocker login ghcr.io -u {c.user} -p %PW%", "Windows", "registry-login"),
    Lines("fish variable", lambda c: f"set -l pw {c.password}\ndocker login ghcr.io -u {c.user} -p $pw", "fish", "registry-login"),
    Lines("workflow variable", lambda c: f"env:\n  PW: {c.password}\nrun: |\n  docker login -u {c.user} -p $PW ghcr.io", "a workflow's environment", "registry-login"),
    Lines("apptainer", lambda c: f"apptainer registry login --username {c.user} --password {c.password} oras://ghcr.io", "apptainer", "registry-login"),
    Lines("apptainer pull", lambda c: f"singularity pull --docker-username {c.user} --docker-password {c.password} docker://acme/app", "under its older name", "registry-login"),
    Lines("argo cd repository", lambda c: f"argocd repo add images.corp.example --type helm --enable-oci --username {c.user} --password {c.password}", "charts in a registry", "registry-login"),
    Lines("powershell azure", lambda c: f"Connect-AzContainerRegistry -Name corp -UserName {c.user} -Password '{c.password}'", "Azure's module", "registry-login"),
    Lines("regctl pass", lambda c: f"regctl registry login ghcr.io -u {c.user} --pass {c.password}", "regctl's flag", "registry-login"),
    Lines("azure web app", lambda c: f"az webapp config container set -n a --docker-registry-server-user {c.user} --docker-registry-server-password {c.password}", "a web app that pulls", "registry-login"),
    Lines("in exec", lambda c: f"kubectl exec -it build -- docker login -u {c.user} -p {c.password} ghcr.io", "a login that runs elsewhere", "registry-login"),
    Lines("in exec shell", lambda c: f'docker exec dind sh -c "docker login -u {c.user} -p {c.password} ghcr.io"', "a login within a shell that runs elsewhere", "registry-login"),
    Lines("default in login", lambda c: f'docker login -u {c.user} -p "${{REGISTRY_PASSWORD:-{c.password}}}" ghcr.io', "what the shell takes otherwise", "registry-login"),
    Lines("assigned default", lambda c: f': "${{REGISTRY_PASSWORD:={c.password}}}"', "a shell's way to set a default"),
    Lines("curl host", lambda c: f"curl -u {c.user}:{c.password} https://registry.corp.example", "a registry by its name alone", "registry-login"),
    Lines("curl flags", lambda c: f"curl -sfLu {c.user}:{c.password} https://harbor.corp.example", "the user behind other flags", "registry-login"),
    Lines("token in small letters", lambda c: f"docker_image_pat: {c.password}", "a personal access token, named in small letters", "registry-password"),
    Lines("curl root", lambda c: f"curl -u {c.user}:{c.password} https://images.corp.example/v2/", "a registry's first question", "registry-login"),
    Lines("curl variable host", lambda c: f'curl -u {c.user}:{c.password} "https://$REGISTRY/v2/app/tags/list"', "the host is a variable", "registry-login"),
    Lines("curl token", lambda c: f'curl -u {c.user}:{c.password} "https://auth.docker.io/token?service=registry.docker.io&scope=repository:a:pull"', "what gives tokens for a registry", "registry-login"),
]  # fmt: skip
