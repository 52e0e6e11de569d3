"""What may be said of the services beside Auto Scaling, up to its bounds: shown again as it was said, by the answer itself, by
the one thing and by the list; beyond the bounds refused by name, with nothing changed."""

import json

import pytest
from huawei import log_in
from huawei_models import NOBODY, Caller, said
from test_huawei_audit import METRIC, TOLD, TOLD_V2, World
from test_huawei_neighbours import SERVER


@pytest.fixture
def world(emulated):
    _, headers, answer = log_in(emulated)
    return World(emulated, Caller(emulated, headers, answer["token"]["project"]["id"]))


def has(shown, said_was, path=""):
    """What of what was said is not shown as it was said."""
    wrong = []
    for name, value in said_was.items():
        at = f"{path}.{name}"
        if name not in shown:
            wrong.append(f"{at} is not shown")
        elif isinstance(value, dict) and isinstance(shown[name], dict):
            wrong += has(shown[name], value, at)
        elif isinstance(value, list) and value and isinstance(value[0], dict) and len(value) == len(shown[name]):
            for one, other in zip(shown[name], value):
                wrong += has(one, other, at)
        elif shown[name] != value:
            wrong.append(f"{at} is {shown[name]!r}, not {value!r}")
    return wrong


FLAGS = {"X-Forwarded-ELB-IP": True, "X-Forwarded-Host": True, "X-Forwarded-For-Processing-Mode": "append",
         "X-Forwarded-Clientcert-alias": "a" * 40, "X-Forwarded-Tls-Ja4-enable": False}  # fmt: skip

