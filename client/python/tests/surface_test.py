"""What the package looks like, and what it makes of what it is given; without a server."""

import copy
import inspect
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta, timezone

import pytest

import emptychair
from emptychair import _calls, _connection, _inputs, _table
from emptychair._answers import wrap
from emptychair._records import encode_any, encode_record
from emptychair.v1 import feedback_service_pb2, metrics_service_pb2

UTC = timezone.utc
UNSET = datetime(1970, 1, 1, tzinfo=UTC)


def test_every_rpc_is_a_method_of_both_clients():
    methods = _calls.methods()
    # Of each service there is one, so that an empty table would be seen.
    for rpc in (
        "SubmitFeedback",
        "GetSurvey",
        "QueryMetric",
        "ListTimeline",
        "GetCaller",
        "GetStatus",
    ):
        assert rpc in methods
    for method in methods.values():
        sync = inspect.signature(getattr(emptychair.Client, method.name))
        asynchronous = inspect.signature(getattr(emptychair.AsyncClient, method.name))
        names = list(sync.parameters)
        assert names == list(asynchronous.parameters)
        for name in names[1:]:
            is_positional = sync.parameters[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
            assert is_positional == (name in ("survey_id", "batches")), (method.name, name)
        fields = {argument.field.name for argument in method.arguments()}
        assert set(names[1:]) - {"timeout", "batches", "position"} <= fields
        assert inspect.getdoc(getattr(emptychair.Client, method.name))


def test_a_record_has_every_field_that_a_caller_can_send():
    fields = {field.name for field in feedback_service_pb2.Feedback.DESCRIPTOR.fields}
    set_by_the_server = {"receive_time", "sequence", "etag", "import_id"}
    assert set(inspect.signature(encode_record).parameters) == fields - set_by_the_server
    for call in (emptychair.FeedbackWriter.add, emptychair.AsyncFeedbackWriter.add):
        parameters = set(inspect.signature(call).parameters) - {"self", "context", "unknown"}
        assert parameters == fields - set_by_the_server


TEXTS = ["a", "x" * 127, "y" * 128, "ä" * 64, "好", "😀", "a b", "\u200b", "'\"\\"]


def random_record(source):
    """A record that is right, as a dict."""
    ms = source.choice([1, 999, 1000, 1706700000123, source.randrange(1, 1 << 41)])
    record = {
        "survey_id": source.choice(["a", "nps", "a-b_c9", "z" * 63]),
        "external_id": source.choice(TEXTS),
        "customer_id": source.choice([None, "", *TEXTS]),
        "score": source.choice([None, 0, 1, 10, 127, 128, -1, -(1 << 31), (1 << 31) - 1]),
        "comment": source.choice([None, "", "x\ny", "ö" * 8192, *TEXTS]),
        "labels": source.choice([None, {}, {"k": source.choice(TEXTS)}, {"a": "1", "b": "2"}]),
        "occur_time": source.choice(
            [None, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)]
        ),
        "exclusion": source.choice([None, {"reason": "TEST"}, {"reason": "BOT", "note": "n"}]),
    }
    return record


def test_a_record_is_what_protobuf_makes_of_it(seed):
    source = random.Random(seed)
    for _ in range(2000):
        record = random_record(source)
        wanted = feedback_service_pb2.Feedback()
        _inputs.fill(wanted, record)
        for name in ("customer_id", "comment"):  # Empty is absent.
            if not getattr(wanted, name):
                wanted.ClearField(name)
        encoded = encode_any(record)
        assert feedback_service_pb2.Feedback.FromString(encoded) == wanted, record
        assert len(encoded) == wanted.ByteSize()


def test_ids_are_never_the_same():
    ids = {emptychair.new_feedback_id(datetime(2024, 1, 1, tzinfo=UTC)) for _ in range(20_000)}
    assert len(ids) == 20_000


def test_a_child_does_not_make_the_ids_of_its_parent():
    time = datetime(2024, 1, 1, tzinfo=UTC)
    emptychair.new_feedback_id(time)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os.write(write, emptychair.new_feedback_id(time).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 36).decode() != emptychair.new_feedback_id(time)


def fill(request, **values):
    message = _calls.message_class(_calls.methods()[request].request)()
    _inputs.fill(message, values)
    return message


