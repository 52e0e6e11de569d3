//! Security groups, in both versions. Every account has one called `default`.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Record, RecordCommand, RecordHead, RecordId, RecordSpec, Records, SecurityGroup,
    SecurityGroupId, SecurityGroupSpec, SecurityRule, SecurityRuleSpec, by_age,
    default_security_group,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rules;
use super::subnets::id_of;
use super::{Used, description, name, needed_name};
use crate::services::body::Body;
use crate::services::form::{Form, Member, may, must};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

const TAG: Form = Form::Of(&[must("key", Form::Text(128)), must("value", Form::Text(255))]);

/// What is shown again as it was sent.
const KEPT: &[Member] = &[may("tags", Form::List(10, &TAG))];

/// A security group as it is known.
pub(super) struct Known {
    pub(super) id: String,
    spec: SecurityGroupSpec,
    head: Option<RecordHead>,
    rules: Vec<Arc<SecurityRule>>,
}

impl Known {
    fn made(records: &Records, group: &SecurityGroup) -> Known {
        let rules = rules::ordered(records).into_iter();
        let rules = rules.filter(|rule| rule.spec.group == group.id);
        Known {
            id: group.id.uuid(),
            spec: group.spec.clone(),
            head: Some(group.head.clone()),
            rules: rules.collect(),
        }
    }

    /// One that nobody made: of the catalogue, or the default one.
    fn given(id: String, name: &str) -> Known {
        let spec = SecurityGroupSpec {
            name: name.to_owned(),
            ..SecurityGroupSpec::default()
        };
        Known {
            id,
            spec,
            head: None,
            rules: Vec::new(),
        }
    }

    fn project(&self) -> &str {
        self.spec.enterprise_project.as_deref().unwrap_or("0")
    }

    fn v1(&self, beside: &Beside) -> Value {
        let rules = self.rules.iter().map(|rule| rules::v1(beside, rule));
        json!({
            "id": self.id,
            "name": self.spec.name,
            "description": self.spec.description,
            "vpc_id": self.spec.vpc,
            "enterprise_project_id": self.project(),
            "security_group_rules": rules.collect::<Vec<_>>(),
        })
    }

    fn v3(&self, beside: &Beside) -> Value {
        let head = self.head.as_ref();
        json!({
            "id": self.id,
            "name": self.spec.name,
            "description": self.spec.description,
            "project_id": beside.project(),
            "enterprise_project_id": self.project(),
            "created_at": head.map(|head| second(head.created_at)),
            "updated_at": head.map(|head| second(head.updated_at)),
            "tags": self.spec.kept.get("tags").cloned().unwrap_or_else(|| json!([])),
        })
    }

    fn v3_whole(&self, beside: &Beside) -> Value {
        let rules = self.rules.iter().map(|rule| rules::v3(beside, rule));
        let mut shown = self.v3(beside);
        shown["security_group_rules"] = rules.collect();
        shown
    }
}

/// The security group that an id names, if it was made here.
pub(super) fn made(records: &Records, id: &str) -> Option<Arc<SecurityGroup>> {
    let id = SecurityGroupId::parse_uuid(id).ok()?;
    records.security_groups.get(&id).cloned()
}

impl Beside {
    /// The id of the security group that every account has.
    fn default_group(&self) -> String {
        default_security_group(self.caller().account).uuid()
    }

    /// Every security group there is for the caller.
    pub(super) async fn security_groups(&self) -> Result<Vec<Known>, Wrong> {
        let (catalogue, records) = (self.catalogue(), self.records().await?);
        let listed = catalogue.security_groups.iter();
        let made = by_age(&records.security_groups).into_iter();
        Ok(
            std::iter::once(Known::given(self.default_group(), "default"))
                .chain(listed.map(|id| Known::given(id.clone(), id)))
                .chain(made.map(|group| Known::made(&records, group)))
                .collect(),
        )
    }

    /// One of them.
    pub(super) async fn security_group(&self, id: &str) -> Result<Known, Wrong> {
        let groups = self.security_groups().await?;
        let found = groups.into_iter().find(|group| group.id == id);
        found.ok_or_else(|| self.absent("The security group", id))
    }