# All that a thing may be said to be: where it is made and how it is called, what is said at first, and what is said later.
BALANCER = {
    "name": "名" * 255, "description": "d" * 255, "vip_subnet_cidr_id": "s", "vip_address": "192.168.0.9", "vpc_id": "v",
    "provider": "vlb", "l4_flavor_id": "l4", "l7_flavor_id": "l7", "guaranteed": True, "availability_zone_list": ["a", "b"],
    "enterprise_project_id": NOBODY, "tags": [{"key": "k", "value": "v"}], "admin_state_up": True, "billing_info": "",
    "ipv6_vip_virsubnet_id": "s6", "ipv6_vip_address": "fe80::1", "elb_virsubnet_ids": ["n"], "ip_target_enable": True,
    "deletion_protection_enable": False, "autoscaling": {"enable": True, "min_l7_flavor_id": "m"}, "waf_failure_action": "discard",
    "protection_status": "consoleProtection", "protection_reason": "r" * 255, "charge_mode": "flavor",
}  # fmt: skip
LISTENER = {
    "name": "n" * 255, "description": "d" * 255, "protocol": "HTTP", "protocol_port": 65535, "admin_state_up": True,
    "client_timeout": 300, "member_timeout": 300, "keepalive_timeout": 4000, "client_ca_tls_container_ref": "c",
    "default_tls_container_ref": "t", "http2_enable": True, "insert_headers": FLAGS, "sni_container_refs": ["x"],
    "sni_match_algo": "wildcard", "tags": [{"key": "k", "value": "v"}], "tls_ciphers_policy": "tls-1-2-strict",
    "security_policy_id": "p", "enable_member_retry": False, "transparent_client_ip_enable": True,
    "ipgroup": {"ipgroup_id": "i", "enable_ipgroup": True, "type": "black"}, "proxy_protocol_enable": True,
    "enhance_l7policy_enable": True, "quic_config": {"quic_listener_id": "q", "enable_quic_upgrade": True}, "gzip_enable": True,
    "protection_status": "consoleProtection", "protection_reason": "r" * 255, "ssl_early_data_enable": True, "cps": 1_000_000,
    "connection": 1_000_000, "nat64_enable": True, "port_ranges": [{"start_port": 1, "end_port": 65535}],
}  # fmt: skip
POOL = {
    "name": "n" * 255, "description": "d" * 255, "protocol": "HTTP", "lb_algorithm": "LEAST_CONNECTIONS", "admin_state_up": True,
    "session_persistence": {"type": "APP_COOKIE", "cookie_name": "c" * 1024, "persistence_timeout": 1440}, "vpc_id": "v",
    "slow_start": {"enable": True, "duration": 1200}, "member_deletion_protection_enable": False, "type": "instance",
    "ip_version": "v4", "protection_status": "consoleProtection", "protection_reason": "r" * 255, "any_port_enable": False,
    "connection_drain": {"enable": True, "timeout": 4000}, "pool_health": {"minimum_healthy_member_count": 1},
    "public_border_group": "center", "quic_cid_hash_strategy": {"len": 20, "offset": 19}, "enterprise_project_id": NOBODY,
    "az_affinity": {"enable": True, "az_minimum_healthy_member_percentage": 100, "az_minimum_healthy_member_count": -1,
                    "az_unhealthy_fallback_strategy": "forward_to_all_member"},
}  # fmt: skip
CHECK = {
    "type": "HTTP", "delay": 50, "timeout": 50, "max_retries": 10, "max_retries_down": 10, "name": "n" * 255,
    "domain_name": "www.a-b.example", "expected_codes": "200-204", "http_method": "HEAD", "monitor_port": 65535,
    "url_path": "/" + "a" * 79, "admin_state_up": False,
}  # fmt: skip
MEMBER = {
    "address": "192.168.0.77", "protocol_port": 65535, "weight": 100, "name": "n" * 255, "subnet_cidr_id": "s",
    "availability_zone": "az", "admin_state_up": True,
}  # fmt: skip
VPC = {
    "name": "名" * 64, "cidr": "10.0.0.0/8", "description": "d" * 255, "enterprise_project_id": NOBODY,
    "block_service_endpoint_states": "on", "enable_network_address_usage_metrics": True,
}  # fmt: skip
SUBNET = {
    "name": "n" * 64, "description": "d" * 255, "cidr": "192.168.9.0/28", "gateway_ip": "192.168.9.14", "ipv6_enable": True,
    "dhcp_enable": False, "primary_dns": "1.1.1.1", "secondary_dns": "8.8.8.8", "dnsList": ["1.1.1.1", "8.8.8.8", "9.9.9.9"],
    "availability_zone": "az", "enable_network_address_usage_metrics": True,
    "extra_dhcp_opts": [{"opt_name": "ntp", "opt_value": "1.1.1.1,2.2.2.2"}, {"opt_name": "addresstime", "opt_value": "30000h"}],
}  # fmt: skip
GUARD = {"name": "名-_." + "n" * 60, "description": "d" * 255, "enterprise_project_id": NOBODY, "tags": [{"key": "k", "value": ""}]}
RULE = {
    "description": "d" * 255, "direction": "ingress", "ethertype": "IPv6", "protocol": "icmpv6", "multiport": None,
    "remote_ip_prefix": "::/0", "action": "deny", "priority": 1, "enabled": False,
}  # fmt: skip
MACHINE = SERVER | {
    "name": "名-_." + "n" * 60, "description": "d" * 85, "auto_terminate_time": "2030-01-19T03:30:52Z",
    "cpu_options": {"hw:cpu_threads": 2}, "security_options": {"secure_boot_enabled": True, "tpm_enabled": False},
    "enclave_options": {"enabled": True}, "metadata": {f"{n}-_:." + "m" * 250: "v" * 255 for n in range(10)},
    "server_tags": [{"key": f"{n}" + "k" * 35, "value": "v" * 43} for n in range(10)], "key_name": "pair",
    "root_volume": {"volumetype": "ESSD2", "size": 1024}, "os:scheduler_hints": {"group": "g", "tenancy": "dedicated"},
    "data_volumes": [{"volumetype": "co-p1", "size": 32768}] * 23, "nics": SERVER["nics"] * 12, "availability_zone": "az",
    "extendparam": {"enterprise_project_id": NOBODY, "chargingMode": 0, "support_auto_recovery": "what"},
}  # fmt: skip
ALARM = {
    "alarm_name": "名" + "a" * 127, "alarm_description": "d" * 256, "metric": METRIC, "alarm_enabled": False, "alarm_level": 4,
    "condition": {"comparison_operator": "!=", "count": 5, "filter": "variance", "period": 86400, "unit": "u" * 32,
                  "value": 1.5, "suppress_duration": 86400},
    "alarm_action_enabled": False, "alarm_type": "MULTI_INSTANCE", "alarm_actions": TOLD * 20, "ok_actions": TOLD,
    "insufficientdata_actions": TOLD, "enterprise_project_id": "0", "alarm_action_begin_time": "00:00",
    "alarm_action_end_time": "23:59",
}  # fmt: skip
ALARM_V2 = {
    "name": "名" + "a" * 127, "description": "d" * 256, "namespace": "SYS.AS", "type": "MULTI_INSTANCE", "enabled": False,
    "notification_enabled": False, "alarm_notifications": TOLD_V2 * 10, "ok_notifications": TOLD_V2,
    "notification_begin_time": "00:00", "notification_end_time": "08:00", "effective_timezone": "GMT+08:00",
    "enterprise_project_id": "0", "tags": [{"key": f"{n:03}" + "k" * 125, "value": "v" * 255} for n in range(20)],
    "product_name": "p" * 128, "resource_level": "product",
    "policies": [{"metric_name": "cpu_util", "period": 1200, "filter": "max", "comparison_operator": "cycle_wave", "value": 3.5,
                  "hierarchical_value": {"critical": 1.0, "major": 2.0, "minor": 3.0, "info": 4.0}, "unit": "%", "count": 180,
                  "suppress_duration": 300, "level": 1, "namespace": "SYS.AS", "dimension_name": "AutoScalingGroup"}] * 50,
}  # fmt: skip


