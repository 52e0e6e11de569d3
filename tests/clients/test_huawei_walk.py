"""Every request of Huawei Cloud Auto Scaling, field by field as it is documented: the ends of each range are taken and shown
again, what is just beyond is refused with the documented code and changes nothing, what has to be there is asked for, and what
is not given has its default. The cases are made from the facts that were read of the documents; what none is made for is
listed here with why."""

import copy
import json
import urllib.parse

import huawei_walk as walk
import pytest
from conftest import Server
from huawei_walk import DISK, ENDPOINTS, GONE, NOBODY, URN, WRONG, Place, at, bad, fields, has, kind, put, said

WALKED = [op for op, facts in ENDPOINTS.items() if facts.get("body")]
# They leave nothing that could be shown.
UNSHOWN = [
    "CallbackInstanceLifeCycleHook", "BatchInstancesAction", "BatchDeleteScalingConfigs", "BatchDeleteScalingPolicies",
    "ExecuteResumeOrPauseScalingPolicy", "ListResourceInstances", "ResumeOrPauseScalingGroup",
]
SHOWN = [op for op in WALKED if op not in UNSHOWN]

# Fields that no body here has, with why.
UNREACHED = {
    ("IntervalAlarmActionsV2", "percentage"): "only bandwidths have steps, and they are changed by `size` alone",
}
# Required by a document, and not here.
OPTIONAL = {
    ("CreateScalingGroupOption", "scaling_configuration_id"): "later documents, and the quick start, leave it out",
    ("LbaasListeners", "weight"): "seed 003: 1 if it is not given",
    ("InstanceConfig", "key_name"): "AS.1026: one logs in with a password as well",
}
# Taken and not shown again, or not as it was given.
NOT_SHOWN = {
    "instance_config.instance_id": "reserved in answers (L1455)",
    "instance_config.metadata.admin_pass": "a password is never shown",
    "source_scaling_configuration_id": "no answer has it",
    "action": "what is to be done is nothing that stays",
}
# Bounds of which a later document says something else.
OTHERWISE = {("InstanceConfig", "tags"): ("max_items", 20, "the SDK says 20")}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("walk") / "data", "--emulate")
    yield Place(one)
    one.close()


