//! Tours of Cloud Eye: alarm rules of both generations, the values that they judge, and the policies that they fire.

use http::Method;
use serde_json::{Value, json};

use crate::tour::{Tour, id, masked, tour};

const V1: &str = "/V1.0/{p}";
const V2: &str = "/v2/{p}";

/// A topic that rules tell, without a word; its urn.
async fn topic(tour: &mut Tour) -> String {
    let path = "/v2/{p}/notifications/topics";
    let body = Some(json!({ "name": "ops" }));
    let made = tour.quietly(Method::POST, path, body).await;
    id(&made["topic_urn"])
}

fn metric(group: &str) -> Value {
    json!({
        "namespace": "SYS.AS", "metric_name": "cpu_util",
        "dimensions": [{ "name": "AutoScalingGroup", "value": group }],
    })
}

/// A value by each of its statistics, in both ways to ask for one.
async fn values(tour: &mut Tour, group: &str) {
    // Moments that nothing else has.
    let (from, to) = (tour.now() - 3_600_000, tour.now() + 1000);
    tour.name(&from.to_string(), "an hour ago");
    tour.name(&to.to_string(), "in a second");
    for filter in ["average", "max", "min", "sum", "variance"] {
        let asked = format!(
            "namespace=SYS.AS&metric_name=cpu_util&dim.0=AutoScalingGroup,{group}&filter={filter}&period=300\
             &from={from}&to={to}"
        );
        tour.get(&format!("{V1}/metric-data?{asked}")).await;
    }
    let body = json!({
        "metrics": [metric(group)], "period": "300", "filter": "average", "from": from, "to": to,
    });
    tour.post(&format!("{V1}/batch-query-metric-data"), body)
        .await;
    tour.get(&format!(
        "{V1}/metrics?namespace=SYS.AS&dim.0=AutoScalingGroup,{group}&limit=2&order=asc"
    ))
    .await;
}

/// All is well, then it is not, then it is again.
async fn ok_alarm_ok(tour: &mut Tour, group: &str, shown: &str) {
    tour.next_period().await;
    for value in [50.0, 95.0, 40.0] {
        tour.push(group, value).await;
        tour.next_period().await;
        tour.note("the period is over");
        tour.get(shown).await;
        tour.size(group).await;
        tour.told().await;
    }
}

#[tokio::test]
async fn of_the_first_generation() {
    let mut tour = tour().await;
    let (group, urn) = (tour.group().await, topic(&mut tour).await);
    let told = json!([{ "type": "notification", "notificationList": [urn] }]);
    let body = json!({
        "alarm_name": "busy", "alarm_description": "too much to do", "metric": metric(&group),
        "condition": { "comparison_operator": ">=", "count": 1, "filter": "average", "period": 300, "unit": "%",
                       "value": 80.5, "suppress_duration": 300 },
        "alarm_enabled": true, "alarm_action_enabled": true, "alarm_level": 1, "alarm_type": "MULTI_INSTANCE",
        "alarm_actions": told, "ok_actions": told, "insufficientdata_actions": told,
        "enterprise_project_id": "0", "alarm_action_begin_time": "00:00", "alarm_action_end_time": "23:59",
    });
    let alarms = format!("{V1}/alarms");
    let made = tour.post(&alarms, body).await;
    let rule = id(&made["alarm_id"]);
    tour.name(&rule, "rule");
    let one = format!("{alarms}/{rule}");
    tour.get(&one).await;
    tour.note("a policy of the group names the rule: it has the action for that");
    tour.policy(&group, &rule).await;
    tour.get(&one).await;

    ok_alarm_ok(&mut tour, &group, &one).await;
    values(&mut tour, &group).await;

    let small = json!({
        "alarm_name": "idle", "metric": metric(&group),
        "condition": { "comparison_operator": "<", "count": 3, "filter": "max", "period": 1200, "value": 20 },
    });
    let made = tour.post(&alarms, small).await;
    let other = id(&made["alarm_id"]);
    tour.name(&other, "other rule");
    tour.get(&format!("{alarms}?limit=1")).await;
    tour.get(&format!("{alarms}?limit=1&start={other}&order=desc"))
        .await;
    let body = json!({
        "alarm_name": "busier", "alarm_level": 3, "alarm_actions": [told], "ok_actions": [],
        "condition": { "comparison_operator": ">", "count": 2, "filter": "max", "period": 300, "unit": "%", "value": 90 },
    });
    tour.put(&one, body).await;
    tour.put(&format!("{one}/action"), json!({ "alarm_enabled": false }))
        .await;
    tour.get(&one).await;
    tour.delete(&one).await;

    tour.note("what is refused");
    tour.get(&one).await;
    tour.delete(&one).await;
    tour.put(&format!("{one}/action"), json!({ "alarm_enabled": true }))
        .await;
    tour.put(&format!("{alarms}/{other}/action"), json!({}))
        .await;
    tour.post(&alarms, json!({ "alarm_name": "a b" })).await;
    let seven =
        json!({ "comparison_operator": ">", "count": 1, "filter": "max", "period": 7, "value": 1 });
    let body = json!({ "alarm_name": "a", "metric": metric(&group), "condition": seven });
    tour.post(&alarms, body).await;
    tour.get(&format!("{alarms}?limit=101")).await;
    tour.get(&format!("{V1}/metric-data?namespace=SYS.AS"))
        .await;
    tour.post(&format!("{V1}/metric-data"), json!([])).await;
    let late = json!({ "metric": metric(&group), "ttl": 3600, "collect_time": 1_000_000_000_000_i64, "value": 1 });
    tour.post(&format!("{V1}/metric-data"), json!([late])).await;
    assert_eq!(tour.documented.left("ces", "/V1.0"), Vec::<&str>::new());
    masked().bind(|| insta::assert_snapshot!("of_the_first_generation", tour.golden()));
}

