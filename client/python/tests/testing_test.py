"""The fake server of the package, as the tests of a user's program use it."""

import os
import pathlib
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

import emptychair
from conftest import DEADLINE
from emptychair.testing import FakeServer

NOON = datetime(2024, 1, 31, 12, tzinfo=timezone.utc)


@pytest.fixture
def fake_client(fake_server):
    with emptychair.Client(fake_server.endpoint, timeout=DEADLINE) as one:
        yield one


def answers(client):
    return client.query_metric(survey_ids=["nps"]).total.points[0].answers


def test_it_is_the_server_itself(fake_client):
    fake_client.create_survey("nps", kind="NPS")
    fake_client.submit_feedback("nps", score=9)
    with pytest.raises(emptychair.InvalidArgument) as raised:
        fake_client.submit_feedback("nps", score=11)
    assert raised.value.reason == "SCORE_OUT_OF_RANGE"
    assert answers(fake_client) == 1


def test_its_clock_stands_where_it_is_set():
    with FakeServer(time=NOON) as server, emptychair.Client(server.endpoint) as client:
        survey = client.create_survey("nps", kind="NPS").survey
        assert survey.create_time == NOON
        for hours in (5, -5):  # Forwards and backwards.
            server.set_time(NOON + timedelta(hours=hours))
            survey = client.create_survey(f"nps{hours + 5}", kind="NPS").survey
            assert survey.create_time == NOON + timedelta(hours=hours)
        with pytest.raises(emptychair.InvalidArgument, match="ahead"):
            client.submit_feedback("nps", score=9, occur_time=NOON)
        with pytest.raises(emptychair.InvalidArgument, match="without a zone"):
            server.set_time(datetime(2024, 1, 1))


def test_calls_fail_as_often_as_they_are_to(fake_server, fake_client):
    fake_client.create_survey("nps", kind="NPS")
    fake_server.fail_next("UNAVAILABLE", method="submit_feedback", count=2)
    fake_client.submit_feedback("nps", score=9)  # The third attempt.
    fake_server.fail_next("INTERNAL", message="on purpose")
    with pytest.raises(emptychair.EmptyChairError, match="on purpose") as raised:
        fake_client.get_survey("nps")
    assert (raised.value.code, raised.value.attempts) == ("INTERNAL", 1)
    fake_server.fail_next("NOT_FOUND", method="emptychair.v1.SurveyService/GetSurvey")
    assert answers(fake_client) == 1
    with pytest.raises(emptychair.NotFound):
        fake_client.get_survey("nps")
    fake_client.get_survey("nps")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"code": "NO_CODE"}, "code"),
        ({"code": "OK"}, "code"),
        ({"code": "INTERNAL", "method": "submit"}, "method"),
        ({"code": "INTERNAL", "method": "a.B/C"}, "method"),
        ({"code": "INTERNAL", "count": 0}, "count"),
    ],
)
def test_what_cannot_fail_is_refused(fake_server, arguments, field):
    with pytest.raises(emptychair.InvalidArgument) as raised:
        fake_server.fail_next(**arguments)
    assert [one.field for one in raised.value.field_violations] == [field]


def test_connections_are_cut_and_restarts_keep_the_store(fake_server, fake_client):
    fake_client.create_survey("nps", kind="NPS")
    with fake_client.watch_feedback(after_sequence=0) as watch:
        for number in range(4):
            fake_client.submit_feedback("nps", external_id=f"x{number}", score=9)
            assert [one.feedback.external_id for one in next(watch).changes] == [f"x{number}"]
            if number % 2:
                fake_server.restart()
            else:
                assert fake_server.drop_connections() == 1
    assert answers(fake_client) == 4


def test_it_ends_with_who_has_started_it():
    program = """
import os
from emptychair.testing import FakeServer
server = FakeServer()
print(server._process.pid, flush=True)
os._exit(1)
"""
    said = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=DEADLINE)
    wait_until_gone(int(said.stdout))
    server = FakeServer()
    pid = server._process.pid
    server.close()
    server.close()
    assert server._process.returncode == 0
    wait_until_gone(pid)


def wait_until_gone(pid):
    """Waits until a process has ended; who collects it is not this one."""
    stat = pathlib.Path(f"/proc/{pid}/stat")
    while stat.exists() and ") Z " not in stat.read_text():
        os.sched_yield()


def test_a_program_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("EMPTYCHAIR_FAKE", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="EMPTYCHAIR_FAKE"):
        FakeServer()
    monkeypatch.delenv("EMPTYCHAIR_FAKE")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="emptychair-fake"):
        FakeServer()
    silent = tmp_path / "emptychair-fake"
    silent.write_text("#!/bin/sh\necho not this\n")
    silent.chmod(0o700)
    with pytest.raises(RuntimeError, match="not this"):
        FakeServer()


def test_a_project_has_the_fixture_by_naming_the_plugin(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["emptychair.testing"]\n')
    readme = (pathlib.Path(__file__).parent.parent / "README.md").read_text()
    start = readme.index("def test_", readme.index("## Tests of your own code"))
    (tmp_path / "test_readme.py").write_text(
        "import emptychair\n" + readme[start : readme.index("```", start)]
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, text=True, timeout=4 * DEADLINE,
    )  # fmt: skip
    assert ran.returncode == 0 and "1 passed" in ran.stdout, ran.stdout + ran.stderr