class Walk:
    """One operation: bodies that together have every field, what they are sent to, and what shows them."""

    def __init__(self, place, op):
        self.place, self.op, self.struct = place, op, ENDPOINTS[op]["body"].removeprefix("ref:")
        self.ids, self.prepare, self.undo, self.show = [{}], lambda: None, lambda answer: None, None
        self.bodies = getattr(self, op)(place)

    def _made(self, gone, shows, key, name=None):
        """Something that is made, shown by another operation, and deleted again."""
        name = name or key
        self.undo = lambda answer: self.place.good(gone, **{name: answer[key]})
        self.show = lambda answer, ids: shows(answer[key])

    def _one(self, op, member, name):
        return lambda id: self.place.good(op, **{name: id})[member]

    def CreateScalingGroup(self, place):
        self._made("DeleteScalingGroup", self._one("ShowScalingGroup", "scaling_group", "scaling_group_id"), "scaling_group_id")
        return walk.group_bodies(place)

    def UpdateScalingGroup(self, place):
        self.show = lambda answer, ids: place.good("ShowScalingGroup")["scaling_group"]
        # One kind of listener gives way to the other.
        self.prepare = lambda: place.good(self.op, {"lb_listener_id": "", "lbaas_listeners": [],
                                                    "health_periodic_audit_method": "NOVA_AUDIT"})
        return walk.changed_group_bodies(place)

    def ResumeOrPauseScalingGroup(self, place):
        self.ids = [{"scaling_group_id": place.busy}]
        return [{"action": "resume"}]

    def CreateScalingConfig(self, place):
        show = self._one("ShowScalingConfig", "scaling_configuration", "scaling_configuration_id")
        self._made("DeleteScalingConfig", show, "scaling_configuration_id")
        return walk.config_bodies(place)

    def UpdateScalingConfig(self, place):
        self.ids = [{"scaling_configuration_id": place.spare}]
        self.show = lambda answer, ids: place.good("ShowScalingConfig", **ids)["scaling_configuration"]
        return [{"instance_config": {"imageRef": "i2"}}]

    def BatchDeleteScalingConfigs(self, place):
        return [{"scaling_configuration_id": [NOBODY]}]

    def BatchInstancesAction(self, place):
        self.ids = [{"scaling_group_id": place.busy}]
        one = {"instances_id": place.members[:1], "action": "PROTECT"}
        leave = one | {"action": "REMOVE", "instances_id": [NOBODY], "instance_delete": "no"}
        return [one, leave, leave | {"action": "ENTER_STANDBY", "instance_append": "no"}]

    def CreateScalingPolicy(self, place):
        show = self._one("ShowScalingPolicy", "scaling_policy", "scaling_policy_id")
        self._made("DeleteScalingPolicy", show, "scaling_policy_id")
        return walk.policy_bodies(place)

    def UpdateScalingPolicy(self, place):
        made = [place.good("CreateScalingPolicy", body) for body in walk.policy_bodies(place)]
        self.ids = made
        self.show = lambda answer, ids: place.good("ShowScalingPolicy", **ids)["scaling_policy"]
        return walk.without(walk.policy_bodies(place), "scaling_group_id")

    def ExecuteResumeOrPauseScalingPolicy(self, place):
        self.ids = [place.good("CreateScalingPolicy", walk.policy_bodies(place)[0])]
        return [{"action": "resume"}]

    def BatchDeleteScalingPolicies(self, place):
        return [{"scaling_policy_id": [NOBODY], "force_delete": "no", "action": "delete", "delete_alarm": "no"}]

    def CreateScalingNotification(self, place):
        self.show = lambda answer, ids: answer
        self.undo = lambda answer: place.good(
            "DeleteScalingNotification", topic_urn=urllib.parse.quote(answer["topic_urn"], safe=""))
        return [{"topic_urn": URN, "topic_scene": ["SCALING_UP"]}]

    def CreateLifeCycleHook(self, place):
        self._made("DeleteLifecycleHook", lambda name: place.good("ShowLifeCycleHook", lifecycle_hook_name=name),
                   "lifecycle_hook_name")
        return walk.hook_bodies(place)

    def UpdateLifeCycleHook(self, place):
        self.ids = [{"lifecycle_hook_name": "old"}]
        if place.call("ShowLifeCycleHook", **self.ids[0])[0] != 200:
            place.good("CreateLifeCycleHook", walk.hook_bodies(place)[0] | self.ids[0])
        self.show = lambda answer, ids: place.good("ShowLifeCycleHook", **ids)
        return walk.without(walk.hook_bodies(place), "lifecycle_hook_name")

    def CallbackInstanceLifeCycleHook(self, place):
        by_key = {"lifecycle_action_key": NOBODY, "lifecycle_action_result": "CONTINUE"}
        by_name = {"instance_id": place.members[0], "lifecycle_hook_name": "h", "lifecycle_action_result": "CONTINUE"}
        return [by_key, by_name]

    def CreateOrDeleteScalingTagInfo(self, place):
        self.show = lambda answer, ids: place.good("ListScalingTagInfosByResourceId")
        self.prepare = self._no_tags
        return [{"tags": [{"key": "k", "value": "v"}], "action": "create"}]

    def _no_tags(self):
        tags = self.place.good("ListScalingTagInfosByResourceId")["tags"]
        if tags:
            self.place.good(self.op, {"tags": tags, "action": "delete"})

    def ListResourceInstances(self, place):
        return walk.search_bodies(place)

    def CreateScalingV2Policy(self, place):
        show = self._one("ShowScalingV2Policy", "scaling_policy", "scaling_policy_id")
        self._made("DeleteScalingPolicy", show, "scaling_policy_id")
        return walk.v2_bodies(place)

    def UpdateScalingV2Policy(self, place):
        self.ids = [place.good("CreateScalingV2Policy", body) for body in walk.v2_bodies(place)]
        self.show = lambda answer, ids: place.good("ShowScalingV2Policy", **ids)["scaling_policy"]
        return walk.v2_bodies(place)

    def CreateGroupScheduledTask(self, place):
        def show(id):
            return next(one for one in place.good("ListGroupScheduledTasks")["scheduled_tasks"] if one["task_id"] == id)

        self._made("DeleteGroupScheduledTask", show, "task_id", "scheduled_task_id")
        return walk.task_bodies(place)

    def UpdateGroupScheduledTask(self, place):
        made = place.good("CreateGroupScheduledTask", walk.task_bodies(place)[0])["task_id"]
        self.ids = [{"scheduled_task_id": made}]
        self.show = lambda answer, ids: next(
            one for one in place.good("ListGroupScheduledTasks")["scheduled_tasks"] if one["task_id"] == made)
        return walk.task_bodies(place)

    def PutWarmPool(self, place):
        self.show = lambda answer, ids: place.good("ShowWarmPool")["warm_pool"]
        return [{"min_capacity": 0, "max_capacity": 0, "instance_init_wait_time": 60}]

    PutWarmPoolNew = PutWarmPool

    def fields(self):
        """Every field with the first body that has it and what that is sent to."""
        for path, struct, facts in fields(self.struct):
            found = [n for n, body in enumerate(self.bodies) if has(body, path)]
            assert found or (struct, path[-1]) in UNREACHED, (self.op, path)
            if found:
                yield path, struct, facts, self.bodies[found[0]], self.ids[min(found[0], len(self.ids) - 1)]

    def refusals(self, body, ids, code, *names):
        """What is wrong with how a body is refused, if anything."""
        status, answer = self.place.call(self.op, body, **ids)
        if status < 300:
            self.undo(answer)
            return [("taken", body)]
        error = answer.get("error", {})
        if (status, error.get("code")) != (400, code):
            return [(f"{status} {error.get('code')} instead of {code}", error.get("message"))]
        return [(f"{name} is not named", error["message"]) for name in names if name not in error["message"]]

    def takes(self, body, ids, path=None, value=None):
        """What is wrong with how a body is taken and shown, if anything."""
        self.prepare()
        status, answer = self.place.call(self.op, body, **ids)
        if status != ENDPOINTS[self.op]["success"]["status"]:
            return [(f"{said(path or ())} {json.dumps(value)[:60]}: {status}", answer)]
        shown = self.show(answer, ids) if self.show else None
        self.undo(answer)
        if path is None or shown is None or said(path) in NOT_SHOWN:
            return []
        got = at(shown, path) if has(shown, path) else "nothing"
        return [] if got == value else [(f"{said(path)}: {json.dumps(value)[:60]} is shown as", got)]