def test_what_was_said_is_shown(world):
    call, wrong = world.call, []
    listener = LISTENER | {"loadbalancer_id": world.balancer, "default_pool_id": world.pool}
    things = [
        ("/v3/{p}/elb/loadbalancers", "loadbalancer", BALANCER, ()),
        ("/v3/{p}/elb/listeners", "listener", listener, ("loadbalancer_id",)),
        ("/v3/{p}/elb/pools", "pool", POOL | {"loadbalancer_id": world.balancer}, ("loadbalancer_id",)),
        ("/v3/{p}/elb/healthmonitors", "healthmonitor", CHECK | {"pool_id": world.bare}, ("pool_id",)),
        (f"/v3/{{p}}/elb/pools/{world.bare}/members", "member", MEMBER, ()),
        ("/v1/{p}/vpcs", "vpc", VPC, ()),
        ("/v1/{p}/subnets", "subnet", SUBNET | {"vpc_id": world.vpc}, ()),
        ("/v3/{p}/vpc/security-groups", "security_group", GUARD, ()),
        ("/v3/{p}/vpc/security-group-rules", "security_group_rule", RULE | {"security_group_id": world.guard}, ()),
    ]
    for path, name, body, hidden in things:
        status, answer = call("POST", path, {name: body})
        assert status in (200, 201), (name, status, answer)
        made, wanted = answer[name], {one: value for one, value in body.items() if one not in hidden}
        one = call("GET", f"{path}/{made['id']}")[1][name]
        (listed,) = [each for each in call("GET", f"{path}?limit=2000")[1][f"{name}s"] if each["id"] == made["id"]]
        for how, shown in (("made", made), ("shown", one), ("listed", listed)):
            wrong += [f"{how} {name}{what}" for what in has(shown, wanted)]
    # Servers: by other names.
    status, answer = call("POST", "/v1/{p}/cloudservers", {"server": MACHINE})
    assert status == 200, answer
    world.server.settle()
    shown = call("GET", f"/v1/{{p}}/cloudservers/{answer['serverIds'][0]}")[1]["server"]
    same = ("name", "description", "auto_terminate_time", "cpu_options", "security_options", "enclave_options", "metadata", "key_name")
    wanted = {name: MACHINE[name] for name in same} | {
        "OS-EXT-AZ:availability_zone": "az", "enterprise_project_id": NOBODY,
        "os:scheduler_hints": {"group": ["g"], "tenancy": ["dedicated"]},
        "tags": [f"{tag['key']}={tag['value']}" for tag in MACHINE["server_tags"]],
    }  # fmt: skip
    wrong += [f"server{what}" for what in has(shown, wanted)]
    # Alarm rules: both generations.
    made = world.made("/V1.0/{p}/alarms", ALARM, "alarm_id")
    shown = call("GET", f"/V1.0/{{p}}/alarms/{made}")[1]["metric_alarms"][0]
    wrong += [f"alarm{what}" for what in has(shown, ALARM)]
    body = ALARM_V2 | {"resources": [[{"name": "AutoScalingGroup", "value": f"{n}" + "x" * 250}] for n in range(10)]}
    made = world.made("/v2/{p}/alarms", body, "alarm_id")
    shown = call("GET", f"/v2/{{p}}/alarms?alarm_id={made}")[1]["alarms"][0]
    wrong += [f"alarm of v2{what}" for what in has(shown, ALARM_V2)]
    assert [one["dimensions"] for one in shown["resources"]] == body["resources"]
    listed = call("GET", f"/v2/{{p}}/alarms/{made}/resources?limit=100")[1]
    assert listed == {"resources": body["resources"], "count": 10}
    # Topics and who hears them.
    urn = world.made("/v2/{p}/notifications/topics", {"name": "9" + "-_a" * 84 + "zz", "display_name": "中" * 64}, "topic_urn")
    shown = call("GET", f"/v2/{{p}}/notifications/topics/{urn}")[1]
    assert shown["display_name"] == "中" * 64 and len(shown["name"]) == 255
    path = f"/v2/{{p}}/notifications/topics/{urn}/subscriptions"
    body = {"protocol": "sms", "endpoint": "13600000000", "remark": "中" * 42, "extension": {"verification_code_enabled": True}}
    world.made(path, body)
    (shown,) = call("GET", path)[1]["subscriptions"]
    wrong += [f"subscription{what}" for what in has(shown, body)]
    # Key pairs.
    name = "n" * 251 + "_-9Z"
    world.made("/v3/{p}/keypairs", {"keypair": {"name": name, "type": "ssh", "scope": "domain", "user_id": "u" * 64}})
    call("PUT", f"/v3/{{p}}/keypairs/{name}", {"keypair": {"description": "中" * 255}})
    shown = call("GET", f"/v3/{{p}}/keypairs/{name}")[1]["keypair"]
    wanted = {"name": name, "type": "ssh", "scope": "domain", "user_id": "u" * 64, "description": "中" * 255}
    wrong += [f"key pair{what}" for what in has(shown, wanted)]
    assert not wrong, "\n".join(wrong)


