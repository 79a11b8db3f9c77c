"""Templates from files and URLs: for whoever starts the scoring, and never for an event."""

from __future__ import annotations

import asyncio
import http.server
import socketserver
import threading
from pathlib import Path

import pytest

from evalstream.scorers import (
    InvalidOptionError,
    TaskState,
    get_model,
    load_file,
    model_graded_qa,
    registry,
    resolve_scorer,
    resource,
)
from evalstream.scorers.model_graded.resource import LARGEST
from evalstream.scorers.results.options import logged_options
from evalstream.streams.events import ScorerSpec
from evalstream.streams.scoring.scorer_set import ScorerSet

TEXT = "{question} {answer} {criterion} {instructions} from a file"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def web(file):
    """Serve the folder of the file; yields its URL and the list of what was fetched."""
    fetched: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(file.parent))

        def log_message(self, *_):
            fetched.append(self.path)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/prompt.txt", fetched
        server.shutdown()
        thread.join()


def prompt_of(scorer_of):
    asked = []
    judge = get_model("mockllm/model", custom_outputs=lambda input, *_: asked.extend(input) or "GRADE: C")
    state = TaskState(input="2 + 2?", target="4", output="It is 4.")
    asyncio.run(scorer_of(judge)(state, state.target))
    return asked[0].text


def test_code_may_name_a_file_or_a_url(file, web):
    for template in (str(file), web[0], f"file://{file}"):
        assert prompt_of(lambda judge, t=template: model_graded_qa(template=t, model=judge)).endswith("from a file")


def test_the_command_line_may_name_a_file_and_what_goes_to_others_is_its_text(file, web):
    for template in (str(file), web[0]):
        made = resolve_scorer("model_graded_qa", {"template": template})
        assert logged_options(made) == {"template": TEXT}
        again = registry.create("scorer", "model_graded_qa", logged_options(made))
        assert logged_options(again) == {"template": TEXT}


@pytest.mark.parametrize("name", ["model_graded_qa", "model_graded_fact"])
def test_what_an_event_names_is_neither_opened_nor_fetched(file, web, name):
    for template in (str(file), web[0], f"file://{file}", "/etc/passwd", "prompt.txt"):
        spec = ScorerSpec(name=name, options={"template": template}, metrics=[])
        with pytest.raises(InvalidOptionError, match="give it on the command line") as caught:
            ScorerSet([spec])
        assert "from a file" not in str(caught.value)
    assert web[1] == []


def test_what_looks_like_a_template_in_an_event_is_one_even_if_there_is_such_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("{question}").write_text("secret")
    made = registry.create("scorer", "model_graded_qa", {"template": "{question}"})
    assert logged_options(made) == {"template": "{question}"}


def test_a_resource_is_a_text_or_what_its_file_or_url_holds(file, web, tmp_path):
    for place in (str(file), web[0], f"file://{file}"):
        assert resource(place) == TEXT
    assert resource(str(file), type="file") == TEXT
    for text in ("Grade it: see https://a.example/b and c", "nowhere.txt", "x" * 5000, "a\0b", "", str(tmp_path)):
        assert resource(text) == text
    with pytest.raises(ValueError, match=r"'nowhere\.txt' cannot be read: No such file"):
        resource("nowhere.txt", type="file")


WITH_RESOURCE = """
from evalstream.scorers import Score, resource, scorer, mean

@scorer(metrics=[mean()])
def measured(text: str):
    long = len(resource(text))
    async def score(state, target):
        return Score(value=long)
    return score
"""


def test_a_resource_that_an_event_names_is_neither_opened_nor_fetched(file, web, tmp_path):
    path = tmp_path / "measured.py"
    path.write_text(WITH_RESOURCE)
    load_file(path)
    for place in (str(file), web[0], f"file://{file}"):
        with pytest.raises(InvalidOptionError, match="came by an event or stands in a log"):
            registry.create("scorer", "measured", {"text": place})
    assert web[1] == []
    registry.create("scorer", "measured", {"text": "Say C or I."})
    resolve_scorer("measured", {"text": str(file)})


OF_USERS = """
from evalstream.scorers import accuracy, model_graded_qa, scorer

@scorer(metrics=[accuracy()])
def own(template="%s"):
    return model_graded_qa(template=template)

@scorer(metrics=[accuracy()])
def late(template="%s"):
    async def score(state, target):
        return await model_graded_qa(template=template)(state, target)
    return score
"""


@pytest.fixture
def users(tmp_path, file):
    path = tmp_path / "own_scorers.py"
    path.write_text(OF_USERS % (file, file))
    load_file(path)


def test_a_file_that_a_users_own_code_names_is_read_whoever_asks_for_the_scorer(users):
    registry.create("scorer", "own", {})


def test_an_option_that_an_event_passes_through_a_users_code_opens_nothing(users, file):
    with pytest.raises(InvalidOptionError, match="give it on the command line"):
        registry.create("scorer", "own", {"template": str(file)})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("nowhere.txt", "there is no template file 'nowhere.txt'"),
        ("http://127.0.0.1:9/prompt.txt", r"the template at http://127\.0\.0\.1:9/prompt\.txt cannot be fetched"),
        ("nothing://x/y", "the template at nothing://x/y cannot be read"),
        (["a", "b"], "a template is text, not list"),
    ],
)
def test_a_template_that_cannot_be_read_is_an_error_when_the_scorer_is_made(template, message):
    with pytest.raises(InvalidOptionError, match=message):
        resolve_scorer("model_graded_qa", {"template": template})


def test_a_template_that_is_too_long_or_no_text_is_refused(file):
    file.write_bytes(b"\xff\xfe{question}")
    with pytest.raises(ValueError, match="is not UTF-8 text"):
        model_graded_qa(template=str(file))
    file.write_bytes(b"x" * (LARGEST + 1))
    with pytest.raises(ValueError, match="longer than"):
        model_graded_qa(template=str(file))


def test_a_url_that_is_not_there_is_named_without_its_secrets(web):
    url = web[0].replace("http://", "http://user:pw@").replace("prompt", "other") + "?token=s3cret"
    with pytest.raises(ValueError, match=r"/other\.txt cannot be fetched") as caught:
        model_graded_qa(template=url)
    assert "s3cret" not in str(caught.value) and "pw" not in str(caught.value)
