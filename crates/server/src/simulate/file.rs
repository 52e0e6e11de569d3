//! The file that describes a group and its policies: bodies of the API's requests, handed to the API's own door.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use muster_model::{
    Access, Command, GroupCommand, GroupId, PolicyCommand, PolicyId, PolicyOptions, Site,
};
use muster_ports::{Api, Caller};
use muster_sim::replay::{Field, Limits, Service, Trace};
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Body = Map<String, Value>;

/// A group with its policies, and what is known of the service that runs on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Described {
    /// Body of CreateAutoScalingGroup.
    auto_scaling_group: Body,
    /// Body of CreateLaunchConfiguration.
    #[serde(default)]
    launch_configuration: Option<Body>,
    /// Bodies of CreateScalingPolicy.
    #[serde(default)]
    scaling_policies: Vec<Body>,
    /// Native options of these policies, by name: bodies of `PUT /_muster/v1/policies/ID`.
    #[serde(default)]
    policy_options: BTreeMap<String, PolicyOptions>,
    /// Bodies of CreateScheduledAction.
    #[serde(default)]
    scheduled_actions: Vec<Body>,
    /// Bodies of CreateLifecycleHook.
    #[serde(default)]
    lifecycle_hooks: Vec<Body>,
    /// What runs on the machines.
    #[serde(default)]
    pub(super) service: Service,
    /// What is asked of the replay.
    #[serde(default)]
    pub(super) objectives: Limits,
}

/// The longest file that is read, bytes.
const FILE_BYTES: u64 = 4 << 20;
/// The group is made this much before its first machines have to serve, seconds.
const BOOT_SLACK_SECS: u32 = 60;

impl Described {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or says what is not known or out of range: with line or member, and value.
    pub(super) fn read(path: &Path) -> Result<Described, String> {
        let text = super::text_of(path, FILE_BYTES)?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(super) fn parse(text: &str) -> Result<Described, String> {
        let described: Described = serde_json::from_str(text).map_err(|error| error.to_string())?;
        described
            .service
            .check()
            .map_err(|error| error.to_string())?;
        described.objectives.check()?;
        described.check_options()?;
        Ok(described)
    }

    fn check_options(&self) -> Result<(), String> {
        for (name, options) in &self.policy_options {
            let mut policies = self.scaling_policies.iter();
            if !policies.any(|body| name_of(body) == Some(name)) {
                return Err(format!("PolicyOptions: there is no policy `{name}`"));
            }
            options
                .check()
                .map_err(|wrong| format!("PolicyOptions.{name}: {wrong}"))?;
        }
        Ok(())
    }

    /// Makes the group, lets its first machines come into service, and makes the policies and what else there is at the
    /// first moment of the recording.
    ///
    /// # Errors
    /// The door refuses something: what, with its code and message.
    pub(super) fn set_up(&self, trace: &Trace) -> Result<Arc<Field>, String> {
        let boot = self.service.boot_seconds;
        // Whole minutes before the recording.
        let lead = i64::from((boot + BOOT_SLACK_SECS).next_multiple_of(60)) * 1000;
        let field = Arc::new(Field::new(trace.start().plus_millis(-lead), boot));
        let door = Door::onto(&field);
        let config = self
            .launch_configuration
            .clone()
            .unwrap_or_else(plain_config);
        let config = door.make("LaunchConfiguration", "CreateLaunchConfiguration", config)?;
        let mut group = self.auto_scaling_group.clone();
        group.insert(
            "LaunchConfigurationId".to_owned(),
            config["LaunchConfigurationId"].clone(),
        );
        let group = door.make("AutoScalingGroup", "CreateAutoScalingGroup", group)?;
        let of_group = &group["AutoScalingGroupId"];
        field.run_until(trace.start());
        let make = |list: &str, action: &str, at: usize, body: &Body| {
            let mut body = body.clone();
            body.insert("AutoScalingGroupId".to_owned(), of_group.clone());
            door.make(&format!("{list}[{at}]"), action, body)
        };
        for (at, body) in self.lifecycle_hooks.iter().enumerate() {
            make("LifecycleHooks", "CreateLifecycleHook", at, body)?;
        }
        for (at, body) in self.scaling_policies.iter().enumerate() {
            let made = make("ScalingPolicies", "CreateScalingPolicy", at, body)?;
            if let Some(options) = name_of(body).and_then(|name| self.policy_options.get(name)) {
                let policy = &made["AutoScalingPolicyId"];
                door.set_options(of_group, policy, options)
                    .map_err(|error| format!("PolicyOptions: {error}"))?;
            }
        }
        for (at, body) in self.scheduled_actions.iter().enumerate() {
            make("ScheduledActions", "CreateScheduledAction", at, body)?;
        }
        Ok(field)
    }
}

fn name_of(policy: &Body) -> Option<&str> {
    policy.get("ScalingPolicyName")?.as_str()
}

/// What machines are made of matters to no decision.
fn plain_config() -> Body {
    let body = json!({
        "LaunchConfigurationName": "simulated",
        "ImageId": "img-12345678",
        "InstanceType": "S5.SMALL1",
    });
    body.as_object().cloned().unwrap_or_default()
}

struct Door {
    api: Arc<dyn Api>,
    caller: Caller,
}

impl Door {
    fn onto(field: &Arc<Field>) -> Door {
        Door {
            caller: Caller {
                account: field.account(),
                access: Access::Full,
                site: Site::default(),
            },
            api: Arc::<Field>::clone(field),
        }
    }

    fn make(&self, what: &str, action: &str, body: Body) -> Result<Value, String> {
        let failed = |error: serde_json::Error| format!("{what}: {error}");
        let body = serde_json::to_vec(&Value::Object(body)).map_err(failed)?;
        let answer = muster_tencent3::perform(
            Arc::clone(&self.api),
            self.caller.clone(),
            // No machine of a replay is ever logged in to.
            Arc::new(|_| String::new()),
            action,
            &body,
        );
        let answer = pollster::block_on(answer)
            .map_err(|refused| format!("{what}: {}: {}", refused.code, refused.message))?;
        serde_json::from_slice(&answer).map_err(failed)
    }
    /// Sets what no request of the API can.
    fn set_options(
        &self,
        group: &Value,
        policy: &Value,
        options: &PolicyOptions,
    ) -> Result<(), String> {
        let text = |id: &Value| id.as_str().unwrap_or_default().to_owned();
        let id = GroupId::parse(&text(group)).map_err(|error| error.to_string())?;
        let policy = PolicyId::parse(&text(policy)).map_err(|error| error.to_string())?;
        let command = PolicyCommand::SetOptions {
            id: policy,
            options: Box::new(options.clone()),
        };
        let command = Command::Group {
            id,
            command: GroupCommand::Policy(command),
        };
        let done = pollster::block_on(self.api.execute(&self.caller, command));
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}
