"""Lists of the services beside Auto Scaling: what each may be asked by, and its pages; trials; deleting twice; what is in use."""

import datetime

import pytest
from huawei import http, log_in
from huawei_models import NOBODY, Caller, said
from test_huawei_audit import DIMENSION, POLICY, World
from test_huawei_neighbours import SERVER


@pytest.fixture
def world(emulated):
    _, headers, answer = log_in(emulated)
    return World(emulated, Caller(emulated, headers, answer["token"]["project"]["id"]))


# Where, what its list is called, how one is made, how it is called in what makes it, and what it may be asked by.
def lists(w):
    e = "/v3/{p}/elb"
    balancer = {"vpc_id": "v", "vip_subnet_cidr_id": "s", "vip_address": "192.168.0.50", "availability_zone_list": ["az"],
                "l4_flavor_id": "f", "autoscaling": {"enable": True}}  # fmt: skip
    listener = {"loadbalancer_id": w.balancer, "protocol": "TCP", "protocol_port": 9000, "member_timeout": 7, "http2_enable": True}
    pool = {"loadbalancer_id": w.balancer, "protocol": "TCP", "lb_algorithm": "SOURCE_IP", "vpc_id": "v", "type": "instance",
            "connection_drain": {"enable": True}, "pool_health": {"minimum_healthy_member_count": 1},
            "az_affinity": {"enable": True}, "quic_cid_hash_strategy": {"len": 3, "offset": 1}}  # fmt: skip
    subnet = {"vpc_id": w.vpc, "cidr": "192.168.7.0/24", "gateway_ip": "192.168.7.1"}
    rule = {"security_group_id": w.guard, "direction": "egress", "ethertype": "IPv6", "protocol": "udp", "multiport": "53",
            "priority": 7, "action": "deny", "remote_ip_prefix": "fe80::/10", "enabled": False}  # fmt: skip
    yield f"{e}/loadbalancers", "loadbalancers", "loadbalancer", balancer, {
        "id", "name", "description", "vpc_id", "vip_address", "vip_subnet_cidr_id",
        "l4_flavor_id", ("availability_zone_list", "az"), ("autoscaling", "enable=true"), ("guaranteed", "true"),
        ("operating_status", "ONLINE"), ("provisioning_status", "ACTIVE"), ("deletion_protection_enable", "false"),
    }  # fmt: skip
    yield f"{e}/listeners", "listeners", "listener", listener, {
        "id", "name", "description", "protocol", "protocol_port", "member_timeout", ("http2_enable", "true"),
        ("loadbalancer_id", w.balancer), ("admin_state_up", "true"), ("connection_limit", "-1"),
    }  # fmt: skip
    yield f"{e}/pools", "pools", "pool", pool, {
        "id", "name", "description", "protocol", "lb_algorithm", "vpc_id", "type", ("loadbalancer_id", w.balancer),
        ("connection_drain", "true"), ("pool_health", "minimum_healthy_member_count=1"), ("az_affinity", "enable=true"),
        ("quic_cid_len", "3"), ("quic_cid_offset", "1"), ("member_deletion_protection_enable", "false"),
    }  # fmt: skip
    member = {"address": "192.168.0.99", "protocol_port": 99, "weight": 9, "subnet_cidr_id": "s", "availability_zone": "az"}
    yield f"{e}/pools/{w.pool}/members", "members", "member", member, {
        "id", "name", "address", "protocol_port", "weight", "subnet_cidr_id", "availability_zone", ("ip_version", "v4"),
        ("member_type", "ip"), ("admin_state_up", "true"),
    }  # fmt: skip
    yield "/v1/{p}/vpcs", "vpcs", "vpc", {"cidr": "10.0.0.0/8", "enterprise_project_id": NOBODY}, {"id", "name", "enterprise_project_id"}
    yield "/v1/{p}/subnets", "subnets", "subnet", subnet, {"vpc_id", "id"}
    yield "/v3/{p}/vpc/security-groups", "security_groups", "security_group", {"enterprise_project_id": NOBODY}, {
        "id", "name", "description", "enterprise_project_id",
    }
    yield "/v3/{p}/vpc/security-group-rules", "security_group_rules", "security_group_rule", rule, {
        "id", "security_group_id", "protocol", "description", "direction", "action", "remote_ip_prefix", "priority",
        ("enabled", "false"), ("ethertype", "ipv6"),
    }  # fmt: skip


