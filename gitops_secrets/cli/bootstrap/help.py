"""The help of bootstrap, whose many options are listed by what they are about."""

from __future__ import annotations

import click

from gitops_secrets.cli.options.registries import GroupedCommand

_SECTIONS = {
    "Registries and credentials": (
        *("registry", "scope", "registry_creds_stdin", "registry_creds_file"),
        *("registry_creds_env", "registry_creds_docker_config", "registry_creds"),
        *("short_lived", "image_pull_secret", "accounts"),
    ),
    "Flux": (
        *("paths", "all_clusters", "new_cluster", "namespace", "source", "flavour", "folder"),
        *("layout", "resume", "kube_context", "kubeconfig"),
    ),
    "Encryption": ("age_recipients", "age_identity_file", "shadowed_recipients"),
}
_OTHERS = "Commit and output"
_SECTION_OF = {name: section for section, names in _SECTIONS.items() for name in names}


class BootstrapCommand(GroupedCommand):
    """A command whose help has sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in their order, each in its section."""
        for section in (*_SECTIONS, _OTHERS):
            records = [
                parameter.get_help_record(ctx)
                for parameter in self.get_params(ctx)
                if _SECTION_OF.get(parameter.name or "", _OTHERS) == section
            ]
            with formatter.section(section):
                formatter.write_dl([record for record in records if record is not None])
