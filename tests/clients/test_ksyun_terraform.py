"""What Kingsoft's Terraform provider does, call by call and in its signing. It is not run here, but it asks in these ways
and cannot stand other answers: a type that is not that of its schema, or a null, ends it."""

import datetime
import hashlib
import hmac
import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

AGENT = "ksc-sdk-go/0.1.42 (go1.17; linux; amd64)"
IMAGE = "IMG-5465174a-6d71-4770-b8e1-917a0dd92466"
SUBNETS = ["1e3a9b8b-0833-4b29-9d3f-4a4188350591", "8b4884e8-1199-42e5-a233-35c833408a8b"]
SECURITY_GROUP = "36e08d58-4b10-440c-9b0b-11da1f551c33"
SLB = {"slb_id": "41b1a3e7-6c33-4ecc-aaff-47e0b68c1d3d", "listener_id": "16cba22d-6ecb-4cc8-a52b-b7c537dbb2e2",
       "server_port_set": [80, 81], "weight": 20, "health_check_type": "slb"}
# Beside it one whose verdict on health does not count.
BESIDE = SLB | {"listener_id": "16cba22d-6ecb-4cc8-a52b-b7c537dbb2e3", "health_check_type": "kec"}
# Everything else is a POST.
BY_GET = {"EnableScalingGroup", "DisableScalingGroup", "DeleteScalingGroup", "GetAccountAllProjectList"}
# The texts of an error that mean "it is gone": those of most resources, and those of a group.
GONE = ("notfound", "not found", "not exist", "not associate", "invalid", "not_found")
GROUP_GONE = ("notfound", "not_found")

CONFIG = {
    "scaling_configuration_name": str, "image_id": str, "instance_type": str, "system_disk_type": str, "system_disk_size": int,
    "data_disk_gb": int, "data_disks": [{"disk_type": str, "disk_size": int, "delete_with_instance": bool}],
    "project_id": int, "keep_image_login": bool, "instance_name": str, "instance_name_suffix": str, "user_data": str,
    "instance_name_time_suffix": bool, "need_monitor_agent": int, "need_security_agent": int, "address_band_width": int,
    "band_width_share_id": str, "line_id": str, "address_project_id": int, "charge_type": str, "cpu": int, "gpu": int,
    "mem": int, "create_time": str,
}
GROUP = {
    "scaling_group_name": str, "scaling_configuration_id": str, "min_size": int, "max_size": int, "desired_capacity": int,
    "remove_policy": str, "subnet_strategy": str, "subnet_id_set": [str], "security_group_id": str,
    "security_group_id_set": [str], "status": str, "scaling_configuration_name": str, "instance_num": int, "create_time": str,
    "vpc_id": str,
    "slb_config_set": [{"slb_id": str, "listener_id": str, "weight": int, "health_check_type": str, "server_port_set": [int]}],
}
INSTANCE = {"scaling_group_id": str, "scaling_instance_id": str, "protected_from_detach": int, "scaling_instance_name": str,
            "health_status": str, "add_time": str, "creation_type": str}
NOTIFICATION = {"scaling_group_id": str, "scaling_notification_types": [str], "scaling_notification_id": str}
METRIC = {"dimension_name": str, "comparison_operator": str, "threshold": int, "repeat_times": int, "period": int, "function": str}
POLICY = METRIC | {"scaling_group_id": str, "scaling_policy_name": str, "adjustment_type": str, "adjustment_value": int,
                   "cool_down": int, "create_time": str, "scaling_policy_id": str}
TASK = {"scaling_group_id": str, "scaling_scheduled_task_name": str, "readjust_max_size": int, "readjust_min_size": int,
        "readjust_expect_size": int, "start_time": str, "end_time": str, "recurrence": str, "repeat_unit": str,
        "repeat_cycle": str, "create_time": str, "scaling_scheduled_task_id": str, "description": str}


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status, body)
        self.status, self.text = status, body.lower()

    def says(self, words):
        return self.status == 404 or any(word in self.text for word in words)


