//! Topics: made, listed, shown, changed, deleted; their attributes.

use http::StatusCode;
use muster_kit::action::Action;
use muster_model::{RecordCommand, RecordId, RecordSpec, Topic, TopicSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    ATTRIBUTE, Beside, DISPLAY_NAME, Done, Failed, LONG_VALUE, MANY_TOPICS, NAME, POLICY, TRIES,
    Wrong, absent, bad, cut, page, topic, wrong,
};
use crate::checks::filled;
use crate::times::second;

/// Characters of a name at the most.
const NAME_CHARS: usize = 255;
/// Bytes of a display name at the most.
const DISPLAY_NAME_BYTES: usize = 192;
/// Bytes of an enterprise project's id at the most.
const PROJECT_BYTES: usize = 36;
/// Bytes of an attribute at the most.
const VALUE_BYTES: usize = 30 * 1024;

fn check_name(name: &str) -> Result<(), Wrong> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let begins = name
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphanumeric());
    match begins && name.len() <= NAME_CHARS && name.bytes().all(good) {
        true => Ok(()),
        false => {
            let wanted = "1 to 255 letters, digits, `-` and `_` are right, a letter or digit first";
            Err(bad(NAME, "name", name, wanted))
        }
    }
}

fn check_display_name(name: &str) -> Result<(), Wrong> {
    match name.len() <= DISPLAY_NAME_BYTES && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => {
            let wanted = "at most 192 bytes that can be printed are right";
            Err(bad(DISPLAY_NAME, "display_name", name, wanted))
        }
    }
}

/// CreateTopic.
#[derive(Deserialize)]
pub(crate) struct CreateTopic {
    name: Option<String>,
    display_name: Option<String>,
    enterprise_project_id: Option<String>,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Made {
    request_id: String,
    topic_urn: String,
}

impl Action<Beside> for CreateTopic {
    const NAME: &'static str = "CreateTopic";
    type Response = Made;

    /// A topic of this name that is there already is as good as a new one (200 instead of 201).
    async fn run(self, beside: &Beside) -> Result<Made, Wrong> {
        let name = filled(self.name).ok_or_else(|| absent(NAME, "name"))?;
        check_name(&name)?;
        let display_name = self.display_name.unwrap_or_default();
        check_display_name(&display_name)?;
        let project = filled(self.enterprise_project_id).unwrap_or_default();
        if project.len() > PROJECT_BYTES {
            let wanted = "at most 36 characters are right";
            return Err(beside.invalid("enterprise_project_id", project, wanted));
        }
        let spec = TopicSpec {
            name: name.clone(),
            display_name,
            region: beside.region_word(),
            project: beside.project().to_owned(),
            enterprise_project: project,
            ..TopicSpec::default()
        };
        for _ in 0..TRIES {
            let records = beside.records().await?;
            let mut topics = records.topics.values();
            if let Some(known) = topics.find(|topic| topic.spec.name == name) {
                beside.answer_with(StatusCode::OK);
                return Ok(Made {
                    request_id: beside.request_id.clone(),
                    topic_urn: known.urn(),
                });
            }
            let create = RecordCommand::Create(RecordSpec::Topic(Box::new(spec.clone())));
            match beside.change_topics(vec![create], MANY_TOPICS).await {
                Ok(_) => {}
                // Somebody else made it in between: it is there now.
                Err(Failed::Outrun(_)) => continue,
                Err(Failed::Wrong(wrong)) => return Err(wrong),
            }
            return Ok(Made {
                request_id: beside.request_id.clone(),
                topic_urn: format!("urn:smn:{}:{}:{}", spec.region, spec.project, spec.name),
            });
        }
        Err(beside.broken("The topic changes too fast"))
    }
}

/// A topic as lists show it.
#[derive(Serialize)]
pub(crate) struct Shown {
    topic_urn: String,
    name: String,
    display_name: String,
    push_policy: u32,
    enterprise_project_id: String,
    topic_id: String,
    create_time: String,
    update_time: String,
}

fn id(topic: &Topic) -> String {
    topic.id.uuid().replace('-', "")
}

fn shown(topic: &Topic) -> Shown {
    let spec = &topic.spec;
    Shown {
        topic_urn: topic.urn(),
        name: spec.name.clone(),
        display_name: spec.display_name.clone(),
        push_policy: 0,
        enterprise_project_id: match spec.enterprise_project.is_empty() {
            true => "0".to_owned(),
            false => spec.enterprise_project.clone(),
        },
        topic_id: id(topic),
        create_time: second(topic.head.created_at),
        update_time: second(topic.head.updated_at),
    }
}

/// ListTopics.
#[derive(Deserialize)]
pub(crate) struct ListTopics {}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Listed {
    request_id: String,
    topic_count: usize,
    topics: Vec<Shown>,
}

impl Action<Beside> for ListTopics {
    const NAME: &'static str = "ListTopics";
    type Response = Listed;

