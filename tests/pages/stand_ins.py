"""Programs that the pages name and that Python packages do not have: each is a stand-in, and says for what.

They do what the page needs of them and nothing else, with real keys and real manifests.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAMS = {
    # Flux's command line is built by tests/e2e. It starts its plugins as this does.
    "flux": """\
#!/bin/sh
name=$1; shift
exec "$HOME/.fluxcd/plugins/flux-$name" "$@"
""",
    # kubectl is in Debian, not in a Python package. This is what "create secret generic" prints.
    "kubectl": """\
#!/bin/sh
cat <<SECRET
apiVersion: v1
data:
  tls.key: $(base64 --wrap=0 tls.key)
kind: Secret
metadata:
  name: db
  namespace: shop
SECRET
""",
    # A server of Vault is no Python package. It prints one value.
    "vault": """\
#!/bin/sh
printf %s a-value-of-vault
""",
    # The program age is in Debian, not in a Python package. The identity is a real one.
    "age-keygen": f"""\
#!{sys.executable}
import sys
import pyrage
identity = pyrage.x25519.Identity.generate()
with open(sys.argv[2], "x") as file:
    file.write(f"{{identity}}\\n")
print("Public key:", identity.to_public())
""",
}


def put_in(folder: Path) -> None:
    """Write all of them into *folder*, which is to come first on PATH."""
    folder.mkdir()
    for name, script in PROGRAMS.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