class Provider:
    """Its client: SigV4 over all headers but the agent; action and version of a POST stand in its query and in its body."""

    def __init__(self, server):
        self.server = server

    def __call__(self, action, service="kec", region="cn-beijing-6", version="2016-03-04", **params):
        pairs = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
        # As Go's url.Values writes them.
        encoded = urllib.parse.urlencode(sorted((pairs | {"Action": action, "Version": version}).items()), safe="~")
        method, query, body = "GET", encoded, b""
        if action not in BY_GET:
            method, query, body = "POST", f"Action={action}&Version={version}", encoded.encode()
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"accept": "application/json", "host": self.server.address, "x-amz-date": now}
        if method == "POST":
            headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
            headers["content-length"] = str(len(body))
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = query.replace("+", "%20")
        request = f"{method}\n/\n{canonical}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{now[:8]}/{region}/{service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key_id, secret = self.server.key
        key = f"AWS4{secret}".encode()
        for part in (*scope.split("/"), to_sign):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}")
        headers["user-agent"] = AGENT
        asked = urllib.request.Request(f"http://{self.server.address}/?{query}", body or None, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                assert answer.status == 200
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None


def typed(name, value, wanted):
    """The value as it is kept: nothing of another type can be, and null cannot at all."""
    if isinstance(wanted, list):
        assert isinstance(value, list), (name, value)
        return [typed(name, one, wanted[0]) for one in value]
    if isinstance(wanted, dict):
        return state(value, wanted)
    assert type(value) is wanted, (name, value)
    return value


def state(item, schema, renamed={}):
    """What is kept of an answer: the members whose names, in the other spelling, the schema has."""
    kept = {}
    for name, value in item.items():
        name = renamed.get(name) or re.sub("(?<!^)([A-Z])", r"_\1", name).lower()
        if name in schema:
            kept[name] = typed(name, value, schema[name])
    return kept


def hump(name):
    return "".join(part.capitalize() for part in name.split("_"))


def listed(name, values):
    return {f"{name}.{at}": value for at, value in enumerate(values, 1)}


def plan(wanted, kept):
    """What would be changed: sets have no order."""
    flat = lambda value: sorted(value) if isinstance(value, list) and all(not isinstance(one, dict) for one in value) else value
    return {name: (kept.get(name), value) for name, value in wanted.items() if flat(kept.get(name)) != flat(value)}


class Configuration:
    def __init__(self, call, **wanted):
        self.call, self.wanted = call, {"scaling_configuration_name": "tf-scaling-config", "image_id": IMAGE} | wanted
        self.id = call("CreateScalingConfiguration", **self.request(self.wanted))["ScalingConfigurationId"]
        assert isinstance(self.id, str)

    @staticmethod
    def request(wanted):
        params = {}
        for name, value in wanted.items():
            match name:
                case "instance_type":
                    params |= listed("InstanceType", value.split(","))
                case "system_disk_type" | "system_disk_size":
                    params["SystemDisk." + hump(name.removeprefix("system_"))] = value
                case "data_disks":
                    for at, disk in enumerate(value, 1):
                        for part, one in disk.items():
                            params[f"DataDisk.{at}.{hump(part.removeprefix('disk_'))}"] = one
                case _:
                    params[hump(name)] = value
        return params

    def read(self):
        iam = {"service": "iam", "region": "cn-north-1", "version": "2015-11-01"}
        projects = self.call("GetAccountAllProjectList", **iam)["ListProjectResult"]["ProjectList"]
        ids = listed("ProjectId", [int(project["ProjectId"]) for project in projects])
        found = self.call("DescribeScalingConfiguration", **{"ScalingConfigurationId.1": self.id}, **ids)
        if not found["ScalingConfigurationSet"]:
            return None
        (item,) = found["ScalingConfigurationSet"]
        del item["InstanceType"]
        item["InstanceTypeSet"] = ",".join(typed("InstanceTypeSet", item["InstanceTypeSet"], [str]))
        if "DataDiskEbsDetail" in item:
            names = {"deleteWithInstance": "delete_with_instance", "size": "disk_size", "type": "disk_type"}
            disks = json.loads(item["DataDiskEbsDetail"])
            item["DataDiskEbsDetail"] = [{names[name]: value for name, value in disk.items()} for disk in disks]
        renamed = {"StorageSize": "data_disk_gb", "DataDiskEbsDetail": "data_disks", "InstanceTypeSet": "instance_type"}
        return state(item, CONFIG, renamed)

    def update(self, **changed):
        self.wanted |= changed
        self.call("ModifyScalingConfiguration", ScalingConfigurationId=self.id, **self.request(changed))

    def destroy(self):
        self.call("DeleteScalingConfiguration", **{"ScalingConfigurationId.1": self.id})


class Group:
    def __init__(self, call, config, **wanted):
        self.call = call
        self.wanted = {
            "scaling_group_name": "tf-scaling-group", "scaling_configuration_id": config.id, "min_size": 0, "max_size": 3,
            "desired_capacity": 0, "remove_policy": "RemoveOldestInstance", "subnet_strategy": "balanced-distribution",
            "subnet_id_set": SUBNETS, "security_group_id": SECURITY_GROUP, "status": "Active"} | wanted
        self.id = call("CreateScalingGroup", **self.request(self.wanted))["ReturnSet"]["ScalingGroupId"]
        assert isinstance(self.id, str)
        if self.wanted["status"] == "UnActive":
            call("DisableScalingGroup", ScalingGroupId=self.id)

    @staticmethod
    def request(wanted):
        params = {}
        for name, value in wanted.items():
            match name:
                case "subnet_id_set" | "security_group_id_set":
                    params |= listed(hump(name.removesuffix("_set")), value)
                case "slb_config_set":
                    for at, slb in enumerate(value, 1):
                        params |= {f"Slb.{at}.Id": slb["slb_id"], f"Slb.{at}.ListenerId": slb["listener_id"],
                                   f"Slb.{at}.Weight": slb["weight"], f"Slb.{at}.HealthCheckType": slb["health_check_type"]}
                        params |= listed(f"Slb.{at}.ServerPort", slb["server_port_set"])
                case _:
                    params[hump(name)] = value
        return params

    def read(self):
        found = self.call("DescribeScalingGroup", **{"ScalingGroupId.1": self.id})["ScalingGroupSet"]
        return state(found[0], GROUP) if found else None

    def update(self, **changed):
        """Balancers first, and always: those that did not change are not sent, so they go."""
        self.wanted |= changed
        params = self.request(changed)
        slbs = {name: params.pop(name) for name in list(params) if name.startswith("Slb.")}
        self.call("ModifyScalingLoadBalancers", ScalingGroupId=self.id, **slbs)
        match params.pop("Status", None):
            case "Active":
                self.call("EnableScalingGroup", ScalingGroupId=self.id)
            case "UnActive":
                self.call("DisableScalingGroup", ScalingGroupId=self.id)
        if params:
            self.call("ModifyScalingGroup", ScalingGroupId=self.id, **params)

    def destroy(self, server):
        self.call("ModifyScalingGroup", ScalingGroupId=self.id, DesiredCapacity=0, MinSize=0)
        retried(server, lambda: self.call("DeleteScalingGroup", **{"ScalingGroupId.1": self.id}), GROUP_GONE)


def retried(server, act, gone, tries=360):
    """Until it is done, or what is said means that it is gone already."""
    for _ in range(tries):
        try:
            return act()
        except Refused as refused:
            if refused.says(gone):
                raise AssertionError(f"taken for gone: {refused}") from None
            last = refused
            server.advance(10)
    raise AssertionError(f"tried in vain: {last}")


class Part:
    """What belongs to a group: its id is told together with the group's."""

    def __init__(self, call, group, **wanted):
        self.call, self.group, self.wanted = call, group, wanted
        self.made()

    def of(self, **params):
        return {"ScalingGroupId": self.group.id} | params


class Attached(Part):
    def made(self):
        self.ids = self.of(**{"ScalingInstanceId.1": self.wanted["scaling_instance_id"]})
        self.call("AttachInstance", **self.ids)
        if self.wanted["protected_from_detach"]:
            self.call("SetKvmProtectedDetach", **self.ids, ProtectedFromDetach=1)

    def read(self):
        found = self.call("DescribeScalingInstance", **self.ids)["ScalingInstanceSet"]
        renamed = {"InstanceId": "scaling_instance_id", "InstanceName": "scaling_instance_name",
                   "ProtectedFromScaleIn": "protected_from_detach"}
        return state(found[0], INSTANCE, renamed) if found else None

    def update(self, protected_from_detach):
        self.wanted["protected_from_detach"] = protected_from_detach
        self.call("SetKvmProtectedDetach", **self.ids, ProtectedFromDetach=protected_from_detach)

    def destroy(self):
        self.call("DetachInstance", **self.ids)


class Notified(Part):
    def made(self):
        params = self.of(**listed("NotificationType", self.wanted["scaling_notification_types"]))
        # One that is there would be taken over, and told of nothing.
        assert self.call("DescribeScalingNotification", **params)["ScalingNotificationSet"] == []
        self.id = self.call("CreateScalingNotification", **params)["ScalingNotificationId"]
        assert isinstance(self.id, str)

    def read(self):
        found = self.call("DescribeScalingNotification", **self.of(**{"ScalingNotificationId.1": self.id}))
        return state(found["ScalingNotificationSet"][0], NOTIFICATION) if found["ScalingNotificationSet"] else None

    def update(self, types):
        self.wanted["scaling_notification_types"] = types
        params = self.of(ScalingNotificationId=self.id, **listed("NotificationType", types))
        self.call("ModifyScalingNotification", **params)

    def destroy(self):
        self.call("ModifyScalingNotification", **self.of(ScalingNotificationId=self.id))


class Alarmed(Part):
    DEFAULT = {"scaling_policy_name": "tf-scaling-policy", "dimension_name": "cpu_usage", "comparison_operator": "Greater",
               "threshold": 50, "repeat_times": 3, "period": 60, "function": "avg",
               "adjustment_type": "QuantityChangeInCapacity", "adjustment_value": 1, "cool_down": 60}

    def made(self):
        self.wanted = self.DEFAULT | self.wanted
        created = self.call("CreateScalingPolicy", **self.of(**self.request(self.wanted)))
        self.id = created["ReturnSet"]["ScalingPolicyId"]
        assert isinstance(self.id, str)

    def request(self, wanted):
        """Of the alarm nothing or the whole of it."""
        params = {hump(name): value for name, value in wanted.items() if name not in METRIC}
        if METRIC.keys() & wanted.keys():
            names = {"comparison_operator": "comparisonOperator", "dimension_name": "dimensionName", "repeat_times": "repeatTimes"}
            metric = {names.get(name, name): self.wanted[name] for name in METRIC}
            params["Metric"] = json.dumps(metric, sort_keys=True, separators=(",", ":"))
        return params

    def read(self):
        found = self.call("DescribeScalingPolicy", **self.of(**{"ScalingPolicyId.1": self.id}))["ScalingPolicySet"]
        return state(found[0], POLICY) | state(found[0]["Metric"], POLICY) if found else None

    def update(self, **changed):
        self.wanted |= changed
        self.call("ModifyScalingPolicy", **self.of(ScalingPolicyId=self.id, **self.request(changed)))

    def destroy(self):
        self.call("DeleteScalingPolicy", **self.of(ScalingPolicyId=self.id))


class Scheduled(Part):
    DEFAULT = {"scaling_scheduled_task_name": "tf-scaling-scheduled_task", "readjust_max_size": 1, "readjust_min_size": 1,
               "readjust_expect_size": 1, "repeat_unit": "", "repeat_cycle": ""}

    def made(self):
        self.wanted = self.DEFAULT | self.wanted
        params = {hump(name): value for name, value in self.wanted.items() if value != ""}
        created = self.call("CreateScheduledTask", **self.of(**params))
        self.id = created["ReturnSet"]["ScalingScheduleTaskId"]
        assert isinstance(self.id, str)

    def read(self):
        params = self.of(**{"ScalingScheduledTaskId.1": self.id})
        found = self.call("DescribeScheduledTask", **params)["ScalingScheduleTaskSet"]
        return {"repeat_unit": "", "repeat_cycle": ""} | state(found[0], TASK) if found else None

    def update(self, **changed):
        """What is taken out goes as an empty value."""
        self.wanted |= changed
        params = {hump(name): value for name, value in changed.items()}
        self.call("ModifyScheduledTask", **self.of(ScalingScheduledTaskId=self.id, **params))

    def destroy(self):
        self.call("DeleteScheduledTask", **self.of(ScalingScheduledTaskId=self.id))


@pytest.fixture
def call(emulated):
    return Provider(emulated)


def unchanged(*resources):
    """A plan says that there is nothing to do."""
    for one in resources:
        kept = one.read()
        assert kept is not None, one
        assert plan({k: v for k, v in one.wanted.items() if k != "password"}, kept) == {}, one


def test_everything_is_made_read_changed_and_destroyed(emulated, call):
    config = Configuration(
        call, instance_type="N3.1B,S4.1A", password="Aa123456", system_disk_type="SSD3.0", system_disk_size=20, data_disk_gb=10,
        data_disks=[{"disk_type": "SSD3.0", "disk_size": 40, "delete_with_instance": True},
                    {"disk_type": "EHDD", "disk_size": 50, "delete_with_instance": False}],
        project_id=7, instance_name="web", instance_name_suffix="1", instance_name_time_suffix=True, user_data="ZWNobyBoaQ==",
        need_monitor_agent=1, need_security_agent=0, address_band_width=5, line_id="BGP", address_project_id=3)
    plain = Configuration(call, instance_type="I1.1A", keep_image_login=True)
    group = Group(call, config, desired_capacity=1, slb_config_set=[SLB, BESIDE])
    emulated.settle()
    mine = emulated.native("POST", "machines", {"subnet": SUBNETS[0]})["machine"]["uuid"]
    # Nothing is waited for between the two calls that make it.
    attached = Attached(call, group, scaling_instance_id=mine, protected_from_detach=1)
    unchanged(attached)
    emulated.settle()
    group.wanted["desired_capacity"] = 2
    notified = Notified(call, group, scaling_notification_types=["1", "3"])
    alarmed = Alarmed(call, group)
    once = Scheduled(call, group, start_time="2031-05-01 12:00:00", readjust_min_size=0)
    weekly = Scheduled(call, group, scaling_scheduled_task_name="weekly", start_time="2031-05-01 12:00:00",
                       end_time="2031-06-01 12:00:00", repeat_unit="Week", repeat_cycle="1,2,3")
    cron = Scheduled(call, group, scaling_scheduled_task_name="cron", start_time="2031-05-01 12:00:00",
                     end_time="2031-06-01 12:00:00", recurrence="* * * * 5")
    everything = [config, plain, group, attached, notified, alarmed, once, weekly, cron]
    unchanged(*everything)

    config.update(scaling_configuration_name="changed", instance_type="N3.1B", password="", need_security_agent=1,
                  system_disk_size=30, data_disks=[{"disk_type": "SSD3.0", "disk_size": 60, "delete_with_instance": False}])
    plain.update(keep_image_login=False, password="Aa123456", user_data="Zm9v")
    group.update(desired_capacity=3, remove_policy="RemoveNewestInstance", scaling_group_name="changed", max_size=4,
                 subnet_id_set=SUBNETS[:1], slb_config_set=[BESIDE | {"weight": 30, "server_port_set": [8080]}, SLB])
    attached.update(0)
    notified.update(["2", "5", "6"])
    alarmed.update(threshold=70, function="max", adjustment_value=-1)
    weekly.update(repeat_unit="", repeat_cycle="", scaling_scheduled_task_name="no longer")
    del weekly.wanted["end_time"]
    cron.update(recurrence="* * 1,15 * *", readjust_max_size=3)
    once.update(repeat_unit="Day", repeat_cycle="2", end_time="2031-06-01 12:00:00")
    emulated.settle()
    unchanged(*everything)
    group.update(status="UnActive", slb_config_set=group.wanted["slb_config_set"])
    unchanged(group)
    # What goes along unchanged is not sent, and so is unbound; the next plan binds it again.
    group.update(status="Active")
    assert list(plan(group.wanted, group.read())) == ["slb_config_set"]
    group.update(slb_config_set=[SLB])
    emulated.settle()
    unchanged(*everything)
    # Each of them one way and the other, in place and bound anew.
    for kinds in (("kec", "slb"), ("slb", "kec"), ("kec", "kec"), ("slb", "slb"), ("kec", "slb")):
        slbs = [slb | {"health_check_type": kind} for slb, kind in zip((SLB, BESIDE), kinds, strict=True)]
        group.update(slb_config_set=slbs)
        emulated.settle()
        unchanged(group)
        group.update(max_size=5)
        group.update(slb_config_set=slbs)
        emulated.settle()
        unchanged(group)

    # A machine of the group is in the way of nothing; the configuration is, until its group is gone.
    with pytest.raises(Refused) as used:
        config.destroy()
    assert not used.value.says(GONE)
    for one in (notified, alarmed, once, weekly, cron, attached):
        one.destroy()
    for one in (alarmed, once, weekly, cron):
        assert one.read() is None
    # Once more: what is not there is gone.
    for one in (alarmed, once, attached):
        emulated.settle()
        with pytest.raises(Refused) as gone:
            one.destroy()
        assert gone.value.says(GONE)
    assert attached.read() is None
    Notified(call, group, scaling_notification_types=["4"]).destroy()
    group.destroy(emulated)
    assert group.read() is None
    for one in (config, plain):
        one.destroy()
        assert one.read() is None
        with pytest.raises(Refused) as gone:
            one.destroy()
        assert gone.value.says(GONE)
    assert mine in {machine["uuid"] for machine in emulated.machines()}


@pytest.mark.parametrize("status", ["Active", "UnActive"])
def test_a_group_is_destroyed_at_once_in_any_status(emulated, call, status):
    config = Configuration(call, instance_type="I1.1A")
    group = Group(call, config, desired_capacity=2)
    emulated.settle()
    if status == "UnActive":
        group.update(status=status)
    mine = emulated.native("POST", "machines", {"subnet": SUBNETS[0]})["machine"]["uuid"]
    if status == "Active":
        attached = Attached(call, group, scaling_instance_id=mine, protected_from_detach=1)
        retried(emulated, attached.destroy, GONE)
    emulated.faults({"op": "terminate", "effect": "slow", "latency_secs": 25})
    group.destroy(emulated)
    assert group.read() is None
    retried(emulated, config.destroy, GONE)
    assert [machine["uuid"] for machine in emulated.machines()] == [mine]


def test_a_group_that_is_made_disabled_makes_nothing(emulated, call):
    group = Group(call, Configuration(call, instance_type="I1.1A"), desired_capacity=1, status="UnActive")
    emulated.settle()
    unchanged(group)
    assert group.read()["instance_num"] == 0
    group.update(status="Active")
    emulated.settle()
    assert group.read()["instance_num"] == 1


def pages(call, action, members, **params):
    """A data source: pages of ten, the first one's first element is 1."""
    found, offset = [], 1
    while True:
        page = call(action, **params, MaxResults=10, Marker=offset)[members]
        found += page
        if len(page) < 10:
            return found
        offset += 10


def test_the_data_sources_lose_nothing(emulated, call):
    config = Configuration(call, instance_type="I1.1A")
    groups = [Group(call, config, scaling_group_name=f"g{at:02}") for at in range(21)]
    found = pages(call, "DescribeScalingGroup", "ScalingGroupSet")
    assert [one["ScalingGroupId"] for one in found] == [one.id for one in groups]
    of_config = pages(call, "DescribeScalingGroup", "ScalingGroupSet", ScalingConfigurationId=config.id)
    assert len(of_config) == 21
    only = pages(call, "DescribeScalingGroup", "ScalingGroupSet", **{"ScalingGroupId.1": groups[3].id})
    assert [state(one, GROUP) for one in only] == [groups[3].read()]
    group = groups[0]
    group.update(max_size=12, desired_capacity=12)
    emulated.settle()
    of = {"ScalingGroupId": group.id}
    assert len(pages(call, "DescribeScalingInstance", "ScalingInstanceSet", **of)) == 12
    assert len(pages(call, "DescribeScalingActivity", "ScalingActivitySet", **of)) == 1
    policies = [Alarmed(call, group, scaling_policy_name=f"p{at}").id for at in range(11)]
    assert [one["ScalingPolicyId"] for one in pages(call, "DescribeScalingPolicy", "ScalingPolicySet", **of)] == policies
    Scheduled(call, group, start_time="2031-05-01 12:00:00")
    assert len(pages(call, "DescribeScheduledTask", "ScalingScheduleTaskSet", **of)) == 1
    assert len(pages(call, "DescribeScalingConfiguration", "ScalingConfigurationSet")) == 1
    Notified(call, group, scaling_notification_types=["1"])
    assert len(pages(call, "DescribeScalingNotification", "ScalingNotificationSet", **of)) == 1
