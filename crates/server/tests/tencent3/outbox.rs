//! Messages on their way to receivers: in order, again after a failure, given up at last, and over a restart.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use muster_model::EventKind;
use muster_ports::{Notifier, NotifyError, SavedEvent};
use muster_runtime::{Route, Runtime, Sink, Targets};
use serde_json::{Value, json};

use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;

/// Notes what comes, and answers as it was told to.
#[derive(Default)]
struct Notes {
    answers: Mutex<VecDeque<NotifyError>>,
    seen: Mutex<Vec<(u64, String)>>,
}

impl Notes {
    /// The next ones are answered like this.
    fn then(&self, answer: &NotifyError, times: usize) {
        let answers = std::iter::repeat_n(answer.clone(), times);
        self.answers.lock().unwrap().extend(answers);
    }

    /// What came since the last time: the kind of activity, or the transition.
    fn take(&self) -> Vec<String> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        assert!(
            seen.windows(2).all(|pair| pair[0].0 <= pair[1].0),
            "in order: {seen:?}"
        );
        seen.into_iter().map(|(_, what)| what).collect()
    }
}

#[async_trait::async_trait]
impl Notifier for Notes {
    async fn deliver(&self, message: &SavedEvent) -> Result<(), NotifyError> {
        let body = &message.event.body;
        let what = match message.event.kind {
            EventKind::Notification => &body["ActivityType"],
            EventKind::Hook => &body["LifecycleTransition"],
            EventKind::Published | EventKind::Delivery => &body["subject"],
        };
        let what = what.as_str().unwrap().to_owned();
        self.seen.lock().unwrap().push((message.seq, what));
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(NotifyError::Unknown(text)) if text == "panic" => panic!("as was ordered"),
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

fn sink(name: &str, notes: &Arc<Notes>, queue: &str) -> Sink {
    Sink {
        name: name.to_owned(),
        route: Route::Targets(Targets {
            user_groups: vec!["1678".to_owned()],
            queues: vec![queue.to_owned()],
            ..Targets::default()
        }),
        notifier: Arc::<Notes>::clone(notes),
        patience_secs: 60,
        timeout_secs: 10,
        groups_at_once: 2,
    }
}

async fn call(service: &Service, action: &str, body: &Value) -> Value {
    let answer = service.call(action, body.to_string()).await;
    assert!(answer.get("Error").is_none(), "{action}: {answer}");
    answer
}

/// A group whose user group 1678 hears of all that succeeds.
async fn group(service: &Service) -> String {
    let config = json!({ "LaunchConfigurationName": "web", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1" });
    let config = call(service, "CreateLaunchConfiguration", &config).await;
    let group = json!({
        "AutoScalingGroupName": "web", "LaunchConfigurationId": config["LaunchConfigurationId"],
        "MinSize": 0, "MaxSize": 6, "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"],
    });
    let group = call(service, "CreateAutoScalingGroup", &group).await;
    let group = group["AutoScalingGroupId"].as_str().unwrap().to_owned();
    let listen = json!({
        "AutoScalingGroupId": group, "NotificationUserGroupIds": ["1678"],
        "NotificationTypes": ["SCALE_OUT_SUCCESSFUL", "SCALE_IN_SUCCESSFUL"],
    });
    call(service, "CreateNotificationConfiguration", &listen).await;
    group
}

async fn out(service: &Service, group: &str) {
    let body = json!({ "AutoScalingGroupId": group, "ScaleOutNumber": 1 });
    call(service, "ScaleOutInstances", &body).await;
    service.runtime.settle().await;
}

async fn into(service: &Service, group: &str) {
    let body = json!({ "AutoScalingGroupId": group, "ScaleInNumber": 1 });
    call(service, "ScaleInInstances", &body).await;
    service.runtime.settle().await;
}

fn failed() -> NotifyError {
    NotifyError::Failed("out of paper".to_owned())
}

#[tokio::test]
async fn messages_arrive_in_order_and_again_until_they_are_there() {
    let service = Service::start(CLOCK_SECS, false).await;
    let notes = Arc::new(Notes::default());
    let group = group(&service).await;
    out(&service, &group).await;
    service
        .runtime
        .deliver_to(vec![sink("ops", &notes, "-")])
        .await
        .unwrap();
    service.runtime.settle().await;
    assert_eq!(notes.take(), [""; 0], "a new sink hears of what comes");
    out(&service, &group).await;
    assert_eq!(notes.take(), ["SCALE_OUT"]);
    // The first fails twice; the second waits for it.
    notes.then(&failed(), 1);
    notes.then(&NotifyError::Unknown("panic".to_owned()), 1);
    out(&service, &group).await;
    into(&service, &group).await;
    assert_eq!(notes.take(), ["SCALE_OUT"]);
    service.runtime.advance(1).await;
    assert_eq!(notes.take(), ["SCALE_OUT"]);
    service.runtime.advance(2).await;
    assert_eq!(notes.take(), ["SCALE_OUT", "SCALE_IN"]);
    // One that never gets through is given up after a minute, a refused one at once.
    notes.then(&failed(), 7);
    out(&service, &group).await;
    into(&service, &group).await;
    service.runtime.advance(59).await;
    assert_eq!(notes.take(), ["SCALE_OUT"; 6], "at 0, 1, 3, 7, 15, 31 s");
    service.runtime.advance(2).await;
    assert_eq!(notes.take(), ["SCALE_OUT", "SCALE_IN"], "the last at 60 s");
    notes.then(&NotifyError::Refused("not mine".to_owned()), 1);
    out(&service, &group).await;
    into(&service, &group).await;
    assert_eq!(notes.take(), ["SCALE_OUT", "SCALE_IN"]);
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let service = Service::start(CLOCK_SECS, false).await;
    let (slow, quick) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let sinks = || vec![sink("slow", &slow, "-"), sink("quick", &quick, "-")];
    let group = group(&service).await;
    service.runtime.deliver_to(sinks()).await.unwrap();
    out(&service, &group).await;
    assert_eq!((slow.take().len(), quick.take().len()), (1, 1));
    slow.then(&failed(), 9);
    out(&service, &group).await;
    into(&service, &group).await;
    assert_eq!(slow.take(), ["SCALE_OUT"]);
    assert_eq!(quick.take(), ["SCALE_OUT", "SCALE_IN"]);
    service.runtime.stop().await;
    slow.answers.lock().unwrap().clear();
    let restarted = service.restarted().await;
    restarted.deliver_to(sinks()).await.unwrap();
    restarted.settle().await;
    assert_eq!(slow.take(), ["SCALE_OUT", "SCALE_IN"], "nothing is lost");
    assert_eq!(quick.take(), [""; 0], "nothing comes twice");
}

async fn newest(runtime: &Arc<Runtime>, service: &Service, group: &str) -> Value {
    runtime.settle().await;
    let body = json!({ "AutoScalingGroupIds": [group] });
    let found = call(service, "DescribeAutoScalingGroupLastActivities", &body).await;
    let results = &found["ActivitySet"][0]["LifecycleActionResultSet"];
    results
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            json!([
                one["LifecycleActionResult"],
                one["ResultReason"],
                one["NotificationResult"]
            ])
        })
        .collect()
}

#[tokio::test]
async fn a_hook_that_cannot_tell_its_receiver_ends_and_a_copy_does_not_matter() {
    let service = Service::start(CLOCK_SECS, false).await;
    let (receiver, copy) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let sinks = vec![sink("receiver", &receiver, "q"), sink("copy", &copy, "*")];
    service.runtime.deliver_to(sinks).await.unwrap();
    let group = group(&service).await;
    let hook = |name: &str, queue: &str| {
        json!({
            "AutoScalingGroupId": group, "LifecycleHookName": name, "LifecycleTransition": "INSTANCE_LAUNCHING",
            "DefaultResult": "ABANDON", "NotificationTarget": { "TargetType": "CMQ_QUEUE", "QueueName": queue },
        })
    };
    call(&service, "CreateLifecycleHook", &hook("in", "q")).await;
    copy.then(&NotifyError::Refused("no copies".to_owned()), 1);
    out(&service, &group).await;
    assert_eq!(receiver.take(), ["INSTANCE_LAUNCHING"]);
    assert_eq!(copy.take(), ["INSTANCE_LAUNCHING"]);
    assert_eq!(newest(&service.runtime, &service, &group).await, json!([]));
    service.runtime.advance(300).await;
    assert_eq!(
        newest(&service.runtime, &service, &group).await,
        json!([["ABANDON", "HEARTBEAT_TIMEOUT", "SUCCESSFUL"]])
    );
    receiver.take();
    receiver.then(&failed(), 20);
    out(&service, &group).await;
    service.runtime.advance(61).await;
    assert_eq!(
        newest(&service.runtime, &service, &group).await,
        json!([["ABANDON", "NOTIFICATION_FAILURE", "FAILED"]])
    );
}