def beyond(w):
    """Just past each bound: where, the name of the thing, what is right, and what of it is not."""
    e = "/v3/{p}/elb"
    balancer, listener = {"vpc_id": "v"}, {"loadbalancer_id": w.balancer, "protocol": "HTTP", "protocol_port": 8181}
    pool = {"loadbalancer_id": w.balancer, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    check = {"pool_id": w.bare, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3}
    member = {"address": "192.168.0.8", "protocol_port": 80}
    subnet = {"name": "n", "vpc_id": w.vpc, "cidr": "192.168.1.0/24", "gateway_ip": "192.168.1.1"}
    rule = {"security_group_id": w.guard, "direction": "egress", "protocol": "tcp"}
    d256, n256 = {"description": "d" * 256}, {"name": "n" * 256}
    yield f"{e}/loadbalancers", "loadbalancer", balancer, [
        n256, d256, {"vip_address": "fe80::1", "vip_subnet_cidr_id": "s"}, {"charge_mode": "free"}, {"guaranteed": False},
        {"protection_status": "x"}, {"protection_reason": "<"}, {"waf_failure_action": "x"}, {"enterprise_project_id": "x" * 37},
        {"publicip": {"network_type": "5_bgp", "bandwidth": {"size": 2001}}}, {"publicip": {"bandwidth": {}}},
        {"autoscaling": {}}, {"prepaid_options": {"period_type": "week"}}, {"tags": [{"key": "k" * 129}]},
    ]  # fmt: skip
    yield f"{e}/listeners", "listener", listener, [
        n256, d256, {"protocol": "SMTP"}, {"protocol_port": 65536}, {"client_timeout": 0}, {"client_timeout": 301},
        {"member_timeout": 301}, {"keepalive_timeout": 4001}, {"cps": 1_000_001}, {"connection": -1}, {"sni_match_algo": "x"},
        {"tls_ciphers_policy": "x"}, {"ipgroup": {"type": "grey"}}, {"port_ranges": [{"start_port": 0}]}, {"default_pool_id": NOBODY},
        {"loadbalancer_id": NOBODY}, {"insert_headers": {"X-Forwarded-Clientcert-alias": "a" * 41}},
        {"insert_headers": {"X-Forwarded-For-Processing-Mode": "x"}},
    ]  # fmt: skip
    yield f"{e}/pools", "pool", pool, [
        n256, d256, {"protocol": "SMTP"}, {"lb_algorithm": "BEST"}, {"type": "x"}, {"vpc_id": "", "type": "instance"}, {"listener_id": NOBODY},
        {"type": "ip", "vpc_id": "v"}, {"loadbalancer_id": NOBODY}, {"slow_start": {"duration": 29}}, {"slow_start": {"duration": 1201}},
        {"connection_drain": {"timeout": 9}}, {"connection_drain": {"timeout": 4001}}, {"ip_version": "v5"},
        {"pool_health": {"minimum_healthy_member_count": 2}}, {"session_persistence": {"type": "x"}}, {"session_persistence": {}},
        {"session_persistence": {"type": "APP_COOKIE", "persistence_timeout": 1441}}, {"quic_cid_hash_strategy": {"len": 21, "offset": 1}},
        {"az_affinity": {"az_minimum_healthy_member_percentage": 101}}, {"listener_id": w.listener, "protocol": "TCP"},
    ]  # fmt: skip
    yield f"{e}/healthmonitors", "healthmonitor", check, [
        n256, {"type": "UDP_CONNECT"}, {"type": "x"}, {"delay": 0}, {"delay": 51}, {"timeout": 51}, {"max_retries": 0},
        {"max_retries": 11}, {"max_retries_down": 11}, {"monitor_port": 0}, {"monitor_port": 65536}, {"url_path": "a"},
        {"url_path": "/" + "a" * 80}, {"http_method": "PATCH"}, {"domain_name": "-a"}, {"expected_codes": "x"}, {"pool_id": NOBODY},
    ]  # fmt: skip
    yield f"{e}/pools/{w.pool}/members", "member", member, [
        n256, {"address": "x"}, {"protocol_port": 65536}, {"protocol_port": 0}, {"weight": 101}, {"weight": -1},
    ]
    yield "/v1/{p}/vpcs", "vpc", {"name": "n"}, [
        {"name": "n" * 65}, {"name": "a b"}, d256, {"description": "<"}, {"cidr": "10.0.0.0/7"}, {"cidr": "10.0.0.0/29"},
        {"cidr": "8.0.0.0/16"}, {"cidr": "172.32.0.0/16"}, {"cidr": "::/64"}, {"enterprise_project_id": "x" * 37},
        {"block_service_endpoint_states": "x"}, {"tags": ["t"] * 11},
    ]  # fmt: skip
    yield "/v1/{p}/subnets", "subnet", subnet, [
        {"name": "n" * 65}, {"name": "a/b"}, d256, {"description": ">"}, {"cidr": "192.168.1.0/29"}, {"gateway_ip": "10.0.0.1", "cidr": "10.0.0.0/24"},
        {"gateway_ip": "192.168.0.129", "cidr": "192.168.0.128/25"}, {"gateway_ip": "192.168.2.1"}, {"primary_dns": "x"}, {"secondary_dns": "::1"},
        {"dnsList": ["x"]}, {"dnsList": ["1.1.1.1"] * 6}, {"primary_dns": "1.1.1.1", "dnsList": ["2.2.2.2"]},
        {"extra_dhcp_opts": [{"opt_name": "x"}]}, {"extra_dhcp_opts": [{"opt_name": "ntp", "opt_value": "x"}]},
        {"extra_dhcp_opts": [{"opt_name": "addresstime", "opt_value": "30001h"}]},
    ]  # fmt: skip
    yield "/v3/{p}/vpc/security-groups", "security_group", {"name": "n"}, [
        {"name": "n" * 65}, {"name": "a b"}, {"name": ""}, d256, {"description": "<"}, {"tags": [{"key": "k"}]},
    ]
    yield "/v3/{p}/vpc/security-group-rules", "security_group_rule", rule, [
        {"direction": "up"}, {"ethertype": "IPv5"}, {"protocol": "smtp"}, {"protocol": "256"}, {"protocol": "icmpv6"},
        {"protocol": "icmp", "ethertype": "IPv6"}, {"multiport": "0"}, {"multiport": "65536"}, {"multiport": "2-1"},
        {"remote_ip_prefix": "x"}, {"action": "drop"}, {"priority": 0}, {"priority": 101}, d256, {"description": "<"},
    ]  # fmt: skip
    yield "/v1/{p}/cloudservers", "server", SERVER, [
        {"name": "n" * 65}, {"name": "a b"}, {"name": "n" * 60, "count": 2}, {"count": 0}, {"count": 101},
        {"description": "d" * 86}, {"description": "<"}, {"adminPass": "short"}, {"adminPass": "a" * 27}, {"nics": SERVER["nics"] * 13},
        {"root_volume": {"volumetype": "HDD"}}, {"root_volume": {"volumetype": "SSD", "size": 1025}},
        {"data_volumes": [{"volumetype": "SSD", "size": 9}]}, {"data_volumes": [{"volumetype": "SSD", "size": 32769}]},
        {"data_volumes": [{"volumetype": "SSD", "size": 10}] * 24}, {"metadata": {f"{n}": "" for n in range(11)}},
        {"metadata": {"a b": "c"}}, {"metadata": {"a": "v" * 256}}, {"server_tags": [{"key": "k" * 37, "value": ""}]},
        {"server_tags": [{"key": "k", "value": "v" * 44}]}, {"server_tags": [{"key": "a=b", "value": ""}]},
        {"server_tags": [{"key": "k", "value": ""}] * 2}, {"cpu_options": {"hw:cpu_threads": 3}},
        {"os:scheduler_hints": {"tenancy": "x"}}, {"nics": [{"subnet_id": "s", "ip_address": "x"}]}, {"nics": [{"port_id": "p"}]},
        {"publicip": {"eip": {"iptype": "5_bgp", "bandwidth": {"size": 2001, "sharetype": "PER"}}}},
        {"publicip": {"eip": {"iptype": "5_bgp", "bandwidth": {"sharetype": "x"}}}},
    ]  # fmt: skip
    yield "/v3/{p}/keypairs", "keypair", {"name": "x"}, [
        {"name": "n" * 256}, {"name": "a b"}, {"name": "中"}, {"type": "pgp"}, {"scope": "world"}, {"public_key": "nonsense"},
        {"key_protection": {}}, {"key_protection": {"encryption": {"type": "x"}}},
    ]


def test_what_is_beyond_is_refused(world):
    before, wrong = world.seen(), []
    for path, name, body, cases in beyond(world):
        for case in cases:
            status, answer = world.call("POST", path, {name: body | case})
            member = list(case)[-1]
            code, text = said(answer) if 400 <= status < 500 else ("", "")
            if not code or (member not in text and list(case)[0] not in text):
                wrong.append(f"{name} {json.dumps(case)[:80]}: {status} {json.dumps(answer)[:200]}")
    bare = [
        ("/V1.0/{p}/alarms", ALARM, [
            {"alarm_name": "a" * 129}, {"alarm_name": "a b"}, {"alarm_description": "d" * 257}, {"alarm_level": 0}, {"alarm_level": 5},
            {"alarm_type": "x"}, {"alarm_actions": TOLD * 21}, {"alarm_actions": [{"type": "x", "notificationList": []}]},
            {"alarm_actions": [{"type": "notification", "notificationList": []}]}, {"enterprise_project_id": "A"},
            {"alarm_actions": [{"type": "notification", "notificationList": ["u"] * 21}]}, {"alarm_action_begin_time": "x"},
            *({"condition": ALARM["condition"] | one} for one in (
                {"comparison_operator": "~"}, {"count": 6}, {"count": 0}, {"filter": "median"}, {"period": 60}, {"unit": "u" * 33},
                {"suppress_duration": 1}, {"value": 1e300})),
            *({"metric": METRIC | one} for one in (
                {"namespace": "x"}, {"metric_name": "1"}, {"dimensions": METRIC["dimensions"] * 5},
                {"dimensions": [{"name": "1", "value": "v"}]}, {"dimensions": [{"name": "n", "value": "v" * 257}]})),
        ]),
        ("/v2/{p}/alarms", ALARM_V2 | {"resources": [METRIC["dimensions"]]}, [
            {"name": "a" * 129}, {"description": "d" * 257}, {"type": "x"}, {"effective_timezone": "CET"}, {"tags": [{"key": ""}]},
            {"tags": [{"key": "k" * 129, "value": ""}]}, {"tags": [{"key": "k", "value": "v" * 256}]}, {"resource_level": "x"},
            {"tags": [{"key": "k", "value": ""}] * 21}, {"product_name": "p" * 129}, {"alarm_notifications": TOLD_V2 * 11},
            {"alarm_template_id": "at1"}, {"policies": ALARM_V2["policies"] * 2}, {"type": "RESOURCE_GROUP"}, {"resources": []},
            *({"policies": [ALARM_V2["policies"][0] | one]} for one in (
                {"count": 6}, {"period": 60}, {"level": 5}, {"hierarchical_value": {"critical": 1e200}}, {"namespace": "x"})),
        ]),
        ("/v2/{p}/notifications/topics", {"name": "u", "display_name": "U"}, [
            {"name": "n" * 256}, {"name": "-a"}, {"name": "a b"}, {"display_name": "中" * 65},
        ]),
        (f"/v2/{{p}}/notifications/topics/{world.topic}/subscriptions", {"protocol": "sms", "endpoint": "13600000009"}, [
            {"protocol": "pigeon"}, {"endpoint": "x"}, {"remark": "中" * 43}, {"protocol": "email"}, {"protocol": "http"},
            {"protocol": "welink", "endpoint": "g"}, {"extension": {"header": {"x-smn-a": "b"}}}, {"subscriptions": [{}] * 51},
        ]),
        (f"/v2/{{p}}/notifications/topics/{world.topic}/publish", {"message": "m"}, [
            {"subject": "s" * 513}, {"message": "m" * (256 * 1024 + 1)}, {"time_to_live": "86401"}, {"time_to_live": "0"},
            {"message_structure": "{}"}, {"tags": {"t" * 22: "x"}}, {"message_attributes": [{"name": "A", "type": "STRING", "value": "x"}]},
            {"message_attributes": [{"name": "a", "type": "NUMBER", "value": 1}]},
            {"message_attributes": [{"name": "a", "type": "STRING_ARRAY", "value": ["x", "x"]}]},
            {"message_attributes": [{"name": "a", "type": "PROTOCOL", "value": ["pigeon"]}]},
        ]),
    ]  # fmt: skip
    for path, body, cases in bare:
        for case in cases:
            status, answer = world.call("POST", path, body | case)
            code, text = said(answer) if 400 <= status < 500 else ("", "")
            names = [one for one in case] + [one for value in case.values() if isinstance(value, dict) for one in value]
            named = any(one in text or one.replace("_", "") in text.lower() for one in names)
            if not code or not (named or "endpoint" in text or "extension" in text or "resource_group_id" in text):
                wrong.append(f"{path} {json.dumps(case)[:80]}: {status} {json.dumps(answer)[:200]}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)
    assert world.seen() == before
    # At the bound it goes out.
    path = f"/v2/{{p}}/notifications/topics/{world.topic}/publish"
    attributes = [{"name": "a_9", "type": "STRING_ARRAY", "value": ["中", "b"]}, {"name": "b", "type": "PROTOCOL", "value": ["sms"]}]
    body = {"message": "m", "subject": "s" * 512, "time_to_live": "86400", "message_attributes": attributes, "locale": "en-us"}
    assert world.call("POST", path, body)[0] == 200
