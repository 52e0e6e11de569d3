//! A tour: requests and their answers as text, without what differs from run to run. Answers that are documented are held
//! against that, too.

use std::fmt::Write;

use http::Method;
use muster_model::{Event, NotificationTarget};
use muster_testing::PROJECT;
use serde_json::{Value, json};

use crate::documented::Documented;
use crate::service::Service;

/// Where Auto Scaling is.
const AS: &str = "/autoscaling-api/v1/{p}";

/// A tour: the service, and what was said so far.
pub(crate) struct Tour {
    pub(crate) service: Service,
    pub(crate) text: String,
    pub(crate) documented: Documented,
    /// What ids are called, the ones first that hold others.
    named: Vec<(String, String)>,
    /// The last message that was looked at.
    told: u64,
}

pub(crate) async fn tour() -> Tour {
    Tour {
        service: Service::start().await,
        text: String::new(),
        documented: Documented::read(),
        named: Vec::new(),
        told: 0,
    }
}

/// What of an id or text is to be read: not its quotation marks.
pub(crate) fn id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Tour {
    pub(crate) async fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.service.ask(method.clone(), path, body).await;
        if status < 300 {
            self.documented.check(&method, path, &answer);
        }
        writeln!(self.text, "{method} {path}\n{status} {answer:#}\n").unwrap();
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> Value {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Value {
        self.ask(Method::DELETE, path, None).await
    }

    /// Asks for something that is no part of what is told here, and has to be done.
    pub(crate) async fn quietly(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.service.ask(method, path, body).await;
        assert!(status < 300, "{path}: {status} {answer}");
        answer
    }

    /// A word to the reader.
    pub(crate) fn note(&mut self, text: &str) {
        writeln!(self.text, "# {text}\n").unwrap();
    }

    /// Calls an id by a name from the beginning on.
    pub(crate) fn name(&mut self, id: &str, name: &str) {
        self.named.push((id.to_owned(), format!("<{name}>")));
    }

    /// Milliseconds of the service's clock.
    pub(crate) fn now(&self) -> i64 {
        self.service.runtime.time().0
    }

    pub(crate) async fn advance(&mut self, secs: u64) {
        self.service.runtime.advance(secs).await;
        self.service.runtime.settle().await;
    }

    /// Goes to shortly after the begin of the next period of five minutes: what is judged by the period is the same in
    /// every run then.
    pub(crate) async fn next_period(&mut self) {
        let gone = (self.now() / 1000).rem_euclid(300).unsigned_abs();
        self.advance(300 - gone + 5).await;
    }

    /// Notes the messages that were committed since somebody looked last.
    pub(crate) async fn told(&mut self) {
        let saved = self.service.store.events(self.told, 1000).await.unwrap();
        for one in saved {
            self.told = one.seq;
            let Event { kind, to, body, .. } = one.event;
            let to = match to {
                Some(NotificationTarget::Topic { name, .. }) => name,
                other => format!("{other:?}"),
            };
            writeln!(self.text, "# {kind:?} to {to}\n{body:#}\n").unwrap();
        }
    }

    /// A group of one, without a word; its id.
    pub(crate) async fn group(&mut self) -> String {
        let body = json!({
            "scaling_configuration_name": "conf",
            "instance_config": {
                "flavorRef": "s3.xlarge.4",
                "imageRef": "627a1223-2ca3-46a7-8d5f-7aef22c74ee6",
                "disk": [{ "size": 40, "volume_type": "SATA", "disk_type": "SYS" }],
                "key_name": "100vm_key",
            },
        });
        let post = Method::POST;
        let configs = format!("{AS}/scaling_configuration");
        let groups = format!("{AS}/scaling_group");
        let made = self.quietly(post.clone(), &configs, Some(body));
        let config = made.await["scaling_configuration_id"].clone();
        let body = json!({
            "scaling_group_name": "web", "scaling_configuration_id": config,
            "min_instance_number": 1, "desire_instance_number": 1, "max_instance_number": 5,
            "vpc_id": "vpc-1a2b3c4d", "networks": [{ "id": "subnet-1a2b3c4d" }], "cool_down_time": 0,
        });
        let made = self.quietly(post.clone(), &groups, Some(body));
        let group = id(&made.await["scaling_group_id"]);
        self.name(&group, "group");
        let body = json!({ "action": "resume" });
        self.quietly(post, &format!("{groups}/{group}/action"), Some(body))
            .await;
        self.service.runtime.settle().await;
        group
    }

    /// A policy of the group that adds a machine when the rule fires, without a word.
    pub(crate) async fn policy(&mut self, group: &str, rule: &str) {
        let body = json!({
            "scaling_policy_name": "more", "scaling_group_id": group, "scaling_policy_type": "ALARM",
            "alarm_id": rule, "cool_down_time": 0,
            "scaling_policy_action": { "operation": "ADD", "instance_number": 1 },
        });
        let path = format!("{AS}/scaling_policy");
        self.quietly(Method::POST, &path, Some(body)).await;
    }

    /// Notes how large the group is.
    pub(crate) async fn size(&mut self, group: &str) {
        let path = format!("{AS}/scaling_group/{group}");
        let shown = self.quietly(Method::GET, &path, None).await;
        let group = &shown["scaling_group"];
        let (here, wanted) = (
            &group["current_instance_number"],
            &group["desire_instance_number"],
        );
        self.note(&format!("the group has {here} of {wanted}"));
    }

    /// Pushes a value of the group's processors.
    pub(crate) async fn push(&mut self, group: &str, value: f64) {
        self.note(&format!("cpu_util is {value}"));
        let at = self.now();
        let metric = json!({
            "namespace": "SYS.AS", "metric_name": "cpu_util",
            "dimensions": [{ "name": "AutoScalingGroup", "value": group }],
        });
        let item = json!({
            "metric": metric, "ttl": 3600, "collect_time": at, "value": value, "unit": "%", "type": "float",
        });
        self.post("/V1.0/{p}/metric-data", json!([item])).await;
    }

    /// The text, every id by its name.
    pub(crate) fn golden(&self) -> String {
        let mut text = self.text.clone();
        for (id, name) in &self.named {
            text = text.replace(id, name);
        }
        text.replace(PROJECT, "<project>")
    }
}

/// What differs from run to run and has no name: moments, addresses, ids.
pub(crate) fn masked() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    for (pattern, word) in [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "[uuid]",
        ),
        (r#""id": [0-9]+"#, r#""id": [number]"#),
        (r"\b[0-9a-f]{32}\b", "[hex]"),
        (r"\bah[0-9]{22}\b", "[record]"),
        (r"\bsms-[0-9a-z]{8}\b", "[subscription]"),
        (
            r"20(2[1-9]|[3-9][0-9])-[0-9-]+T[0-9:]+(\.[0-9]+)?Z",
            "[time]",
        ),
        (r"\b1[0-9]{12}\b", "[millis]"),
        (r#"-----BEGIN [^"]*"#, "[private key]"),
        (r"fa:16:3e:[0-9a-f:]{8}", "[mac]"),
        (r"\b10\.[0-9]+\.[0-9]+\.[0-9]+\b", "[address]"),
    ] {
        settings.add_filter(pattern, word);
    }
    settings
}