    async fn run(self, beside: &Beside) -> Result<Listed, Wrong> {
        let page = page(beside)?;
        let part = beside.asked("fuzzy_display_name");
        part.map(check_display_name).transpose()?;
        let records = beside.records().await?;
        let is = |name: &str, value: &str| beside.asked(name).is_none_or(|asked| asked == value);
        let has =
            |name: &str, value: &str| beside.asked(name).is_none_or(|part| value.contains(part));
        let mut found: Vec<_> = records.topics.values().collect();
        found.sort_by_key(|topic| (topic.head.created_at, topic.head.ordinal, topic.id));
        let mut topics: Vec<Shown> = found.into_iter().map(|topic| shown(topic)).collect();
        topics.retain(|topic| {
            // Whoever asks for all enterprise projects writes so.
            let project = beside.asked("enterprise_project_id");
            let project = project.is_none_or(|asked| {
                asked == "all_granted_eps" || asked == topic.enterprise_project_id
            });
            project
                && is("name", &topic.name)
                && is("topic_id", &topic.topic_id)
                && has("fuzzy_name", &topic.name)
                && has("fuzzy_display_name", &topic.display_name)
        });
        Ok(Listed {
            request_id: beside.request_id.clone(),
            topic_count: topics.len(),
            topics: cut(topics, page),
        })
    }
}

/// ListTopicDetails.
#[derive(Deserialize)]
pub(crate) struct ListTopicDetails {
    topic_urn: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Details {
    request_id: String,
    #[serde(flatten)]
    topic: Shown,
}

impl Action<Beside> for ListTopicDetails {
    const NAME: &'static str = "ListTopicDetails";
    type Response = Details;

    async fn run(self, beside: &Beside) -> Result<Details, Wrong> {
        let records = beside.records().await?;
        let topic = topic(&records, &self.topic_urn)?;
        Ok(Details {
            request_id: beside.request_id.clone(),
            topic: shown(topic),
        })
    }
}

/// Says something else of a topic.
async fn change(
    beside: &Beside,
    urn: &str,
    edit: impl Fn(&mut TopicSpec) + Send + Sync,
) -> Result<Done, Wrong> {
    for _ in 0..TRIES {
        let records = beside.records().await?;
        let topic = topic(&records, urn)?;
        let mut spec = topic.spec.clone();
        edit(&mut spec);
        let spec = RecordSpec::Topic(Box::new(spec));
        let replaced = beside.replace_topic(RecordId::Topic(topic.id), topic.head.version, spec);
        match replaced.await {
            Ok(()) => return Ok(beside.done()),
            Err(Failed::Outrun(_)) => {}
            Err(Failed::Wrong(wrong)) => return Err(wrong),
        }
    }
    Err(beside.broken("The topic changes too fast"))
}

/// UpdateTopic.
#[derive(Deserialize)]
pub(crate) struct UpdateTopic {
    topic_urn: String,
    display_name: Option<String>,
}

impl Action<Beside> for UpdateTopic {
    const NAME: &'static str = "UpdateTopic";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let name = self.display_name;
        let name = name.ok_or_else(|| absent(DISPLAY_NAME, "display_name"))?;
        check_display_name(&name)?;
        change(beside, &self.topic_urn, |spec| {
            spec.display_name.clone_from(&name)
        })
        .await
    }
}

/// DeleteTopic: its subscriptions go with it.
#[derive(Deserialize)]
pub(crate) struct DeleteTopic {
    topic_urn: String,
}

impl Action<Beside> for DeleteTopic {
    const NAME: &'static str = "DeleteTopic";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let records = beside.records().await?;
        let id = RecordId::Topic(topic(&records, &self.topic_urn)?.id);
        let delete = RecordCommand::Delete { id };
        beside.change_topics(vec![delete], MANY_TOPICS).await?;
        Ok(beside.done())
    }
}

/// What topics have besides their names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attribute {
    AccessPolicy,
    Introduction,
}

fn attribute(name: &str) -> Result<Attribute, Wrong> {
    match name {
        "access_policy" => Ok(Attribute::AccessPolicy),
        "introduction" => Ok(Attribute::Introduction),
        _ => {
            let wanted = "access_policy or introduction is right";
            Err(bad(ATTRIBUTE, "name", name, wanted))
        }
    }
}

/// The policy of a topic that was given none: its account may do everything.
fn default_policy(topic: &Topic) -> String {
    let domain = topic.head.account.uuid().replace('-', "");
    json!({
        "Version": "2016-09-07",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__user_pub_0",
            "Effect": "Allow",
            "Principal": { "CSP": [format!("urn:csp:iam::{domain}:root")] },
            "Action": ["SMN:Publish", "SMN:QueryTopicDetail"],
            "Resource": topic.urn(),
        }],
    })
    .to_string()
}

