"""`python -m litemaas.stack run | services | manage ARGUMENTS… | reset`, called by the Makefile."""

import errno
import sys

from litemaas.stack import commands, throwaway
from litemaas.stack.errors import StackError
from litemaas.stack.layout import Layout


def main(arguments: list[str]) -> int:
    match arguments:
        case ["run"]:
            return commands.run(Layout())
        case ["services"]:
            throwaway.serve()
            return 0
        case ["manage", *rest]:
            return commands.manage(Layout(), rest)
        case ["reset"]:
            return commands.reset(Layout())
    print(__doc__, file=sys.stderr)
    return 2


def _told(arguments: list[str]) -> int:
    """Troubles that the reader can mend are told in a sentence; anything else is a bug and keeps its trace."""
    try:
        return main(arguments)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print("\nThe disk is full. Make room and start again.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(_told(sys.argv[1:]))
