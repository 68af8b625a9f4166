"""The console entry: what every program start pays, and no more."""

# Nothing but what is built into Python or frozen: before main() a repository's modules may come first.
import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Importing makes a great many objects and no garbage: collecting it costs a tenth of a start.
    gc.set_threshold(50_000)
    _open_closed()
    _leave_out_the_repository()

    from gitops_secrets.adapters.running.environment import forget_secrets

    _forbid_core_dumps()
    forget_secrets()

    try:
        status = _run(sys.argv[1:])
    except KeyboardInterrupt as error:
        # While modules are loaded nobody else has words for it.
        words = getattr(error, "words", "nothing was changed")
        sys.stderr.write(f"\ngitops-secrets: error: interrupted; {words}\n")
        status = getattr(error, "exit_code", 130)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Taking the interpreter down piece by piece costs as much as starting git twice.
        os._exit(status)


def _open_closed() -> None:
    """Have something to print to if the caller closed a standard stream, as cron and >&- do."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _leave_out_the_repository() -> None:
    """Have Python look for modules in no folder of the repository that PYTHONPATH names.

    An empty part of it means the current folder, and there may be a yaml.py. The folder that this
    package was loaded from stays.
    """
    given = os.environ.get("PYTHONPATH", "")
    if not given:
        return
    here = top = os.path.realpath(os.curdir)
    while not os.path.lexists(os.path.join(top, ".git")) and top != os.path.dirname(top):
        top = os.path.dirname(top)
    top = here if top == os.path.dirname(top) else top
    own = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    for part in given.split(os.pathsep):
        real = os.path.realpath(part)
        foreign = not os.path.isabs(part) or _is_below(real, top)
        if foreign and real != own:
            sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != real]


def _is_below(folder: str, above: str) -> bool:
    return os.path.join(folder, "").startswith(os.path.join(above, ""))


def _forbid_core_dumps() -> None:
    """Have neither this process nor one that it starts leave its memory in a file.

    The limit is 1: at 0 Linux still pipes a dump to the program that the system names for it, and at
    1 it does neither (fs/coredump.c).
    """
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard if hard == 0 else 1, hard))


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["__textconv"] and len(arguments) == 2:
        from gitops_secrets.commands.merging.textconv import print_redacted

        return print_redacted(arguments[1])
    if arguments[:1] in (["__merge"], ["__merge-bases"]) and len(arguments) == 5:
        from gitops_secrets.cli.merging.driver import merge_for_git

        return merge_for_git(*arguments)
    from gitops_secrets.commands.scan.quick import quick

    status = quick(arguments)
    if status is None:
        from gitops_secrets.cli.app import run

        status = run(arguments)
    return status


if __name__ == "__main__":
    main()
