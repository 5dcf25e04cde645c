"""Results written before a change are held against those after it, whatever methods came in between."""

import json

from benchmarks import recorded
from explainers import EXPLAINERS, read_options

REQUEST = {"text": "Stocks fell.", "method": "prompt_explainer"}


def test_every_request_is_one_that_its_method_takes():
    for request in recorded.generation_requests() + recorded.classification_requests():
        method = EXPLAINERS[request.get("method", "prompt_explainer")]
        shared = {"granularity", "mask_operator"}  # of a classification, not of its method
        own = {name: value for name, value in request["options"].items() if name not in shared}
        options = read_options(method, own)
        assert all(getattr(options, name) == value for name, value in own.items())


def test_only_what_is_in_the_file_is_compared(tmp_path, monkeypatch, capsys):
    stored = {"request": REQUEST, "scores": [1.0, 2.0]}
    file = tmp_path / "before.json"
    file.write_text(json.dumps([stored]), encoding="utf-8")
    monkeypatch.setattr(recorded, "explained", lambda request: stored | {"request": request})
    assert recorded.compare(file) == 0 and "1 recorded requests" in capsys.readouterr().out
    monkeypatch.setattr(recorded, "explained", lambda request: stored | {"scores": [1.0, 2.1]})
    assert recorded.compare(file) == 1 and "0.1 nats" in capsys.readouterr().out