@pytest.mark.parametrize(
    ("rpc", "values", "field"),
    [
        ("QueryMetric", {"survey_ids": "q5"}, "survey_ids"),
        ("QueryMetric", {"survey_ids": b"q5"}, "survey_ids"),
        ("QueryMetric", {"survey_ids": [5]}, "survey_ids"),
        ("QueryMetric", {"granularity": 99}, "granularity"),
        ("QueryMetric", {"granularity": 3}, "granularity"),
        ("QueryMetric", {"granularity": "DAYS"}, "granularity"),
        ("QueryMetric", {"granularity": "day"}, "granularity"),
        ("QueryMetric", {"min_sample": True}, "min_sample"),
        ("QueryMetric", {"min_sample": 9.0}, "min_sample"),
        ("QueryMetric", {"min_sample": 1 << 31}, "min_sample"),
        ("QueryMetric", {"population": 1 << 63}, "population"),
        ("QueryMetric", {"confidence": "0.95"}, "confidence"),
        ("QueryMetric", {"confidence": float("nan")}, "confidence"),
        ("QueryMetric", {"confidence": True}, "confidence"),
        ("QueryMetric", {"include_excluded": 1}, "include_excluded"),
        ("QueryMetric", {"include_excluded": "yes"}, "include_excluded"),
        ("QueryMetric", {"interval": {"start_time": datetime(2024, 1, 1)}}, "interval.start_time"),
        ("QueryMetric", {"interval": {"start_time": "2024-01-01"}}, "interval.start_time"),
        ("QueryMetric", {"interval": {"start_time": UNSET}}, "interval.start_time"),
        ("QueryMetric", {"interval": {"from": datetime(2024, 1, 1, tzinfo=UTC)}}, "interval.from"),
        ("QueryMetric", {"interval": "2024"}, "interval"),
        ("QueryMetric", {"filters": {"key": "channel"}}, "filters"),
        ("QueryMetric", {"filters": [{"key": "channel", "value": "web"}]}, "filters[0].value"),
        ("QueryMetric", {"filters": [{"key": "channel", "values": "web"}]}, "filters[0].values"),
        ("QueryMetric", {"filters": [{"key": "\ud800"}]}, "filters[0].key"),
        ("UpdateSurvey", {"update_mask": "question"}, "update_mask"),
        ("RotateKey", {"overlap": 60}, "overlap"),
        ("UpsertCustomer", {"customer": {"attributes": {"a": None}}}, "customer.attributes"),
        ("UpsertCustomer", {"customer": {"attributes": [("a", "b")]}}, "customer.attributes"),
    ],
)  # fmt: skip
def test_what_protobuf_would_let_through_is_refused_by_name(rpc, values, field):
    with pytest.raises(emptychair.InvalidArgument) as raised:
        fill(rpc, **values)
    assert raised.value.metadata["field"] == field
    assert raised.value.message.startswith(f"{field}: ")


def test_what_is_right_goes_through():
    numpy = pytest.importorskip("numpy")
    message = fill(
        "QueryMetric",
        survey_ids=(name for name in ["a", "b"]),
        granularity="DAY",
        method="METRIC_METHOD_MEAN",
        confidence=1,
        min_sample=numpy.int64(5),
        top_box_min=0,
        include_excluded=False,
        interval={"start_time": datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))},
        filters=[{"key": "channel", "values": ["web"], "negate": None}],
    )
    assert list(message.survey_ids) == ["a", "b"]
    assert (message.granularity, message.method, message.confidence) == (3, 4, 1.0)
    assert message.min_sample == 5 and message.HasField("top_box_min")
    assert message.interval.start_time.seconds == 1704067200
    assert not message.interval.HasField("end_time")


def metric(**fields):
    return wrap(metrics_service_pb2.MetricValue(**fields), emptychair.types.MetricValue)


def test_an_answer_has_none_for_what_is_absent():
    empty = metric()
    assert empty.value is None and empty.promoters is None and empty.grade is None
    assert empty.answers == 0 and empty.excluded == () and empty.suppressed is False
    full = metric(value=0.0, promoters=0, grade=1, answers=3)
    assert full.value == 0.0 and full.promoters == 0 and full.grade == "NEEDS_WORK"
    assert metric(grade=99).grade == "99"


