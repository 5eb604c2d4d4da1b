"""Keys over TLS, against the real server."""

import asyncio
import shutil
import subprocess

import pytest

import emptychair
from conftest import DEADLINE, Server

NAME = "feedback.example.org"


def certificate(folder, name, names):
    """A certificate that issues itself, and its key: their paths."""
    paths = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"),
            *("-out", paths[0], "-keyout", paths[1]),
        ],
        check=True,
        capture_output=True,
    )
    return paths


class Encrypted:
    """A server that takes keys alone, over TLS; its certificates, and a client of its socket."""

    def __init__(self, folder):
        self.ca, key = certificate(folder, "server", f"DNS:{NAME},IP:127.0.0.1")
        self.other_ca, _ = certificate(folder, "other", "IP:127.0.0.1")
        self.caller = certificate(folder, "caller", "DNS:caller.example.org")
        self.server = Server(
            folder / "store",
            *("--tls_certificate", self.ca, "--tls_key", key),
            *("--tls_client_ca", self.caller[0], "--anonymous", "none"),
        )
        self.admin = emptychair.Client(f"unix:{folder}/store/admin.sock", timeout=DEADLINE)
        self.key_file = folder / "key"

    def make_key(self, name):
        made = self.admin.create_key(name=name, role="ADMIN", all_surveys=True)
        self.key_file.write_text(made.key_text + "\n")
        return made.key

    def options(self, **changes):
        tls = emptychair.Tls(**{"ca_file": self.ca, **changes})
        return {"credentials": tls, "api_key_file": str(self.key_file), "timeout": DEADLINE}


@pytest.fixture
def encrypted(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    one = Encrypted(tmp_path)
    yield one
    one.admin.close()
    one.server.stop()


def test_a_key_goes_over_tls_in_calls_watches_and_writers(encrypted):
    first = encrypted.make_key("first")
    results = []
    with emptychair.Client(encrypted.server.endpoint, **encrypted.options()) as client:
        assert client.get_caller().key.name == "first"
        client.create_survey("nps", kind="NPS")
        watch = client.watch_feedback(after_sequence=0)
        with emptychair.FeedbackWriter(client, on_result=results.append) as writer:
            writer.add("nps", external_id="a", score=9)
            writer.flush(DEADLINE)
            assert next(watch).changes[0].feedback.external_id == "a"
            # A key is rotated while the writer's stream is open.
            encrypted.make_key("second")
            encrypted.admin.revoke_key(key_id=first.key_id)
            writer.add("nps", external_id="b", score=9)
            writer.flush(DEADLINE)
        assert next(watch).changes[0].feedback.external_id == "b"
        watch.close()
        assert client.get_caller().key.name == "second"
    assert [one.outcome for one in results] == ["STORED", "STORED"]


def test_asyncio_sends_its_key_over_tls_too(encrypted):
    encrypted.make_key("shop")

    async def run():
        options = encrypted.options(server_name=NAME)
        async with emptychair.AsyncClient(encrypted.server.endpoint, **options) as client:
            assert (await client.get_caller()).key.name == "shop"
            await client.create_survey("nps", kind="NPS")
            async with emptychair.AsyncFeedbackWriter(client) as writer:
                await writer.add("nps", score=9)
                await writer.flush(DEADLINE)
                return writer.counters().stored

    assert asyncio.run(run()) == 1


def test_without_a_key_nobody_is_let_in(encrypted):
    options = {**encrypted.options(), "api_key_file": None}
    with emptychair.Client(encrypted.server.endpoint, **options) as client:
        with pytest.raises(emptychair.Unauthenticated) as raised:
            client.get_caller()
        assert raised.value.reason == "KEY_REQUIRED"


def test_a_certificate_of_the_caller_is_shown(encrypted):
    """And not known: the server has no key for it."""
    certificate_file, key_file = encrypted.caller
    options = encrypted.options(certificate_file=certificate_file, key_file=key_file)
    with emptychair.Client(
        encrypted.server.endpoint, **{**options, "api_key_file": None}
    ) as client:
        with pytest.raises(emptychair.Unauthenticated) as raised:
            client.get_caller()
        assert raised.value.reason == "CERTIFICATE_UNKNOWN"


@pytest.mark.parametrize("change", ["issuer", "default issuers", "name", "plain text"])
def test_a_server_that_is_another_gets_no_key(encrypted, change):
    encrypted.make_key("shop")
    options = {
        "issuer": lambda: encrypted.options(ca_file=encrypted.other_ca),
        "default issuers": lambda: encrypted.options(ca_file=None),
        "name": lambda: encrypted.options(server_name="other.example.org"),
        "plain text": lambda: {**encrypted.options(), "credentials": None},
    }[change]()
    with emptychair.Client(encrypted.server.endpoint, **{**options, "timeout": 1}) as client:
        with pytest.raises(emptychair.EmptyChairError) as raised:
            client.get_caller()
    assert raised.value.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def test_files_that_cannot_be_are_refused(encrypted, tmp_path):
    certificate_file, _ = encrypted.caller
    (tmp_path / "empty").write_text("")
    for tls, field in (
        (emptychair.Tls(ca_file=str(tmp_path / "none")), "credentials.ca_file"),
        (emptychair.Tls(ca_file=str(tmp_path / "empty")), "credentials.ca_file"),
        (emptychair.Tls(certificate_file=certificate_file), "credentials.key_file"),
    ):
        with pytest.raises(emptychair.InvalidArgument) as raised:
            emptychair.Client(encrypted.server.endpoint, credentials=tls)
        assert raised.value.metadata["field"] == field
