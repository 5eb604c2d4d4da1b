#!/usr/bin/python3
"""Builds the example of a language in examples/ with stock generators, as docs/other_languages.md
shows it, and runs it against the fake server, some of whose calls fail.

  stub_examples.py LANGUAGE --fake PROGRAM --stubs DIR --protos DIR --buf PROGRAM --work DIR

Exits with 77 (skipped) where the tools of the language are not there, or reach no packages.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

EXAMPLES = pathlib.Path(__file__).resolve().parent / "examples"
PAGE = EXAMPLES.parent.parent.parent / "docs" / "other_languages.md"
SHOWN = {
    "go": ["buf.gen.yaml", "main.go"],
    "java": ["src/main/java/FirstRecord.java"],
    "node": ["first_record.mjs"],
    "python": ["first_record.py"],
}
# What says that nobody was reached, who has the packages.
AWAY = re.compile(
    r"\b(EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED)\b"
    r"|dial tcp|no such host|module lookup disabled|Could not transfer artifact|Unknown host"
    r"|Cannot access \S+ \(\S+\) in offline mode"
)
SUBMIT = "emptychair.v1.FeedbackService/SubmitFeedback"
QUERY = "emptychair.v1.MetricsService/QueryMetric"
UNAVAILABLE, RESOURCE_EXHAUSTED = 14, 8
DEADLINE = 60  # Seconds, for what takes no time.


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def fail(why):
    print(f"FAILED: {why}")
    sys.exit(1)


def expect(got, wanted, what):
    if got != wanted:
        fail(f"{what}: got {got!r}, wanted {wanted!r}")


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed")


def build(*command, cwd, **variables):
    """Runs what may have to fetch packages."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **variables}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode != 0:
        print(done.stdout)
        if AWAY.search(done.stdout):
            skip(f"{command[0]} reaches no packages")
        fail(" ".join(map(str, command)))


def check_page(language):
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"^```[a-z]+\n(.*?)^```$", page, re.S | re.M)
    for name in SHOWN[language]:
        if (EXAMPLES / language / name).read_text(encoding="utf-8") not in shown:
            fail(f"{PAGE.name} does not show {language}/{name} as it is")


# Each builds the example in `folder` and returns the command that runs it, with {} for the endpoint.


def build_go(folder, options):
    need("go", options.buf)
    wanted = re.search(r"^go (\d+)\.(\d+)", (folder / "go.mod").read_text(), re.M).groups()
    local = {"GOTOOLCHAIN": "local", "GOFLAGS": ""}
    there = subprocess.run(
        ["go", "version"], env={**os.environ, **local}, capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"go(\d+)\.(\d+)", there)
    if not found or tuple(map(int, found.groups())) < tuple(map(int, wanted)):
        skip(f"{there.strip()} is older than {'.'.join(wanted)}")
    build("go", "mod", "download", cwd=folder, **local)
    protos = options.protos
    build(options.buf, "generate", protos, "--path", f"{protos}/emptychair/v1", cwd=folder, **local)
    build("go", "build", "-o", "first_record", ".", cwd=folder, **local)
    return [folder / "first_record", "{}"]


def build_java(folder, options):
    need("mvn", "javac")
    shutil.copytree(
        options.protos / "emptychair" / "v1", folder / "src/main/proto/emptychair/v1",
        dirs_exist_ok=True,
    )  # fmt: skip
    build("mvn", "-B", "-q", "compile", cwd=folder)
    return ["mvn", "-B", "-q", "-f", folder, "exec:java", "-Dexec.args={}"]


def build_node(folder, options):
    need("node", "npm")
    build("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", cwd=folder)
    return ["node", folder / "first_record.mjs", "{}", options.protos]


def build_python(folder, options):
    os.environ["PYTHONPATH"] = str(options.stubs)
    return [sys.executable, "-B", folder / "first_record.py", "{}"]


BUILDERS = {"go": build_go, "java": build_java, "node": build_node, "python": build_python}


class Fake:
    """The fake server, and the stubs to handle it."""

    def __init__(self, program):
        # Stubs need what the CMake of this folder made.
        import grpc
        from emptychair.testing.v1 import fake_service_pb2, fake_service_pb2_grpc
        from emptychair.v1 import feedback_service_pb2, feedback_service_pb2_grpc
        from emptychair.v1 import survey_service_pb2, survey_service_pb2_grpc, types_pb2

        self.grpc, self.messages, self.feedback = grpc, fake_service_pb2, feedback_service_pb2
        self.process = subprocess.Popen(
            [program, "--until-stdin-ends"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.endpoint = self.address_after("listening on ")
        self.controls = fake_service_pb2_grpc.FakeServiceStub(
            grpc.insecure_channel(self.address_after("controlled on "))
        )
        # Nothing is sent twice here.
        channel = grpc.insecure_channel(self.endpoint, [("grpc.enable_retries", 0)])
        self.submitting = feedback_service_pb2_grpc.FeedbackServiceStub(channel)
        survey_service_pb2_grpc.SurveyServiceStub(channel).CreateSurvey(
            survey_service_pb2.CreateSurveyRequest(
                survey={"survey_id": "checkout", "kind": types_pb2.SURVEY_KIND_NPS}
            ),
            timeout=DEADLINE,
        )

    def address_after(self, words):
        line = self.process.stdout.readline().strip()
        if not line.startswith(words):
            fail(f"the fake server said {line!r}, not {words!r}")
        return line.removeprefix(words)

    def fail_next(self, method, code, count):
        self.controls.FailNext(
            self.messages.FailNextRequest(method=method, code=code, count=count), timeout=DEADLINE
        )

    def code_of_a_submission(self):
        """The code of one call, with an answer that has no score."""
        answer = self.feedback.Feedback(survey_id="checkout", external_id="order-1002")
        try:
            self.submitting.SubmitFeedback(
                self.feedback.SubmitFeedbackRequest(feedback=answer), timeout=DEADLINE
            )
        except self.grpc.RpcError as error:
            return error.code().name
        return "OK"

    def stop(self):
        self.process.stdin.close()
        expect(self.process.wait(DEADLINE), 0, "the fake server's exit code")


def try_out(command, fake):
    def run():
        line = [str(part).format(fake.endpoint) for part in command]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    def expect_line(wanted):
        done = run()
        # Maven resets the colours of a terminal even where there is none.
        said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).strip()
        expect((said, done.returncode), (wanted, 0), f"stdout\n{done.stderr}\n")

    fake.fail_next(SUBMIT, UNAVAILABLE, 2)
    expect_line("stored before: false; NPS 100 from 1 answers")
    fake.fail_next(QUERY, RESOURCE_EXHAUSTED, 2)
    expect_line("stored before: true; NPS 100 from 1 answers")

    # Five attempts, and no more.
    fake.fail_next(SUBMIT, UNAVAILABLE, 6)
    if run().returncode == 0:
        fail("a call that failed six times succeeded")
    expect(fake.code_of_a_submission(), "UNAVAILABLE", "the sixth call")
    expect(fake.code_of_a_submission(), "OK", "the seventh call")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=SHOWN)
    for name in ("fake", "stubs", "protos", "buf", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    check_page(options.language)

    # What was built for other files of the example is not there any more; what was fetched is.
    folder = options.work / options.language
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        if left.name != "node_modules":
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    shutil.copytree(EXAMPLES / options.language, folder, dirs_exist_ok=True)
    command = BUILDERS[options.language](folder, options)

    sys.path.insert(0, str(options.stubs))
    fake = Fake(options.fake)
    try:
        try_out(command, fake)
    finally:
        fake.stop()
    print("OK")


if __name__ == "__main__":
    main()
