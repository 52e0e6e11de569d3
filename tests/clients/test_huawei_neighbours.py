"""The services beside Auto Scaling with their own SDKs: servers, balancers, networks, images, key pairs."""

from huawei import answered, group, http, huawei, instances, neighbour, refused, shown

SERVER = {
    "name": "by-hand",
    "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6",
    "flavorRef": "s3.xlarge.4",
    "vpcid": "a8327883-6b07-4497-9c61-68d03ee193a",
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
        ("create_servers", 400, {"body": {"server": SERVER | {"root_volume": {"volumetype": "SSD", "size": 0}}}}),
    ):
        found, code = refused(ecs, method, **parameters)
        assert found == status and code.startswith("Ecs."), (method, parameters, found, code)
    assert emulated.machines() == []
    # Without a signature, and with one of somebody else.
    assert http(emulated, "GET", "/v1/0dd8cb413000906a2fcdc019b5a84546/cloudservers/detail")[0] == 401
    stranger = neighbour(emulated, "ecs", "v2", key=(emulated.key[0], "wrong"))
    assert refused(stranger, "list_servers_details")[0] == 401
