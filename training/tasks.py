"""The tasks the built-in model is tuned for: templates and label words, and how often each is read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TunedTask:
    """`file` names FILE_train.jsonl and FILE_dev.jsonl. The first template and each class's first word are
    the ones its accuracy is reported for. `share`: part of the steps; `batch`: texts in one of them."""

    file: str
    templates: tuple[str, ...]
    label_words: tuple[tuple[str, ...], ...]
    share: float
    batch: int


TOPIC_TEMPLATES = (
    "A <mask> news : {text}",
    "{text} This topic is about <mask> .",
    "[ Category : <mask> ] {text}",
    "[ Topic : <mask> ] {text}",
)
TOPIC_WORDS = (
    ("politics", "world", "government", "international", "political", "war", "foreign", "country"),
    ("sports", "sport", "football", "game", "team", "league", "baseball", "players"),
    ("business", "economy", "financial", "market", "economic", "company", "trade", "money"),
    ("technology", "science", "internet", "computer", "software", "scientific", "computers", "space"),
)
SENTIMENT_TEMPLATES = (
    "{text} It was <mask> .",
    "It was <mask> . {text}",
    "Just <mask> ! {text}",
    "{text} All in all , it was <mask> .",
    "{text} In summary , the film was <mask> .",
)
SENTIMENT_WORDS = (
    ("terrible", "bad", "awful", "boring", "poor", "horrible", "disappointing", "dull", "weak", "worst"),
    (
        "great",
        "good",
        "excellent",
        "wonderful",
        "brilliant",
        "amazing",
        "fantastic",
        "beautiful",
        "perfect",
        "best",
    ),
)

TUNED_TASKS = (
    TunedTask("ag_news", TOPIC_TEMPLATES, TOPIC_WORDS, share=0.3, batch=32),
    TunedTask("sst2", SENTIMENT_TEMPLATES, SENTIMENT_WORDS, share=0.3, batch=64),
    TunedTask("imdb_reviews", SENTIMENT_TEMPLATES, SENTIMENT_WORDS, share=0.4, batch=12),
)