@pytest.fixture(params=WALKED)
def walked(place, request):
    return Walk(place, request.param)


def nothing_else(place, before, wrong):
    after = place.state()
    changed = [op for op in before if before[op] != after[op]]
    return wrong + ([("something changed", changed)] if changed else [])


def test_what_is_left_out_is_there():
    """No entry of a list of exceptions is about a field that is not."""
    known = {(struct, path[-1]) for op in WALKED
             for path, struct, _ in fields(ENDPOINTS[op]["body"].removeprefix("ref:"))}
    for name in (UNREACHED, OPTIONAL, walk.MISSING, walk.BAD_IN, walk.LONG_IN):
        assert set(name) <= known, set(name) - known
    names = {name for _, name in known}
    assert set(walk.BAD) <= names and set(walk.LONG) <= names
    required = {(struct, path[-1]) for op in WALKED
                for path, struct, facts in fields(ENDPOINTS[op]["body"].removeprefix("ref:")) if facts.get("required")}
    assert required - set(walk.MISSING) == set(OPTIONAL)


def test_a_wrong_type_is_refused(walked):
    before, wrong = walked.place.state(), []
    for path, struct, facts, body, ids in walked.fields():
        what, inner = kind(facts)
        code, values = bad(struct, path[-1]), list(WRONG[what])
        if what == "array":
            values += [[None], [[]], [5] if inner else [{}]]
        for value in values:
            found = walked.refusals(put(body, path, value), ids, code, path[-1])
            wrong += [(said(path), value, *one) for one in found]
    assert nothing_else(walked.place, before, wrong) == []


def test_a_field_that_nobody_documents_is_refused(walked):
    before, wrong = walked.place.state(), []
    wrong += walked.refusals(walked.bodies[0] | {"no_such_field": 1}, walked.ids[0], "AS.0022", "no_such_field")
    for path, struct, facts, body, ids in walked.fields():
        what, inner = kind(facts)
        # Metadata has names of its own.
        if inner and not inner.endswith("MetaData"):
            here = (*path, 0, "no_such_field") if what == "array" else (*path, "no_such_field")
            wrong += walked.refusals(put(body, here, 1), ids, "AS.0022", "no_such_field")
    assert nothing_else(walked.place, before, wrong) == []


