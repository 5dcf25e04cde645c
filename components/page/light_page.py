"""A page whose config, which a browser reads before anything is shown, holds only what the browser needs, and
whose events cost what they change."""

from __future__ import annotations

import hashlib
import json
from copy import copy
from traceback import walk_tb

import gradio as gr
from gradio.blocks import Block
from gradio.components import _Keywords
from gradio_client.utils import is_file_obj_with_meta, is_http_url_like, traverse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from components.line.job_log import log_failure
from components.page.scripts import ADDRESS, KEPT
from components.server.errors import NOT_READ, mark_refused
from explainers.core.errors import MaskwiseError, unexpected

# Needed only for Gradio's description of the API, which leaves out the events of the page.
DESCRIBED = ("api_info", "api_info_as_input", "api_info_as_output", "example_inputs", "skip_api")
# Needed only by Gradio's server, which reads them from the components themselves.
OF_SERVER = ("preserved_by_key", "delete_callback")
FLOOD = 500  # events that wait in Gradio's own queue; who waits for a model waits in the line
LOOK_SECONDS = 0.01  # between two looks for new events; Gradio's millisecond keeps a processor awake
LONG = 1000  # characters of a view's first value from which on it is a file of its own
FINISHED = _Keywords.FINISHED_ITERATING  # in the place of what an event says, once it has said all
LONGEST_REFUSAL = 300  # characters of what Gradio says of a value

_values: dict[str, str] = {}


class LightPage(gr.Blocks):
    """gr.Blocks with a lighter config. Long first values of views wait as files; see assets/page/view.js."""

    def queue(self, **settings):
        """With our bounds from the first call on, by gr.Blocks itself: each call builds the server anew."""
        queued = super().queue(**{"max_size": FLOOD, "default_concurrency_limit": None} | settings)
        self._queue.sleep_when_free = LOOK_SECONDS
        return queued

    def get_config_file(self):
        config = super().get_config_file()
        described = _in_public_events(config["dependencies"])
        for component in config["components"]:
            if component["id"] not in described:
                for name in DESCRIBED:
                    component.pop(name, None)
            component.pop("component_class_id")  # of components that do not come with Gradio
            for name in OF_SERVER:
                component["props"].pop(name, None)
            if component["type"] == "html":
                component["props"]["value"] = _light(component["props"].get("value"))
        for event in config["dependencies"]:
            event.pop("max_batch_size")  # of events that are answered several at once, which none is
        return config

    async def process_api(self, *asked, **named):
        """With an error in words, whatever goes wrong; no text that somebody typed comes into the log."""
        try:
            return await super().process_api(*asked, **named)
        except gr.Error:
            mark_refused(named.get("request"))
            raise
        except Exception as error:
            if words := _refusal(error):
                mark_refused(named.get("request"))
            else:
                log_failure(error)
            raise gr.Error(words or unexpected(error), print_exception=False) from error

    async def preprocess_data(self, block_fn, inputs, *asked, **named):
        """Values that do not fit their components are refused, and files that Gradio would fetch for them."""
        try:
            traverse(inputs, _refuse_address, is_file_obj_with_meta)
            values = await super().preprocess_data(block_fn, inputs, *asked, **named)
        except Exception as error:
            said = error.message[:LONGEST_REFUSAL] if isinstance(error, gr.Error) else NOT_READ
            raise gr.Error(said, print_exception=False) from error
        return [_as_chosen(*sent) for sent in zip(block_fn.inputs, values, strict=True)]

    async def postprocess_data(self, block_fn, predictions, state):
        """Of an event that names what changes, that alone. Of each output that stays as it is Gradio would
        make a component anew, and keep it for the session. Those of an event that ends without a word it
        would empty."""
        said = predictions if isinstance(predictions, tuple) else (predictions,)
        if any(each is FINISHED for each in said):
            return [gr.skip() for _ in block_fn.outputs]
        if not isinstance(predictions, dict) or not isinstance(next(iter(predictions), None), Block):
            return await super().postprocess_data(block_fn, predictions, state)
        named = copy(block_fn)
        named.outputs = [block for block in block_fn.outputs if block in predictions]
        values = await super().postprocess_data(named, predictions, state)
        changed = dict(zip(named.outputs, values, strict=True))
        return [changed.get(block, gr.skip()) for block in block_fn.outputs]

    def handle_streaming_diffs(self, block_fn, data, session_hash, run, final, simple_format=False):
        """At the end of a page's event, nothing: the page has all values, and those of the next event may be
        there by then."""
        values = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        return [gr.skip() for _ in values] if final and block_fn.api_visibility == "private" else values


def _refusal(error: Exception) -> str:
    """What is wrong with what was sent; "" where nothing is, but with our code. Gradio raises errors of all
    types where it reads what tells of a click."""
    if isinstance(error, MaskwiseError):
        return str(error)
    *_, (last, _) = walk_tb(error.__traceback__)
    return NOT_READ if last.f_globals["__name__"].startswith("gradio.") else ""


def _refuse_address(file: dict) -> None:
    """Gradio fetches whatever stands at the address that is sent in the place of a file, of any size."""
    if is_http_url_like(file["path"]):
        raise gr.Error(NOT_READ, print_exception=False)


def _as_chosen(block: Block, value: object) -> object:
    """What a page's own part would send, where Gradio lets more through: an empty box is an empty text, and a
    menu of one choice has one."""
    if isinstance(block, gr.Textbox) and value is None:
        return ""
    several = isinstance(value, dict | list) and not getattr(block, "multiselect", False)
    unchosen = value is None and block.value is not None  # type: ignore[attr-defined]
    if isinstance(block, gr.Dropdown | gr.Radio) and (several or unchosen):
        raise gr.Error(NOT_READ, print_exception=False)
    return value


def _in_public_events(dependencies: list[dict]) -> set[int]:
    public = [event for event in dependencies if event["api_visibility"] != "private"]
    return {id for event in public for id in (*event["inputs"], *event["outputs"])}


def _light(value):
    text = json.dumps(value, ensure_ascii=False)
    if len(text) < LONG:
        return value
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    _values[name] = text
    return {"stored": name}


def _value(request: Request) -> Response:
    if (text := _values.get(request.path_params["name"])) is None:
        return Response(status_code=404)
    return Response(text, media_type="application/json", headers=KEPT)


def value_routes() -> list[Route]:
    """For FastAPI's `routes`."""
    return [Route(f"/{ADDRESS}/values/{{name}}.json", _value)]
