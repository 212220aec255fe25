"""What stops the stack from starting, said so that the reader knows what to do."""


class StackError(Exception):
    """A plain-word message for the terminal: what is wrong and what helps."""


class StopRequested(Exception):
    """Somebody asked for the stop: Ctrl-C, SIGTERM, a closed terminal."""
