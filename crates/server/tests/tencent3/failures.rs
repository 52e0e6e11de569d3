//! A store that fails: whatever needs it is an InternalError, nothing is half done, and afterwards all is
//! as it was.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use muster_model::{
    AccessKey, Account, AccountId, Activity, ActivityFilter, ActivityId, ConfigId, ConfigSpec,
    GroupId, LaunchConfiguration, Page, Paged,
};
use muster_ports::{Commit, GroupRows, SavedEvent, Store, StoreError};
use muster_sim::ForeignSpec;
use muster_store::SqliteStore;
use serde_json::json;

use super::service::Service;

const CLOCK_SECS: i64 = 1_795_500_000;

/// A store that can be made to fail.
struct Fragile {
    inner: SqliteStore,
    broken: AtomicBool,
}

impl Fragile {
    fn check(&self) -> Result<(), StoreError> {
        match self.broken.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the disk is gone".to_owned())),
            false => Ok(()),
        }
    }
}

macro_rules! fragile {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl Store for Fragile {$(
            async fn $name(&self, $($argument: $kind),*) -> Result<$result, StoreError> {
                self.check()?;
                self.inner.$name($($argument),*).await
            }
        )*}
    };
}

fragile! {
    commit(commit: Commit) -> ();
    accounts() -> Vec<Arc<Account>>;
    access_keys() -> Vec<Arc<AccessKey>>;
    configs() -> Vec<Arc<LaunchConfiguration>>;
    config_version(id: ConfigId, version: u64) -> Option<Arc<ConfigSpec>>;
    groups() -> Vec<GroupRows>;
    group(id: GroupId) -> Option<GroupRows>;
    activities(account: AccountId, filters: &[ActivityFilter], page: Page) -> Paged<Arc<Activity>>;
    last_uncancelled(group: GroupId) -> Option<Arc<Activity>>;
    activity(id: ActivityId) -> Option<Arc<Activity>>;
    events(after: u64, limit: usize) -> Vec<SavedEvent>;
    group_events(group: GroupId, after: u64, limit: usize) -> Vec<SavedEvent>;
    newest_event() -> u64;
    setting(name: &str) -> Option<String>;
}

async fn everything(service: &Service) -> String {
    let mut all = String::new();
    for action in [
        "DescribeLaunchConfigurations",
        "DescribeAutoScalingGroups",
        "DescribeAutoScalingInstances",
        "DescribeAutoScalingActivities",
    ] {
        let response = service.call(action, "{}".to_owned()).await;
        assert!(response.get("Error").is_none(), "{response}");
        writeln!(all, "{response}").unwrap();
    }
    all
}

