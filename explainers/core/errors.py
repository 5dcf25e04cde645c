"""Errors whose message is written for the person at the page."""


class MaskwiseError(ValueError):
    """Something the person can mend: the message says what is wrong and what to do."""


class Stopped(Exception):
    """Raised inside `on_forward` to end a run: somebody pressed Stop, left, or time ran out."""
