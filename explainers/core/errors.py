"""Errors whose message is written for the person at the page."""


class MaskwiseError(ValueError):
    """Something the person can mend: the message says what is wrong and what to do."""
