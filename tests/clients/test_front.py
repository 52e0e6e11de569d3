"""The front door against whatever a socket can bring: it answers or closes, in time, and goes on serving."""

import json
import socket
import time

import pytest
from tencentcloud.common import credential
from tencentcloud.common.abstract_client import AbstractClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

SMALL = "[limits]\nbody_mib = 1\nconnections = 8\nrequests = 4\nrequest_secs = 1\n"


@pytest.fixture
def small(server, tmp_path):
    config = tmp_path / "small.toml"
    config.write_text(SMALL)
    return server("--emulate", "--config", str(config))


def exchange(server, data, secs=20):
    """Sends bytes and returns all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=secs) as s:
        try:
            s.sendall(data)
        except ConnectionError:
            pass
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionError:
            pass
        return got


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def healthy(server):
    return exchange(server, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").endswith(b"ok\n")


def post(body, *headers):
    lines = [b"POST / HTTP/1.1", b"host: x", b"connection: close", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x00\xff\xfe" * 1000 + b"\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(200)) + b"\r\n", 431),
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-long: " + b"y" * 200_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", None),
        (b"GET /nowhere HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 404),
        # A bare GET asks Huawei's door for the versions of its API; its tokens are not shown without one.
        (b"GET /?a=%ff%fe&b=%&c=%zz&=&&& HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 200),
        (b"GET /v3/auth/tokens HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 401),
        (b"GET /v2/index.php HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", 200),
    ],
)
def test_garbage_is_answered_or_closed(small, data, expected):
    answer = exchange(small, data)
    # Where a client is owed no answer, closing is one; a server error never is.
    assert status(answer) in ({expected} if expected else {None, 400, 404, 413, 414, 431, 505}), answer[:200]
    assert healthy(small)


def test_a_body_above_the_limit_is_refused_without_being_kept(small):
    answer = exchange(small, post(b"x" * (1024 * 1024 + 1)))
    assert status(answer) == 413
    assert b"RequestSizeLimitExceeded" in answer
    assert healthy(small)


def test_a_body_that_does_not_come_is_not_waited_for(small):
    begun = time.monotonic()
    answer = exchange(small, b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf")
    assert status(answer) == 408, answer[:200]
    assert 0.5 < time.monotonic() - begun < 10


def test_one_connection_takes_many_requests(small):
    one = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert exchange(small, one * 20 + last).count(b"200 OK") == 21


def test_surplus_connections_are_closed_and_the_rest_serve_on(small):
    held = [socket.create_connection(("127.0.0.1", small.port), timeout=20) for _ in range(8)]
    try:
        # The eight are counted once they have been accepted; the ninth is closed without an answer.
        for s in held:
            s.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200 OK" in s.recv(65536)
        assert exchange(small, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n") == b""
        held[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200 OK" in held[0].recv(65536)
    finally:
        for s in held:
            s.close()


def test_surplus_requests_are_told_so(small):
    slow = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"
    held = [socket.create_connection(("127.0.0.1", small.port), timeout=20) for _ in range(4)]
    try:
        for s in held:
            s.sendall(slow)
        deadline = time.monotonic() + 20
        while status(answer := exchange(small, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")) != 503:
            # Until all four have been read so far; they give up after a second and are sent again.
            assert time.monotonic() < deadline, answer
            for n, s in enumerate(held):
                s.close()
                held[n] = socket.create_connection(("127.0.0.1", small.port), timeout=20)
                held[n].sendall(slow)
    finally:
        for s in held:
            s.close()


def test_a_client_that_goes_away_does_no_harm(emulated):
    call = emulated.sdk()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", emulated.port)) as s:
            s.sendall(post(b"{}", b"x-tc-action: DescribeAutoScalingGroups", b"x-tc-version: 2018-04-19")[:-1])
    assert call("DescribeAutoScalingGroups")["TotalCount"] == 0


def test_the_content_type_is_exact_and_the_status_is_200_on_errors(small):
    answer = exchange(small, post(b"{}", b"x-tc-action: DescribeAutoScalingGroups", b"x-tc-version: 2018-04-19"))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == 200
    assert b"\r\ncontent-type: application/json\r\n" in head.lower() + b"\r\n"
    error = json.loads(body)["Response"]
    assert error["Error"]["Code"].startswith("AuthFailure.") and error["RequestId"]


V3 = (b"x-tc-action: DescribeAutoScalingGroups", b"x-tc-version: 2018-04-19")


def refusal(answer):
    """The code of an answer as clients of the API want every one: status 200, envelope, exact content type."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == 200, answer[:200]
    assert b"\r\ncontent-type: application/json\r\n" in head.lower() + b"\r\n"
    response = json.loads(body)["Response"]
    assert list(response) == ["Error", "RequestId"] and response["RequestId"]
    return response["Error"]["Code"]


