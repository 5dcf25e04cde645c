"""`python -m studies …`: an error of the person ends in one sentence and exit code 2."""

import sys


def end(code: int, said: str) -> None:
    print(said, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    try:
        from explainers.core.errors import MaskwiseError  # here: it takes seconds, and Ctrl-C may come
        from studies.command import main

        try:
            main()
        except MaskwiseError as error:
            end(2, f"error: {error}")
    except KeyboardInterrupt:
        end(130, "Cut off. The same command goes on where it was.")
