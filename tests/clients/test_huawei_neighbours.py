"""The services beside Auto Scaling with their own SDKs: servers, balancers, networks, images, key pairs."""

import base64
import json
import subprocess

from conftest import BINARY, eventually, processes_of
from huawei import VPC, answered, group, http, huawei, instances, neighbour, refused, shown

SERVER = {
    "name": "by-hand",
    "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6",
    "flavorRef": "s3.xlarge.4",
    "vpcid": VPC,
    "nics": [{"subnet_id": "3cd35bca-5a10-416f-8994-f79169559870"}],
    "root_volume": {"volumetype": "SSD", "size": 40},
}


def made(emulated, ecs, count=1, method="create_post_paid_servers", **more):
    """Servers outside groups: their ids."""
    answer = ecs(method, body={"server": SERVER | {"count": count} | more})
    emulated.settle()
    job = ecs("show_job", job_id=answer["job_id"])
    assert job["status"] == "SUCCESS", job
    return answer["serverIds"]


def test_servers_of_groups_are_shown(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    assert ecs("list_servers_details") == {"count": 0, "servers": []}
    one = group(call, 3)
    emulated.settle()
    listed = ecs("list_servers_details")
    ids = {m["instance_id"] for m in instances(call, one)}
    assert listed["count"] == 3 and {s["id"] for s in listed["servers"]} == ids
    server = ecs("show_server", server_id=sorted(ids)[0])["server"]
    assert server["status"] == "ACTIVE" and server["OS-EXT-STS:vm_state"] == "active"
    assert server["flavor"] == {
        "id": "s3.xlarge.4",
        "name": "s3.xlarge.4",
        "disk": "0",
        "vcpus": "4",
        "ram": "16384",
        "gpus": [],
        "asic_accelerators": [],
    }
    assert server["image"]["id"] == "627a1223-2ca3-46a7-8d5f-7aef22c74ee6"
    assert server["key_name"] == "100vm_key"
    (cards,) = server["addresses"].values()
    assert cards[0]["addr"].startswith("10.") and cards[0]["version"] == "4"

    # Pages are counted from 1; what is asked for holds together.
    pages = [ecs("list_servers_details", limit=2, offset=page)["servers"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    rest = ecs("list_servers_details", limit=2, marker=pages[0][-1]["id"])["servers"]
    assert rest == pages[1]
    for filters, count in (
        ({"name": "config-Group"}, 3),
        ({"name": "other"}, 0),
        ({"status": "ACTIVE"}, 3),
        ({"status": "SHUTOFF"}, 0),
        ({"flavor": "s3.xlarge.4"}, 3),
        ({"flavor": "s3.large.4"}, 0),
        ({"ip_eq": cards[0]["addr"]}, 1),
        ({"server_id": ",".join(sorted(ids)[:2])}, 2),
        ({"enterprise_project_id": "0"}, 3),
        ({"tags": "a=b"}, 0),
        ({"not_tags": "a=b"}, 3),
    ):
        assert ecs("list_servers_details", **filters)["count"] == count, filters
    assert refused(ecs, "list_servers_details", limit=0)[0] == 400
    assert refused(ecs, "list_servers_details", status="NONSENSE")[0] == 400
    answered(emulated, "ecs", "v2", "GET", "/v1/{p}/cloudservers/detail", "ListServersDetailsResponse")
    answered(emulated, "ecs", "v2", "GET", f"/v1/{{p}}/cloudservers/{server['id']}", "ShowServerResponse")


def test_a_server_made_by_hand_joins_a_group(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    (one,) = made(emulated, ecs, key_name="mine", metadata={"role": "web"}, server_tags=[{"key": "a", "value": "b"}])
    server = ecs("show_server", server_id=one)["server"]
    assert (server["name"], server["status"], server["key_name"]) == ("by-hand", "ACTIVE", "mine")
    assert server["metadata"]["role"] == "web" and server["tags"] == ["a=b"]
    (machine,) = emulated.machines()
    assert machine["uuid"] == one and machine["owner_key"] is None

    target = group(call)
    call("batch_add_scaling_instances", scaling_group_id=target, body={"action": "ADD", "instances_id": [one]})
    emulated.settle()
    (member,) = instances(call, target, life_cycle_state="INSERVICE")
    assert member["instance_id"] == one and shown(call, target)["desire_instance_number"] == 1
    assert ecs("show_server", server_id=one)["server"]["key_name"] == "mine"

    # Handed back it is the account's own again, and can be destroyed.
    body = {"action": "REMOVE", "instances_id": [one], "instance_delete": "no"}
    call("batch_remove_scaling_instances", scaling_group_id=target, body=body)
    emulated.settle()
    job = ecs("delete_servers", body={"servers": [{"id": one}]})["job_id"]
    emulated.settle()
    done = ecs("show_job", job_id=job)
    assert done["status"] == "SUCCESS" and done["job_type"] == "deleteServer"
    assert refused(ecs, "show_server", server_id=one)[0] == 404
    assert emulated.machines() == []

    # Several at once, numbered; by the other path too.
    ids = made(emulated, ecs, 3, "create_servers")
    names = {ecs("show_server", server_id=one)["server"]["name"] for one in ids}
    assert names == {"by-hand-0001", "by-hand-0002", "by-hand-0003"}
    # A trial makes nothing.
    ecs("create_servers", body={"server": SERVER, "dry_run": True})
    emulated.settle()
    assert len(emulated.machines()) == 3


def test_a_member_that_is_deleted_is_wanted_no_more(emulated):
    """What the cluster autoscaler does to scale in."""
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    target = group(call, 3, min_instance_number=1)
    emulated.settle()
    ids = sorted(m["instance_id"] for m in instances(call, target))
    servers = [{"id": one} for one in ids[:2]]
    job = ecs("delete_servers", body={"servers": servers, "delete_publicip": False, "delete_volume": False})["job_id"]
    emulated.settle()
    emulated.advance(60)
    done = ecs("show_job", job_id=job)
    assert done["status"] == "SUCCESS" and done["entities"]["sub_jobs_total"] == 2, done
    now = shown(call, target)
    assert (now["desire_instance_number"], now["current_instance_number"]) == (1, 1)
    assert [m["instance_id"] for m in instances(call, target)] == ids[2:]
    assert [m["uuid"] for m in emulated.machines()] == ids[2:]
    answered(emulated, "ecs", "v2", "GET", f"/v1/{{p}}/jobs/{job}", "ShowJobResponse")

    # The last one may not go by the group's minimum: it is destroyed all the same, and replaced.
    job = ecs("delete_servers", body={"servers": [{"id": ids[2]}]})["job_id"]
    emulated.settle()
    assert ecs("show_job", job_id=job)["status"] == "SUCCESS"
    emulated.advance(600)
    (new,) = instances(call, target, life_cycle_state="INSERVICE")
    assert new["instance_id"] != ids[2] and shown(call, target)["desire_instance_number"] == 1


def test_servers_stop_and_start(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    (own,) = made(emulated, ecs)
    job = ecs("batch_stop_servers", body={"os-stop": {"servers": [{"id": own}], "type": "HARD"}})["job_id"]
    emulated.settle()
    assert ecs("show_job", job_id=job)["job_type"] == "stopServer"
    server = ecs("show_server", server_id=own)["server"]
    assert (server["status"], server["OS-EXT-STS:power_state"]) == ("SHUTOFF", 4)
    ecs("batch_start_servers", body={"os-start": {"servers": [{"id": own}]}})
    emulated.settle()
    assert ecs("show_server", server_id=own)["server"]["status"] == "ACTIVE"
    (machine,) = emulated.machines()
    assert machine["owner_key"] is None

    # A member that is stopped behind the back of its group is found and replaced.
    target = group(call, 1, health_periodic_audit_method="NOVA_AUDIT", health_periodic_audit_time=1)
    emulated.settle()
    (member,) = instances(call, target)
    ecs("batch_stop_servers", body={"os-stop": {"servers": [{"id": member["instance_id"]}]}})
    emulated.settle()
    emulated.advance(600)
    (new,) = instances(call, target, life_cycle_state="INSERVICE")
    assert new["instance_id"] != member["instance_id"]


def test_what_the_back_end_does_is_told(emulated):
    ecs = neighbour(emulated, "ecs", "v2")
    emulated.faults({"op": "launch", "effect": "sold_out", "times": 1})
    answer = ecs("create_post_paid_servers", body={"server": SERVER})
    emulated.settle()
    job = ecs("show_job", job_id=answer["job_id"])
    assert job["status"] == "FAIL" and job["error_code"] and "sold out" in job["fail_reason"]
    server = ecs("show_server", server_id=answer["serverIds"][0])["server"]
    assert server["status"] == "ERROR" and "sold out" in server["fault"]["message"]
    # It goes like any other.
    ecs("delete_servers", body={"servers": [{"id": server["id"]}]})
    emulated.settle()
    assert refused(ecs, "show_server", server_id=server["id"])[0] == 404

    # Nobody knows whether it was made: it is asked again, and there is one machine.
    for effect in ("timeout_done", "timeout_not_done"):
        emulated.faults({"op": "launch", "effect": effect, "times": 1})
        answer = ecs("create_post_paid_servers", body={"server": SERVER})
        emulated.settle()
        emulated.advance(30)
        assert ecs("show_job", job_id=answer["job_id"])["status"] == "SUCCESS", effect
        (machine,) = emulated.machines()
        assert machine["uuid"] == answer["serverIds"][0] and machine["owner_key"] is None
        ecs("delete_servers", body={"servers": [{"id": machine["uuid"]}]})
        emulated.settle()

    # It is killed while a server is made and another one is deleted: both are gone on with.
    (old,) = made(emulated, ecs)
    emulated.faults({"op": "launch", "effect": "hang", "times": 1}, {"op": "terminate", "effect": "hang", "times": 1})
    answer = ecs("create_post_paid_servers", body={"server": SERVER})
    gone = ecs("delete_servers", body={"servers": [{"id": old}]})
    emulated.restart()
    emulated.settle()
    ecs = neighbour(emulated, "ecs", "v2")
    assert ecs("show_job", job_id=answer["job_id"])["status"] == "SUCCESS"
    assert ecs("show_job", job_id=gone["job_id"])["status"] == "SUCCESS"
    assert [m["uuid"] for m in emulated.machines()] == answer["serverIds"]


def test_flavors_and_zones(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    zones = ecs("nova_list_availability_zones")["availabilityZoneInfo"]
    assert zones and all(zone["zoneState"] == {"available": True} for zone in zones)
    flavors = ecs("list_flavors")["flavors"]
    assert {"s6.large.2", "s6.xlarge.4"} <= {flavor["id"] for flavor in flavors}
    group(call)
    (mine,) = ecs("list_flavors", flavor_id="s3.xlarge.4")["flavors"]
    assert (mine["vcpus"], mine["ram"]) == ("4", 16384)
    assert mine["os_extra_specs"]["cond:operation:status"] == "normal"
    assert len(ecs("list_flavors", limit=2)["flavors"]) == 2
    answered(emulated, "ecs", "v2", "GET", "/v1/{p}/cloudservers/flavors", "ListFlavorsResponse")
    answered(emulated, "ecs", "v2", "GET", "/v2.1/{p}/os-availability-zone", "NovaListAvailabilityZonesResponse")


def test_servers_refuse_what_is_not_right(emulated):
    ecs = neighbour(emulated, "ecs", "v2")
    nobody = "00000000-0000-4000-8000-000000000000"
    for method, status, parameters in (
        ("show_server", 404, {"server_id": nobody}),
        ("show_job", 404, {"job_id": nobody}),
        ("delete_servers", 404, {"body": {"servers": [{"id": nobody}]}}),
        ("delete_servers", 400, {"body": {"servers": []}}),
        ("batch_stop_servers", 400, {"body": {"os-stop": {"servers": [{"id": nobody}], "type": "GENTLY"}}}),
        ("batch_stop_servers", 404, {"body": {"os-stop": {"servers": [{"id": nobody}]}}}),
        ("batch_stop_servers", 400, {"body": {}}),
        ("create_post_paid_servers", 400, {"body": {}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"count": 501}}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"name": ""}}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"name": "a b"}}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"nics": []}}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"imageRef": ""}}}),
        ("create_post_paid_servers", 400, {"body": {"server": SERVER | {"user_data": "%"}}}),
        ("create_servers", 400, {"body": {"server": SERVER | {"root_volume": {"volumetype": "SSD", "size": 1025}}}}),
    ):
        found, code = refused(ecs, method, **parameters)
        assert found == status and code.startswith("Ecs."), (method, parameters, found, code)
    assert emulated.machines() == []
    # Without a signature, and with one of somebody else.
    assert http(emulated, "GET", "/v1/0dd8cb413000906a2fcdc019b5a84546/cloudservers/detail")[0] == 401
    stranger = neighbour(emulated, "ecs", "v2", key=(emulated.key[0], "wrong"))
    assert refused(stranger, "list_servers_details")[0] == 401


