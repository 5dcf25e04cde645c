"""What is sent is bounded, and what the server keeps of files; nothing stays of one that broke off."""

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest

from components.server import bodies
from tests.served import served_app

EDGE = "edge"
KIND = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def url(folder, monkeypatch):
    monkeypatch.setenv("MASKWISE_UPLOAD_MB", "0.05")
    with served_app() as address:
        yield address


def form(*texts: str, field: str = "files") -> bytes:
    head = f'Content-Disposition: form-data; name="{field}"; filename="a.txt"\r\n\r\n'
    return "".join(f"--{EDGE}\r\n{head}{text}\r\n" for text in texts).encode() + f"--{EDGE}--\r\n".encode()


def send(url: str, body, path="upload", **headers) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    whole = isinstance(body, bytes)
    connection.request("POST", f"/gradio_api/{path}", body, KIND | headers, encode_chunked=not whole)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def files(folder) -> list:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_files_are_refused_in_words_where_all_together_are_too_much(url, folder, monkeypatch):
    status, answer = send(url, form("words"))
    (path,) = json.loads(answer)
    assert status == 200 and files(folder) == [folder / path]

    monkeypatch.setattr(bodies, "MOST_FILES", 1)
    assert send(url, form("others"))[0] == 429 and "as many files as it may" in send(url, form("others"))[1]
    monkeypatch.setattr(bodies, "MOST_FILES", 1000)
    monkeypatch.setattr(bodies, "MOST_LARGEST", 1)
    assert send(url, form("others"))[0] == 429
    monkeypatch.setattr(bodies, "MOST_LARGEST", 100)
    monkeypatch.setattr(bodies, "MOST_ARRIVING", 0)
    assert send(url, form("others")) == (429, bodies.BUSY)
    monkeypatch.setattr(bodies, "MOST_ARRIVING", 1)
    assert send(url, form("others"))[0] == 200 and len(files(folder)) == 2  # each that came is done with

    assert send(url, form("astray", field="other"))[0] == 200  # which Gradio would leave there for good
    monkeypatch.setattr(bodies, "KEPT_SECONDS", -60)  # all are old
    status, answer = send(url, form("new"))
    assert status == 200 and files(folder) == [folder / json.loads(answer)[0]]
    assert len(list(folder.iterdir())) == 1  # empty folders are gone, too


def check_other_bodies(url):
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    for path in ("queue/join", "run/predict", "call/explain_generation"):
        for body, headers in ((b"x" * 10_000_001, {}), (iter([b"x" * 5_000_001] * 2), chunked)):
            status, answer = send(url, body, path, **headers)
            assert status == 413 and bodies.TOO_MUCH in answer


def test_nothing_stays_of_a_file_that_is_too_large_or_breaks_off(url, folder):
    large = form(*["x" * 40_000] * 2)  # each is as it should be
    assert send(url, large)[0] == 413 and "0.05 MB is the maximum" in send(url, large)[1]
    status, answer = send(url, iter([large[:60_000], large[60_000:]]), **{"Transfer-Encoding": "chunked"})
    assert status == 413 and "0.05 MB is the maximum" in answer
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in KIND.items())
        connection.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n{head}\r\n".encode()
        )
        connection.sendall(form("half")[:-20])
    assert send(url, form("words"))[0] == 200  # after the one that broke off
    assert len(files(folder)) == 1
    check_other_bodies(url)