/// ListTopicAttributes.
#[derive(Deserialize)]
pub(crate) struct ListTopicAttributes {
    topic_urn: String,
}

/// Its answer.
#[derive(Serialize)]
pub(crate) struct Attributes {
    request_id: String,
    attributes: Map<String, Value>,
}

impl Action<Beside> for ListTopicAttributes {
    const NAME: &'static str = "ListTopicAttributes";
    type Response = Attributes;

    async fn run(self, beside: &Beside) -> Result<Attributes, Wrong> {
        let asked = beside.asked("name").map(attribute).transpose()?;
        let records = beside.records().await?;
        let topic = topic(&records, &self.topic_urn)?;
        let wants = |one| asked.is_none_or(|asked| asked == one);
        let mut attributes = Map::new();
        let mut put = |name: &str, value: String| {
            attributes.insert(name.to_owned(), Value::String(value));
        };
        if wants(Attribute::AccessPolicy) {
            let given = Some(topic.spec.access_policy.clone());
            let given = given.filter(|policy| !policy.is_empty());
            put(
                "access_policy",
                given.unwrap_or_else(|| default_policy(topic)),
            );
        }
        if wants(Attribute::Introduction) {
            put("introduction", topic.spec.introduction.clone());
        }
        put("create_time", second(topic.head.created_at));
        put("update_time", second(topic.head.updated_at));
        Ok(Attributes {
            request_id: beside.request_id.clone(),
            attributes,
        })
    }
}

/// UpdateTopicAttribute.
#[derive(Deserialize)]
pub(crate) struct UpdateTopicAttribute {
    topic_urn: String,
    name: String,
    value: Option<String>,
}

fn set(spec: &mut TopicSpec, attribute: Attribute, value: &str) {
    let place = match attribute {
        Attribute::AccessPolicy => &mut spec.access_policy,
        Attribute::Introduction => &mut spec.introduction,
    };
    value.clone_into(place);
}

impl Action<Beside> for UpdateTopicAttribute {
    const NAME: &'static str = "UpdateTopicAttribute";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let attribute = attribute(&self.name)?;
        let value = self.value.ok_or_else(|| absent(ATTRIBUTE, "value"))?;
        if value.len() > VALUE_BYTES {
            let detail = format!("`value` has {} bytes; 30 KB are right.", value.len());
            return Err(wrong(LONG_VALUE, detail));
        }
        if attribute == Attribute::AccessPolicy {
            let read: Result<Map<String, Value>, _> = serde_json::from_str(&value);
            read.map_err(|error| wrong(POLICY, format!("`value` is not a JSON object: {error}.")))?;
        }
        change(beside, &self.topic_urn, |spec| set(spec, attribute, &value)).await
    }
}

/// DeleteTopicAttributeByName.
#[derive(Deserialize)]
pub(crate) struct DeleteTopicAttributeByName {
    topic_urn: String,
    name: String,
}

impl Action<Beside> for DeleteTopicAttributeByName {
    const NAME: &'static str = "DeleteTopicAttributeByName";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        let attribute = attribute(&self.name)?;
        change(beside, &self.topic_urn, |spec| set(spec, attribute, "")).await
    }
}

/// DeleteTopicAttributes.
#[derive(Deserialize)]
pub(crate) struct DeleteTopicAttributes {
    topic_urn: String,
}

impl Action<Beside> for DeleteTopicAttributes {
    const NAME: &'static str = "DeleteTopicAttributes";
    type Response = Done;

    async fn run(self, beside: &Beside) -> Result<Done, Wrong> {
        change(beside, &self.topic_urn, |spec| {
            set(spec, Attribute::AccessPolicy, "");
            set(spec, Attribute::Introduction, "");
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let long = "a".repeat(256);
        for (name, good) in [
            ("a", true),
            ("9-_Z", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("-a", false),
            ("_a", false),
            ("a b", false),
            ("\u{4e2d}", false),
            ("a:b", false),
        ] {
            assert_eq!(check_name(name).is_ok(), good, "{name}");
        }
        let wrong = check_name("a b").unwrap_err();
        assert_eq!(
            (wrong.status.as_u16(), wrong.code.as_str()),
            (400, "SMN.0002")
        );
        assert!(wrong.message.contains("`a b`") && wrong.message.contains("`name`"));
        assert!(check_display_name(&"a".repeat(192)).is_ok());
        assert!(check_display_name(&"a".repeat(193)).is_err());
        assert!(check_display_name("a\nb").is_err());
    }
}