def pool_of(elb, protocol="HTTP", port=80):
    """A load balancer with a listener and its pool: their ids."""
    balancer = elb("create_load_balancer", body={"loadbalancer": {"name": "lb", "vpc_id": VPC, "guaranteed": True}})
    balancer = balancer["loadbalancer"]["id"]
    body = {"listener": {"name": "front", "loadbalancer_id": balancer, "protocol": protocol, "protocol_port": port}}
    listener = elb("create_listener", body=body)["listener"]["id"]
    body = {"pool": {"name": "back", "listener_id": listener, "protocol": protocol, "lb_algorithm": "ROUND_ROBIN"}}
    return balancer, listener, elb("create_pool", body=body)["pool"]["id"]


def test_members_of_a_pool_are_seen_with_their_health(emulated):
    call, elb = huawei(emulated), neighbour(emulated, "elb", "v3")
    _, listener, pool = pool_of(elb)
    body = {"pool_id": pool, "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3, "url_path": "/healthz"}
    monitor = elb("create_health_monitor", body={"healthmonitor": body})["healthmonitor"]
    assert monitor["url_path"] == "/healthz" and monitor["max_retries_down"] == 3
    assert elb("list_members", pool_id=pool)["members"] == []
    bound = [{"pool_id": pool, "protocol_port": 8080, "weight": 7}]
    target = group(call, 2, lbaas_listeners=bound, health_periodic_audit_method="ELB_AUDIT")
    emulated.settle()
    members = elb("list_members", pool_id=pool)["members"]
    ids = {m["instance_id"] for m in instances(call, target)}
    assert len(members) == 2 and {m["instance_id"] for m in members} == ids
    assert {(m["protocol_port"], m["weight"], m["member_type"]) for m in members} == {(8080, 7, "instance")}
    machines = {m["uuid"]: m for m in emulated.machines()}
    first = members[0]
    path = f"balancers/{pool}/listeners/{pool}/members/{first['instance_id']}"
    for judged, status in (("healthy", "ONLINE"), ("unhealthy", "OFFLINE")):
        emulated.native("POST", f"{path}/{judged}")
        shown_now = elb("show_member", pool_id=pool, member_id=first["id"])["member"]
        assert shown_now["operating_status"] == status
        assert shown_now["status"] == [{"listener_id": listener, "operating_status": status}]
    assert [m["id"] for m in elb("list_members", pool_id=pool, operating_status=["OFFLINE"])["members"]] == [first["id"]]
    assert first["instance_id"] in machines and first["address"].startswith("10.")
    listed = elb("show_pool", pool_id=pool)["pool"]
    assert {m["id"] for m in listed["members"]} == {m["id"] for m in members}
    assert listed["healthmonitor_id"] == monitor["id"] and listed["listeners"] == [{"id": listener}]

    # By the older version's path, as old scripts ask.
    answer = answered(emulated, "elb", "v2", "GET", f"/v2/{{p}}/elb/pools/{pool}/members", "ListMembersResponse")
    assert {m["operating_status"] for m in answer["members"]} >= {"OFFLINE"}
    assert all(m["tenant_id"] and m["subnet_id"] for m in answer["members"])
    answered(emulated, "elb", "v3", "GET", f"/v3/{{p}}/elb/pools/{pool}/members", "ListMembersResponse")

    # What a group has there stays while it is bound.
    assert refused(elb, "delete_member", pool_id=pool, member_id=first["id"])[0] == 409
    body = {"member": {"weight": 0}}
    assert refused(elb, "update_member", pool_id=pool, member_id=first["id"], body=body)[0] == 409
    assert refused(elb, "delete_pool", pool_id=pool)[0] == 409
    assert refused(elb, "delete_listener", listener_id=listener)[0] == 409
    call("delete_scaling_group", scaling_group_id=target, force_delete="yes")
    emulated.settle()
    assert elb("list_members", pool_id=pool)["members"] == []
    # A pool that only a group names is seen too; one that nobody knows is not.
    group(call, 1, "other", lbaas_listeners=[{"pool_id": "opaque", "protocol_port": 80}])
    emulated.settle()
    assert len(elb("list_members", pool_id="opaque")["members"]) == 1
    assert refused(elb, "list_members", pool_id="unknown") == (404, "ELB.8904")


def test_balancers_live_and_die(emulated):
    elb = neighbour(emulated, "elb", "v3")
    balancer, listener, pool = pool_of(elb)
    shown_now = elb("show_load_balancer", loadbalancer_id=balancer)["loadbalancer"]
    assert (shown_now["name"], shown_now["guaranteed"]) == ("lb", True)
    assert shown_now["listeners"] == [{"id": listener}] and shown_now["pools"] == [{"id": pool}]
    front = elb("show_listener", listener_id=listener)["listener"]
    assert (front["protocol_port"], front["default_pool_id"]) == (80, pool)
    assert front["loadbalancers"] == [{"id": balancer}]
    # What is sent along comes back.
    more = {"insert_headers": {"X-Forwarded-Host": True}, "client_timeout": 30, "tags": [{"key": "a", "value": "b"}]}
    body = {"loadbalancer_id": balancer, "protocol": "HTTP", "protocol_port": 81} | more
    second = elb("create_listener", body={"listener": body})["listener"]
    assert {name: second[name] for name in more} == more
    ids = [one["id"] for one in elb("list_listeners")["listeners"]]
    assert sorted(ids) == sorted([listener, second["id"]])
    assert [one["id"] for one in elb("list_listeners", protocol_port=["81"])["listeners"]] == [second["id"]]
    assert elb("list_listeners", loadbalancer_id=[balancer], limit=1)["page_info"]["next_marker"] == ids[0]
    assert [one["id"] for one in elb("list_listeners", marker=ids[0])["listeners"]] == ids[1:]
    assert [one["id"] for one in elb("list_pools", name=["back"])["pools"]] == [pool]
    assert elb("list_pools", name=["front"])["pools"] == []
    assert [one["id"] for one in elb("list_load_balancers", vpc_id=[VPC])["loadbalancers"]] == [balancer]

    body = {"address": "192.168.0.7", "protocol_port": 8080, "weight": 5, "name": "by-hand", "subnet_cidr_id": "s"}
    member = elb("create_member", pool_id=pool, body={"member": body})["member"]
    assert member["operating_status"] == "NO_MONITOR" and member["weight"] == 5
    assert refused(elb, "create_member", pool_id=pool, body={"member": body})[0] == 409
    monitor = {"pool_id": pool, "type": "TCP", "delay": 5, "timeout": 3, "max_retries": 3}
    monitor = elb("create_health_monitor", body={"healthmonitor": monitor})["healthmonitor"]["id"]
    # What is sent takes the place of what was there, the rest stays.
    body = {"loadbalancer": {"description": "ours", "guaranteed": False}}
    changed = elb("update_load_balancer", loadbalancer_id=balancer, body=body)["loadbalancer"]
    assert (changed["name"], changed["description"], changed["guaranteed"]) == ("lb", "ours", False)
    body = {"listener": {"client_timeout": 10}}
    changed = elb("update_listener", listener_id=second["id"], body=body)["listener"]
    assert (changed["client_timeout"], changed["tags"]) == (10, more["tags"])
    body = {"pool": {"lb_algorithm": "SOURCE_IP"}}
    assert elb("update_pool", pool_id=pool, body=body)["pool"]["lb_algorithm"] == "SOURCE_IP"
    body = {"healthmonitor": {"delay": 9}}
    changed = elb("update_health_monitor", healthmonitor_id=monitor, body=body)["healthmonitor"]
    assert (changed["delay"], changed["timeout"]) == (9, 3)
    body = {"member": {"weight": 0}}
    changed = elb("update_member", pool_id=pool, member_id=member["id"], body=body)["member"]
    assert (changed["weight"], changed["name"]) == (0, "by-hand")
    assert refused(elb, "update_pool", pool_id=pool, body={"pool": {"lb_algorithm": "BEST"}})[0] == 400
    assert refused(elb, "update_pool", pool_id=balancer, body={"pool": {}})[0] == 404
    token = "/v3/{p}/elb"
    for path, response in (
        ("loadbalancers", "ListLoadBalancersResponse"),
        (f"loadbalancers/{balancer}", "ShowLoadBalancerResponse"),
        ("listeners", "ListListenersResponse"),
        (f"listeners/{listener}", "ShowListenerResponse"),
        ("pools", "ListPoolsResponse"),
        (f"pools/{pool}", "ShowPoolResponse"),
        (f"pools/{pool}/members", "ListMembersResponse"),
        (f"pools/{pool}/members/{member['id']}", "ShowMemberResponse"),
        ("healthmonitors", "ListHealthMonitorsResponse"),
        (f"healthmonitors/{monitor}", "ShowHealthMonitorResponse"),
    ):
        answered(emulated, "elb", "v3", "GET", f"{token}/{path}", response)

    # It outlives a restart, and goes from the leaves to the root.
    emulated.restart()
    elb = neighbour(emulated, "elb", "v3")
    assert elb("show_member", pool_id=pool, member_id=member["id"])["member"]["address"] == "192.168.0.7"
    assert refused(elb, "delete_load_balancer", loadbalancer_id=balancer) == (409, "ELB.8907")
    assert refused(elb, "delete_pool", pool_id=pool)[0] == 409
    elb("delete_health_monitor", healthmonitor_id=monitor)
    elb("delete_member", pool_id=pool, member_id=member["id"])
    elb("delete_pool", pool_id=pool)
    for one in ids:
        elb("delete_listener", listener_id=one)
    elb("delete_load_balancer", loadbalancer_id=balancer)
    for method, parameters in (
        ("show_load_balancer", {"loadbalancer_id": balancer}),
        ("show_listener", {"listener_id": listener}),
        ("show_pool", {"pool_id": pool}),
        ("show_health_monitor", {"healthmonitor_id": monitor}),
        ("delete_member", {"pool_id": pool, "member_id": member["id"]}),
    ):
        assert refused(elb, method, **parameters) == (404, "ELB.8904"), method

    # The older version.
    elb = neighbour(emulated, "elb", "v2")
    body = {"loadbalancer": {"name": "old", "vip_subnet_id": "3cd35bca-5a10-416f-8994-f79169559870"}}
    balancer = elb("create_loadbalancer", body=body)["loadbalancer"]
    assert balancer["vip_subnet_id"] == body["loadbalancer"]["vip_subnet_id"] and balancer["tenant_id"]
    body = {"loadbalancer_id": balancer["id"], "protocol": "TCP", "protocol_port": 22}
    listener = elb("create_listener", body={"listener": body})["listener"]
    body = {"listener_id": listener["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP"}
    pool = elb("create_pool", body={"pool": body})["pool"]
    assert elb("show_listener", listener_id=listener["id"])["listener"]["default_pool_id"] == pool["id"]


def test_balancers_refuse_what_is_not_right(emulated):
    elb = neighbour(emulated, "elb", "v3")
    balancer, listener, pool = pool_of(elb)
    for method, name, more in (
        ("create_load_balancer", "loadbalancer", {}),
        ("create_load_balancer", "loadbalancer", {"vpc_id": "v", "vip_address": "nowhere"}),
        ("create_listener", "listener", {"loadbalancer_id": "x", "protocol": "TCP", "protocol_port": 1}),
        ("create_listener", "listener", {"loadbalancer_id": balancer, "protocol": "SMTP", "protocol_port": 1}),
        ("create_listener", "listener", {"loadbalancer_id": balancer, "protocol": "TCP", "protocol_port": 0}),
        ("create_pool", "pool", {"protocol": "TCP", "lb_algorithm": "ROUND_ROBIN"}),
        ("create_pool", "pool", {"protocol": "TCP", "lb_algorithm": "BEST", "loadbalancer_id": balancer}),
        ("create_pool", "pool", {"protocol": "TCP", "lb_algorithm": "ROUND_ROBIN", "listener_id": listener}),
    ):
        assert refused(elb, method, body={name: more}) == (400, "ELB.8902"), (method, more)
    body = {"loadbalancer_id": balancer, "protocol": "HTTP", "protocol_port": 80}
    assert refused(elb, "create_listener", body={"listener": body}) == (409, "ELB.8907")
    for more in ({"address": "x", "protocol_port": 1}, {"address": "10.0.0.1", "protocol_port": 70000}):
        assert refused(elb, "create_member", pool_id=pool, body={"member": more}) == (400, "ELB.8902")
    check = {"pool_id": pool, "type": "TCP", "delay": 0, "timeout": 3, "max_retries": 3}
    assert refused(elb, "create_health_monitor", body={"healthmonitor": check})[0] == 400
    assert refused(elb, "list_pools", limit=5000)[0] == 400


def test_networks_live_and_die(emulated):
    call = huawei(emulated)
    vpc = neighbour(emulated, "vpc", "v2")
    net = vpc("create_vpc", body={"vpc": {"name": "net", "cidr": "192.168.0.0/16"}})["vpc"]
    assert (net["status"], net["cidr"], net["enterprise_project_id"]) == ("OK", "192.168.0.0/16", "0")
    assert vpc("show_vpc", vpc_id=net["id"])["vpc"] == net
    vpc("update_vpc", vpc_id=net["id"], body={"vpc": {"description": "ours"}})
    (listed,) = vpc("list_vpcs")["vpcs"]
    assert (listed["description"], listed["name"]) == ("ours", "net")
    subnet = {"name": "one", "vpc_id": net["id"], "cidr": "192.168.1.0/24", "gateway_ip": "192.168.1.1"}
    made_subnet = vpc("create_subnet", body={"subnet": subnet | {"primary_dns": "1.1.1.1"}})["subnet"]
    assert made_subnet["neutron_network_id"] == made_subnet["id"] and made_subnet["dnsList"] == ["1.1.1.1"]
    assert [s["id"] for s in vpc("list_subnets", vpc_id=net["id"])["subnets"]] == [made_subnet["id"]]
    assert vpc("list_subnets", vpc_id="other")["subnets"] == []
    body = {"subnet": {"name": "two"}}
    assert vpc("update_subnet", vpc_id=net["id"], subnet_id=made_subnet["id"], body=body)["subnet"]["status"] == "ACTIVE"
    assert vpc("show_subnet", subnet_id=made_subnet["id"])["subnet"]["name"] == "two"
    for path, response in (
        ("vpcs", "ListVpcsResponse"),
        (f"vpcs/{net['id']}", "ShowVpcResponse"),
        ("subnets", "ListSubnetsResponse"),
        (f"subnets/{made_subnet['id']}", "ShowSubnetResponse"),
        ("security-groups", "ListSecurityGroupsResponse"),
    ):
        answered(emulated, "vpc", "v2", "GET", f"/v1/{{p}}/{path}", response)

    # A group in it keeps it.
    target = group(call, vpc_id=net["id"], networks=[{"id": made_subnet["id"]}])
    assert refused(vpc, "delete_subnet", vpc_id=net["id"], subnet_id=made_subnet["id"])[0] == 409
    assert refused(vpc, "delete_vpc", vpc_id=net["id"])[0] == 409
    call("delete_scaling_group", scaling_group_id=target)
    emulated.settle()
    assert refused(vpc, "delete_vpc", vpc_id=net["id"]) == (409, "VPC.0209")
    vpc("delete_subnet", vpc_id=net["id"], subnet_id=made_subnet["id"])
    vpc("delete_vpc", vpc_id=net["id"])
    assert refused(vpc, "show_vpc", vpc_id=net["id"]) == (404, "VPC.0202")
    assert refused(vpc, "show_subnet", subnet_id=made_subnet["id"])[0] == 404

    net = vpc("create_vpc", body={"vpc": {"cidr": "10.0.0.0/16"}})["vpc"]["id"]
    for bad in (
        {"name": ""},
        {"cidr": "10.1.0.0/24"},
        {"cidr": "10.0.0.1/24"},
        {"gateway_ip": "10.0.1.1"},
        {"gateway_ip": "x"},
    ):
        body = {"name": "s", "vpc_id": net, "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1"} | bad
        assert refused(vpc, "create_subnet", body={"subnet": body}) == (400, "VPC.0101"), bad
    assert refused(vpc, "create_vpc", body={"vpc": {"cidr": "10.0.0.0"}}) == (400, "VPC.0101")


def test_security_groups(emulated):
    call = huawei(emulated)
    old, new = neighbour(emulated, "vpc", "v2"), neighbour(emulated, "vpc", "v3")
    # Every account has one that is called default.
    assert [g["name"] for g in old("list_security_groups")["security_groups"]] == ["default"]
    one = old("create_security_group", body={"security_group": {"name": "one"}})["security_group"]
    assert {r["direction"] for r in one["security_group_rules"]} == {"ingress", "egress"}
    body = {"security_group": {"name": "two", "description": "web"}}
    two = new("create_security_group", body=body)["security_group"]
    assert two["description"] == "web" and len(two["security_group_rules"]) == 4
    assert [g["id"] for g in new("list_security_groups", name=["two"])["security_groups"]] == [two["id"]]
    new("update_security_group", security_group_id=two["id"], body={"security_group": {"name": "three"}})
    assert new("show_security_group", security_group_id=two["id"])["security_group"]["name"] == "three"
    rule = {
        "security_group_id": two["id"],
        "direction": "ingress",
        "protocol": "tcp",
        "multiport": "22,80-90",
        "remote_ip_prefix": "10.0.0.0/8",
    }
    rule_id = new("create_security_group_rule", body={"security_group_rule": rule})["security_group_rule"]["id"]
    known = new("show_security_group_rule", security_group_rule_id=rule_id)["security_group_rule"]
    assert {name: known[name] for name in rule} == rule and known["action"] == "allow" and known["priority"] == 100
    assert refused(new, "create_security_group_rule", body={"security_group_rule": rule})[0] == 409
    rules = new("list_security_group_rules", security_group_id=[two["id"]])["security_group_rules"]
    assert len(rules) == 5
    v1 = old("show_security_group", security_group_id=two["id"])["security_group"]["security_group_rules"]
    assert (22, 90) in {(r["port_range_min"], r["port_range_max"]) for r in v1}
    for bad in ({"direction": "up"}, {"multiport": "0"}, {"protocol": "smtp"}, {"remote_ip_prefix": "x"}, {"priority": 0}):
        assert refused(new, "create_security_group_rule", body={"security_group_rule": rule | bad})[0] == 400, bad
    for path, response in (
        ("security-groups", "ListSecurityGroupsResponse"),
        (f"security-groups/{two['id']}", "ShowSecurityGroupResponse"),
        ("security-group-rules", "ListSecurityGroupRulesResponse"),
        (f"security-group-rules/{rule_id}", "ShowSecurityGroupRuleResponse"),
    ):
        answered(emulated, "vpc", "v3", "GET", f"/v3/{{p}}/vpc/{path}", response)
    target = group(call, security_groups=[{"id": two["id"]}])
    assert refused(new, "delete_security_group", security_group_id=two["id"])[0] == 409
    call("delete_scaling_group", scaling_group_id=target)
    emulated.settle()
    new("delete_security_group_rule", security_group_rule_id=rule_id)
    new("delete_security_group", security_group_id=two["id"])
    assert refused(new, "show_security_group", security_group_id=two["id"]) == (404, "VPC.0602")
    assert refused(new, "show_security_group_rule", security_group_rule_id=rule_id)[0] == 404
    old("delete_security_group", security_group_id=one["id"])


def test_images_and_key_pairs(emulated, tmp_path):
    call = huawei(emulated)
    ims, kps = neighbour(emulated, "ims", "v2"), neighbour(emulated, "kps", "v3")
    images = ims("list_images", imagetype="gold", platform="Ubuntu")["images"]
    assert [image["__platform"] for image in images] == ["Ubuntu"]
    group(call)
    (mine,) = ims("list_images", imagetype="private")["images"]
    assert mine["id"] == "627a1223-2ca3-46a7-8d5f-7aef22c74ee6"
    assert len(ims("list_images", limit=1)["images"]) == 1
    answered(emulated, "ims", "v2", "GET", "/v2/cloudimages", "ListImagesResponse")

    assert kps("list_keypairs")["keypairs"] == []
    fresh = kps("create_keypair", body={"keypair": {"name": "mine"}})["keypair"]
    private = tmp_path / "id"
    private.write_text(fresh["private_key"])
    private.chmod(0o600)
    assert fresh["public_key"].startswith("ssh-ed25519 ") and fresh["fingerprint"].startswith("SHA256:")
    # Handed out once, kept nowhere.
    assert "private_key" not in str(kps("list_keypair_detail", keypair_name="mine"))
    for kept in emulated.data.rglob("*"):
        assert not kept.is_file() or b"OPENSSH PRIVATE KEY" not in kept.read_bytes(), kept
    brought = kps("create_keypair", body={"keypair": {"name": "brought", "public_key": fresh["public_key"]}})["keypair"]
    assert brought["fingerprint"] == fresh["fingerprint"] and "private_key" not in brought
    names = {pair["keypair"]["name"] for pair in kps("list_keypairs")["keypairs"]}
    assert names == {"mine", "brought"}
    kps("update_keypair_description", keypair_name="mine", body={"keypair": {"description": "ours"}})
    assert kps("list_keypair_detail", keypair_name="mine")["keypair"]["description"] == "ours"
    answered(emulated, "kps", "v3", "GET", "/v3/{p}/keypairs", "ListKeypairsResponse")
    answered(emulated, "kps", "v3", "GET", "/v3/{p}/keypairs/mine", "ListKeypairDetailResponse")
    assert refused(kps, "create_keypair", body={"keypair": {"name": "mine"}})[0] == 409
    for bad in ({"name": "a b"}, {}, {"name": "x", "public_key": "nonsense"}, {"name": "x", "type": "pgp"}):
        assert refused(kps, "create_keypair", body={"keypair": bad})[0] == 400, bad
    kps("delete_keypair", keypair_name="mine")
    assert refused(kps, "delete_keypair", keypair_name="mine")[0] == 404
    assert refused(kps, "list_keypair_detail", keypair_name="mine")[0] == 404


def test_what_is_made_here_is_there_for_a_strict_catalogue(server, tmp_path):
    config_file = tmp_path / "muster.toml"
    config_file.write_text(
        """
[catalogue]
strict = true
vpcs = ["listed-vpc"]
keys = ["listed-key"]
security_groups = ["listed-sg"]
[[catalogue.image]]
id = "img"
family = "Debian"
[[catalogue.zone]]
id = "zone-a"
[[catalogue.subnet]]
id = "listed-subnet"
zone = "zone-a"
vpc = "listed-vpc"
[[instance_type]]
name = "s3.large.2"
cores = 2
spot_price_millis = 10
"""
    )
    emulated = server("--emulate", "--config", str(config_file))
    call = huawei(emulated)
    ecs, ims = neighbour(emulated, "ecs", "v2"), neighbour(emulated, "ims", "v2")
    vpc, new, kps = neighbour(emulated, "vpc", "v2"), neighbour(emulated, "vpc", "v3"), neighbour(emulated, "kps", "v3")
    # What the operator lists, and nothing else.
    assert [i["id"] for i in ims("list_images")["images"]] == ["img"]
    assert [f["id"] for f in ecs("list_flavors")["flavors"]] == ["s3.large.2"]
    assert [z["zoneName"] for z in ecs("nova_list_availability_zones")["availabilityZoneInfo"]] == ["zone-a"]
    assert [v["id"] for v in vpc("list_vpcs")["vpcs"]] == ["listed-vpc"]
    assert [s["vpc_id"] for s in vpc("list_subnets")["subnets"]] == ["listed-vpc"]
    assert [k["keypair"]["name"] for k in kps("list_keypairs")["keypairs"]] == ["listed-key"]
    assert [g["id"] for g in new("list_security_groups")["security_groups"]][1:] == ["listed-sg"]
    # It is the operator's, and stays.
    assert refused(vpc, "delete_vpc", vpc_id="listed-vpc")[0] == 409
    assert refused(kps, "delete_keypair", keypair_name="listed-key")[0] == 409
    assert refused(new, "delete_security_group", security_group_id="listed-sg")[0] == 409

    machine = {"flavorRef": "s3.large.2", "imageRef": "img", "key_name": "mine"}
    disk = {"size": 40, "volume_type": "SATA", "disk_type": "SYS"}
    own = {"scaling_configuration_name": "c", "instance_config": machine | {"disk": [disk]}}
    assert refused(call, "create_scaling_config", body=own) == (400, "AS.7022")
    kps("create_keypair", body={"keypair": {"name": "mine"}})
    own = call("create_scaling_config", body=own)["scaling_configuration_id"]
    net = vpc("create_vpc", body={"vpc": {"name": "net", "cidr": "192.168.0.0/16"}})["vpc"]["id"]
    body = {"name": "s", "vpc_id": net, "cidr": "192.168.0.0/24", "gateway_ip": "192.168.0.1"}
    subnet = vpc("create_subnet", body={"subnet": body})["subnet"]["id"]
    guard = new("create_security_group", body={"security_group": {"name": "web"}})["security_group"]["id"]
    more = {"vpc_id": net, "networks": [{"id": subnet}], "security_groups": [{"id": guard}]}
    target = group(call, 2, scaling_configuration_id=own, **more)
    emulated.settle()
    assert shown(call, target)["current_instance_number"] == 2
    # A server of its own, too; what nobody made is refused by name and value.
    server_body = SERVER | {
        "imageRef": "img",
        "flavorRef": "s3.large.2",
        "vpcid": net,
        "nics": [{"subnet_id": subnet}],
        "security_groups": [{"id": guard}],
        "key_name": "mine",
    }
    answer = ecs("create_post_paid_servers", body={"server": server_body})
    emulated.settle()
    assert ecs("show_job", job_id=answer["job_id"])["status"] == "SUCCESS"
    for bad in ({"imageRef": "x"}, {"vpcid": "x"}, {"key_name": "x"}, {"nics": [{"subnet_id": "x"}]}, {"flavorRef": "x"}):
        assert refused(ecs, "create_post_paid_servers", body={"server": server_body | bad})[0] == 400, bad
    # After a restart as well.
    emulated.restart()
    call = huawei(emulated)
    call("update_scaling_group", scaling_group_id=target, body={"desire_instance_number": 3})
    emulated.settle()
    assert shown(call, target)["current_instance_number"] == 3


def test_accounts_never_see_each_other(emulated):
    made_account = subprocess.run(
        [BINARY, "account", "create", "second", "--data", str(emulated.data)], capture_output=True, text=True, check=True
    )
    key = json.loads(made_account.stdout)
    key = (key["access_key_id"], key["secret_access_key"])
    ours, theirs = neighbour(emulated, "ecs", "v2"), neighbour(emulated, "ecs", "v2", key=key)
    (one,) = made(emulated, ours)
    assert theirs("list_servers_details")["count"] == 0
    assert refused(theirs, "show_server", server_id=one)[0] == 404
    assert refused(theirs, "delete_servers", body={"servers": [{"id": one}]})[0] == 404
    assert refused(theirs, "batch_stop_servers", body={"os-stop": {"servers": [{"id": one}]}})[0] == 404
    call = huawei(emulated, key=key)
    target = group(call)
    body = {"action": "ADD", "instances_id": [one]}
    assert refused(call, "batch_add_scaling_instances", scaling_group_id=target, body=body)[0] == 400

    # What a group made and hands back stays with its account, also when the group is gone.
    own = huawei(emulated)
    source = group(own, 2, "source")
    emulated.settle()
    back = instances(own, source)[0]["instance_id"]
    body = {"action": "REMOVE", "instances_id": [back], "instance_delete": "no"}
    own("batch_remove_scaling_instances", scaling_group_id=source, body=body)
    emulated.settle()
    assert [machine["owner_key"] for machine in emulated.machines() if machine["uuid"] == back] == [None]
    own("delete_scaling_group", scaling_group_id=source, force_delete="yes")
    emulated.settle()
    assert ours("show_server", server_id=back)["server"]["status"] == "ACTIVE"
    assert {server["id"] for server in ours("list_servers_details")["servers"]} == {one, back}
    assert theirs("list_servers_details")["count"] == 0
    assert refused(theirs, "show_server", server_id=back)[0] == 404
    assert refused(theirs, "delete_servers", body={"servers": [{"id": back}]})[0] == 404
    body = {"action": "ADD", "instances_id": [back]}
    assert refused(call, "batch_add_scaling_instances", scaling_group_id=target, body=body)[0] == 400
    # It survives a restart, joins another group of its account, and is gone when that destroys it.
    emulated.restart()
    assert refused(theirs, "show_server", server_id=back)[0] == 404
    other = group(own, 0, "other")
    own("batch_add_scaling_instances", scaling_group_id=other, body=body)
    emulated.settle()
    body = {"action": "REMOVE", "instances_id": [back], "instance_delete": "no"}
    own("batch_remove_scaling_instances", scaling_group_id=other, body=body)
    emulated.settle()
    assert refused(theirs, "show_server", server_id=back)[0] == 404
    ours("delete_servers", body={"servers": [{"id": back}]})
    emulated.settle()
    assert refused(ours, "show_server", server_id=back)[0] == 404
    assert {server["id"] for server in ours("list_servers_details")["servers"]} == {one}
    elb = neighbour(emulated, "elb", "v3")
    _, _, pool = pool_of(elb)
    group(huawei(emulated), 1, "bound", lbaas_listeners=[{"pool_id": pool, "protocol_port": 80}])
    emulated.settle()
    assert len(elb("list_members", pool_id=pool)["members"]) == 1
    other = neighbour(emulated, "elb", "v3", key=key)
    assert refused(other, "list_members", pool_id=pool)[0] == 404
    assert other("list_pools")["pools"] == [] and other("list_load_balancers")["loadbalancers"] == []
    job = ours("delete_servers", body={"servers": [{"id": one}]})["job_id"]
    assert refused(theirs, "show_job", job_id=job)[0] == 404


def test_a_server_is_a_real_process_and_outlives_a_restart(server):
    real = server()
    call, ecs = huawei(real), neighbour(real, "ecs", "v2")
    script = base64.b64encode(b"#!/bin/sh\nexec sleep 600\n").decode()
    answer = ecs("create_post_paid_servers", body={"server": SERVER | {"user_data": script}})
    (one,) = answer["serverIds"]

    def done(job=answer["job_id"]):
        return ecs("show_job", job_id=job)["status"] == "SUCCESS"

    eventually(done)
    assert ecs("show_server", server_id=one)["server"]["status"] == "ACTIVE"
    (name,) = {instance for instance in processes_of(real.data).values()}
    real.restart()
    assert set(processes_of(real.data).values()) == {name}
    assert ecs("show_server", server_id=one)["server"]["status"] == "ACTIVE"

    target = group(call)
    body = {"action": "ADD", "instances_id": [one]}
    call("batch_add_scaling_instances", scaling_group_id=target, body=body)

    def serves():
        return [m["instance_id"] for m in instances(call, target, life_cycle_state="INSERVICE")] == [one]

    eventually(serves)
    # A member that was added by hand: deleted through ECS it leaves its group, and its process is gone.
    job = ecs("delete_servers", body={"servers": [{"id": one}]})["job_id"]
    eventually(lambda: done(job))
    assert shown(call, target)["desire_instance_number"] == 0 and instances(call, target) == []
    assert processes_of(real.data) == {} and refused(ecs, "show_server", server_id=one)[0] == 404


def test_deletions_while_a_group_works_wait_for_it(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    target = group(call, 4)
    emulated.settle()
    ids = sorted(m["instance_id"] for m in instances(call, target))
    # The back end takes its time: the second is asked for while the first leaves, the third while a scale-out runs.
    emulated.faults({"op": "terminate", "effect": "slow", "times": 2, "latency_secs": 20})
    jobs = [ecs("delete_servers", body={"servers": [{"id": one}]})["job_id"] for one in ids[:2]]
    emulated.settle()
    assert {ecs("show_job", job_id=job)["status"] for job in jobs} == {"RUNNING"}
    emulated.advance(120)
    assert {ecs("show_job", job_id=job)["status"] for job in jobs} == {"SUCCESS"}
    assert sorted(m["instance_id"] for m in instances(call, target)) == ids[2:]
    assert shown(call, target)["desire_instance_number"] == 2
    emulated.faults({"op": "launch", "effect": "slow", "times": 1, "latency_secs": 20})
    call("update_scaling_group", scaling_group_id=target, body={"desire_instance_number": 3})
    job = ecs("delete_servers", body={"servers": [{"id": ids[2]}]})["job_id"]
    emulated.settle()
    emulated.advance(120)
    assert ecs("show_job", job_id=job)["status"] == "SUCCESS"
    now = shown(call, target)
    assert (now["desire_instance_number"], now["current_instance_number"]) == (2, 2)
    assert ids[2] not in {m["instance_id"] for m in instances(call, target)}