def test_what_is_not_even_read_is_answered_in_the_words_of_the_api(small):
    large = post(b"x" * (1024 * 1024 + 1), *V3)
    assert refusal(exchange(small, large)) == "RequestSizeLimitExceeded"
    late = b"\r\n".join([b"POST / HTTP/1.1", b"host: x", b"connection: close", b"content-length: 9", *V3, b"", b"half"])
    assert refusal(exchange(small, late)) == "InvalidRequest"
    many = b"GET /?Version=2018-04-19&" + b"a&" * 31_000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    assert refusal(exchange(small, many)) == "RequestSizeLimitExceeded"
    assert healthy(small)


def test_surplus_requests_are_told_so_in_the_words_of_the_api(small):
    slow = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf"
    held = [socket.create_connection(("127.0.0.1", small.port), timeout=20) for _ in range(4)]
    try:
        for s in held:
            s.sendall(slow)
        deadline = time.monotonic() + 20
        # A surplus connection is closed without an answer.
        while not (answer := exchange(small, post(b"{}", *V3))) or refusal(answer) != "RequestLimitExceeded":
            assert time.monotonic() < deadline, answer
            for n, s in enumerate(held):
                s.close()
                held[n] = socket.create_connection(("127.0.0.1", small.port), timeout=20)
                held[n].sendall(slow)
    finally:
        for s in held:
            s.close()


def test_what_the_sdk_does_beyond_the_documents(emulated):
    """An unsigned body is taken when it says so; an unsigned request is not."""
    http = HttpProfile(endpoint=emulated.address, protocol="http")
    profile = ClientProfile(httpProfile=http)
    profile.unsignedPayload = True
    client = AbstractClient(credential.Credential(*emulated.key), "ap-guangzhou", profile)
    client._apiVersion, client._service = "2018-04-19", "as"
    assert client.call_json("DescribeAutoScalingGroups", {"Limit": 5})["Response"]["TotalCount"] == 0
    with pytest.raises(TencentCloudSDKException) as refused:
        client.call_json("DescribeAutoScalingGroups", {}, options={"SkipSign": True})
    assert refused.value.code == "AuthFailure.InvalidAuthorization"
    assert refused.value.requestId


@pytest.mark.parametrize("sign", ["TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_errors_of_every_signature_and_method_reach_the_sdk(emulated, sign, method):
    call = emulated.sdk(sign=sign, method=method)
    assert call("DescribeAutoScalingGroups", Limit=5)["TotalCount"] == 0
    with pytest.raises(TencentCloudSDKException) as refused:
        call("DeleteAutoScalingGroup", AutoScalingGroupId="asg-absent01")
    assert refused.value.code == "ResourceNotFound.AutoScalingGroupNotFound"
    with pytest.raises(TencentCloudSDKException) as refused:
        emulated.sdk(key=(emulated.key[0], "wrong"), sign=sign, method=method)("DescribeAutoScalingGroups")
    assert refused.value.code == "AuthFailure.SignatureFailure"