#[tokio::test]
async fn what_fails_is_an_internal_error_and_leaves_everything_as_it_was() {
    let store = Arc::new(Fragile {
        inner: SqliteStore::in_memory().unwrap(),
        broken: AtomicBool::new(false),
    });
    let kept: Arc<dyn Store> = Arc::<Fragile>::clone(&store);
    let service = Service::on(kept, CLOCK_SECS, false).await;
    let config = |name: &str| json!({ "LaunchConfigurationName": name, "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1" });
    let made = service
        .call("CreateLaunchConfiguration", config("web").to_string())
        .await;
    let asc = &made["LaunchConfigurationId"];
    let group = |name: &str| {
        json!({
            "AutoScalingGroupName": name, "LaunchConfigurationId": asc, "MinSize": 0, "MaxSize": 9,
            "VpcId": "vpc-1a2b3c4d", "SubnetIds": ["subnet-1a2b3c4d"]
        })
    };
    let made = service
        .call("CreateAutoScalingGroup", group("web").to_string())
        .await;
    let asg = &made["AutoScalingGroupId"];
    let made = service
        .call("CreateAutoScalingGroup", group("empty").to_string())
        .await;
    let empty = &made["AutoScalingGroupId"];
    let desired = json!({ "AutoScalingGroupId": asg, "DesiredCapacity": 3 });
    service
        .call("ModifyDesiredCapacity", desired.to_string())
        .await;
    service.runtime.settle().await;
    let disable = json!({ "AutoScalingGroupId": empty }).to_string();
    service.call("DisableAutoScalingGroup", disable).await;
    let found = service
        .call("DescribeAutoScalingInstances", "{}".to_owned())
        .await;
    let member = &found["AutoScalingInstanceSet"][0]["InstanceId"];
    let foreign = ForeignSpec {
        vpc: "vpc-1a2b3c4d".to_owned(),
        ..ForeignSpec::default()
    };
    let foreign = service.sim.make_foreign(&foreign).unwrap().id.to_string();
    let before = everything(&service).await;

    let name = json!({ "LaunchConfigurationId": asc, "LaunchConfigurationName": "new" });
    let upgrade = json!({
        "LaunchConfigurationId": asc, "LaunchConfigurationName": "web", "ImageId": "img-2", "InstanceTypes": ["S5.SMALL2"]
    });
    let tagged = json!({
        "LaunchConfigurationName": "tagged", "ImageId": "img-8toqc6s3", "InstanceType": "S5.SMALL1"
    });
    let on = |id: &serde_json::Value| json!({ "AutoScalingGroupId": id });
    let members = |ids: serde_json::Value| json!({ "AutoScalingGroupId": asg, "InstanceIds": ids });
    let calls = [
        ("CreateLaunchConfiguration", tagged),
        ("ModifyLaunchConfigurationAttributes", name),
        ("UpgradeLaunchConfiguration", upgrade),
        ("CreateAutoScalingGroup", group("new")),
        (
            "ModifyAutoScalingGroup",
            json!({ "AutoScalingGroupId": asg, "DefaultCooldown": 1 }),
        ),
        (
            "ModifyAutoScalingGroup",
            json!({ "AutoScalingGroupId": asg, "AutoScalingGroupName": "new" }),
        ),
        ("EnableAutoScalingGroup", on(empty)),
        ("DisableAutoScalingGroup", on(asg)),
        ("DeleteAutoScalingGroup", on(empty)),
        (
            "ModifyDesiredCapacity",
            json!({ "AutoScalingGroupId": asg, "DesiredCapacity": 4 }),
        ),
        (
            "ScaleOutInstances",
            json!({ "AutoScalingGroupId": asg, "ScaleOutNumber": 1 }),
        ),
        (
            "ScaleInInstances",
            json!({ "AutoScalingGroupId": asg, "ScaleInNumber": 1 }),
        ),
        ("AttachInstances", members(json!([foreign]))),
        ("DetachInstances", members(json!([member]))),
        ("RemoveInstances", members(json!([member]))),
        (
            "SetInstancesProtection",
            json!({ "AutoScalingGroupId": asg, "InstanceIds": [member], "ProtectedFromScaleIn": true }),
        ),
        ("DescribeAutoScalingActivities", json!({})),
        (
            "DescribeAutoScalingGroupLastActivities",
            json!({ "AutoScalingGroupIds": [asg], "ExcludeCancelledActivity": true }),
        ),
    ];
    let mut golden = String::new();
    for (action, body) in &calls {
        store.broken.store(true, Ordering::SeqCst);
        let response = service.call(action, body.to_string()).await;
        store.broken.store(false, Ordering::SeqCst);
        let error = &response["Error"];
        let (code, message) = (error["Code"].as_str(), error["Message"].as_str());
        writeln!(golden, "> {action}").unwrap();
        writeln!(
            golden,
            "  {}: {}",
            code.unwrap_or("answered"),
            message.unwrap_or("")
        )
        .unwrap();
        service.runtime.settle().await;
        assert_eq!(everything(&service).await, before, "{action}");
    }
    // Once it works again, it does.
    let attach = members(json!([foreign])).to_string();
    let response = service.call("AttachInstances", attach).await;
    assert!(response["ActivityId"].is_string(), "{response}");
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("failures", golden);
    });
}