def test_what_has_to_be_there_is_asked_for(walked):
    before, wrong = walked.place.state(), []
    for path, struct, facts, body, ids in walked.fields():
        code = walk.MISSING.get((struct, path[-1]))
        if walked.op.startswith("UpdateScaling") and "Policy" in walked.op and struct == "ScheduledPolicy":
            # What of the times is not given stays.
            code = None
        if code:
            for value in (GONE, None):
                found = walked.refusals(put(body, path, value), ids, code, path[-1])
                wrong += [(said(path), value, *one) for one in found]
    assert nothing_else(walked.place, before, wrong) == []


# One entry of a list, and another.
ENTRIES = {
    "networks": lambda n: {"id": f"n{n}"},
    "lbaas_listeners": lambda n: {"pool_id": f"p{n}", "protocol_port": 80, "weight": 1},
    "security_groups": lambda n: {"id": f"s{n}"},
    "tags": lambda n: {"key": f"k{n}", "value": "v"},
    "disk": lambda n: DISK if n == 0 else DISK | {"disk_type": "DATA"},
    "personality": lambda n: {"path": f"/{n}", "content": "aGk="},
    "instances_id": lambda n: f"{n:08}-0000-4000-8000-000000000000",
    "scaling_configuration_id": lambda n: f"{n:08}-0000-4000-8000-000000000000",
    "scaling_policy_id": lambda n: f"{n:08}-0000-4000-8000-000000000000",
}
SEARCHED = ("tags", "tags_any", "not_tags", "not_tags_any")
# Operations of which nothing comes but that a list is too long, or that nobody is there.
NOBODY_THERE = {
    "BatchDeleteScalingConfigs": ["AS.1038"],
    "BatchDeleteScalingPolicies": ["AS.3045", "AS.3046", "AS.3047"],
    "BatchInstancesAction": ["AS.4029", "AS.4030", "AS.4033", "AS.2035"],
    "CallbackInstanceLifeCycleHook": ["AS.7042"],
}


def entries(op, name, count):
    if op == "ListResourceInstances" and name in SEARCHED:
        return [{"key": f"k{n}", "values": []} for n in range(count)]
    return [ENTRIES[name](n) for n in range(count)]


def bounds(op, struct, path, facts, body):
    """Bodies that are right at a bound with what is shown then, and those that are just beyond with their codes."""
    name, (what, inner) = path[-1], kind(facts)
    right, beyond = [], []

    def good(value, within=body):
        right.append((put(within, path, value), value))

    def over(value, code, within=body):
        beyond.append((put(within, path, value), code))

    ranges = facts.get("range")
    if isinstance(ranges, list) and what == "integer":
        least, most = ranges
        top = bad(struct, name) if name != "max_instance_number" else walk.LONG[name]
        within = body
        if name == "max_instance_number":
            within = body | {"min_instance_number": 0, "desire_instance_number": 0}
        if name == "size" and struct == "ScalingPolicyActionV2":
            # 0 is for SET only.
            within = put(body, (*path[:-1], "operation"), "SET")
        if name == "percentage":
            within = put(body, (*path[:-1], "operation"), "SET")
        for value in (least, most):
            good(value, within)
        over(least - 1, bad(struct, name), within)
        over(most + 1, top, within)
    if isinstance(ranges, dict):
        beside = (*path[:-1], "disk_type" if struct == "DiskInfo" else "operation")
        for words, (least, most) in ranges.items():
            for word in words.split("/"):
                within = put(body, beside, word)
                if word == "SYS":
                    within = put(body, path[:-2], [copy.deepcopy(DISK)])
                for value in (least, most):
                    good(value, within)
                over(least - 1, bad(struct, name), within)
                over(most + 1, bad(struct, name), within)
    words = facts.get("enum", []) + facts.get("enum_sdk_extra", [])
    if words and what == "array":
        for word in words:
            good([word])
        good(words)
        over(["NONE"], bad(struct, name))
    elif words and what == "string":
        over("NONE", bad(struct, name))
        if name != "protocol_version":
            over(words[0].swapcase(), bad(struct, name)) if words[0].swapcase() != words[0] else None
    elif words:
        for word in words:
            good(word)
        over(max(words) + 1, bad(struct, name))
        over(-1, bad(struct, name))
    if facts.get("max_len") and what == "string":
        longest = facts["max_len"]
        if name == "admin_pass":
            for length in (facts["min_len"], longest):
                good("aB1" + "x" * (length - 3))
            over("aB1" + "x" * (facts["min_len"] - 4), bad(struct, name))
            over("aB1" + "x" * (longest - 2), bad(struct, name))
        else:
            good("n" * longest)
            over("n" * (longest + 1), walk.long(struct, name))
            if name in ("description", "notification_metadata"):
                good("组" * longest)
    if facts.get("charset"):
        for value in ("A", "Z-a_9", "组") if "Chinese" in facts["charset"] else ("A", "Z-a_9"):
            good(value)
        for value in ("a b", "a/b", "a.b", "a\n", "é", "！") + (() if "Chinese" in facts["charset"] else ("组",)):
            over(value, bad(struct, name))
    most = facts.get("max_items")
    if (struct, name) in OTHERWISE:
        most = OTHERWISE[struct, name][1]
    if most:
        beyond.append((put(body, path, entries(op, name, most + 1)), walk.long(struct, name)))
        right.append((put(body, path, entries(op, name, most)), None))
    if facts.get("max_ids"):
        ids = [f"i{n}" for n in range(facts["max_ids"] + 1)]
        over(",".join(ids), walk.long(struct, name))
        good(",".join(ids[:-1]))
    return right, beyond


