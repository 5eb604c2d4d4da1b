"""The programs of the README and the examples, as a new user runs them."""

import asyncio
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import emptychair
from conftest import DEADLINE

CLIENT = pathlib.Path(__file__).parent.parent
README = (CLIENT / "README.md").read_text()


def example(name):
    spec = importlib.util.spec_from_file_location(name, CLIENT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_first_program_is_short_and_does_what_it_says(own_server, tmp_path):
    program = re.search(r"## A first program\n\n```python\n(.*?)```", README, re.S)[1]
    assert len(program.splitlines()) < 20
    script = tmp_path / "first.py"
    script.write_text(program.replace("127.0.0.1:7443", own_server.endpoint))
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=DEADLINE)
    assert run.stderr == "" and run.stdout.splitlines() == [
        "5 answers, NPS 40.0",
        "refused: SCORE_OUT_OF_RANGE wanted 0 to 10",
    ]


def test_every_program_of_the_readme_compiles():
    programs = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(programs) >= 4
    for program in programs:
        compile(program, "README.md", "exec")


def post(url, body):
    try:
        return urllib.request.urlopen(url, json.dumps(body).encode(), timeout=DEADLINE).status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_request_handler_answers_at_once(own_server):
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("checkout", kind="NPS")
        with emptychair.FeedbackWriter(client) as writer:
            server = example("request_handler").make_server(writer, "127.0.0.1", 0)
            server.RequestHandlerClass.log_message = lambda *_: None
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{server.server_port}/feedback"
            assert post(url, {"score": 9, "customer": "c-1"}) == 202
            assert post(url, {"score": "9"}) == post(url, {}) == post(url, []) == 400
            writer.flush(DEADLINE)
            shown = urllib.request.urlopen(url, timeout=DEADLINE).read().decode()
            assert "feedback_writer_stored_total 1\n" in shown
            assert "# TYPE feedback_writer_queued_records gauge\n" in shown
            assert "feedback_writer_failing 0\n" in shown
            server.shutdown()
            thread.join()
            server.server_close()
        assert client.get_status().feedback_count == 1


def test_a_file_is_loaded_twice_and_stored_once(own_server, tmp_path, capsys):
    file = tmp_path / "answers.csv"
    rows = "".join(f"r{n},2024-01-01T00:00:{n:02d}Z,{n % 11},,web\n" for n in range(30))
    file.write_text(
        "id,time,score,comment,channel\n" + rows + "bad,2024-01-01T00:00:00Z,11,,\nz,?,,,\n"
    )
    with emptychair.Client(own_server.endpoint, timeout=DEADLINE) as client:
        client.create_survey("nps", kind="NPS", dimensions=["channel"])
        first = example("bulk_load").load(client, "nps", str(file))
        second = example("bulk_load").load(client, "nps", str(file))
        assert (first.stored, first.rejected) == (30, 1)
        assert (second.already_existed, second.stored) == (30, 0)
        assert client.get_status().feedback_count == 30
    said = capsys.readouterr().err
    assert "line 32: REJECTED" in said and "line 33: " in said


def test_a_dashboard_has_its_numbers(client, survey, server):
    for score in (10, 9, 8, 0, 10):
        client.submit_feedback(survey, score=score, labels={"channel": "web"})
    client.submit_feedback(survey, score=1, labels={"channel": "app"})

    async def ask():
        async with emptychair.AsyncClient(server.endpoint, timeout=DEADLINE) as asynchronous:
            return await example("dashboard").rows(asynchronous, survey)

    lines = asyncio.run(ask())
    assert lines[0].split()[1] == "+16.7"
    assert lines[1:] == ["app  too few  of 1 answers", "web  +40.0  of 5 answers"]
