"""Below a path behind nginx, with HTTPS: page, queue, downloads and links, with deploy/nginx.conf."""

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio_client import Client

from benchmarks.items.rooms import join, open_room
from tests.browser import expect, guarded_page
from tests.served import served_app

PROMPT = "Write a short poem about the sea."
OPEN = {
    "ignore_https_errors": True,
    "viewport": {"width": 1280, "height": 1000},
    "permissions": ["clipboard-read", "clipboard-write"],
}
CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
ICON = "location = /favicon.ico { return 204; }"  # the site's own, which a browser asks for
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
WHOLE = """
daemon off; pid {0}/pid; error_log {0}/error.log;
events {{}}
http {{
    access_log off; types {{}}
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    {1}
}}
"""

pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="needs Debian's packages nginx-light and openssl"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def with_places(text: str, places: dict[str, str]) -> str:
    for old, new in places.items():
        assert old in text
        text = text.replace(old, new)
    return text


def certificate(folder: Path) -> Path:
    """A key and a certificate that nobody signed."""
    file = folder / "both.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*make, "-keyout", file, "-out", folder / "cert.pem"], check=True, capture_output=True)
    with file.open("a") as both:
        both.write((folder / "cert.pem").read_text())
    return file


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The page's address in front of nginx."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    pem = str(certificate(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ROOT_PATH", "/app")
        with served_app() as url:
            places = {
                "listen 443": f"listen 127.0.0.1:{port}",
                "http://127.0.0.1:7860/": url,
                "/etc/ssl/certs/maskwise.pem": pem,
                "/etc/ssl/private/maskwise.pem": pem,
                "location = /app {": f"{ICON}\n    location = /app {{",
            }
            conf = folder / "nginx.conf"
            conf.write_text(WHOLE.format(folder, with_places(CONF.read_text(), places)))
            server = subprocess.Popen([NGINX, "-c", conf, "-p", folder, "-e", folder / "error.log"])
            try:
                wait_for(port, server)
                yield f"https://127.0.0.1:{port}/app/"
            finally:
                server.terminate()
                server.wait(20)


def wait_for(port: int, server: subprocess.Popen) -> None:
    for _ in range(100):
        assert server.poll() is None, "nginx ended"
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nginx does not answer")


@contextmanager
def page_below(browser, proxied):
    """A page that asks for nothing outside the path."""
    with guarded_page(browser, **OPEN) as opened:
        inside = (proxied, proxied.replace("/app/", "/app?"), "data:", "blob:")
        opened.on("request", lambda r: r.url.startswith(inside) or opened.problems.append(r.url))
        yield opened


@pytest.fixture
def page(browser, proxied):
    with page_below(browser, proxied) as opened:
        yield opened


def test_a_run_its_file_and_its_link_without_the_slash(browser, page, proxied):
    page.goto(proxied)
    expect(page.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
    page.locator("#prompt textarea").fill(PROMPT)
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("on tiny-llama", timeout=60_000)
    with page.expect_download() as download:
        page.locator("#share").get_by_role("button", name="JSON: ").click()
    assert json.loads(download.value.path().read_text(encoding="utf-8"))["inputs"]["prompt"] == PROMPT
    page.locator("#share").get_by_role("button", name="Copy link").click()
    expect(page.locator("#share [role=status]")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{proxied}?")
    with page_below(browser, proxied) as another:
        another.goto(link.replace("/app/?", "/app?"))
        expect(another.locator("#status")).to_contain_text("Restored from a link. Press Run.")
        expect(another.locator("#prompt textarea")).to_have_value(PROMPT)
        assert another.url.startswith(proxied)


def test_the_api_streams(proxied):
    client = Client(proxied, verbose=False, ssl_verify=False)
    events = list(
        client.submit("Why is the sky blue?", k=1, max_new_tokens=4, api_name="/explain_generation")
    )
    assert events[-1]["type"] == "explanation"


def test_a_room_of_a_class(browser, proxied):
    with guarded_page(browser, **OPEN) as teacher, guarded_page(browser, **OPEN) as phone:
        code = open_room(teacher, proxied)
        expect(teacher.locator(".mw-room-link")).to_have_text(f"{proxied}room?room={code}")
        join(phone, proxied, code, "Ada")
        expect(teacher.locator(".mw-room-counts")).to_contain_text("1 joined")
        teacher.locator("#room-begin").click()
        expect(phone.locator(".mw-room-marking .mw-strip")).to_contain_text("doctor")
