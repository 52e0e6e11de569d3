"""Huawei Cloud's door with its own SDKs: what a strict catalogue says of disks, storages, zones, listeners and projects; and
what is held to it besides configurations and groups: changes of a configuration in use, and servers made by hand."""

import json
import subprocess

import pytest
from conftest import BINARY
from huawei import DISK, config, group, huawei, instances, neighbour, refused

DATA = {"size": 40, "volume_type": "SATA", "disk_type": "DATA"}

LISTED = """
[catalogue]
strict = true
vpcs = ["vpc-1", "vpc-2"]
keys = ["key-1"]
snapshots = ["snap-1"]
enterprise_projects = ["e-1"]

[[catalogue.image]]
id = "img-1"

[[catalogue.image]]
id = "img-whole"
backups = ["backup-sys", "backup-data"]

[[catalogue.image]]
id = "img-az1"
zones = ["az-1"]

[[catalogue.image]]
id = "img-large"
min_disk_gb = 100

[[catalogue.image]]
id = "img-arm"
architecture = "arm"

[[catalogue.image]]
id = "img-32"
is_32_bit = true

[[catalogue.data_image]]
id = "data-1"
min_disk_gb = 40

[[catalogue.data_image]]
id = "data-hurt"
status = "killed"

[[catalogue.storage]]
id = "dss-1"
zone = "az-1"
disk_types = ["SATA"]
capacity_gb = 100

[[catalogue.storage]]
id = "dss-2"
zone = "az-2"

[[catalogue.storage]]
id = "dss-off"
zone = "az-1"
available = false

[[catalogue.zone]]
id = "az-1"
disk_types = ["SATA", "SAS"]

[[catalogue.subnet]]
id = "sub-1"
zone = "az-1"
vpc = "vpc-1"

[[catalogue.subnet]]
id = "sub-2"
zone = "az-2"
vpc = "vpc-1"

[[catalogue.balancer]]
id = "lb-1"
vpc = "vpc-1"
pools = ["pool-1"]

[[catalogue.balancer.listener]]
id = "listener-1"

[[catalogue.balancer]]
id = "lb-2"
vpc = "vpc-2"
pools = ["pool-2"]

[[catalogue.balancer.listener]]
id = "listener-2"

[[instance_type]]
name = "s3.small"
cores = 1
spot_price_millis = 20

[[instance_type]]
name = "s3.large"
cores = 2
memory_gb = 4
spot_price_millis = 40
zones = ["az-2"]
disk_types = ["SATA"]

[[instance_type]]
name = "s3.gone"
cores = 1
spot_price_millis = 20
available = false
"""

GOOD = {"flavorRef": "s3.small", "imageRef": "img-1", "key_name": "key-1", "disk": [DISK]}


@pytest.fixture
def strict(server, tmp_path):
    file = tmp_path / "muster.toml"
    file.write_text(LISTED)
    return server("--emulate", "--config", str(file))


def stored(*ids, **more):
    """Disks in storages of one's own, the system's first."""
    kinds = ["SYS"] + ["DATA"] * (len(ids) - 1)
    return [DISK | {"disk_type": kind, "dedicated_storage_id": id} | more for kind, id in zip(kinds, ids)]


