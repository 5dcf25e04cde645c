"""Records of explanations on tiny models, and texts that are hard to carry, for the tests of sharing."""

from dataclasses import asdict

from components.classification import tab as classification_tab
from components.compare.view import ComparisonView
from components.generation import tab as generation_tab
from explainers import explain_generation
from explainers.streams.comparison import compare
from explainers.streams.reading import explain_and_read
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.comparison import ComparisonRequest

NASTY = [
    "Write about a doctor 👩🏽‍⚕️ and a 𝒃ook",
    "<script>alert(1)</script> <img src=x onerror=alert(2)> & \"quotes\" 'single'",
    "${alert(3)} {{ value }} `tick` \\n %41 +plus &amp; #hash ?a=b&c=d",
    "two lines\nand\ta tab\r\n\nend",
    "مرحبا بالعالم \u202eright to left\u202c mixed",
    "=cmd|' /C calc'!A0, =1+1 +2 -3 @sum",
    "\"\"\"\nimport os  # ''' {braces} {0}",
    "long " * 700,
]
GENERATION = {
    "prompt": "Write a story", "model": "some/model", "method": "xprompt", "k": 2, "granularity": "word",
    "mask_operator": "delete", "max_new_tokens": 12, "seed": 7, "response": "", "system_prompt": "Be brief.",
    "options": {"iterations": 30, "initialisation": "random"},
}  # fmt: skip


def generation_record(prompt="Write a short story about a doctor.", **asked):
    asked = {"method": "xprompt", "k": 2, "max_new_tokens": 8, "options": {"iterations": 12}, **asked}
    view = generation_tab.GenerationView("")
    for event in explain_generation(prompt, **asked):
        view.add(event)
    page = {"prompt": prompt, "response": asked.get("response", "")}
    return view.record() | {"inputs": {**GENERATION, **asked, **page}}


def classification_record(text="The movie was great, but the ending was bad.", **asked):
    view = classification_tab.ClassificationView("", shows=classification_tab.RUN_SHOWS)
    for event in explain_and_read(ClassificationRequest(text, **asked)):
        view.add(event)
    return view.record()


def comparison_record(prompt="Write a short story about a doctor.", **asked):
    asked = {
        "methods": ["feature_ablation", "random_removal", "xprompt"],
        "k": 1,
        "max_new_tokens": 6,
        **asked,
    }
    request = ComparisonRequest(prompt, draws=2, **asked)
    view = ComparisonView(asdict(request))
    for event in compare(request):
        view.add(event)
    return view.record()