def test_an_answer_is_frozen_and_compares_by_its_fields():
    one = metric(value=1.5)
    with pytest.raises(AttributeError):
        one.value = 2.0
    with pytest.raises(AttributeError):
        print(one.nothing)
    assert one == metric(value=1.5) != metric(value=2.5)
    assert hash(one) == hash(metric(value=1.5))
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert other == one


def test_an_answer_can_be_sent_back():
    record = feedback_service_pb2.Feedback(
        survey_id="nps", external_id="x", score=0, etag="7", sequence=3
    )
    record.labels["a"] = "b"
    record.exclusion.reason = 1
    answered = wrap(record, emptychair.types.Feedback)
    sent = feedback_service_pb2.Feedback.FromString(encode_any(answered))
    assert sent.score == 0 and sent.labels["a"] == "b" and sent.exclusion.reason == 1
    assert not sent.etag and not sent.sequence
    survey = _calls.make_request(
        _calls.methods()["CreateSurvey"],
        {"survey_id": "a", "scale": emptychair.types.Scale(min=1, max=5, direction=None)},
    )
    assert (survey.survey.scale.min, survey.survey.scale.max) == (1, 5)


def test_an_error_can_be_pickled():
    error = emptychair.NotFound("NOT_FOUND", "gone", reason="SURVEY_NOT_FOUND", metadata={"a": "b"})
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is emptychair.NotFound and vars(copied) == vars(error)
    assert str(copied) == "gone [SURVEY_NOT_FOUND]"


def test_a_misspelt_argument_names_the_nearest():
    with emptychair.Client("127.0.0.1:1") as client:
        with pytest.raises(TypeError, match="did you mean 'score'"):
            client.submit_feedback("nps", scoer=9)
        with pytest.raises(TypeError, match="did you mean 'granularity'"):
            client.query_metric(survey_ids=["nps"], granularty="DAY")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"endpoint": "localhost"}, "endpoint"),
        ({"endpoint": "localhost:0"}, "endpoint"),
        ({"endpoint": "localhost:65536"}, "endpoint"),
        ({"endpoint": ":7443"}, "endpoint"),
        ({"endpoint": "unix:"}, "endpoint"),
        ({"endpoint": "unix:" + "x" * 108}, "endpoint"),
        ({"endpoint": []}, "endpoint"),
        ({"endpoint": 7443}, "endpoint"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 86_401}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"api_key_file": "/nowhere"}, "api_key_file"),
        ({"credentials": emptychair.Tls(ca_file="/nowhere")}, "credentials.ca_file"),
        ({"credentials": emptychair.Tls(key_file="/nowhere")}, "credentials.certificate_file"),
    ],
)
@pytest.mark.parametrize("kind", [emptychair.Client, emptychair.AsyncClient])
def test_options_that_cannot_work_are_refused(kind, arguments, field):
    with pytest.raises(emptychair.InvalidArgument) as raised:
        kind(**arguments)
    assert raised.value.metadata["field"] == field


def settings(environment=None, **arguments):
    values = dict.fromkeys(("endpoint", "credentials", "api_key_file", "timeout", "traceparent"))
    values["allow_key_in_plain_text"] = False
    return _connection.make_settings(**{**values, **arguments}, environment=environment or {})


def test_what_is_not_given_comes_from_the_environment(tmp_path):
    key = tmp_path / "key"
    key.write_text("eck_secret\n")
    assert settings().endpoints == ("127.0.0.1:7443",) and settings().timeout == 10
    found = settings(
        {
            "EMPTYCHAIR_ENDPOINT": "[::1]:1",
            "EMPTYCHAIR_TIMEOUT": "500ms",
            "EMPTYCHAIR_KEY_FILE": str(key),
            "EMPTYCHAIR_TLS": "true",
            "EMPTYCHAIR_SERVER_NAME": "a.example",
        }
    )
    assert found.endpoints == ("[::1]:1",) and found.timeout == 0.5
    assert found.api_key.text == "eck_secret" and found.tls.server_name == "a.example"
    assert settings({"EMPTYCHAIR_CA_FILE": "x"}).tls is None
    assert settings({"EMPTYCHAIR_ENDPOINT": "a:1"}, endpoint="b:2").endpoints == ("b:2",)
    for name, value in (("TIMEOUT", "10"), ("TLS", "perhaps")):
        with pytest.raises(emptychair.InvalidArgument):
            settings({f"EMPTYCHAIR_{name}": value})
    assert settings({"EMPTYCHAIR_TIMEOUT": "1m30.5s"}).timeout == 90.5


