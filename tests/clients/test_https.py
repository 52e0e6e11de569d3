"""HTTPS and HTTP CONNECT on the port of plain HTTP: with raw sockets, and every door through its real SDK."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

import pytest
from huawei import caller
from huaweicloudsdkas import v1
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from tencentcloud.autoscaling.v20180419 import autoscaling_client, models
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

SMALL = """
[limits]
connections = 8
request_secs = 1
handshake_secs = 1
[tls]
names = ["muster.example"]
"""
V2017 = "scaling.api.qcloud.com"
HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.fixture
def small(server, tmp_path):
    config = tmp_path / "small.toml"
    config.write_text(SMALL)
    return server("--emulate", "--config", str(config))


def authority(server):
    return str(server.data / "tls/ca.pem")


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def read(s):
    """All that comes until the other side closes."""
    got = b""
    try:
        while chunk := s.recv(65536):
            got += chunk
    except ConnectionError:
        pass
    return got


def secure(server, s, name, **options):
    context = ssl.create_default_context(cafile=authority(server))
    for key, value in options.items():
        setattr(context, key, value)
    return context.wrap_socket(s, server_hostname=name)


def tunnel(s, target):
    """Asks for a tunnel: the head of the answer."""
    s.sendall(f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        # One byte at a time: what follows the head belongs to the tunnel.
        byte = s.recv(1)
        assert byte, got
        got += byte
    return got


def counted(server, what):
    with urllib.request.urlopen(f"http://{server.address}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    found = [line for line in lines if line.startswith(f"muster_{what}")]
    return sum(int(line.rsplit(" ", 1)[1]) for line in found)


def test_the_first_byte_tells_and_the_start_says_whom_to_trust(small):
    assert f"https on the same port; clients trust {os.path.realpath(authority(small))}" in small.out
    with connect(small) as s:
        s.sendall(HEALTH)
        assert read(s).endswith(b"ok\n")
    for name in ["localhost", "127.0.0.1", "muster.example"]:
        with secure(small, connect(small), name) as s:
            s.sendall(HEALTH)
            assert read(s).endswith(b"ok\n")
    with pytest.raises(ssl.SSLCertVerificationError):
        secure(small, connect(small), "elsewhere.example")
    assert counted(small, 'connections_total{kind="tls"}') == 3


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_are_spoken_and_strict_clients_are_content(small, version):
    strict = ssl.create_default_context().verify_flags | ssl.VERIFY_X509_STRICT
    with secure(small, connect(small), "localhost", maximum_version=version, verify_flags=strict) as s:
        assert s.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
        s.sendall(HEALTH)
        assert read(s).endswith(b"ok\n")


def test_a_tunnel_ends_at_muster_which_speaks_as_that_host(small):
    for target, name in [(f"{V2017}:443", V2017), (f"localhost:{small.port}", "localhost")]:
        with connect(small) as s:
            head = tunnel(s, target)
            assert head.startswith(b"HTTP/1.1 200 "), head
            assert b"content-length" not in head.lower()
            with secure(small, s, name) as inner:
                inner.sendall(HEALTH)
                assert read(inner).endswith(b"ok\n")
    # A tunnel that is asked for over TLS, as from a proxy that speaks HTTPS itself.
    context = ssl.create_default_context(cafile=authority(small))
    with secure(small, connect(small), "localhost") as outer:
        assert tunnel(outer, f"{V2017}:443").startswith(b"HTTP/1.1 200 ")
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = context.wrap_bio(received, sent, server_hostname=V2017)

        def step(act):
            while True:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    outer.sendall(sent.read())
                    received.write(outer.recv(65536))

        step(inner.do_handshake)
        inner.write(HEALTH)
        outer.sendall(sent.read())
        assert step(lambda: inner.read(65536)).startswith(b"HTTP/1.1 200 OK")
    assert counted(small, 'connections_total{kind="tunnel"}') == 3


@pytest.mark.parametrize(
    "target",
    ["example.com:443", f"{V2017}:80", "127.0.0.1:22", "169.254.169.254:443", "[::1]:1", V2017, "localhost:443443"],
)
def test_a_tunnel_to_anywhere_else_is_refused(small, target):
    with connect(small) as s:
        s.sendall(f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nconnection: close\r\n\r\n".encode())
        answer = read(s)
    assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 ")), answer
    if answer.startswith(b"HTTP/1.1 403 "):
        assert target.encode() in answer
        assert counted(small, "refused_tunnels_total") == 1


def test_there_is_no_tunnel_in_a_tunnel(small):
    with connect(small) as s:
        tunnel(s, f"{V2017}:443")
        with secure(small, s, V2017) as inner:
            inner.sendall(f"CONNECT {V2017}:443 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
            assert read(inner).startswith(b"HTTP/1.1 403 ")


def hello():
    """The first message of a handshake."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(received, sent, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return sent.read()


