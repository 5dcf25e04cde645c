"""Spans against a slow reference, and words in scripts that set no spaces."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explainers.core.types import TokenSpan
from explainers.text.prompts import render_prompt
from explainers.text.spans import Granularity, split_spans, text_units
from tests.tiny_models import byte_level_tokenizer

LETTERS = "ab .!\n'é中ไทย🎉"


def slow_spans(text, offsets, granularity):
    """Each unit against every token: the definition, word for word."""

    def strip(start, end):
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
        return start, end

    tokens = {p: strip(*chars) for p, chars in enumerate(offsets) if strip(*chars)[0] < strip(*chars)[1]}
    units = sorted(set(tokens.values())) if granularity == "token" else text_units(text, granularity)
    joined = []
    for start, end in units:
        if joined and any(s < joined[-1][1] and e > start for s, e in tokens.values()):
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    spans = []
    for start, end in joined:
        own = [p for p, (s, e) in tokens.items() if s < end and e > start]
        own += [p for p, (s, e) in enumerate(offsets) if p not in tokens and start <= s < e <= end]
        spans += [TokenSpan(text[start:end], (start, end), tuple(sorted(own)))] if own else []
    return tuple(spans)


@settings(max_examples=300)
@given(
    st.text(LETTERS, max_size=30),
    st.lists(st.integers(0, 4), max_size=30),
    st.sampled_from(list(Granularity)),
)
def test_spans_equal_the_slow_reference(text, lengths, granularity):
    offsets, start = [(0, 0)], 0
    for length in lengths:  # a length of 0 stands for one more token of the same characters
        end = min(len(text), start + length)
        offsets.append((start, end) if length else offsets[-1])
        start = end
    assert split_spans(text, offsets, granularity) == slow_spans(text, offsets, granularity)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天天气很好，我们去公园吧", ["今天", "天气", "很好", "，", "我们", "去", "公园", "吧"]),
        ("วันนี้อากาศดีมาก", ["วัน", "นี้", "อากาศ", "ดี", "มาก"]),
        ("東京へ行く", ["東京", "へ", "行く"]),
        ("ប្រទេសកម្ពុជា", ["ប្រទេស", "កម្ពុជា"]),
        ("ສະບາຍດີທຸກຄົນ", ["ສະບາຍດີ", "ທຸກຄົນ"]),
        ("ကမ္ဘာကြီး", ["ကမ္ဘာ", "ကြီး"]),
        ("I ❤ 公园 and วันนี้!", ["I", "❤", "公园", "and", "วัน", "นี้", "!"]),
        ("𠀀 🎉 公园", ["𠀀", "🎉", "公园"]),
    ],
    ids=["Chinese", "Thai", "Japanese", "Khmer", "Lao", "Burmese", "mixed", "beyond 16 bits"],
)
def test_words_are_those_of_the_language(text, words):
    assert [span.text for span in render_prompt(byte_level_tokenizer(), text).spans] == words


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize(
    "text",
    ["word, " * 3334, "今天天气很好。" * 2858, "a\u0301\u0302" * 6667],
    ids=["English", "Chinese", "marks"],
)
def test_spans_of_a_long_text_take_linear_time(text, granularity):
    def seconds(text):
        offsets = [(i, i + 1) for i in range(len(text))]
        started = process_time()
        split_spans(text, offsets, granularity)
        return process_time() - started

    assert min(seconds(text) for _ in range(3)) < 1.0


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        ("یہ ایک ہے۔ یہ دو ہے۔", ["یہ ایک ہے۔", "یہ دو ہے۔"]),
        ("ሰላም። ደህና።", ["ሰላም።", "ደህና።"]),
        ("ជំរាបសួរ។លាហើយ។", ["ជំរាបសួរ។", "លាហើយ។"]),
        ("「好。」他说。再见！", ["「好。」", "他说。", "再见！"]),
        ("«Да.» Нет…", ["«Да.»", "Нет…"]),
        ("one\r\ntwo\rthree\u2028four\u2029five\x85six", ["one", "two", "three", "four", "five", "six"]),
        ("Pi is 3.14, e.g. here", ["Pi is 3.14, e.g.", "here"]),
    ],
)
def test_sentences_end_as_their_script_ends_them(text, sentences):
    assert [text[start:end] for start, end in text_units(text, Granularity.SENTENCE)] == sentences


def test_what_is_not_seen_is_no_word():
    text = "zero\u200bwidth \u200f\u2060 می\u200cخواهم"
    words = [text[start:end] for start, end in text_units(text, Granularity.WORD)]
    assert words == ["zero", "width", "می\u200cخواهم"]
