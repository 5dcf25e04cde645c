"""How much work a run is, in tokens that a model reads: what its seconds are estimated from."""

WRITTEN = 25  # tokens are read in the time in which one of an answer is written, with a draft ahead
WRITTEN_PLAINLY = 75  # the same without a draft


def tokens_read(masks: int, length: int, written: int, each: int = WRITTEN) -> int:
    """masks: that are evaluated, of about `length` tokens each with the answer. written: tokens of answers,
    each of which takes the time of so many read ones."""
    return masks * length + written * each