def test_disks_against_the_catalogue(strict):
    call = huawei(strict)

    def configuring(**more):
        body = {"scaling_configuration_name": "c", "instance_config": GOOD | more}
        return refused(call, "create_scaling_config", body=body)

    whole = {"imageRef": "img-whole"}
    backup = [DISK | {"snapshot_id": "backup-sys"}, DATA | {"snapshot_id": "backup-data"}]
    for change, code in (
        ({"disk": [DISK, DATA | {"data_disk_image_id": "data-hurt"}]}, "AS.1053"),
        ({"disk": [DISK, DATA | {"data_disk_image_id": "data-1", "size": 39}]}, "AS.1054"),
        ({"disk": [DISK, DATA | {"data_disk_image_id": "data-9"}]}, "AS.1056"),
        # An image of a system disk is none of a data disk, and the other way round.
        ({"disk": [DISK, DATA | {"data_disk_image_id": "img-1"}]}, "AS.1056"),
        ({"imageRef": "data-1"}, "AS.1015"),
        ({"disk": stored("dss-9")}, "AS.1057"),
        ({"disk": stored("dss-off")}, "AS.1057"),
        ({"disk": stored("dss-1", volume_type="SSD")}, "AS.1058"),
        ({"disk": stored("dss-1", "dss-1", "dss-1")}, "AS.1059"),
        ({"disk": stored("dss-1", "dss-2")}, "AS.1061"),
        (whole, "AS.1062"),
        (whole | {"disk": backup + [DATA | {"snapshot_id": "snap-1"}]}, "AS.1062"),
        ({"imageRef": "img-az1", "flavorRef": "s3.large"}, "AS.1065"),
        ({"flavorRef": "s3.large", "disk": stored("dss-1")}, "AS.1065"),
        (whole | {"disk": [backup[0], DATA | {"snapshot_id": "snap-1"}]}, "AS.1066"),
        (whole | {"disk": [backup[0], DATA | {"snapshot_id": "backup-sys"}]}, "AS.1066"),
    ):
        assert configuring(**change) == (400, code), change
    with pytest.raises(Exception) as told:
        call("create_scaling_config", body={
            "scaling_configuration_name": "c", "instance_config": GOOD | {"disk": stored("dss-1", volume_type="SSD")}})
    assert told.value.error_msg == (
        "The type of dss in the AS configuration is incorrect. `SSD`: the storage does not take disks of the type.")
    # What fits is taken, and shown as it was sent.
    for disks in (stored("dss-1", "dss-1"), [DISK, DATA | {"data_disk_image_id": "data-1"}]):
        made = config(call, **GOOD | {"disk": disks})
        shown = call("show_scaling_config", scaling_configuration_id=made)["scaling_configuration"]
        kept = [{name: disk[name] for name in sent} for sent, disk in zip(disks, shown["instance_config"]["disk"])]
        assert kept == disks
    config(call, **GOOD | whole | {"disk": backup})
    # They are listed as what they are.
    images = neighbour(strict, "ims", "v2")("list_images", virtual_env_type="DataImage")["images"]
    assert [(one["id"], one["status"], one["min_disk"]) for one in images] == [
        ("data-1", "active", 40), ("data-hurt", "killed", 0)]


def grouping(call, **more):
    body = {"scaling_group_name": "g", "vpc_id": "vpc-1", "networks": [{"id": "sub-1"}]} | more
    return refused(call, "create_scaling_group", body=body)


def test_zones_of_groups_have_the_disks(strict):
    call = huawei(strict)
    there = {"vpc_id": "vpc-1", "networks": [{"id": "sub-1"}]}
    fast = config(call, **GOOD | {"disk": [DISK | {"volume_type": "SSD"}]})
    own = config(call, **GOOD | {"disk": stored("dss-2")})
    for conf in (fast, own):
        assert grouping(call, scaling_configuration_id=conf) == (400, "AS.2043")
    group(call, name="two", scaling_configuration_id=own, **there | {"networks": [{"id": "sub-2"}]})
    with pytest.raises(Exception) as told:
        call("create_scaling_group", body={"scaling_group_name": "g", "scaling_configuration_id": fast} | there)
    assert told.value.error_msg == "There is not avalid volume in the AZ [az-1] you selected."


def test_a_configuration_in_use_is_given_another_image(strict):
    call = huawei(strict)
    conf = config(call, **GOOD)
    made = group(call, name="two", scaling_configuration_id=conf, vpc_id="vpc-1", networks=[{"id": "sub-2"}])
    change = {"instance_config": {"imageRef": "img-az1"}}
    assert refused(call, "update_scaling_config", scaling_configuration_id=conf, body=change) == (400, "AS.1088")
    with pytest.raises(Exception) as told:
        call("update_scaling_config", scaling_configuration_id=conf, body=change)
    assert "[az-2]" in told.value.error_msg
    shown = call("show_scaling_config", scaling_configuration_id=conf)["scaling_configuration"]["instance_config"]
    assert shown["imageRef"] == "img-1"
    # Of a configuration that nobody uses it is right; so is another image that the zones have.
    call("update_scaling_config", scaling_configuration_id=config(call, "unused", **GOOD), body=change)
    image = {"instance_config": {"imageRef": "img-32"}}
    call("update_scaling_config", scaling_configuration_id=conf, body=image)
    call("delete_scaling_group", scaling_group_id=made)
    call("update_scaling_config", scaling_configuration_id=conf, body=change)


