"""A client of the Tencent Cloud API of 2017 that signs by itself, as its documentation says."""

import base64
import hashlib
import hmac
import json
import random
import time
import urllib.parse
import urllib.request

OFFICIAL = "scaling.api.qcloud.com"
PATH = "/v2/index.php"


class Refused(Exception):
    """An answer with another code than 0."""

    def __init__(self, answer):
        super().__init__(json.dumps(answer, ensure_ascii=False))
        self.answer = answer
        self.code, self.desc, self.message = answer["code"], answer["codeDesc"], answer["message"]
        self.pair = (self.code, self.desc)


def flat(parameters, prefix=""):
    """Lists as `name.0`, objects as `name.member`; None is left out."""
    for name, value in parameters.items():
        key = prefix + str(name)
        if isinstance(value, dict):
            yield from flat(value, key + ".")
        elif isinstance(value, (list, tuple)):
            yield from flat(dict(enumerate(value)), key + ".")
        elif value is not None:
            yield key, str(value)


def signature(secret, method, host, pairs, algorithm="HmacSHA1"):
    """The signature of parameters: sorted by name, `_` as a dot, values as they are."""
    signed = [(k, v) for k, v in sorted(pairs.items()) if not (method == "POST" and v.startswith("@"))]
    text = f"{method}{host}{PATH}?" + "&".join(f"{k.replace('_', '.')}={v}" for k, v in signed)
    digest = hashlib.sha256 if algorithm == "HmacSHA256" else hashlib.sha1
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), digest).digest()).decode()


def common(key_id, action, algorithm=None):
    """The common parameters; SignatureMethod only if one is named."""
    named = {"SignatureMethod": algorithm} if algorithm else {}
    return named | {
        "Action": action,
        "Region": "gz",
        "Timestamp": str(int(time.time())),
        "Nonce": str(random.randrange(1, 2**63)),
        "SecretId": key_id,
    }


def send(address, method, encoded, headers=None):
    """The answer as it is: always HTTP 200, JSON."""
    url, data = f"http://{address}{PATH}", None
    if method == "POST":
        data = encoded.encode()
    else:
        url += "?" + encoded
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        return json.loads(answer.read())


def checked(answer):
    """The data of a success; a failure is raised."""
    if answer["code"] == 0:
        assert (answer["message"], answer["codeDesc"]) == ("", "Success")
        return answer.get("data")
    assert "data" not in answer and answer["message"].startswith("("), answer
    raise Refused(answer)


def client(server, method="GET", algorithm=None, key=None, host=None, **more):
    """`call("DescribeScalingGroup", limit=5)`; `more` are common parameters that it sends otherwise."""
    key_id, secret = key or server.key

    def call(action, **parameters):
        pairs = common(key_id, action, algorithm) | more | dict(flat(parameters))
        pairs["Signature"] = signature(secret, method, host or server.address, pairs, algorithm)
        return checked(send(server.address, method, urllib.parse.urlencode(pairs)))

    return call


def refused(call, action, **parameters):
    """Code and business code of a call that is refused."""
    try:
        answer = call(action, **parameters)
    except Refused as refusal:
        return refusal.pair
    raise AssertionError(f"{action} was not refused: {answer}")