def test_lists_are_asked_by_what_things_are(world):
    wrong = []
    for path, many, one, body, filters in lists(world):
        body = body | {"description": "findme"} | ({} if one == "security_group_rule" else {"name": "findme"})
        if one == "member":
            body.pop("description")
        status, answer = world.call("POST", path, {one: body})
        assert status in (200, 201), (path, answer)
        made = answer[one]
        for asked in filters:
            name, value = asked if isinstance(asked, tuple) else (asked, made[asked])
            found = world.call("GET", f"{path}?{name}={value}")[1][many]
            none = world.call("GET", f"{path}?{name}=none-of-this-value")
            if made["id"] not in [each["id"] for each in found]:
                wrong.append(f"{path} {name}={value} finds {[each['id'] for each in found]}")
            if none[0] == 200 and made["id"] in [each["id"] for each in none[1][many]]:
                wrong.append(f"{path} {name}=none-of-this-value finds it")
        # Page by page, until one is empty.
        whole = [each["id"] for each in world.call("GET", path)[1][many]]
        seen, marker = [], ""
        while True:
            page = world.call("GET", f"{path}?limit=1{marker}")[1][many]
            if not page:
                break
            assert len(page) == 1
            seen.append(page[0]["id"])
            marker = f"&marker={page[0]['id']}"
        if seen != whole:
            wrong.append(f"{path} by pages: {seen}, not {whole}")
        for bad in ("limit=2001", "limit=-1", "limit=x", "limit=1.5"):
            status, answer = world.call("GET", f"{path}?{bad}")
            if status != 400 or "limit" not in said(answer)[1]:
                wrong.append(f"{path}?{bad}: {status} {answer}")
    assert not wrong, "\n".join(wrong)
    status, answer = world.call("GET", f"/v3/{{p}}/elb/pools?limit=1&marker={NOBODY}")
    assert status == 400 and NOBODY in said(answer)[1]
    # By their members.
    for many, thing in (("pools", world.pool), ("loadbalancers", world.balancer)):
        found = world.call("GET", f"/v3/{{p}}/elb/{many}?member_address=192.168.0.7")[1][many]
        assert [one["id"] for one in found] == [thing]
        assert world.call("GET", f"/v3/{{p}}/elb/{many}?member_address=192.168.0.1")[1][many] == []
        assert world.call("GET", f"/v3/{{p}}/elb/{many}?member_instance_id={NOBODY}")[1][many] == []


