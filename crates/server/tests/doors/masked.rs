//! Answers without what differs from run to run: ids become the name of what they name and their spelling, so that a wrong
//! one shows; moments of the run become a word.

use std::sync::Arc;

use muster_model::id::Kind;
use muster_model::{Activity, GroupView, Id, Origin, PolicyId, ScheduleId};
use muster_testing::PROJECT;
use serde_json::Value;

use crate::door::Of;

/// Texts and what they are replaced by: whole ids before the keys in them.
pub(crate) struct Mask {
    ids: Vec<(String, String)>,
    keys: Vec<(String, String)>,
}

impl Mask {
    pub(crate) fn of(view: &GroupView, of: Of) -> Mask {
        let mut mask = Mask {
            ids: vec![(PROJECT.to_owned(), "<project>".to_owned())],
            keys: Vec::new(),
        };
        mask.id("group", of.group);
        mask.id("configuration", of.config);
        // Their ids are in no order that stays: those that the group made itself come first.
        let mut instances: Vec<_> = view.instances.values().collect();
        instances.sort_by_key(|one| (one.origin == Origin::Manual, one.created_at, one.id));
        for (at, one) in instances.into_iter().enumerate() {
            mask.id(&format!("instance {at}"), one.id);
        }
        for (at, id) in view.activities.keys().enumerate() {
            mask.id(&format!("activity {at}"), *id);
        }
        for policy in view.parts.policies.values() {
            mask.id(&format!("policy {}", policy.name), policy.id);
            let number = format!("<policy {}: number>", policy.name);
            mask.ids.push((policy.numeral(), number));
            let as_task = ScheduleId::new(policy.id.key());
            mask.id(&format!("policy {} as task", policy.name), as_task);
        }
        for task in view.parts.schedules.values() {
            mask.id(&format!("task {}", task.name), task.id);
            let as_policy = PolicyId::new(task.id.key());
            mask.id(&format!("task {} as policy", task.name), as_policy);
        }
        for hook in view.parts.hooks.values() {
            mask.id(&format!("hook {}", hook.name), hook.id);
        }
        for (at, id) in view.parts.notifications.keys().enumerate() {
            mask.id(&format!("notification {at}"), *id);
        }
        mask
    }

    /// Activities that are over and instances that are gone, as they are listed.
    pub(crate) fn past(&mut self, activities: &[Arc<Activity>]) {
        for (at, activity) in activities.iter().enumerate() {
            self.id(&format!("activity {at}"), activity.id);
            for (nth, related) in activity.instances.iter().enumerate() {
                self.id(
                    &format!("instance {nth} of activity {at}"),
                    related.instance,
                );
            }
        }
    }

    fn id<K: Kind>(&mut self, name: &str, id: Id<K>) {
        let prefix = id.to_string();
        let prefix = prefix.split('-').next().unwrap_or_default();
        self.ids
            .push((id.to_string(), format!("<{name}: {prefix}->")));
        self.ids.push((id.uuid(), format!("<{name}: uuid>")));
        self.ids.push((id.decimal(), format!("<{name}: number>")));
        let key = id.key().base36();
        // Names of machines have it in capitals.
        let upper = key.to_uppercase();
        self.keys.push((upper, format!("<{name}>")));
        self.keys.push((key, format!("<{name}>")));
    }

    /// A value without what differs.
    pub(crate) fn apply(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.apply(member)),
            Value::String(text) => {
                for (from, to) in self.ids.iter().chain(&self.keys) {
                    *text = text.replace(from, to);
                }
                *text = without_moments(text);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Moments of the thirties are those of the test; others are of the run.
fn without_moments(text: &str) -> String {
    let mut out = text.to_owned();
    let shape = |window: &str, form: &str| {
        window.len() == form.len()
            && window
                .bytes()
                .zip(form.bytes())
                .all(|(got, want)| match want {
                    b'd' => got.is_ascii_digit(),
                    exact => got == exact,
                })
    };
    for (form, word) in [
        ("dddd-dd-ddTdd:dd:ddZ", "<moment UTC>"),
        ("dddd-dd-ddTdd:dd:dd+08:00", "<moment +08:00>"),
        ("dddd-dd-dd dd:dd:dd", "<moment>"),
    ] {
        let mut from = 0;
        while let Some(window) = out.get(from..) {
            let starts = window.char_indices().map(|(at, _)| at);
            let found = starts.into_iter().find(|at| {
                let part = window.get(*at..*at + form.len());
                part.is_some_and(|part| shape(part, form) && !part.starts_with("203"))
            });
            let Some(at) = found else { break };
            out.replace_range(from + at..from + at + form.len(), word);
            from += at + word.len();
        }
    }
    out
}
