"""Holds an answer of an AWS service, as it came over the wire, against botocore's model of that service.

botocore reads what it knows and passes over the rest. This does not: a member that the model does not have, one that it
requires and that is missing, a value of another type, a time in another format, or an error in another form is a problem.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from botocore.model import OperationModel, Shape

ISO_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
# Seconds since the Unix epoch; as milliseconds they would be beyond.
EARLIEST, LATEST = 946_684_800, 4_102_444_800


@dataclass(frozen=True)
class Answer:
    """What came over the wire. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Failure:
    """An error as the service wrote it."""

    code: str
    message: str


def problems_of(operation: OperationModel, answer: Answer) -> list[str]:
    """What is wrong with an answer that is no error; empty where nothing is."""
    problems = headers_of(operation, answer)
    if answer.status != 200:
        problems.append(f"the status is {answer.status}")
    try:
        if protocol_of(operation) == "json":
            problems += json_problems(operation.output_shape, json.loads(answer.body), operation.name)
        else:
            problems += document_problems(operation, ElementTree.fromstring(answer.body))
    except (ValueError, ElementTree.ParseError) as error:
        problems.append(f"the body cannot be read: {error}")
    return problems


def failure_of(operation: OperationModel, answer: Answer) -> tuple[Failure | None, list[str]]:
    """The error that an answer holds, and what is wrong with its form."""
    problems = headers_of(operation, answer)
    is_json = protocol_of(operation) == "json"
    try:
        found = json_failure(operation, answer) if is_json else xml_failure(operation, answer)
    except (ValueError, ElementTree.ParseError) as error:
        return None, [*problems, f"the body cannot be read: {error}"]
    if isinstance(found, str):
        return None, [*problems, found]
    if not found.code or not found.message:
        problems.append(f"an error has a code and a message: {found}")
    for shape in operation.error_shapes:
        modelled = shape.metadata.get("error", {})
        status = modelled.get("httpStatusCode")
        if found.code in (modelled.get("code"), shape.name) and status not in (None, answer.status):
            problems.append(f"{found.code} has the status {status}: it was {answer.status}")
        # In JSON an error goes by the name of its shape, and by its code in a header.
        if not is_json and found.code == shape.name and modelled.get("code") not in (None, found.code):
            problems.append(f"the code of {shape.name} is {modelled['code']}")
    return found, problems


def protocol_of(operation: OperationModel) -> str:
    # CloudWatch speaks several: the one that botocore has chosen.
    return str(operation.service_model.resolved_protocol)


def headers_of(operation: OperationModel, answer: Answer) -> list[str]:
    version = operation.service_model.metadata.get("jsonVersion", "1.1")
    expected = {"json": f"application/x-amz-json-{version}", "query": "text/xml", "ec2": "text/xml;charset=UTF-8"}
    problems = []
    content_type = answer.headers.get("content-type")
    if content_type != expected[protocol_of(operation)]:
        problems.append(f"the content type is {content_type}")
    if not answer.headers.get("x-amzn-requestid"):
        problems.append("the header x-amzn-RequestId is missing")
    return problems


# AWS JSON 1.1: members bear their own names, times are seconds.


def json_problems(shape: Shape | None, value: Any, path: str) -> list[str]:
    if shape is None:
        return [] if value == {} else [f"{path}: nothing is answered here, and it was {value!r}"]
    match shape.type_name:
        case "structure":
            if not isinstance(value, dict):
                return [f"{path} is no structure: {value!r}"]
            problems = missing(shape, value, path)
            for name, member in value.items():
                if name not in shape.members:
                    problems.append(f"{path}.{name} is no member of {shape.name}")
                else:
                    problems += json_problems(shape.members[name], member, f"{path}.{name}")
            return problems
        case "list":
            if not isinstance(value, list):
                return [f"{path} is no list: {value!r}"]
            return [
                problem
                for index, one in enumerate(value)
                for problem in json_problems(shape.member, one, f"{path}[{index}]")
            ]
        case "map":
            if not isinstance(value, dict):
                return [f"{path} is no map: {value!r}"]
            return [
                problem for key, one in value.items() for problem in json_problems(shape.value, one, f"{path}.{key}")
            ]
        case "timestamp":
            is_time = is_number(value) and EARLIEST < value < LATEST
            return [] if is_time else [f"{path} is no time in seconds: {value!r}"]
        case "integer" | "long":
            return [] if isinstance(value, int) and is_number(value) else [f"{path} is no whole number: {value!r}"]
        case "double" | "float":
            return [] if is_number(value) else [f"{path} is no number: {value!r}"]
        case "boolean":
            return [] if isinstance(value, bool) else [f"{path} is neither true nor false: {value!r}"]
        case "string":
            return text_problems(shape, value, path) if isinstance(value, str) else [f"{path} is no text: {value!r}"]
        case other:
            return [f"{path}: nothing here knows how to read a {other}"]


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def json_failure(operation: OperationModel, answer: Answer) -> Failure | str:
    body = json.loads(answer.body)
    if not isinstance(body, dict) or not {"__type", "message"} <= set(body):
        return f"an error has a __type and a message: {body!r}"
    name = body["__type"].rsplit("#", 1)[-1]
    modelled = {shape.name: shape for shape in operation.error_shapes}
    known = {"__type", "message", *(modelled[name].members if name in modelled else [])}
    if extra := set(body) - known:
        return f"{name} has no {', '.join(sorted(extra))}"
    if "awsQueryCompatible" in operation.service_model.metadata:
        kind = "Receiver" if answer.status >= 500 else "Sender"
        if not re.fullmatch(rf"[\w.]+;{kind}", answer.headers.get("x-amzn-query-error", "")):
            return f"{name} has no code of the Query protocol: {answer.headers.get('x-amzn-query-error')}"
        code = modelled[name].metadata.get("error", {}).get("code") if name in modelled else None
        if code is not None and answer.headers["x-amzn-query-error"] != f"{code};{kind}":
            return f"{name} has the code {code}: it was {answer.headers['x-amzn-query-error']}"
    return Failure(name, body["message"])