def test_listeners_and_projects_of_a_strict_catalogue(strict):
    call = huawei(strict)
    pool = {"protocol_port": 80}
    for change, code in (
        ({"lb_listener_id": "listener-9"}, "AS.7012"),
        ({"lb_listener_id": "listener-1,listener-9"}, "AS.7012"),
        ({"lb_listener_id": "listener-2"}, "AS.2016"),
        ({"lbaas_listeners": [pool | {"pool_id": "pool-9"}]}, "AS.2042"),
        ({"lbaas_listeners": [pool | {"pool_id": "pool-2"}]}, "AS.2016"),
        ({"enterprise_project_id": "e-9"}, "AS.7059"),
    ):
        assert grouping(call, **change) == (400, code), change
    there = {"vpc_id": "vpc-1", "networks": [{"id": "sub-1"}], "scaling_configuration_id": config(call, **GOOD)}
    made = group(call, resume=False, enterprise_project_id="e-1", lb_listener_id="listener-1", **there)
    for change, code in (
        ({"lb_listener_id": "listener-9"}, "AS.7012"),
        ({"lb_listener_id": "listener-2"}, "AS.2016"),
        ({"enterprise_project_id": "e-9"}, "AS.7059"),
    ):
        assert refused(call, "update_scaling_group", scaling_group_id=made, body=change) == (400, code), change
    call("update_scaling_group", scaling_group_id=made, body={"enterprise_project_id": "0", "lb_listener_id": ""})
    pools = [pool | {"pool_id": "pool-1"}]
    call("update_scaling_group", scaling_group_id=made, body={"lbaas_listeners": pools})


