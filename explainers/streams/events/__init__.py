"""What the streams yield: plain JSON objects, told apart by their `type`, declared here once.

log-probabilities are in nats, time is in seconds, `start` and `end` of a span count code points of the
person's own text. Four numbers say what a method takes:

- evaluations: masks and gradients it asked for; one asked for twice counts twice;
- distinct_masks: different masks among them;
- forward_passes: sequences that went through the model for it; a mask already known costs none;
- passes: a forecast of forward_passes, made before it runs.

Names that older files lack are NotRequired: a loaded file is checked against these very types.
"""