def test_lists_that_count_have_their_pages(world):
    topics = [world.made("/v2/{p}/notifications/topics", {"name": f"p{n}", "display_name": f"D{n}"}, "topic_urn") for n in range(3)]
    call = world.call
    answer = call("GET", "/v2/{p}/notifications/topics?offset=1&limit=2")[1]
    assert answer["topic_count"] == 4 and [one["topic_urn"] for one in answer["topics"]] == topics[:2]
    for asked, count in (("name=p1", 1), ("fuzzy_name=p", 3), ("fuzzy_display_name=D2", 1), ("name=nobody", 0), ("topic_id=x", 0),
                         ("enterprise_project_id=0", 4), ("enterprise_project_id=x", 0)):  # fmt: skip
        assert call("GET", f"/v2/{{p}}/notifications/topics?{asked}")[1]["topic_count"] == count, asked
    for asked, code in (("limit=0", "SMN.0015"), ("limit=101", "SMN.0015"), ("offset=-1", "SMN.0015"), ("offset=x", "SMN.0015"),
                        ("fuzzy_display_name=" + "a" * 193, "SMN.0003")):  # fmt: skip
        status, answer = call("GET", f"/v2/{{p}}/notifications/topics?{asked}")
        assert (status, answer["code"]) == (400, code), asked
    for asked, count in (("protocol=sms", 1), ("protocol=email", 0), ("status=0", 1), ("status=1", 0), ("endpoint=13600000000", 1),
                         ("fuzzy_remark=x", 0)):  # fmt: skip
        assert call("GET", f"/v2/{{p}}/notifications/subscriptions?{asked}")[1]["subscription_count"] == count, asked
    for asked, code in (("status=5", "SMN.0077"), ("protocol=pigeon", "SMN.0011"), ("fuzzy_remark=" + "a" * 129, "SMN.0017")):
        status, answer = call("GET", f"/v2/{{p}}/notifications/subscriptions?{asked}")
        assert (status, answer["code"]) == (400, code), asked

    for n in range(3):
        body = {"name": f"r{n}", "namespace": "SYS.AS", "type": "MULTI_INSTANCE", "resources": [[DIMENSION]], "policies": [POLICY]}
        world.made("/v2/{p}/alarms", body | ({"resource_level": "product", "product_name": "P"} if n == 2 else {}), "alarm_id")
    assert call("GET", "/v2/{p}/alarms?offset=1&limit=2")[1]["count"] == 4
    assert len(call("GET", "/v2/{p}/alarms?offset=1&limit=2")[1]["alarms"]) == 2
    for asked, count in (("name=r", 3), ("name=r2", 1), ("namespace=SYS.AS", 4), ("namespace=SYS.ECS", 0), ("resource_level=product", 1),
                         ("resource_level=dimension", 3), ("product_name=P", 1), (f"resource_id={NOBODY}", 4), ("resource_id=x", 0),
                         (f"alarm_id={world.alarm}", 1), ("enterprise_project_id=all_granted_eps", 4)):  # fmt: skip
        assert call("GET", f"/v2/{{p}}/alarms?{asked}")[1]["count"] == count, asked
    for path in ("/v2/{p}/alarms?limit=0", "/v2/{p}/alarms?limit=101", "/v2/{p}/alarms?offset=10001", "/V1.0/{p}/alarms?limit=101",
                 "/v2/{p}/alarms?resource_level=x", "/V1.0/{p}/alarms?order=up", "/V1.0/{p}/metrics?limit=1001",
                 "/V1.0/{p}/metrics?order=up", "/v2/{p}/alarm-histories?level=5", "/v2/{p}/alarm-histories?status=x",
                 "/v2/{p}/alarm-histories?order_by=x", "/v2/{p}/alarm-histories?from=x", "/v2/{p}/alarm-histories?limit=101",
                 "/V1.0/{p}/metric-data?namespace=SYS.AS", "/v1/{p}/cloudservers/detail?limit=1001",
                 "/v1/{p}/cloudservers/detail?status=x", "/v2/cloudimages?limit=1001", "/v2/cloudimages?sort_key=x",
                 "/v2/cloudimages?visibility=x", "/v2/cloudimages?min_disk=x", "/v2/cloudimages?created_at=x",
                 "/v3/{p}/keypairs?limit=x", "/v1/{p}/cloudservers/flavors?limit=x"):  # fmt: skip
        status, answer = call("GET", path)
        name = path.split("?")[1].split("=")[0]
        assert status == 400 and (name in said(answer)[1] or "metric_name" in said(answer)[1]), (path, answer)
    # Metrics from first to last, unless it is said otherwise.
    names = [one["metric_name"] for one in call("GET", "/V1.0/{p}/metrics")[1]["metrics"]]
    assert names == sorted(names) and len(names) == 9
    assert [one["metric_name"] for one in call("GET", "/V1.0/{p}/metrics?order=desc")[1]["metrics"]] == names[::-1]
    # Key pairs, fifty at a time.
    for n in range(60):
        world.made("/v3/{p}/keypairs", {"keypair": {"name": f"k{n}", "public_key": KEY}})
    first = call("GET", "/v3/{p}/keypairs")[1]
    assert len(first["keypairs"]) == 50 == first["page_info"]["current_count"]
    rest = call("GET", f"/v3/{{p}}/keypairs?marker={first['page_info']['next_marker']}")[1]
    assert len(rest["keypairs"]) == 11


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"


def test_images_and_servers_are_asked_by_what_they_are(world):
    call = world.call

    def images(asked):
        return [one["id"] for one in call("GET", f"/v2/cloudimages?{asked}")[1]["images"]]

    everything = images("")
    assert len(everything) == 5 and images("limit=2") == everything[:2]
    assert images(f"limit=2&marker={everything[1]}") == everything[2:4]
    for asked, count in (("__imagetype=gold", 4), ("visibility=public", 4), ("__imagetype=private", 1), ("__platform=Ubuntu", 1),
                         ("__os_type=Windows", 0), ("__os_bit=64", 5), ("protected=true", 4), ("protected=false", 1), ("min_disk=40", 5),
                         ("min_disk=50", 0), ("min_ram=0", 5), ("__support_kvm=true", 5), ("__support_xen=true", 0), ("tag=a", 0),
                         ("member_status=accepted", 0), ("architecture=x86", 5), ("architecture=arm", 0), ("status=active", 5),
                         ("created_at=gt:2018-10-28T10:00:00Z", 5), ("created_at=lt:2018-10-28T10:00:00Z", 0),
                         ("updated_at=neq:2020-01-01T00:00:00Z", 0), ("flavor_id=s6.large.2", 5)):  # fmt: skip
        assert len(images(asked)) == count, asked
    names = [one["name"] for one in call("GET", "/v2/cloudimages?sort_key=name&sort_dir=asc")[1]["images"]]
    assert names == sorted(names)
    # By ids, whatever else is asked for; of one that is not there only that is said.
    answer = call("GET", f"/v1/{{p}}/cloudservers/detail?server_id={world.machine},{NOBODY}&name=nobody")[1]
    first, second = answer["servers"]
    assert answer["count"] == 2 and first["id"] == world.machine and set(second) == {"id", "fault"} and second["id"] == NOBODY


