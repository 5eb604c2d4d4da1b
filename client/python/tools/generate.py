#!/usr/bin/python3
"""Makes what the package has from the .proto files.

    generate.py --protos DIR --out PACKAGE_DIR

Messages and stubs by protoc, and the typed surface, from the descriptors and the comments in them:
types.py (answers, names of enums, dicts for requests), _methods.py and _async_methods.py. How a
method or a field looks is decided in the package's _table.py. Needs protoc, grpc_python_plugin and
Python's protobuf.
"""

import argparse
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

from google.protobuf import descriptor_pb2, descriptor_pool

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src" / "emptychair"
WIDTH = 100
PACKAGE = "emptychair.v1"


def load_table():
    spec = importlib.util.spec_from_file_location("_table", SOURCE / "_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table = load_table()

SCALARS = {"string": "str", "double": "float", "int32": "int", "int64": "int", "bool": "bool"}
WELL_KNOWN_INPUT = {
    "google.protobuf.Timestamp": "datetime",
    "google.protobuf.Duration": "timedelta",
    "google.protobuf.FieldMask": "Sequence[str]",
}
WELL_KNOWN_ANSWER = {
    "google.protobuf.Timestamp": "datetime",
    "google.protobuf.Duration": "timedelta",
    "google.protobuf.FieldMask": "tuple[str, ...]",
    "google.rpc.Status": "EmptyChairError",
}


class Api:
    """The descriptors of the API and the comments on them."""

    def __init__(self, set_bytes):
        files = descriptor_pb2.FileDescriptorSet.FromString(set_bytes).file
        self.pool = descriptor_pool.DescriptorPool()
        self.comments = {}
        for file in files:
            for location in file.source_code_info.location:
                text = " ".join(location.leading_comments.split())
                if text:
                    self.comments[self.name_at(file, location.path)] = text
            # The pool's own copy of the file needs no comments.
            file.ClearField("source_code_info")
            self.pool.AddSerializedFile(file.SerializeToString())
        self.methods = [
            table.Method(module, method)
            for module, service in table.SERVICES.items()
            for method in self.pool.FindServiceByName(f"{PACKAGE}.{service}").methods
        ]

    @staticmethod
    def name_at(file, path):
        """The full name of what a path in a file leads to; None for what has no name."""
        names, message, index = [file.package], file, 0
        while index < len(path):
            field = message.DESCRIPTOR.fields_by_number[path[index]]
            is_list = field.message_type is not None and table.is_repeated(field)
            if index + 1 >= len(path) or not is_list:
                return None
            message = getattr(message, field.name)[path[index + 1]]
            names.append(getattr(message, "name", "?"))
            index += 2
        return ".".join(names)

    def comment(self, descriptor):
        return self.comments.get(descriptor.full_name, "")

    def reachable(self, roots):
        """All messages of the API that `roots` have in them, these included, by their names."""
        found, todo = {}, list(roots)
        while todo:
            message = todo.pop()
            if message.full_name in found or message.file.package != PACKAGE:
                continue
            if not message.GetOptions().map_entry:
                found[message.full_name] = message
            todo += [f.message_type for f in message.fields if f.message_type is not None]
        return [found[name] for name in sorted(found)]


def type_name(descriptor):
    """The name in Python: that of the message or enum, with those it is nested in."""
    return descriptor.full_name.removeprefix(f"{PACKAGE}.").replace(".", "")


def is_message(field):
    return table.kind_of(field) == "message" and not table.is_map(field)


def input_type(field, prefix=""):
    if table.is_map(field):
        return "Mapping[str, str]"
    if is_message(field):
        name = type_name(field.message_type)
        one = WELL_KNOWN_INPUT.get(
            field.message_type.full_name, f"{prefix}{name}Dict | {prefix}{name}"
        )
    elif table.kind_of(field) == "enum":
        one = prefix + type_name(field.enum_type)
    else:
        one = SCALARS[table.kind_of(field)]
    return f"Sequence[{one}]" if table.is_repeated(field) else one


def answer_type(field, comment):
    if table.is_map(field):
        return "Mapping[str, str]"
    if is_message(field):
        full_name = field.message_type.full_name
        one = WELL_KNOWN_ANSWER.get(full_name, type_name(field.message_type))
        is_optional = full_name in WELL_KNOWN_ANSWER or can_be_absent(field, comment)
    elif table.kind_of(field) == "enum":
        one, is_optional = type_name(field.enum_type), True
    else:
        one, is_optional = SCALARS[table.kind_of(field)], field.has_presence
    if table.is_repeated(field):
        return f"tuple[{one}, ...]"
    return f"{one} | None" if is_optional else one


def can_be_absent(field, comment):
    """Whether a message in an answer can be absent, as its comment says."""
    words = r"\babsent\b|^With `|first message"
    return field.containing_oneof is not None or bool(re.search(words, comment, re.I))


def wrapped(text, indent, first="", later=None):
    later = first if later is None else later
    return textwrap.wrap(
        text.replace("\\", "\\\\"), WIDTH, initial_indent=indent + first,
        subsequent_indent=indent + later, break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def docstring(lines, indent):
    """Lines as a docstring; the first stands behind the quotes."""
    if len(lines) == 1 and len(lines[0]) + 2 * 3 + 1 <= WIDTH:
        return [f'{indent}"""{lines[0].strip()}"""']
    return [f'{indent}"""{lines[0].strip()}', *lines[1:], f'{indent}"""']


HEADER = '"""{doc}\n\nMade by client/python/tools/generate.py from the .proto files.\n"""\n'


def make_types(api):
    lines = [HEADER.format(doc="The answers of the service, and what goes into requests."), ""]
    lines += [
        "from __future__ import annotations",
        "",
        "from dataclasses import dataclass",
        "from datetime import datetime, timedelta",
        "from typing import Literal, Mapping, Sequence, TypedDict",
        "",
        "from emptychair._answers import Answer, Positioned, answer_of",
        "from emptychair._errors import EmptyChairError",
        "from emptychair._frames import MetricTable",
        "",
        "# Of enums: names without their prefix. In answers None is UNSPECIFIED, and one that is",
        "# newer than this package is its number in digits.",
    ]
    answers = api.reachable(method.response for method in api.methods)
    inputs = api.reachable(input_roots(api))
    enums = {
        field.enum_type.full_name: field.enum_type
        for message in answers + inputs + [method.request for method in api.methods]
        for field in message.fields
        if field.enum_type is not None
    }
    for name in sorted(enums):
        lines += make_enum(api, enums[name])
    for message in answers:
        lines += make_answer(api, message)
    only_inputs = {m.full_name for m in inputs} - {m.full_name for m in answers}
    for message in inputs:
        lines += make_dict(api, message, message.full_name in only_inputs)
    return lines


def input_roots(api):
    for method in api.methods:
        fields = [argument.field for argument in method.arguments()]
        if method.form == table.UPLOAD:
            fields.append(method.item)
        for field in fields:
            if field.message_type is not None:
                yield field.message_type


def make_enum(api, enum):
    prefix = table.enum_prefix(enum)
    lines = [""] + wrapped(api.comment(enum), "", "# ")
    lines.append(f"{type_name(enum)} = Literal[")
    for value in enum.values:
        if value.number:
            lines += wrapped(api.comments.get(f"{enum.full_name}.{value.name}", ""), "    ", "# ")
            lines.append(f'    "{value.name.removeprefix(prefix)}",')
    return [*lines, "]"]


def make_answer(api, message):
    bases = ["Answer"]
    if {"store_id", "epoch", "sequence"} <= {field.name for field in message.fields}:
        bases.insert(0, "Positioned")
    if message.name == "QueryMetricResponse":
        bases.insert(0, "MetricTable")
    lines = ["", "", f'@answer_of("{message.full_name}")', "@dataclass(frozen=True, kw_only=True)"]
    lines.append(f"class {type_name(message)}({', '.join(bases)}):")
    lines += docstring(wrapped(api.comment(message), "    "), "    ")
    for field in message.fields:
        comment = api.comment(field)
        lines += ["", f"    {field.name}: {answer_type(field, comment)}"]
        lines += docstring(wrapped(comment, "    "), "    ")
    return lines


def make_dict(api, message, is_alone):
    name = type_name(message)
    lines = ["", "", f"class {name}Dict(TypedDict, total=False):"]
    doc = f"{api.comment(message)} (For requests.)"
    lines += docstring(wrapped(doc, "    "), "    ")
    for field in message.fields:
        of = input_type(field)
        lines += ["", f"    {field.name}: {of} | None"]
        lines += docstring(wrapped(api.comment(field), "    "), "    ")
    if is_alone:
        # No answer has it: there is the dict alone.
        lines += ["", "", f"{name} = {name}Dict"]
    return lines


OUTPUT_ONLY = re.compile(r"Set by the server; ignored in requests", re.I)


def arguments_of(api, method):
    """The arguments of a method that a caller gives: (name, type, whether required, comment)."""
    has_mask = "update_mask" in method.request.fields_by_name
    found = []
    for field, is_of_resource in method.arguments():
        comment = api.comment(field)
        if is_of_resource and (OUTPUT_ONLY.search(comment) or field.name in OF_SERVER):
            continue
        if is_of_resource and field.name == "etag" and not has_mask:
            continue
        must = re.search(r"\bRequired\.(\s|$)", comment) and field.containing_oneof is None
        if is_of_resource and has_mask and field.name != "survey_id":
            must = False
        if field.name in ("page_token", "page_size"):
            must = False
        found.append((field.name, input_type(field, "types."), bool(must), comment))
    found.sort(key=lambda one: (one[0] != "survey_id", not one[2]))
    return found


# Fields of resources that callers cannot set, whose comment says it in other words.
OF_SERVER = {"sequence"}


def make_method(api, method, is_async):
    arguments = arguments_of(api, method)
    parameters = ["self"]
    if arguments and arguments[0][0] == "survey_id":
        name, of, must, _ = arguments[0]
        parameters.append(f"{name}: {of}" if must else f"{name}: {of} | None = None")
    if method.form == table.UPLOAD:
        records = (
            f"Iterable[{input_type(method.item, 'types.').replace('Sequence', 'Iterable', 1)}]"
        )
        one = f"batches: {records}"
        parameters.append(one + f" | Async{records}" if is_async else one)
    parameters.append("*")
    for name, of, must, _ in arguments:
        if name != "survey_id":
            parameters.append(f"{name}: {of}" if must else f"{name}: {of} | None = None")
    if method.form == table.WATCH:
        parameters.append("position: Position | None = None")
    parameters.append("timeout: float | None = None")
    answer = f"types.{type_name(method.response)}"
    returned, call = forms(method, answer, is_async)
    is_coroutine = is_async and method.form == table.UNARY
    lines = ["", f"    {'async ' if is_coroutine else ''}def {method.name}("]
    lines += [f"        {parameter}," for parameter in parameters]
    lines += [f"    ) -> {returned}:"]
    lines += docstring(doc_lines(api, method, arguments), "        ")
    lines.append(f"        return {'await ' if is_coroutine else ''}{call}")
    for name, *_ in arguments:
        lines.append(f"            {name}={name},")
    if method.form == table.WATCH:
        lines.append("            position=position,")
    lines.append("        )")
    return lines


def forms(method, answer, is_async):
    """What a method returns, and the call in it as far as its fields."""
    rpc = f'"{method.rpc}"'
    if method.form == table.LIST:
        item = f"types.{type_name(method.item.message_type)}"
        listing = "AsyncListing" if is_async else "Listing"
        return (
            f"{listing}[{item}, {answer}]",
            f"self._list(\n            {rpc}, {item}, {answer}, timeout,",
        )
    if method.form == table.WATCH:
        return "AsyncWatch" if is_async else "Watch", f"self._watch(\n            {rpc}, timeout,"
    generator = (
        f"AsyncGenerator[{answer}, None]" if is_async else f"Generator[{answer}, None, None]"
    )
    if method.form == table.STREAM:
        return generator, f"self._stream(\n            {rpc}, {answer}, timeout,"
    if method.form == table.UPLOAD:
        return generator, f"self._upload(\n            {rpc}, {answer}, timeout, batches,"
    return answer, f"self._unary(\n            {rpc}, {answer}, timeout,"


NOTES = {
    table.LIST: "An iterator over all pages from `page_token` on.",
    table.STREAM: "An iterator over the messages, as they come: nothing is sent before the first "
    "is asked for. Closing it ends the call.",
    table.WATCH: "An iterator that outlives restarts of the server.",
    table.UPLOAD: "An iterator over the acknowledgements, in order: nothing is sent but while it "
    "is iterated over. What was not acknowledged when the connection breaks is sent again.",
}


def doc_lines(api, method, arguments):
    lines = []
    for paragraph in re.split(r" (?=Retry: |Errors: )", api.comment(method.descriptor)):
        lines += [""] * bool(lines) + wrapped(paragraph, "        ")
    if method.form in NOTES:
        lines += ["", *wrapped(NOTES[method.form], "        ")]
    entries = [(name, comment) for name, _, _, comment in arguments]
    if method.form == table.UPLOAD:
        entries.insert(0, ("batches", api.comment(method.item)))
    if method.form == table.WATCH:
        entries.append(("position", "In place of after_sequence, store_id and epoch."))
    limit = "Seconds for the call, all attempts included. Default: the client's timeout."
    if method.form == table.STREAM:
        limit = "Seconds for the whole stream. Default: no limit."
    elif method.form in (table.WATCH, table.UPLOAD):
        limit = "Seconds to go on trying after a failure. Default: the client's timeout."
    entries.append(("timeout", limit))
    lines += ["", "        Args:"]
    for name, comment in entries:
        lines += wrapped(f"{name}: {comment}", " " * 12, "", "    ")
    return lines


def make_methods(api, is_async):
    name = "AsyncMethods" if is_async else "Methods"
    kinds = "AsyncGenerator, AsyncIterable, Iterable" if is_async else "Generator, Iterable"
    client, watch = ("_async_client", "AsyncWatch") if is_async else ("_client", "Watch")
    listing = "AsyncListing" if is_async else "Listing"
    lines = [
        HEADER.format(doc="The methods of the service."),
        "",
        "from __future__ import annotations",
        "",
    ]
    lines += [
        "from datetime import datetime, timedelta",
        f"from typing import TYPE_CHECKING, Any, {kinds}, Mapping, Sequence, TypeVar",
        "",
        "from emptychair import types",
        "from emptychair._answers import Answer",
        "from emptychair._calls import suggests_names",
        "",
        "if TYPE_CHECKING:",
        f"    from emptychair.{client} import {listing}",
        "    from emptychair._position import Position",
        f"    from emptychair._watch import {watch}",
        "",
        '_R = TypeVar("_R", bound=Answer)',
        '_I = TypeVar("_I", bound=Answer)',
        "",
        "",
        "@suggests_names",
        f"class {name}:",
        '    """One method for each RPC. Absent arguments are None. Raises EmptyChairError."""',
        "",
        "    if TYPE_CHECKING:  # The client that is made of this has them.",
        "",
    ]
    first = "self, rpc: str, kind: type[_R], timeout: float | None, /"
    stream = "AsyncGenerator[_R, None]" if is_async else "Generator[_R, None, None]"
    batches = "Iterable[Any] | AsyncIterable[Any]" if is_async else "Iterable[Any]"
    lines += [
        f"        {'async ' if is_async else ''}def _unary(",
        f"            {first}, **values: Any",
        "        ) -> _R: ...",
        "        def _list(",
        f"            {first.replace('kind:', 'item: type[_I], kind:')}, **values: Any",
        f"        ) -> {listing}[_I, _R]: ...",
        "        def _stream(",
        f"            {first}, **values: Any",
        f"        ) -> {stream}: ...",
        "        def _watch(",
        "            self, rpc: str, timeout: float | None, /, **values: Any",
        f"        ) -> {watch}: ...",
        "        def _upload(",
        f"            {first[:-3]}, batches: {batches}, /, import_id: str | None",
        f"        ) -> {stream}: ...",
    ]
    for method in api.methods:
        lines += make_method(api, method, is_async)
    return lines


def run_protoc(protos, out):
    """Messages and stubs; returns the serialized FileDescriptorSet with comments."""
    ours = sorted((protos / "emptychair" / "v1").glob("*.proto"))
    testing = sorted((protos / "emptychair" / "testing" / "v1").glob("*.proto"))
    theirs = sorted((protos / "google" / "rpc").glob("*.proto"))
    services = [path for path in ours + testing if path.name.endswith("_service.proto")]
    plugin = shutil.which("grpc_python_plugin")
    if plugin is None:
        sys.exit("generate.py: there is no grpc_python_plugin; wanted protobuf-compiler-grpc")
    bundled = out / "_bundled"
    bundled.mkdir(parents=True, exist_ok=True)
    # Packages name themselves: the folder that has emptychair/v1 in it is the one to write to.
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder)
        protoc = ["protoc", f"-I{protos}"]
        subprocess.check_call(
            [*protoc, f"--python_out={made}", f"--pyi_out={made}", *ours, *testing]
        )
        subprocess.check_call(
            [
                *protoc,
                f"--plugin=protoc-gen-grpc_python={plugin}",
                f"--grpc_python_out={made}",
                *services,
            ]
        )
        subprocess.check_call([*protoc, f"--python_out={bundled}", *theirs])
        for package in ("v1", "testing/v1"):
            shutil.copytree(made / "emptychair" / package, out / package, dirs_exist_ok=True)
        described = made / "set"
        subprocess.check_call(
            [
                *protoc,
                "--include_source_info",
                "--include_imports",
                f"--descriptor_set_out={described}",
                *ours,
            ]
        )
        return described.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protos", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    api = Api(run_protoc(arguments.protos.resolve(), arguments.out.resolve()))
    for name, lines in (
        ("types.py", make_types(api)),
        ("_methods.py", make_methods(api, is_async=False)),
        ("_async_methods.py", make_methods(api, is_async=True)),
    ):
        (arguments.out / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