def balancer(elb, vpc):
    """A load balancer with a listener and a pool: the ids of these."""
    made = elb("create_load_balancer", body={"loadbalancer": {"name": "lb", "vpc_id": vpc}})["loadbalancer"]["id"]
    body = {"loadbalancer_id": made, "protocol": "HTTP", "protocol_port": 80}
    listener = elb("create_listener", body={"listener": body})["listener"]["id"]
    body = {"loadbalancer_id": made, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    return listener, elb("create_pool", body={"pool": body})["pool"]["id"]


def test_listeners_that_were_made_here_are_known_without_a_catalogue(emulated):
    there = emulated
    command = [BINARY, "account", "create", "second", "--data", str(there.data)]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    other = (made["access_key_id"], made["secret_access_key"])
    call, elb = huawei(there), neighbour(there, "elb", "v3")
    theirs = balancer(neighbour(there, "elb", "v3", key=other), "vpc-1")
    own, elsewhere = balancer(elb, "vpc-1"), balancer(elb, "vpc-2")
    classic = "5bc3aa02-b83e-454c-aba1-4d2095c68f8b"

    def pools(id):
        return [{"pool_id": id, "protocol_port": 80}]

    for change, code in (
        ({"lb_listener_id": elsewhere[0]}, "AS.2016"),
        ({"lbaas_listeners": pools(elsewhere[1])}, "AS.2016"),
        ({"lb_listener_id": theirs[0]}, "AS.7012"),
        ({"lbaas_listeners": pools(theirs[1])}, "AS.2042"),
    ):
        assert grouping(call, **change) == (400, code), change
    made = group(call, 1, vpc_id="vpc-1", lbaas_listeners=pools(own[1]))
    there.settle()
    for change, code in (
        ({"lbaas_listeners": pools(elsewhere[1])}, "AS.2016"),
        ({"lbaas_listeners": pools(own[1]) + pools(theirs[1])}, "AS.2042"),
    ):
        assert refused(call, "update_scaling_group", scaling_group_id=made, body=change) == (400, code), change
    assert len(elb("list_members", pool_id=own[1])["members"]) == 1
    # Ids that nobody made here are those of listeners elsewhere.
    group(call, name="classic", vpc_id="vpc-1", lb_listener_id=f"{classic},{own[0]}")
    # What is bound can be taken off.
    call("update_scaling_group", scaling_group_id=made, body={"lbaas_listeners": []})
    there.settle()
    assert elb("list_members", pool_id=own[1])["members"] == []


SERVER = {
    "name": "by-hand",
    "imageRef": "img-1",
    "flavorRef": "s3.small",
    "vpcid": "vpc-1",
    "nics": [{"subnet_id": "sub-1"}],
    "root_volume": {"volumetype": "SATA", "size": 40},
}


def test_servers_by_hand_against_the_catalogue(strict):
    ecs = neighbour(strict, "ecs", "v2")

    def told(**more):
        with pytest.raises(Exception) as error:
            ecs("create_servers", body={"server": SERVER | more, "dry_run": True})
        assert refused(ecs, "create_servers", body={"server": SERVER | more}) == (400, "Ecs.0005")
        assert (error.value.status_code, error.value.error_code) == (400, "Ecs.0005")
        return error.value.error_msg

    for change, parameter, value, why in (
        ({"imageRef": "img-9"}, "imageRef", "img-9", "it does not exist"),
        ({"flavorRef": "s9"}, "flavorRef", "s9", "it does not exist"),
        ({"vpcid": "vpc-9"}, "vpcid", "vpc-9", "it does not exist"),
        ({"nics": [{"subnet_id": "sub-9"}]}, "nics.subnet_id", "sub-9", "it does not exist"),
        ({"key_name": "key-9"}, "key_name", "key-9", "it does not exist"),
        ({"security_groups": [{"id": "sg-9"}]}, "security_groups.id", "sg-9", "it does not exist"),
        ({"availability_zone": "az-9"}, "availability_zone", "az-9", "it does not exist"),
        ({"extendparam": {"enterprise_project_id": "e-9"}}, "extendparam.enterprise_project_id", "e-9",
         "it does not exist"),
        ({"imageRef": "img-arm"}, "flavorRef", "s3.small",
         "the image is for other processors than the instance type has"),
        ({"imageRef": "img-32", "flavorRef": "s3.large", "nics": [{"subnet_id": "sub-2"}]}, "flavorRef", "s3.large",
         "a 32-bit image cannot use the memory of the instance type"),
        ({"imageRef": "img-large"}, "root_volume.size", "40", "the system disk is smaller than the image needs"),
        ({"flavorRef": "s3.gone"}, "flavorRef", "s3.gone", "the instance type is sold out"),
        ({"flavorRef": "s3.large"}, "availability_zone", "az-1",
         "the zone is not available, or has none of the instance types"),
        ({"flavorRef": "s3.large", "root_volume": {"volumetype": "SSD", "size": 40}}, "root_volume.volumetype", "SSD",
         "the instance type does not take disks of the type"),
        ({"imageRef": "img-az1", "nics": [{"subnet_id": "sub-2"}]}, "availability_zone", "az-2",
         "the zone does not have the image of the launch configuration"),
        ({"vpcid": "vpc-2"}, "nics.subnet_id", "sub-1", "the subnet is in another VPC"),
    ):
        wanted = f"The value `{value}` of the parameter `server.{parameter}` is not valid: {why}."
        assert told(**change) == wanted
    assert strict.machines() == [] and ecs("list_servers_details")["count"] == 0
    ecs("create_servers", body={"server": SERVER | {"imageRef": "img-large", "root_volume": {
        "volumetype": "SATA", "size": 100}}})
    strict.settle()
    assert [machine["image"] for machine in strict.machines()] == ["img-large"]


def test_a_template_shows_the_disks_that_its_machine_was_made_with(emulated):
    call, ecs = huawei(emulated), neighbour(emulated, "ecs", "v2")
    data = {"volumetype": "SAS", "size": 100, "metadata": {"__system__encrypted": "1", "__system__cmkid": "k"}}
    body = SERVER | {"root_volume": {"volumetype": "SSD", "size": 50}, "data_volumes": [data]}
    (by_hand,) = ecs("create_servers", body={"server": body})["serverIds"]
    disks = [DISK, DATA | {"size": 10, "data_disk_image_id": "data-1"}]
    made = group(call, 1, scaling_configuration_id=config(call, disk=disks))
    emulated.settle()
    member = instances(call, made)[0]["instance_id"]

    def shown(instance):
        body = {"scaling_configuration_name": "like", "instance_config": {"instance_id": instance, "key_name": "k"}}
        conf = call("create_scaling_config", body=body)["scaling_configuration_id"]
        found = call("show_scaling_config", scaling_configuration_id=conf)["scaling_configuration"]
        return [{name: value for name, value in disk.items() if value is not None}
                for disk in found["instance_config"]["disk"]]

    assert shown(by_hand) == [
        {"size": 50, "volume_type": "SSD", "disk_type": "SYS"},
        {"size": 100, "volume_type": "SAS", "disk_type": "DATA",
         "metadata": {"__system__encrypted": "1", "__system__cmkid": "k"}},
    ]
    assert shown(member) == disks