    /// One that was made here: what can be changed.
    pub(super) async fn own_group(&self, id: &str) -> Result<Arc<SecurityGroup>, Wrong> {
        let known = self.security_group(id).await?;
        let records = self.records().await?;
        let found = made(&records, &known.id);
        found.ok_or_else(|| {
            self.conflict(format!(
                "The security group {id} was not made here and stays as it is."
            ))
        })
    }

    /// Makes one, and the rules that new ones have: everything out, and everything in from each other.
    async fn create_group(&self, spec: SecurityGroupSpec) -> Result<Known, Wrong> {
        let id = self
            .create(RecordSpec::SecurityGroup(Box::new(spec)))
            .await?;
        let RecordId::SecurityGroup(group) = id else {
            return Err(self.broken("no security group was made"));
        };
        let rule = |direction: &str, ethertype: &str| {
            let inward = direction == "ingress";
            RecordCommand::Create(RecordSpec::SecurityRule(Box::new(SecurityRuleSpec {
                group,
                description: String::new(),
                direction: direction.to_owned(),
                ethertype: ethertype.to_owned(),
                protocol: None,
                ports: None,
                action: "allow".to_owned(),
                priority: 100,
                remote_cidr: None,
                remote_group: inward.then(|| group.uuid()),
                remote_address_group: None,
                enabled: true,
            })))
        };
        let rules = [
            rule("egress", "IPv4"),
            rule("egress", "IPv6"),
            rule("ingress", "IPv4"),
            rule("ingress", "IPv6"),
        ];
        self.change(rules.into()).await?;
        let records = self.records().await?;
        match records.get(id) {
            Some(Record::SecurityGroup(group)) => Ok(Known::made(&records, &group)),
            _ => Err(self.broken("the security group is gone")),
        }
    }
}

/// What a request says, over what there was.
fn read(
    beside: &Beside,
    group: Option<Body>,
    old: Option<&SecurityGroupSpec>,
) -> Result<SecurityGroupSpec, Wrong> {
    let group = group.ok_or_else(|| beside.missing("security_group"))?;
    let mut group = group.read(beside, "security_group");
    let mut spec = match old {
        Some(old) => old.clone(),
        None => SecurityGroupSpec {
            name: needed_name(&mut group)?,
            ..SecurityGroupSpec::default()
        },
    };
    if let Some(name) = name(&mut group)?.filter(|name| !name.is_empty()) {
        spec.name = name;
    }
    if let Some(description) = description(&mut group)? {
        spec.description = description;
    }
    if let Some(vpc) = group.text("vpc_id", 64)?.filter(|vpc| !vpc.is_empty()) {
        spec.vpc = Some(vpc);
    }
    if let Some(project) = group.text("enterprise_project_id", 36)? {
        spec.enterprise_project = Some(project);
    }
    spec.kept.extend(group.kept(KEPT)?);
    Ok(spec)
}

/// CreateSecurityGroup, version 1.
#[derive(Deserialize)]
pub(super) struct CreateSecurityGroup {
    security_group: Option<Body>,
}

impl Action<Beside> for CreateSecurityGroup {
    const NAME: &'static str = "CreateSecurityGroup";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let spec = read(beside, self.security_group, None)?;
        let group = beside.create_group(spec).await?;
        Ok(json!({ "security_group": group.v1(beside) }))
    }
}

/// CreateSecurityGroup, version 3.
#[derive(Deserialize)]
pub(super) struct CreateSecurityGroupV3 {
    security_group: Option<Body>,
    dry_run: Option<bool>,
}

impl Action<Beside> for CreateSecurityGroupV3 {
    const NAME: &'static str = "CreateSecurityGroupV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let spec = read(beside, self.security_group, None)?;
        if self.dry_run == Some(true) {
            return Ok(beside.tried());
        }
        let group = beside.create_group(spec).await?;
        Ok(json!({
            "request_id": beside.request_id,
            "security_group": group.v3_whole(beside),
        }))
    }
}

