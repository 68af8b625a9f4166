"""Variables whose names say more than whose password they hold, and those whose value has several lines."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guard.corpus.case import Case, Fresh, found, silent
from tests.support.draw import CHANCE

PASSWORD = "registry-password"
NAMES = (
    *("REGISTRY_PASSWORD_PRODUCTION", "GHCR_TOKEN_DEV", "QUAY_PASS_PREVIOUS", "HARBOR_PASSWORD_RO"),
    *(
        "registry_password_uat",
        "DOCKERHUB_PASSWORD_BACKUP",
        "registry.password.qa",
        "ACR_PWD_NEW_2",
    ),
    *("registryPasswordLegacy", "DOCKER_TOKEN_PUSH_CI", "OCI_TOKEN_plaintext", "REGISTRY_TOKEN_V2"),
)
SPELLINGS = {
    "env": ("{name}={value}\n", "a dotenv file"),
    "yaml": ("{name}: {value}\n", "a mapping"),
    "shell": ("#!/bin/sh\nexport {name}='{value}'\n", "a script"),
    "terraform": ('locals {{\n  {name} = "{value}"\n}}\n', "a block"),
    "pod": ("env:\n- name: {name}\n  value: {value}\n", "a container's variable"),
}
COMMANDS = {
    "docker": "docker run --rm -e REGISTRY_PASSWORD_STG={value} -e A=b example/app\n",
    "build": "docker build --build-arg registry_token_ci={value} .\n",
    "declared": 'variable "harbor_password_live" {{\n  type    = string\n  default = "{value}"\n}}\n',
    "left by sops": "registry:\n  url: registry.example.com\n  username: robot\n  password_unencrypted: {value}\n",
    "call": 'login(server="registry.example.com", username="robot", password_old="{value}")\n',
}
SECTION = (
    '[plugins."io.containerd.grpc.v1.cri".registry.configs."quay.io".auth]\nusername = "robot"\n'
)
BLOCK = 'provider "docker" {{\n  registry_auth {{\n    address  = "quay.io"\n    username = "robot"\n    password = {literal}\n  }}\n}}\n'
SEVERAL_LINES = {
    "toml": SECTION + 'password = """{value}"""\n',
    "toml, on a line of its own": SECTION + 'password = """\n{value}"""\n',
    "toml, with a backslash": SECTION + 'password = """\\\n  {value}\\\n  """\n',
    "toml, in two pieces": SECTION + 'password = """{half}\\\n  {rest}"""\n',
    "toml, as it stands": SECTION + "password = '''\n{value}'''\n",
    "hcl": BLOCK.replace("{literal}", "<<EOT\n{value}\nEOT"),
    "hcl, indented": BLOCK.replace("{literal}", "<<-SECRET\n      {value}\n    SECRET"),
    "hcl, a default": 'variable "harbor_password" {{\n  default = <<-EOF\n    {value}\n  EOF\n}}\n',
    "hcl, with carriage returns": 'variable "harbor_token" {{\r\n  default = <<EOF\r\n{value}\r\nEOF\r\n}}\r\n',
    "python": 'REGISTRY_PASSWORD = """{value}"""\n',
    "ruby": "registry_password = <<~EOS\n  {value}\nEOS\n",
    "nix": "{{\n  registryPassword = ''\n    {value}\n  '';\n}}\n",
    "shell": "#!/bin/sh\nREGISTRY_PASSWORD=$(cat <<'EOF'\n{value}\nEOF\n)\n",
    "powershell": "$registryPassword = @'\n{value}\n'@\n",
}
NOT_A_PASSWORD = {
    "docstring": 'REGISTRY_PASSWORD = """\nThe password of the robot at quay.io.\nSee the manual.\n"""\n',
    "placeholder": SECTION + 'password = """changeme"""\n',
    "variable": 'variable "harbor_password" {\n  default = <<EOT\n${var.harbor_password_of_all}\nEOT\n}\n',
    "empty": "registry_password = ''''\nuser = 'k2Vd8sQw71xPz'\n",
    "of a database": 'postgres_password = """k2Vd8sQw71xPz"""\n',
    "what a program reads": "docker login --password-stdin <<EOF\n$REGISTRY_PASSWORD\nEOF\n",
}


OF_OTHERS = (
    *("REGISTRY_PASSWORD_FILE=/run/secrets/registry-pw", "REGISTRY_PASSWORD_SECRET=harbor-pull-x2"),
    *("REGISTRY_PASSWORD_KEY=dockerPasswordField9", "REGISTRY_TOKEN_URL=https://registry.example.com/t"),
    *("REGISTRY_PASSWORD_LENGTH=32768128", "DOCKER_TOKEN_NAME=ci-puller-2024"),
    *("REGISTRY_PASSWORD_PROD=${{ secrets.REGISTRY_PASSWORD_PROD }}", "REGISTRY_PASSWORD_OLD=changeme"),
    *("REGISTRY_PASSWORD_CI=$REGISTRY_PASSWORD", "POSTGRES_PASSWORD_PROD=k2Vd8sQw71xPz"),
    *("REGISTRY_PASSWORD_STAGING=REGISTRY_PASSWORD_STAGING", "TOKEN_REGISTRY_RAW=k2Vd8sQw71xPz"),
)  # fmt: skip


WORDS = {
    "words": ('REGISTRY_PASSWORD="correct horse battery {digits}staple"\n', "words are a password too"),
    "a word and a year": ("registry:\n  username: Robot\n  password: Sommer20{digits}\n  email: Robot\n", "a year is in no label"),
    "a word beside a host": ("registry:\n  url: quay.io\n  username: Robot\n  password: Sommerregen\n", "a host is no label"),
    "a word beside a registry": ("harbor:\n  registry: Dockerhub\n  username: Robot\n  password: Sommerregen\n", "nor is the name of a registry"),
    "a word of two": ("registry:\n  username: Robot\n  password: Sommerregen\n", "two words are no form"),
    "a message's": ('ERR_REGISTRY_PASSWORD="{value}"\n', "no sentence"),
    "a message's of blanks": ('ERR_REGISTRY_PASSWORD="the one {value} is"\n', "a sentence with a password in it"),
}  # fmt: skip
"""What people tell each other is in words as well. What logs in is found all the same."""


def readable() -> Iterator[Case]:
    for kind, (spell, reason) in WORDS.items():
        fresh = Fresh()
        text = spell.format(value=fresh.password, digits=CHANCE.randrange(10, 100))
        yield found(f"variable/{kind}", PASSWORD, text, reason)
    for name in NAMES:
        for kind, (spell, reason) in SPELLINGS.items():
            if kind == "shell" and "." in name:
                continue
            value = Fresh().password
            text = spell.format(name=name, value=value)
            yield found(
                f"variable/{kind}/{name}", PASSWORD, text, f"{reason} of which one is meant"
            )
    for kind, spell in COMMANDS.items():
        text = spell.format(value=Fresh().password)
        yield found(f"variable/{kind}", PASSWORD, text, "a name that says which one is meant")
    for kind, spell in SEVERAL_LINES.items():
        value = Fresh().password
        text = spell.format(value=value, half=value[:9], rest=value[9:])
        yield found(f"several lines/{kind}", PASSWORD, text, "one word in a literal of lines")


def lookalikes() -> Iterator[Case]:
    for line in OF_OTHERS:
        yield silent(f"variable/{line}", f"{line}\n", "no password, or another's", "ci/build.env")
    for kind, text in NOT_A_PASSWORD.items():
        yield silent(f"several lines/{kind}", text, "no password, or another's", "ci/build.txt")
