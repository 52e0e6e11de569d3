//! Two calls at once: what both of them answer, and what is there then, is what one after the other would have come to.

use serde_json::Value;

use super::service::{first, made_config, made_group, plain};

fn desc(answer: &Value) -> &str {
    answer["codeDesc"].as_str().unwrap()
}

#[tokio::test]
async fn a_hook_is_bound_or_deleted() {
    let service = &plain().await;
    let config = made_config(service, "web").await;
    let group = made_group(service, "g", &config).await;
    let asg = ("scalingGroupId", group.as_str());
    let mut seen = [0, 0];
    for number in 0..20 {
        let name = format!("h{number}");
        let hook = [
            asg,
            ("lifeCycleHookName", name.as_str()),
            ("lifeCycleHookTimeout", "60"),
        ];
        let made = service.call("CreateLifecycleHook", &hook).await;
        let id = first(&made["data"]["lifeCycleHookId"]);
        let named = [asg, ("lifeCycleHookId", id.as_str())];
        let bind = service.call("AttachLifecycleHookId", &named);
        let delete = service.call("DeleteLifecycleHook", &named);
        // Who comes first goes first: both have looked before either is committed.
        let (bound, deleted) = match number % 2 {
            0 => tokio::join!(bind, delete),
            _ => {
                let (deleted, bound) = tokio::join!(delete, bind);
                (bound, deleted)
            }
        };
        let answers = (desc(&bound), desc(&deleted));
        let shown = service.call("DescribeLifecycleHook", &named).await;
        let there = shown["data"]["lifeCycleHookSet"].as_array().unwrap().len();
        match answers {
            ("Success", "InActivity.HookId") => {
                assert_eq!(there, 1);
                seen[0] += 1;
                service.call("DetachLifecycleHookId", &[asg]).await;
                let gone = service.call("DeleteLifecycleHook", &named).await;
                assert_eq!(desc(&gone), "Success");
            }
            ("Conflict.ScalingGroupIdVsLifeCycleHookId", "Success") => {
                assert_eq!(there, 0);
                let text = bound["message"].as_str().unwrap();
                assert!(text.ends_with(&format!("`{id}`")), "{text}");
                seen[1] += 1;
            }
            other => panic!("no order comes to {other:?}"),
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[tokio::test]
async fn a_hook_is_renamed_or_deleted_by_its_name() {
    let service = &plain().await;
    let config = made_config(service, "web").await;
    let group = made_group(service, "g", &config).await;
    let asg = ("scalingGroupId", group.as_str());
    for number in 0..10 {
        let (old, new) = (format!("old{number}"), format!("new{number}"));
        let hook = [
            asg,
            ("lifeCycleHookName", old.as_str()),
            ("lifeCycleHookTimeout", "60"),
        ];
        let made = service.call("CreateLifecycleHook", &hook).await;
        let id = first(&made["data"]["lifeCycleHookId"]);
        let id = ("lifeCycleHookId", id.as_str());
        let renamed = [asg, id, ("lifeCycleHookName", new.as_str())];
        let named = [asg, id, ("lifeCycleHookName", old.as_str())];
        let (renamed, deleted) = tokio::join!(
            service.call("ModifyLifecycleHook", &renamed),
            service.call("DeleteLifecycleHook", &named)
        );
        let answers = (desc(&renamed), desc(&deleted));
        assert!(
            matches!(
                answers,
                ("Success", "Conflict.NameVsLifeCycleHookId")
                    | ("InvalidParameter.LifeCycleHookIdError", "Success")
            ),
            "no order comes to {answers:?}"
        );
        if answers.0 == "Success" {
            let gone = service.call("DeleteLifecycleHook", &[asg, id]).await;
            assert_eq!(desc(&gone), "Success");
        }
    }
}

/// The first call makes a machine of the configuration, the second one takes the group off it, the third one deletes it:
/// all three have looked before any of them is committed.
#[tokio::test]
async fn a_configuration_of_which_a_machine_has_come_stays() {
    let service = &plain().await;
    let other = made_config(service, "other").await;
    for number in 0..6 {
        let name = format!("g{number}");
        let config = made_config(service, &name).await;
        let group = made_group(service, &name, &config).await;
        let sizes = [
            ("scalingGroupId", group.as_str()),
            ("minSize", "0"),
            ("maxSize", "3"),
            ("removePolicy", "RemoveOldestInstance"),
        ];
        let grown = [&sizes[..], &[("desiredCapacity", "1")]].concat();
        let moved = [&sizes[..], &[("scalingConfigurationId", other.as_str())]].concat();
        let this = [("scalingConfigurationId", config.as_str())];
        let (grown, moved, deleted) = tokio::join!(
            service.call("ModifyScalingGroup", &grown),
            service.call("ModifyScalingGroup", &moved),
            service.call("DeleteScalingConfiguration", &this)
        );
        assert_eq!((desc(&grown), desc(&moved)), ("Success", "Success"));
        service.runtime.settle().await;
        let shown = service.call("DescribeScalingInstance", &[sizes[0]]).await;
        let members = shown["data"]["scalingInstancesSet"].as_array().unwrap();
        let of_it = members
            .iter()
            .filter(|member| member["scalingConfigurationId"] == config.as_str());
        match (desc(&deleted), of_it.count()) {
            ("Conflict.ScallingConfigurationUse", _) | ("Success", 0) => {}
            other => panic!("no order comes to {other:?}: {shown}"),
        }
    }
}

#[tokio::test]
async fn a_task_is_changed_whether_its_group_is_there_or_gone() {
    let service = &plain().await;
    let config = made_config(service, "web").await;
    for number in 0..10 {
        let name = format!("g{number}");
        let group = made_group(service, &name, &config).await;
        let asg = ("scalingGroupId", group.as_str());
        let task = [
            asg,
            ("scalingScheduledTaskName", "t"),
            ("readjustMinSize", "0"),
            ("readjustMaxSize", "1"),
            ("startTime", "2099-01-01 00:00:00"),
        ];
        let made = service.call("CreateScheduledTask", &task).await;
        let id = first(&made["data"]["scalingScheduleTaskId"]);
        let id = ("scalingScheduledTaskId", id.as_str());
        let modified = [asg, id, ("readjustMaxSize", "2")];
        let whole = [asg];
        let delete = service.call("DeleteScalingGroup", &whole);
        let modify = service.call("ModifyScheduledTask", &modified);
        let (deleted, modified) = match number % 2 {
            0 => tokio::join!(delete, modify),
            _ => {
                let (modified, deleted) = tokio::join!(modify, delete);
                (deleted, modified)
            }
        };
        assert_eq!((desc(&deleted), desc(&modified)), ("Success", "Success"));
        let shown = service.call("DescribeScheduledTask", &[asg]).await;
        let tasks = shown["data"]["scalingScheduleTaskSet"].as_array().unwrap();
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["readjustMaxSize"], 2, "{shown}");
        assert_eq!(tasks[0]["scalingGroupId"], group.as_str());
    }
}