/// What is said of a rule of the second generation, with every member that means something here.
fn rule_of(group: &str, told: &Value) -> Value {
    json!({
        "name": "busy", "description": "too much to do", "namespace": "SYS.AS", "type": "MULTI_INSTANCE",
        "resources": [[{ "name": "AutoScalingGroup", "value": group }]],
        "policies": [{
            "metric_name": "cpu_util", "period": 300, "filter": "average", "comparison_operator": ">=", "value": 80.5,
            "unit": "%", "count": 1, "suppress_duration": 300, "level": 1, "namespace": "SYS.AS",
            "dimension_name": "AutoScalingGroup",
        }],
        "alarm_notifications": told, "ok_notifications": told, "notification_enabled": true, "enabled": true,
        "notification_begin_time": "00:00", "notification_end_time": "23:59", "effective_timezone": "GMT+08:00",
        "enterprise_project_id": "0", "product_name": "AS", "resource_level": "dimension",
        "tags": [{ "key": "team", "value": "a" }],
    })
}

#[tokio::test]
async fn of_the_second_generation() {
    let mut tour = tour().await;
    let (group, urn) = (tour.group().await, topic(&mut tour).await);
    let told = json!([{ "type": "notification", "notification_list": [urn] }]);
    let alarms = format!("{V2}/alarms");
    let made = tour.post(&alarms, rule_of(&group, &told)).await;
    let rule = id(&made["alarm_id"]);
    tour.name(&rule, "rule");
    let listed = format!("{alarms}?alarm_id={rule}");
    tour.get(&listed).await;
    tour.note("a policy of the group names the rule: it has the action for that");
    tour.policy(&group, &rule).await;
    tour.get(&format!("{alarms}?resource_id={group}&limit=1"))
        .await;

    ok_alarm_ok(&mut tour, &group, &format!("{V1}/alarms/{rule}")).await;
    let histories = format!("{V2}/alarm-histories");
    tour.get(&format!("{histories}?alarm_id={rule}")).await;
    tour.get(&format!("{histories}?status=alarm&level=1&limit=1"))
        .await;

    let one = format!("{alarms}/{rule}");
    tour.get(&format!("{one}/resources")).await;
    let other = "47683a91-93ee-462a-a7d7-484c006f4440";
    let more = json!({ "resources": [[{ "name": "AutoScalingGroup", "value": other }]] });
    tour.post(&format!("{one}/resources/batch-create"), more.clone())
        .await;
    tour.get(&format!("{one}/resources?offset=1&limit=1")).await;
    tour.post(&format!("{one}/resources/batch-delete"), more)
        .await;
    tour.get(&format!("{one}/policies")).await;
    let levels = json!({
        "metric_name": "cpu_util", "period": 300, "filter": "max", "comparison_operator": ">", "count": 2,
        "hierarchical_value": { "critical": 95, "major": 90, "minor": 80, "info": 70.5 }, "unit": "%",
        "suppress_duration": 0, "level": 2, "namespace": "SYS.AS", "dimension_name": "AutoScalingGroup", "type": "",
        "extra_info": { "origin_metric_name": "cpu", "metric_prefix": "", "custom_proc_name": "", "metric_type": "" },
    });
    tour.put(&format!("{one}/policies"), json!({ "policies": [levels] }))
        .await;
    let body = json!({
        "notification_enabled": false, "alarm_notifications": told, "notification_begin_time": "08:00",
        "notification_end_time": "20:00", "effective_timezone": "GMT-03:30",
    });
    tour.put(&format!("{one}/notifications"), body).await;
    let body = json!({ "alarm_ids": [rule], "alarm_enabled": false });
    tour.post(&format!("{alarms}/action"), body).await;
    tour.get(&listed).await;
    tour.note("of a group of resources");
    let of_group = json!({
        "name": "many", "namespace": "SYS.AS", "type": "RESOURCE_GROUP", "resource_group_id": "rg1623429506587NbRweoa3J",
        "resource_level": "product", "resources": [],
        "policies": [{ "metric_name": "cpu_util", "period": 1, "filter": "average", "comparison_operator": "<", "value": 5,
                       "count": 1 }],
    });
    let made = tour.post(&alarms, of_group).await;
    let second = id(&made["alarm_id"]);
    tour.name(&second, "rule of a resource group");
    tour.get(&format!("{alarms}?name=many")).await;
    tour.get(&format!("{V1}/alarms/{second}")).await;
    let both = json!({ "alarm_ids": [rule, second] });
    tour.post(&format!("{alarms}/batch-delete"), both.clone())
        .await;

    tour.note("what is refused");
    tour.post(&format!("{alarms}/batch-delete"), both).await;
    tour.get(&format!("{one}/resources")).await;
    tour.get(&format!("{alarms}?limit=101")).await;
    tour.get(&format!("{histories}?order_by=name")).await;
    tour.post(&alarms, json!({ "name": "a", "type": "NONE" }))
        .await;
    let mut body = rule_of(&group, &told);
    body["policies"][0]["count"] = json!(7);
    tour.post(&alarms, body).await;
    tour.post(&format!("{alarms}/action"), json!({ "alarm_ids": [] }))
        .await;
    assert_eq!(tour.documented.left("ces", "/v2"), Vec::<&str>::new());
    masked().bind(|| insta::assert_snapshot!("of_the_second_generation", tour.golden()));
}