def test_a_trial_makes_nothing(world):
    before = world.seen()
    rule = {"security_group_id": world.guard, "direction": "egress", "protocol": "tcp", "multiport": "99"}
    for verb, path, body in (
        ("POST", "/v3/{p}/vpc/security-groups", {"security_group": {"name": "n"}}),
        ("PUT", f"/v3/{{p}}/vpc/security-groups/{world.guard}", {"security_group": {"name": "n"}}),
        ("POST", "/v3/{p}/vpc/security-group-rules", {"security_group_rule": rule}),
        ("POST", "/v1/{p}/cloudservers", {"server": SERVER}),
        ("POST", "/v1.1/{p}/cloudservers", {"server": SERVER}),
    ):
        status, answer = world.call(verb, path, body | {"dry_run": True})
        assert status == 202, (path, status, answer)
    status, answer = world.call("POST", "/v3/{p}/vpc/security-groups", {"security_group": {"name": "a b"}, "dry_run": True})
    assert status == 400 and "a b" in said(answer)[1]
    assert world.seen() == before


def test_what_is_in_use_stays_and_what_is_gone_is_gone(world):
    call, w = world.call, world
    e = "/v3/{p}/elb"
    # A group, a server and a load balancer keep their network.
    body = {"name": "used", "vpc_id": w.vpc, "cidr": "192.168.5.0/24", "gateway_ip": "192.168.5.1"}
    subnet = w.made("/v1/{p}/subnets", {"subnet": body}, "subnet", "id")
    server = SERVER | {"vpcid": w.vpc, "nics": [{"subnet_id": subnet}], "security_groups": [{"id": w.guard}]}
    machine = w.made("/v1/{p}/cloudservers", {"server": server}, "serverIds")[0]
    w.server.settle()
    for path in (f"/v1/{{p}}/vpcs/{w.vpc}/subnets/{subnet}", f"/v1/{{p}}/security-groups/{w.guard}",
                 f"/v3/{{p}}/vpc/security-groups/{w.guard}"):  # fmt: skip
        status, answer = call("DELETE", path)
        assert status == 409 and machine in said(answer)[1], (path, answer)
    call("POST", "/v1/{p}/cloudservers/delete", {"servers": [{"id": machine}]})
    w.server.settle()
    balancer = {"vpc_id": w.vpc, "vip_subnet_cidr_id": subnet, "deletion_protection_enable": True}
    balancer = w.made(f"{e}/loadbalancers", {"loadbalancer": balancer | {"availability_zone_list": ["a"]}}, "loadbalancer", "id")
    status, answer = call("DELETE", f"/v1/{{p}}/vpcs/{w.vpc}/subnets/{subnet}")
    assert status == 409 and balancer in said(answer)[1]
    status, answer = call("DELETE", f"{e}/loadbalancers/{balancer}")
    assert status == 409 and "deletion_protection_enable" in said(answer)[1]
    call("PUT", f"{e}/loadbalancers/{balancer}", {"loadbalancer": {"deletion_protection_enable": False}})
    # A listener with a pool, a pool with a check and members.
    pool = {"listener_id": w.listener, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    pool = w.made(f"{e}/pools", {"pool": pool | {"member_deletion_protection_enable": True}}, "pool", "id")
    member = w.made(f"{e}/pools/{pool}/members", {"member": {"address": "192.168.0.9", "protocol_port": 1}}, "member", "id")
    for path in (f"{e}/listeners/{w.listener}", f"{e}/pools/{pool}", f"{e}/loadbalancers/{w.balancer}",
                 f"{e}/pools/{pool}/members/{member}"):  # fmt: skip
        status, answer = call("DELETE", path)
        assert status == 409 and said(answer)[0] == "ELB.8907", (path, answer)
    call("PUT", f"{e}/pools/{pool}", {"pool": {"member_deletion_protection_enable": False}})
    # Two of a name.
    for path, body in (("/v1/{p}/vpcs", {"vpc": {"name": "world", "cidr": "10.0.0.0/8"}}), ("/v3/{p}/keypairs", {"keypair": {"name": "pair"}})):
        status, answer = call("POST", path, body)
        assert status == 409 and list(body.values())[0]["name"] in said(answer)[1]
    # From the leaves to the root, each twice: the second time it is not there.
    for path in (
        f"{e}/pools/{pool}/members/{member}", f"{e}/pools/{pool}", f"{e}/pools/{w.pool}/members/{w.member}",
        f"{e}/healthmonitors/{w.monitor}", f"{e}/pools/{w.pool}", f"{e}/pools/{w.bare}", f"{e}/listeners/{w.listener}",
        f"{e}/loadbalancers/{w.balancer}", f"{e}/loadbalancers/{balancer}", f"/V1.0/{{p}}/alarms/{w.alarm}",
        f"/v2/{{p}}/notifications/subscriptions/{w.subscription}", f"/v2/{{p}}/notifications/topics/{w.topic}",
        f"/v3/{{p}}/vpc/security-group-rules/{w.rule}", f"/v3/{{p}}/vpc/security-groups/{w.guard}",
        f"/v1/{{p}}/vpcs/{w.vpc}/subnets/{subnet}", f"/v1/{{p}}/vpcs/{w.vpc}/subnets/{w.subnet}", f"/v1/{{p}}/vpcs/{w.vpc}",
        "/v3/{p}/keypairs/pair",
    ):  # fmt: skip
        status, answer = call("DELETE", path)
        assert status in (200, 204), (path, answer)
        status, answer = call("DELETE", path)
        assert status == 404 and path.rsplit("/", 1)[1] in said(answer)[1], (path, answer)
    status, answer = call("PATCH", f"/v1/{{p}}/vpcs/{w.vpc}", {})
    assert status == 405 and answer["error_code"]


def test_projects_are_asked_by_what_they_are(world):
    call = world.call
    (project,) = call("GET", "/v3/projects?name=cn-north-4")[1]["projects"]
    domain = project["domain_id"]
    for asked, count in ((f"domain_id={domain}", 1), ("domain_id=x", 0), (f"parent_id={domain}", 1), ("parent_id=x", 0), ("enabled=true", 1),
                         ("enabled=false", 0), ("is_domain=true", 0), ("is_domain=False", 1), ("page=1&per_page=1", 1),
                         ("page=2&per_page=1", 0), ("name=no such", 0)):  # fmt: skip
        path = f"/v3/projects?{asked}&name=cn-north-4" if "name" not in asked else f"/v3/projects?{asked}".replace(" ", "%20")
        assert len(call("GET", path)[1]["projects"]) == count, asked
    for asked in ("enabled=maybe", "is_domain=7", "page=0", "per_page=5001", "page=x"):
        status, answer = call("GET", f"/v3/projects?{asked}")
        assert status == 400 and asked.split("=")[0] in answer["error"]["message"], answer
    for body in ({}, {"auth": {}}, {"auth": {"identity": {"methods": "password"}}}, {"auth": {"identity": {"methods": ["magic"]}}},
                 {"auth": {"identity": {"methods": ["password"]}}}, {"auth": 7}, {"auth": {"identity": {"methods": ["password"],
                  "password": {"user": {"name": 7, "password": [], "domain": {"name": "muster"}}}}}}):  # fmt: skip
        status, _, answer = http(world.server, "POST", "/v3/auth/tokens", body)
        assert status == 400 and answer["error"]["code"] == 400 and answer["error"]["message"], (body, answer)
    _, headers, _ = log_in(world.server)
    token = {"X-Auth-Token": headers["X-Subject-Token"], "X-Subject-Token": headers["X-Subject-Token"]}
    status, _, answer = http(world.server, "GET", "/v3/auth/tokens", headers=token)
    ends = datetime.datetime.strptime(answer["token"]["expires_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    begins = datetime.datetime.strptime(answer["token"]["issued_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    assert status == 200 and (ends - begins).total_seconds() == 86400
    status, _, answer = http(world.server, "GET", "/v3/auth/tokens", headers=token | {"X-Subject-Token": "x"})
    assert status == 404 and answer["error"]["title"]
