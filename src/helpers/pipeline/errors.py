"""What can go wrong outside a notebook. Each error is one or more lines that a person can act on."""


class PipelineError(Exception):
    """A run of the pipeline cannot go on; the message is shown without a traceback."""

    exit_code = 1


class UsageError(PipelineError):
    """The request is wrong: `runs.toml`, a parameter or an option. Nothing was executed.

    Parameters
    ----------
    *problems : str
        One line each, naming the file or notebook, the key or parameter, and what was expected.
    """

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM reached the pipeline. Nothing is published."""

    exit_code = 130