# AWS Query and EC2 Query: XML with the model's own names for elements.


def document_problems(operation: OperationModel, root: ElementTree.Element) -> list[str]:
    name = operation.name
    namespace = operation.service_model.metadata["xmlNamespace"].rstrip("/")
    problems = []
    if local(root) != f"{name}Response":
        problems.append(f"the document is {local(root)}, not {name}Response")
    for element in root.iter():
        if namespace_of(element).rstrip("/") != namespace:
            return [*problems, f"{local(element)} is not of {namespace}"]
    shape = operation.output_shape
    children = {local(child): child for child in root}
    if protocol_of(operation) == "ec2":
        request_id = children.pop("requestId", None)
        if request_id is None or not request_id.text:
            problems.append("requestId is missing")
        if shape is None:
            returned = children.pop("return", None)
            if returned is None or returned.text != "true":
                problems.append("return is not true")
            return problems + [f"{name}: {extra} is not expected" for extra in children]
        return problems + structure_problems(shape, [one for one in root if local(one) != "requestId"], name)
    metadata = children.pop("ResponseMetadata", None)
    if metadata is None or [local(one) for one in metadata] != ["RequestId"]:
        problems.append("ResponseMetadata does not hold the RequestId")
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
        result = children.pop(wrapper, None)
        if result is None:
            return [*problems, f"{wrapper} is missing"]
        problems += structure_problems(shape, list(result), name)
    return problems + [f"{name}: {extra} is not expected" for extra in children]


def structure_problems(shape: Shape, elements: list[ElementTree.Element], path: str) -> list[str]:
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    found: dict[str, ElementTree.Element] = {}
    problems = []
    for element in elements:
        name = names.get(local(element))
        if name is None:
            problems.append(f"{path}.{local(element)} is no member of {shape.name}")
        elif name in found:
            problems.append(f"{path}.{name} is there twice")
        else:
            found[name] = element
            problems += element_problems(shape.members[name], element, f"{path}.{name}")
    return problems + missing(shape, found, path)


def element_problems(shape: Shape, element: ElementTree.Element, path: str) -> list[str]:
    text = element.text or ""
    match shape.type_name:
        case "structure":
            return stray(element, path) + structure_problems(shape, list(element), path)
        case "list":
            item = shape.member.serialization.get("name", "member")
            problems = stray(element, path)
            for index, one in enumerate(element):
                if local(one) != item:
                    problems.append(f"{path}: an item is called {item}, not {local(one)}")
                problems += element_problems(shape.member, one, f"{path}[{index}]")
            return problems
    if len(element) > 0:
        return [f"{path} holds elements, and the model has a {shape.type_name}"]
    match shape.type_name:
        case "timestamp":
            return [] if ISO_TIME.match(text) else [f"{path} is no time in ISO 8601: {text!r}"]
        case "integer" | "long":
            return [] if re.fullmatch(r"-?\d+", text) else [f"{path} is no whole number: {text!r}"]
        case "double" | "float":
            return [] if re.fullmatch(r"-?\d+(\.\d+)?", text) else [f"{path} is no number: {text!r}"]
        case "boolean":
            return [] if text in ("true", "false") else [f"{path} is neither true nor false: {text!r}"]
        case "string":
            return text_problems(shape, text, path)
        case other:
            return [f"{path}: nothing here knows how to read a {other}"]


def stray(element: ElementTree.Element, path: str) -> list[str]:
    return [f"{path} holds the text {element.text!r}"] if (element.text or "").strip() else []


def xml_failure(operation: OperationModel, answer: Answer) -> Failure | str:
    root = ElementTree.fromstring(answer.body)
    is_ec2 = protocol_of(operation) == "ec2"
    tree = [("Response", ["Errors", "RequestID"]), ("Errors", ["Error"]), ("Error", ["Code", "Message"])]
    if not is_ec2:
        tree = [("ErrorResponse", ["Error", "RequestId"]), ("Error", ["Type", "Code", "Message"])]
    element = root
    for index, (name, children) in enumerate(tree):
        if index > 0:
            element = next(child for child in element if local(child) == name)
        if local(element) != name or [local(child) for child in element] != children:
            return f"{name} holds {children}: it was {local(element)} with {[local(child) for child in element]}"
    fields = {local(child): child.text or "" for child in element}
    expected_type = "Receiver" if answer.status >= 500 else "Sender"
    if not is_ec2 and fields["Type"] != expected_type:
        return f"the type of an error with the status {answer.status} is {expected_type}: it was {fields['Type']}"
    return Failure(fields["Code"], fields["Message"])


# What both have.


def missing(shape: Shape, found: dict[str, Any], path: str) -> list[str]:
    return [f"{path}.{name} is missing" for name in shape.required_members if name not in found]


def text_problems(shape: Shape, text: str, path: str) -> list[str]:
    problems = []
    if shape.enum and text not in shape.enum:
        problems.append(f"{path} is none of {shape.name}: {text!r}")
    # botocore names no bounds as such; they stand in the metadata.
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if len(text) < least or (most is not None and len(text) > most):
        problems.append(f"{path} has {len(text)} characters, not {least} to {most}")
    return problems


def local(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def namespace_of(element: ElementTree.Element) -> str:
    return element.tag[1:].split("}", 1)[0] if element.tag.startswith("{") else ""