/// The groups that a list asks for.
async fn asked(beside: &Beside) -> Result<Vec<Known>, Wrong> {
    let mut groups = beside.security_groups().await?;
    let project = beside.asked("enterprise_project_id");
    groups.retain(|group| {
        beside.matches("id", &group.id)
            && beside.matches("name", &group.spec.name)
            && beside.matches("description", &group.spec.description)
            && beside.matches("vpc_id", group.spec.vpc.as_deref().unwrap_or_default())
            && project.is_none_or(|one| one == "all_granted_eps" || one == group.project())
    });
    let window = beside.window(2000, 2000)?;
    Ok(window.cut(groups, |group| group.id.clone()))
}

/// ListSecurityGroups, version 1.
#[derive(Deserialize)]
pub(super) struct ListSecurityGroups {}

impl Action<Beside> for ListSecurityGroups {
    const NAME: &'static str = "ListSecurityGroups";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let groups = asked(beside).await?;
        let shown = groups.iter().map(|group| group.v1(beside));
        Ok(json!({ "security_groups": shown.collect::<Vec<_>>() }))
    }
}

/// ListSecurityGroups, version 3.
#[derive(Deserialize)]
pub(super) struct ListSecurityGroupsV3 {}

impl Action<Beside> for ListSecurityGroupsV3 {
    const NAME: &'static str = "ListSecurityGroupsV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let groups = asked(beside).await?;
        let shown: Vec<Value> = groups.iter().map(|group| group.v3(beside)).collect();
        Ok(json!({
            "request_id": beside.request_id,
            "page_info": beside.page_info(&shown, id_of),
            "security_groups": shown,
        }))
    }
}

/// ShowSecurityGroup, version 1.
#[derive(Deserialize)]
pub(super) struct ShowSecurityGroup {
    security_group_id: String,
}

impl Action<Beside> for ShowSecurityGroup {
    const NAME: &'static str = "ShowSecurityGroup";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let group = beside.security_group(&self.security_group_id).await?;
        Ok(json!({ "security_group": group.v1(beside) }))
    }
}

/// ShowSecurityGroup, version 3.
#[derive(Deserialize)]
pub(super) struct ShowSecurityGroupV3 {
    security_group_id: String,
}

impl Action<Beside> for ShowSecurityGroupV3 {
    const NAME: &'static str = "ShowSecurityGroupV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let group = beside.security_group(&self.security_group_id).await?;
        Ok(json!({
            "request_id": beside.request_id,
            "security_group": group.v3_whole(beside),
        }))
    }
}

/// UpdateSecurityGroup, version 3.
#[derive(Deserialize)]
pub(super) struct UpdateSecurityGroupV3 {
    security_group_id: String,
    security_group: Option<Body>,
    dry_run: Option<bool>,
}

impl Action<Beside> for UpdateSecurityGroupV3 {
    const NAME: &'static str = "UpdateSecurityGroupV3";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let old = beside.own_group(&self.security_group_id).await?;
        let spec = read(beside, self.security_group, Some(&old.spec))?;
        if self.dry_run == Some(true) {
            return Ok(beside.tried());
        }
        let replace = RecordCommand::Replace {
            id: RecordId::SecurityGroup(old.id),
            version: old.head.version,
            spec: RecordSpec::SecurityGroup(Box::new(spec)),
        };
        beside.change(vec![replace]).await?;
        let group = beside.security_group(&self.security_group_id).await?;
        Ok(json!({
            "request_id": beside.request_id,
            "security_group": group.v3_whole(beside),
        }))
    }
}

/// DeleteSecurityGroup, in both versions.
#[derive(Deserialize)]
pub(super) struct DeleteSecurityGroup {
    security_group_id: String,
}

impl Action<Beside> for DeleteSecurityGroup {
    const NAME: &'static str = "DeleteSecurityGroup";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let id = &self.security_group_id;
        let group = beside.own_group(id).await?;
        if let Some(user) = beside.user_of(Used::SecurityGroup(id)).await? {
            let message = format!("The security group {id} is used by {user}.");
            return Err(beside.conflict(message));
        }
        let records = beside.records().await?;
        let rules = records.security_rules.values();
        let rules = rules.filter(|rule| rule.spec.group == group.id);
        let rules = rules.map(|rule| RecordId::SecurityRule(rule.id));
        let gone = rules.chain([RecordId::SecurityGroup(group.id)]);
        let gone = gone.map(|id| RecordCommand::Delete { id });
        beside.change(gone.collect()).await?;
        Ok(Empty {})
    }
}