def test_a_function_gives_the_key_in_place_of_a_file(tmp_path):
    keys = ["eck_first\n", "eck_second"]
    key = settings({"EMPTYCHAIR_KEY_FILE": "/none"}, api_key_source=lambda: keys[0]).api_key
    assert key.text == "eck_first" and not key.renew_after("eck_first")
    del keys[0]
    assert key.renew_after("eck_first") and key.text == "eck_second"
    keys.clear()  # Whatever the function raises, there is no other key.
    assert not key.renew_after("eck_second") and key.text == "eck_second"
    with pytest.raises(emptychair.InvalidArgument) as raised:
        settings(api_key_source=lambda: "two words")
    assert raised.value.metadata["field"] == "api_key_source" and "words" not in str(raised.value)
    with pytest.raises(emptychair.InvalidArgument, match="beside api_key_source"):
        settings(api_key_file=str(tmp_path / "key"), api_key_source=lambda: "eck_a")
    with pytest.raises(emptychair.InvalidArgument, match="are plain text"):
        settings(endpoint="192.0.2.1:1", api_key_source=lambda: "eck_a")


@pytest.mark.parametrize("text", [b"", b"two words", b"\xff", b"x" * 257, b"\n\n"])
def test_a_file_that_holds_no_key_is_refused_without_a_word_of_it(tmp_path, text):
    key = tmp_path / "key"
    key.write_bytes(text)
    with pytest.raises(emptychair.InvalidArgument) as raised:
        settings(api_key_file=str(key))
    assert "holds no key" in raised.value.message
    assert "words" not in raised.value.message


def test_a_key_goes_off_this_machine_by_tls_alone(tmp_path):
    key = tmp_path / "key"
    key.write_text("eck_secret")
    arguments = {"api_key_file": str(key)}
    for endpoint in ("10.0.0.1:1", "example.org:1", "[2001:db8::1]:1", "127.0.0.1.example.org:1"):
        with pytest.raises(emptychair.InvalidArgument, match="plain text"):
            settings(endpoint=endpoint, **arguments)
        with pytest.raises(emptychair.InvalidArgument, match="plain text"):
            settings(endpoint=["127.0.0.1:1", endpoint], **arguments)
        settings(endpoint=endpoint, allow_key_in_plain_text=True, **arguments)
        settings(endpoint=endpoint, credentials=emptychair.Tls(), **arguments)
        settings(endpoint=endpoint)
    for endpoint in ("127.1.2.3:1", "LOCALHOST:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "unix:/x"):
        settings(endpoint=endpoint, **arguments)


def test_google_rpc_is_taken_from_where_it_is():
    script = textwrap.dedent(
        """
        import sys, types
        import emptychair, google.rpc.status_pb2 as status
        from emptychair.v1 import batch_pb2
        assert batch_pb2.BatchFailure.DESCRIPTOR.fields_by_name["status"].message_type is (
            status.Status.DESCRIPTOR)
        print(status.__file__)
        """
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    package = os.path.dirname(emptychair.__file__)
    try:
        subprocess.run(
            [sys.executable, "-c", "import google.rpc.status_pb2"], check=True, stderr=-3
        )
    except subprocess.CalledProcessError:
        assert run.stdout.startswith(package)
    else:
        assert not run.stdout.startswith(package)


def test_the_table_knows_how_each_method_is_called():
    forms = {method.rpc: method.form for method in _calls.methods().values()}
    assert forms["ListFeedback"] == forms["ExplainMetric"] == _table.LIST
    assert forms["VerifyStore"] == forms["ExportCustomer"] == _table.STREAM
    assert forms["WatchFeedback"] == _table.WATCH
    assert forms["StreamFeedback"] == forms["StreamActivities"] == _table.UPLOAD
    once = {m.rpc for m in _calls.methods().values() if not m.can_repeat}
    assert once == {"DeleteSurvey", "DeleteActivityKind", "CreateKey", "RotateKey", "CreateBackup"}
