"""A server that speaks enough of the Hugging Face Hub's protocol to download from, or be refused."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """models: name → folder of a model or a data set, or the HTTP status to answer, or None to hang up.

    gated: names whose files are refused. converted: names whose safetensors are in a pull request alone.
    parameters: name → what the Hub says of its size, if anything. downloads: paths sent.
    tokens: Authorization headers that came. cut_off: names whose weights break off in the middle.
    """

    def __init__(self, models: dict, gated=(), converted=(), parameters=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.models, self.gated, self.converted, self.parameters = models, gated, converted, parameters or {}
        self.downloads: list[str] = []
        self.tokens: set[str] = set()
        self.cut_off: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def log_message(self, *_):
        pass

    def answer(self):
        self.server.tokens |= {self.headers["Authorization"]} - {None}
        path = self.path.partition("?")[0].strip("/")
        for kind in ("api/models/", "api/datasets/", "datasets/"):
            path = path.removeprefix(kind)
        owner, repository, *rest = path.split("/")
        name = f"{owner}/{repository}"
        model = self.server.models.get(name, 404)
        if model is None:
            self.close_connection = True
        elif isinstance(model, int):
            self.send(b"", model, {"X-Error-Code": "RepoNotFound"} if model == 404 else {})
        elif rest[:1] != ["resolve"]:
            self.send(json.dumps(self.describe(name, model, rest)).encode())
        elif name in self.server.gated:
            self.send(b"", 401, {"X-Error-Code": "GatedRepo"})
        elif not (model / rest[-1]).is_file():
            self.send(b"", 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        else:
            self.send_file(name, model / rest[-1])

    def describe(self, name: str, folder: Path, rest: list[str]):
        files = sorted(file.name for file in folder.iterdir())
        if rest[:1] == ["tree"]:
            return [{"type": "file", "path": file, "size": 1, "oid": "0"} for file in files]
        if rest[:1] == ["discussions"]:
            return {"discussions": [conversion(name)], "count": 1, "start": 0}
        if name in self.server.converted and not rest:
            files = ["config.json", "pytorch_model.bin"]
        size = self.server.parameters.get(name)
        info = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
        return info | ({"safetensors": {"parameters": {"F32": size}, "total": size}} if size else {})

    def send_file(self, name: str, file: Path):
        content = file.read_bytes()
        if self.command == "GET":
            self.server.downloads.append(f"{name}/{file.name}")
        etag = hashlib.sha256(content).hexdigest()
        sizes = {"Content-Length": str(len(content)), "ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
        if name in self.server.cut_off and file.suffix == ".safetensors" and self.command == "GET":
            content, self.close_connection = content[: len(content) // 2], True
        self.send(content, headers=sizes)

    def send(self, content: bytes, status: int = 200, headers: dict | None = None):
        self.send_response(status)
        for key, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def conversion(name: str) -> dict:
    return {
        "num": 7,
        "author": {"name": "SFconvertbot"},
        "title": "Adding `safetensors` variant of this model",
        "status": "open",
        "isPullRequest": True,
        "createdAt": "2024-01-01T00:00:00.000Z",
        "repo": {"name": name, "type": "model"},
    }


@contextmanager
def hub(models: dict, **settings):
    server = Hub(models, **settings)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