def test_the_ends_of_ranges_are_taken_and_what_is_beyond_is_not(walked):
    wrong = []
    for path, struct, facts, body, ids in walked.fields():
        right, beyond = bounds(walked.op, struct, path, facts, body)
        before = walked.place.state()
        for one, code in beyond:
            wrong += [(said(path), *found) for found in walked.refusals(one, ids, code)]
        wrong = nothing_else(walked.place, before, wrong)
        for one, value in right:
            if walked.op in NOBODY_THERE:
                # There are not so many, but they are not too many; or there is nobody.
                status, answer = walked.place.call(walked.op, one, **ids)
                if status != 204 and answer["error"]["code"] not in NOBODY_THERE[walked.op]:
                    wrong.append((said(path), value, answer))
            elif value is None:
                wrong += walked.takes(one, ids)
            else:
                wrong += walked.takes(one, ids, path, value)
        # As it was.
        if walked.op.startswith(("Update", "Put")):
            wrong += walked.takes(body, ids)
    assert wrong == []


@pytest.mark.parametrize("walked", SHOWN, indirect=True)
def test_what_is_given_is_shown_again(walked):
    """Every field of every body, in the place where it was given."""
    assert walked.show
    wrong = []
    for path, struct, facts, body, ids in walked.fields():
        what, inner = kind(facts)
        if not inner:
            wrong += walked.takes(body, ids, path, at(body, path))
    assert wrong == []


def default_of(struct, name, facts):
    """What is shown of a field that is not given."""
    special = {
        "desire_instance_number": 1,
        "max_instance_number": 1,
        "health_periodic_audit_method": "ELB_AUDIT",
    }
    return special.get(name, facts["default"])


# Defaults that no answer shows.
UNSEEN = {
    "start_time": "it is the time of the request",
    "limit": "answers of a search have no limit",
    "offset": "as limit",
    "instance_delete": "what is to be done is nothing that stays",
    "instance_append": "as instance_delete",
    "force_delete": "as instance_delete",
    "delete_alarm": "as instance_delete",
}


@pytest.mark.parametrize("walked", [op for op in WALKED if not op.startswith(("Update", "Put"))], indirect=True)
def test_what_is_not_given_has_its_default(walked):
    wrong = []
    for path, struct, facts, body, ids in walked.fields():
        if "default" not in facts or path[-1] in UNSEEN:
            continue
        within = put(body, path, GONE)
        if path[-1] == "max_instance_number":
            within = walk.without([within], "desire_instance_number", "min_instance_number")[0]
        if path[-1] == "ipv6_enable":
            within = put(within, (*path[:-1], "ipv6_bandwidth"), GONE)
        for one in (within, put(within, path, None)):
            wrong += walked.takes(one, ids, path, default_of(struct, path[-1], facts))
    assert wrong == []


