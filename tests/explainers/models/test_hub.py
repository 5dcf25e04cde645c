"""Downloads over the Hub's protocol, from a server on this machine."""

import json

from tests.forked import output_of
from tests.hub_server import COMMIT, hub
from tests.tiny_models import tiny_causal

WEIGHTS = "model.safetensors"

LOAD_THEM = """
import json, sys
from explainers.models.held import load_model
from explainers.core.types import Task
for name in sys.argv[1:]:
    try:
        print(json.dumps([name, load_model(name, Task.GENERATION).revision]))
    except Exception as error:
        print(json.dumps([name, f"{type(error).__name__}: {error}"]))
"""


def test_models_of_the_hub(tmp_path):
    """Over HTTP: downloads once and only what is needed; each refusal in words."""
    folder = tmp_path / "model"
    tiny = tiny_causal("llama", chat=True)
    tiny.model.save_pretrained(folder)
    tiny.tokenizer.save_pretrained(folder)
    (folder / "pytorch_model.bin").write_bytes(b"not wanted")
    (folder / "custom_code.py").write_text("not wanted")
    binary = tmp_path / "binary"
    binary.mkdir()
    (binary / "config.json").write_text("{}")
    names = ["a/fine", "a/converted", "a/gated", "a/huge", "a/binary", "a/down", "a/silent", "a/absent"]
    served = {name: folder for name in names[:4]} | {"a/binary": binary, "a/down": 503, "a/silent": None}
    with hub(served, gated=["a/gated"], converted=["a/converted"], parameters={"a/huge": 10**13}) as server:
        home = str(tmp_path / "home")
        run = output_of(LOAD_THEM, *names, "a/fine", HF_ENDPOINT=server.url, HF_HUB_OFFLINE="0", HF_HOME=home)
    answers = dict(map(json.loads, run.stdout.splitlines()))
    assert answers["a/fine"] == answers["a/converted"] == COMMIT
    assert "accept its terms" in answers["a/gated"] and "HF_TOKEN" in answers["a/gated"]
    assert "too large" in answers["a/huge"] and "48000.0 GB" in answers["a/huge"]
    assert "no weights as safetensors" in answers["a/binary"]
    assert "answered 503" in answers["a/down"]
    assert "cannot be reached" in answers["a/silent"]
    assert "no model a/absent" in answers["a/absent"]
    assert all(answers[name].startswith("MaskwiseError") for name in names[2:])
    wanted = ["config.json", "generation_config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"]
    fine = sorted(path for path in server.downloads if path.startswith("a/fine"))
    assert fine == [f"a/fine/{name}" for name in ["chat_template.jinja", *wanted]]
    assert not any(path.startswith("a/huge") for path in server.downloads)
