"""Cases made from the request models of Huawei's SDKs: where what may stand in a body, and what must not."""

import importlib
import inspect
import json

from huawei import http

NOBODY = "00000000-0000-4000-8000-000000000000"

# What is not right for a type, whatever else is said of it. Numbers and booleans as texts are: clients send them.
WRONG = {
    "str": [[], {}, ["x"], {"a": 1}],
    "int": ["abc", 1.5, [], {}, True, 10**30, "中"],
    "float": ["abc", [], {}, True, "中"],
    "bool": ["maybe", 7, [], {}],
    "list": [{}, "x", 7, True],
    "model": [[], "x", 7, True],
}
LONG = "长" * 70_000


def module_of(service, version):
    return importlib.import_module(f"huaweicloudsdk{service}.{version}")


def request_of(module, method):
    names = {known.lower(): known for known in dir(module) if known.endswith("Request")}
    return getattr(module, names[method.replace("_", "") + "request"])


def is_model(module, kind):
    model = getattr(module, kind, None)
    return model is not None and bool(getattr(model, "openapi_types", None))


def places(module, kind, path=()):
    """Every place of a structure: its path, the class of its type, and the type itself."""
    if kind.startswith("list["):
        yield path, "list", kind
        yield from places(module, kind[5:-1], (*path, 0))
    elif kind.startswith("dict("):
        yield path, "model", kind
    elif is_model(module, kind):
        yield path, "model", kind
        model = getattr(module, kind)
        for name, inner in model.openapi_types.items():
            yield from places(module, inner, (*path, model.attribute_map[name]))
    elif kind in ("str", "int", "float", "bool"):
        yield path, kind, kind
    elif kind not in ("object", "datetime"):
        # A closed list of words, or of numbers.
        words = [word for name, word in vars(getattr(module, kind)).items() if name[:2] != "__" and isinstance(word, (str, int))]
        yield path, "int" if isinstance(words[0], int) else "str", kind


def needed(module, kind):
    """Names of the members that a model needs: the SDK's constructor sets those without asking whether they are given."""
    model = getattr(module, kind)
    source = inspect.getsource(model.__init__)
    return [shown for name, shown in model.attribute_map.items() if f"if {name} is not None" not in source]


def there(body, path):
    """Whether a place is in a body."""
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def put(body, path, value):
    """The body with another value at a place; what the place stands in is made."""
    if not path:
        return value
    # What two places share is theirs alone then.
    body = json.loads(json.dumps(body))
    at = body
    for step, following in zip(path, path[1:]):
        if isinstance(step, int):
            if not at:
                at.append([] if isinstance(following, int) else {})
            at = at[0]
        else:
            if at.get(step) in (None, "", []):
                at[step] = [] if isinstance(following, int) else {}
            at = at[step]
    if isinstance(at, list):
        at[:] = [value]
    else:
        at[path[-1]] = value
    return body


def without(body, path):
    body = json.loads(json.dumps(body))
    at = body
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return body


def leaf(path):
    """The last name of a path."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


class Caller:
    """Calls with a token and bodies as they are."""

    def __init__(self, server, headers, project):
        self.server, self.project = server, project
        self.headers = {"X-Auth-Token": headers["X-Subject-Token"], "Content-Type": "application/json"}

    def __call__(self, method, path, body=None):
        status, _, answer = http(self.server, method, path.replace("{p}", self.project), body, self.headers)
        return status, answer


def said(answer):
    """Code and text of an error, in whichever shape its service has."""
    if isinstance(answer.get("error"), dict):
        return answer["error"]["code"], answer["error"]["message"]
    if "error_code" in answer:
        return answer["error_code"], answer["error_msg"]
    return answer["code"], answer["message"]