@pytest.mark.parametrize("walked", [op for op in SHOWN if op.startswith("Update")], indirect=True)
def test_what_of_a_change_is_not_given_stays(walked):
    # Clients send the whole of a list or of the times of a task; of a configuration only the image is changed.
    whole = ("UpdateGroupScheduledTask", "UpdateScalingConfig")
    wrong = []
    for n, body in enumerate(walked.bodies):
        ids = walked.ids[min(n, len(walked.ids) - 1)]
        wrong += walked.takes(body, ids)
        shown = walked.show(None, ids)
        for name, value in body.items():
            if walked.op in whole:
                continue
            walked.place.good(walked.op, {name: value}, **ids)
            after = walked.show(None, ids)
            if after != shown:
                wrong.append((name, value, shown, after))
    assert wrong == []


# Texts that are only passed on, with the codes of one that is too long or has a blank in it.
PASSED_ON = {
    "CreateScalingGroup": {
        "scaling_configuration_id": "AS.1004", "vpc_id": "AS.2012", "networks.[].id": "AS.2013",
        "networks.[].ipv6_bandwidth.id": "AS.2013", "networks.[].allowed_address_pairs.[].ip_address": "AS.2013",
        "security_groups.[].id": "AS.2014", "lb_listener_id": "AS.2015", "lbaas_listeners.[].pool_id": "AS.2042",
        "enterprise_project_id": "AS.7065", "iam_agency_name": "AS.0022",
    },
    "CreateScalingConfig": {
        "instance_config.imageRef": "AS.1075", "instance_config.flavorRef": "AS.1016", "instance_config.key_name": "AS.1050",
        "instance_config.disk.[].dedicated_storage_id": "AS.0022", "instance_config.disk.[].data_disk_image_id": "AS.0022",
        "instance_config.disk.[].snapshot_id": "AS.1066", "instance_config.disk.[].metadata.__system__cmkid": "AS.0022",
        "instance_config.security_groups.[].id": "AS.2014", "instance_config.server_group_id": "AS.0022",
        "instance_config.tenancy": "AS.0022", "instance_config.dedicated_host_id": "AS.0022",
        "instance_config.market_type": "AS.0022", "instance_config.public_ip.eip.bandwidth.id": "AS.1045",
    },
    "CreateScalingV2Policy": {"alarm_id": "AS.3050"},
    "CreateScalingNotification": {"topic_urn": "AS.7025"},
    "CreateLifeCycleHook": {"notification_topic_urn": "AS.7043"},
}


@pytest.mark.parametrize("op", PASSED_ON)
def test_a_text_that_is_only_passed_on_is_bounded(place, op):
    walked, left = Walk(place, op), dict(PASSED_ON[op])
    before, wrong = place.state(), []
    for path, struct, facts, body, ids in walked.fields():
        code = left.pop(said(path), None)
        if code:
            for value in ("n" * 5000, "a b"):
                found = walked.refusals(put(body, path, value), ids, code, path[-1])
                wrong += [(said(path), *one) for one in found]
    assert nothing_else(place, before, wrong) == [] and not left


def test_numbers_beside_an_enumeration(place):
    """Bounds that the facts say in words."""
    walked = Walk(place, "CreateScalingConfig")
    shared = ("instance_config", "public_ip", "eip", "bandwidth", "size")
    threads = ("instance_config", "cpu_options", "hw_cpu_threads")
    wrong = []
    for path, good, beyond, code in (
        (threads, (1, 2), (0, 3), "AS.0022"),
        (shared, (1, 2000), (0, -5, 2001), "AS.1042"),
        (("instance_config", "public_ip", "eip", "bandwidth", "size"), (300, 350, 1000), (301, 349, 1050), "AS.1042"),
    ):
        body = next(one for one in walked.bodies if has(one, path))
        if good[-1] == 2000:
            body = walked.bodies[4]
        for value in good:
            wrong += walked.takes(put(body, path, value), {}, path, value)
        for value in beyond:
            wrong += walked.refusals(put(body, path, value), {}, code, str(value))
    assert wrong == []