@pytest.mark.parametrize("tunnelled", [False, True])
@pytest.mark.parametrize("part", ["one byte", "half", "all but the last", "drip"])
def test_a_handshake_that_does_not_end_is_hung_up_on(small, tunnelled, part):
    whole = hello()
    sent = {"one byte": whole[:1], "half": whole[: len(whole) // 2], "all but the last": whole[:-1], "drip": b""}[part]
    with connect(small) as s:
        if tunnelled:
            tunnel(s, f"{V2017}:443")
        begun = time.monotonic()
        s.sendall(sent)
        if part == "drip":
            s.settimeout(0.1)
            over = False
            for byte in whole:
                try:
                    s.sendall(bytes([byte]))
                    over = s.recv(1) == b""
                except TimeoutError:
                    continue
                except ConnectionError:
                    over = True
                if over:
                    break
            assert over
        else:
            assert read(s) == b""
        assert 0.5 < time.monotonic() - begun < 10
    assert counted(small, "failed_handshakes_total") == 1
    with secure(small, connect(small), "localhost") as s:
        s.sendall(HEALTH)
        assert read(s).endswith(b"ok\n")


@pytest.mark.parametrize("tunnelled", [False, True])
@pytest.mark.parametrize(
    "noise",
    [
        b"\x16" * 1000,
        b"\x16\x03\x01\xff\xff" + b"\x01" * 70_000,
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x16\x03\x01\x00\x00" * 5000,
    ],
)
def test_noise_for_a_handshake_is_hung_up_on(small, tunnelled, noise):
    with connect(small) as s:
        if tunnelled:
            tunnel(s, f"{V2017}:443")
        try:
            s.sendall(noise)
        except ConnectionError:
            pass
        answer = read(s)
    # An alert at the most.
    assert len(answer) < 16, answer
    assert counted(small, "failed_handshakes_total") == 1


def test_plain_http_in_a_tunnel_is_hung_up_on(small):
    with connect(small) as s:
        tunnel(s, f"{V2017}:443")
        s.sendall(HEALTH)
        assert b"ok\n" not in read(s)
    assert counted(small, "failed_handshakes_total") == 1


def test_handshakes_and_tunnels_count_as_connections(small):
    held = []
    try:
        for n in range(8):
            held.append(connect(small))
            if n % 2:
                tunnel(held[-1], f"{V2017}:443")
                held[-1] = secure(small, held[-1], V2017)
            else:
                held[-1] = secure(small, held[-1], "localhost")
            held[-1].sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200 OK" in held[-1].recv(65536)
        with connect(small) as s:
            try:
                s.sendall(HEALTH)
            except ConnectionError:
                pass
            assert read(s) == b""
    finally:
        for s in held:
            s.close()


@pytest.mark.parametrize("how", ["plain", "tls", "tunnel"])
def test_who_reads_nothing_is_hung_up_on(small, how):
    held = []
    try:
        for _ in range(8):
            s = socket.socket()
            # What is sent soon has no room left.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", small.port))
            if how == "tunnel":
                tunnel(s, f"{V2017}:443")
            if how != "plain":
                s = secure(small, s, V2017 if how == "tunnel" else "localhost")
            held.append(s)
            s.settimeout(0.5)
            try:
                s.sendall(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n" * 20_000)
            except (TimeoutError, ConnectionError, ssl.SSLError):
                pass
        deadline = time.monotonic() + 30
        while True:
            # All eight connections are taken, until they are given up.
            with connect(small) as s:
                try:
                    s.sendall(HEALTH)
                except ConnectionError:
                    pass
                if read(s).endswith(b"ok\n"):
                    break
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        for s in held:
            s.close()


def test_a_stop_waits_for_nobody_who_says_nothing(small):
    silent, half, tunnelled, idle = (connect(small) for _ in range(4))
    half.sendall(hello()[:20])
    tunnel(tunnelled, f"{V2017}:443")
    idle = secure(small, idle, "localhost")
    idle.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"200 OK" in idle.recv(65536)
    begun = time.monotonic()
    small.stop()
    assert time.monotonic() - begun < 8
    for s in (silent, half, tunnelled, idle):
        s.close()


def test_without_tls_there_is_neither_https_nor_a_tunnel(server, tmp_path):
    config = tmp_path / "plain.toml"
    config.write_text("[tls]\nenabled = false\n")
    plain = server("--emulate", "--config", str(config))
    assert not (plain.data / "tls").exists()
    with connect(plain) as s:
        s.sendall(f"CONNECT {V2017}:443 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        assert read(s).startswith(b"HTTP/1.1 403 ")
    with connect(plain) as s:
        s.sendall(hello())
        assert b"200" not in read(s)


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def own_certificate(into, name):
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    openssl(*request, "-keyout", str(into / "new.key"), "-out", str(into / "new.pem"), *names)
    (into / "new.key").rename(into / "own.key")
    (into / "new.pem").rename(into / "own.pem")


def test_a_certificate_of_ones_own_is_read_again_when_it_changes(server, tmp_path):
    own_certificate(tmp_path, "one.example")
    config = tmp_path / "own.toml"
    config.write_text(f'[tls]\ncert = "{tmp_path}/own.pem"\nkey = "{tmp_path}/own.key"\n')
    muster = server("--emulate", "--config", str(config))

    def takes(name, ca):
        context = ssl.create_default_context(cafile=ca)
        try:
            with context.wrap_socket(connect(muster), server_hostname=name) as s:
                s.sendall(HEALTH)
                return read(s).endswith(b"ok\n")
        except ssl.SSLCertVerificationError:
            return False

    assert takes("one.example", str(tmp_path / "own.pem"))
    assert not takes("localhost", authority(muster))
    assert takes(V2017, authority(muster))
    own_certificate(tmp_path, "two.example")
    assert takes("two.example", str(tmp_path / "own.pem"))


def test_the_authority_stays_over_a_restart(emulated):
    before = open(authority(emulated)).read()
    assert os.stat(emulated.data / "tls/authority").st_mode & 0o777 == 0o600
    assert "PRIVATE" not in before
    emulated.restart()
    assert open(authority(emulated)).read() == before


# --- the doors, each through its SDK: at muster's own name, and unchanged but for the proxy ------------------------------


def ways(muster):
    proxy = f"http://{muster.address}"
    return {"direct": (f"https://{muster.address}", None), "proxy": (None, proxy)}


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_tencent_cloud(emulated, way):
    url, proxy = ways(emulated)[way]
    http = HttpProfile(protocol="https", certification=authority(emulated), proxy=proxy)
    if url:
        http.endpoint = emulated.address
    keys = credential.Credential(*emulated.key)
    client = autoscaling_client.AutoscalingClient(keys, "ap-guangzhou", ClientProfile(httpProfile=http))
    assert client.DescribeAutoScalingGroups(models.DescribeAutoScalingGroupsRequest()).TotalCount == 0


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_huawei_cloud(emulated, way):
    url, proxy = ways(emulated)[way]
    config = HttpConfig(ssl_ca_cert=authority(emulated))
    if proxy:
        config.proxy_protocol, config.proxy_host, config.proxy_port = "http", "127.0.0.1", emulated.port
    endpoint = url or "https://as.cn-north-4.myhuaweicloud.com"
    keys = BasicCredentials(*emulated.key, "0dd8cb413000906a2fcdc019b5a84546")
    builder = v1.AsClient.new_builder().with_http_config(config).with_credentials(keys).with_endpoint(endpoint)
    assert caller(builder.build())("list_scaling_groups")["total_number"] == 0


def test_links_say_how_they_were_reached(emulated):
    context = ssl.create_default_context(cafile=authority(emulated))
    for scheme in ["http", "https"]:
        url = f"{scheme}://{emulated.address}/"
        with urllib.request.urlopen(url, context=context if scheme == "https" else None, timeout=20) as answer:
            link = json.loads(answer.read())["versions"][0]["links"][0]["href"]
        assert link.startswith(f"{scheme}://{emulated.address}/autoscaling-api/"), link


KSC = """
import os, sys
from kscore.session import get_session
endpoint = dict(endpoint_url=sys.argv[1], verify=os.environ["SSL_CERT_FILE"])
client = get_session().create_client(
    "kec", "cn-beijing-6", ks_access_key_id=sys.argv[2], ks_secret_access_key=sys.argv[3], use_ssl=True, **endpoint)
print(client._make_api_call("DescribeScalingGroup", {})["ScalingGroupSet"])
"""


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_kingsoft_cloud(emulated, way):
    url, proxy = ways(emulated)[way]
    env = os.environ | {"SSL_CERT_FILE": authority(emulated), "no_proxy": ""} | ({"https_proxy": proxy} if proxy else {})
    command = [sys.executable, "-c", KSC, url or "https://kec.cn-beijing-6.api.ksyun.com", *emulated.key]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
