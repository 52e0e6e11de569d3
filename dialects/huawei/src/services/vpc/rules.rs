//! Rules of security groups.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Record, RecordId, RecordSpec, Records, SecurityGroupId, SecurityRule, SecurityRuleId,
    SecurityRuleSpec,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::description;
use super::subnets::id_of;
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

/// Smallest and largest port of a list of ports and ranges, if it is one.
fn bounds(ports: &str) -> Option<(u16, u16)> {
    let mut all: Option<(u16, u16)> = None;
    for part in ports.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (
            from.trim().parse::<u16>().ok()?,
            to.trim().parse::<u16>().ok()?,
        );
        if from == 0 || from > to {
            return None;
        }
        let (low, high) = all.unwrap_or((from, to));
        all = Some((low.min(from), high.max(to)));
    }
    all
}

/// All rules, oldest first; those that a new group has are made in one go.
pub(super) fn ordered(records: &Records) -> Vec<Arc<SecurityRule>> {
    let mut rules: Vec<_> = records.security_rules.values().cloned().collect();
    rules.sort_by_key(|rule| {
        let (head, spec) = (&rule.head, &rule.spec);
        let kind = (spec.direction.clone(), spec.ethertype.clone());
        (head.created_at, head.ordinal, kind, rule.id)
    });
    rules
}

/// As version 1 shows it.
pub(super) fn v1(beside: &Beside, rule: &SecurityRule) -> Value {
    let spec = &rule.spec;
    let ports = spec.ports.as_deref().and_then(bounds);
    json!({
        "id": rule.id.uuid(),
        "description": spec.description,
        "security_group_id": spec.group.uuid(),
        "direction": spec.direction,
        "ethertype": spec.ethertype,
        "protocol": spec.protocol,
        "port_range_min": ports.map(|ports| ports.0),
        "port_range_max": ports.map(|ports| ports.1),
        "remote_ip_prefix": spec.remote_cidr,
        "remote_group_id": spec.remote_group,
        "remote_address_group_id": spec.remote_address_group,
        "tenant_id": beside.project(),
    })
}

/// As version 3 shows it.
pub(super) fn v3(beside: &Beside, rule: &SecurityRule) -> Value {
    let spec = &rule.spec;
    json!({
        "id": rule.id.uuid(),
        "description": spec.description,
        "security_group_id": spec.group.uuid(),
        "direction": spec.direction,
        "protocol": spec.protocol,
        "ethertype": spec.ethertype,
        "multiport": spec.ports,
        "action": spec.action,
        "priority": spec.priority,
        "remote_group_id": spec.remote_group,
        "remote_ip_prefix": spec.remote_cidr,
        "remote_address_group_id": spec.remote_address_group,
        "created_at": second(rule.head.created_at),
        "updated_at": second(rule.head.updated_at),
        "project_id": beside.project(),
        "enabled": spec.enabled,
    })
}

impl Beside {
    async fn rule(&self, text: &str) -> Result<Arc<SecurityRule>, Wrong> {
        let records = self.records().await?;
        let id = SecurityRuleId::parse_uuid(text).ok();
        let rule = id.and_then(|id| records.security_rules.get(&id).cloned());
        rule.ok_or_else(|| self.absent("The security group rule", text))
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Whether a text is a range of addresses of either kind.
fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

/// The priority of a rule that says none.
const LAST: i64 = 100;

/// The protocol of a rule for addresses of this kind; `None` = any.
fn protocol(rule: &mut Reader<'_>, ethertype: &str) -> Result<Option<String>, Wrong> {
    let Some(protocol) = filled(rule.text("protocol", 16)?) else {
        return Ok(None);
    };
    let wanted = match (protocol.as_str(), ethertype) {
        ("icmp", "IPv6") => "it goes with IPv4",
        ("icmpv6", "IPv4") => "it goes with IPv6",
        ("tcp" | "udp" | "icmp" | "icmpv6", _) => return Ok(Some(protocol)),
        (number, _) if number.parse::<u8>().is_ok() => return Ok(Some(protocol)),
        _ => "tcp, udp, icmp, icmpv6 or 0 to 255 is right",
    };
    Err(rule.invalid("protocol", protocol, wanted))
}

fn read(mut rule: Reader<'_>) -> Result<SecurityRuleSpec, Wrong> {
    let group = rule.needed("security_group_id", 64)?;
    let group = SecurityGroupId::parse_uuid(&group)
        .map_err(|_| rule.invalid("security_group_id", &group, "it was not made here"))?;
    let direction = rule.word("direction", &["ingress", "egress"])?;
    let direction = direction.ok_or_else(|| rule.missing("direction"))?;
    let ethertype = rule.word("ethertype", &["IPv4", "IPv6", "ipv4", "ipv6"])?;
    let ethertype = match ethertype.as_deref() {
        Some("IPv6" | "ipv6") => "IPv6",
        Some(_) | None => "IPv4",
    };
    let protocol = protocol(&mut rule, ethertype)?;
    let ports = filled(rule.text("multiport", 255)?);
    let is_icmp = matches!(protocol.as_deref(), Some("icmp" | "icmpv6"));
    if let Some(ports) = &ports
        && !is_icmp
        && bounds(ports).is_none()
    {
        return Err(rule.invalid(
            "multiport",
            ports,
            "ports and ranges like 22,80-90 are right",
        ));
    }
    let remote_cidr = filled(rule.text("remote_ip_prefix", 64)?);
    if let Some(range) = &remote_cidr
        && !is_range(range)
    {
        return Err(rule.invalid("remote_ip_prefix", range, "a range of addresses is right"));
    }
    let remote_group = filled(rule.text("remote_group_id", 64)?);
    let remote_address_group = filled(rule.text("remote_address_group_id", 64)?);
    let ends = [&remote_cidr, &remote_group, &remote_address_group];
    if ends.iter().filter(|end| end.is_some()).count() > 1 {
        let wanted =
            "only one of remote_ip_prefix, remote_group_id and remote_address_group_id is right";
        return Err(rule.invalid("remote_group_id", remote_group.unwrap_or_default(), wanted));
    }
    let action = rule.word("action", &["allow", "deny"])?;
    let priority = rule.whole("priority", 1, 100)?.unwrap_or(LAST);
    Ok(SecurityRuleSpec {
        group,
        description: description(&mut rule)?.unwrap_or_default(),
        direction,
        ethertype: ethertype.to_owned(),
        protocol,
        ports,
        action: action.unwrap_or_else(|| "allow".to_owned()),
        priority: u32::try_from(priority).unwrap_or(1),
        remote_cidr,
        remote_group,
        remote_address_group,
        enabled: rule.flag("enabled")?.unwrap_or(true),
    })
}

/// Ports as version 1 has them, from one to another: the first counts for both where only that is given.
fn ports_v1(rule: &mut Reader<'_>) -> Result<Option<String>, Wrong> {
    let from = rule.whole("port_range_min", 0, 65_535)?;
    let to = rule.whole("port_range_max", 0, 65_535)?;
    match (from, to) {
        (None | Some(0), None | Some(0)) => Ok(None),
        (None, Some(_)) => Err(rule.missing("port_range_min")),
        (Some(from), None | Some(0)) => Ok(Some(from.to_string())),
        (Some(from), Some(to)) if from <= to => Ok(Some(match from == to {
            true => from.to_string(),
            false => format!("{from}-{to}"),
        })),
        (Some(from), Some(_)) => {
            let wanted = "at most port_range_max is right";
            Err(rule.invalid("port_range_min", from, wanted))
        }
    }
}

impl Beside {
    /// Makes a rule, or only says whether it could be made.
    async fn make_rule(
        &self,
        spec: SecurityRuleSpec,
        dry_run: bool,
    ) -> Result<Option<Arc<SecurityRule>>, Wrong> {
        self.own_group(&spec.group.uuid()).await?;
        if let Some(other) = &spec.remote_group {
            self.security_group(other).await?;
        }
        let records = self.records().await?;
        let mut others = records.security_rules.values();
        let is_same = |other: &&Arc<SecurityRule>| {
            let same = SecurityRuleSpec {
                description: spec.description.clone(),
                ..other.spec.clone()
            };
            same == spec
        };
        if let Some(other) = others.find(is_same) {
            let message = format!("The rule {} says the same.", other.id.uuid());
            return Err(self.conflict(message));
        }
        if dry_run {
            return Ok(None);
        }
        let spec = RecordSpec::SecurityRule(Box::new(spec));
        let id = self.create(spec).await?;
        match self.records().await?.get(id) {
            Some(Record::SecurityRule(rule)) => Ok(Some(rule)),
            _ => Err(self.broken("the rule is gone")),
        }
    }
}

/// CreateSecurityGroupRule, version 1.
#[derive(Deserialize)]
pub(super) struct CreateRuleV1 {
    security_group_rule: Option<Body>,
}

impl Action<Beside> for CreateRuleV1 {
    const NAME: &'static str = "CreateSecurityGroupRuleV1";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let rule = self.security_group_rule;
        let rule = rule.ok_or_else(|| beside.missing("security_group_rule"))?;
        let mut rule = rule.read(beside, "security_group_rule");
        let ports = ports_v1(&mut rule)?;
        let mut spec = read(rule)?;
        spec.ports = spec.ports.or(ports);
        let made = beside.make_rule(spec, false).await?;
        let rule = made.ok_or_else(|| beside.broken("nothing was made"))?;
        Ok(json!({ "security_group_rule": v1(beside, &rule) }))
    }
}

/// ListSecurityGroupRules, version 1.
#[derive(Deserialize)]
pub(super) struct ListRulesV1 {}

impl Action<Beside> for ListRulesV1 {
    const NAME: &'static str = "ListSecurityGroupRulesV1";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let shown = asked(beside, v1).await?;
        Ok(json!({ "security_group_rules": shown }))
    }
}

/// ShowSecurityGroupRule, version 1.
#[derive(Deserialize)]
pub(super) struct ShowRuleV1 {
    security_group_rule_id: String,
}

impl Action<Beside> for ShowRuleV1 {
    const NAME: &'static str = "ShowSecurityGroupRuleV1";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let rule = beside.rule(&self.security_group_rule_id).await?;
        Ok(json!({ "security_group_rule": v1(beside, &rule) }))
    }
}

/// CreateSecurityGroupRule.
#[derive(Deserialize)]
pub(super) struct CreateSecurityGroupRule {
    security_group_rule: Option<Body>,
    dry_run: Option<bool>,
}

impl Action<Beside> for CreateSecurityGroupRule {
    const NAME: &'static str = "CreateSecurityGroupRule";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let rule = self.security_group_rule;
        let rule = rule.ok_or_else(|| beside.missing("security_group_rule"))?;
        let spec = read(rule.read(beside, "security_group_rule"))?;
        let made = beside.make_rule(spec, self.dry_run == Some(true)).await?;
        let Some(rule) = made else {
            return Ok(beside.tried());
        };
        Ok(json!({
            "request_id": beside.request_id,
            "security_group_rule": v3(beside, &rule),
        }))
    }
}

/// ListSecurityGroupRules.
#[derive(Deserialize)]
pub(super) struct ListSecurityGroupRules {}

impl Action<Beside> for ListSecurityGroupRules {
    const NAME: &'static str = "ListSecurityGroupRules";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let shown = asked(beside, v3).await?;
        Ok(json!({
            "request_id": beside.request_id,
            "page_info": beside.page_info(&shown, id_of),
            "security_group_rules": shown,
        }))
    }
}

/// The rules that a list asks for.
async fn asked(
    beside: &Beside,
    show: impl Fn(&Beside, &SecurityRule) -> Value,
) -> Result<Vec<Value>, Wrong> {
    let records = beside.records().await?;
    let rules = ordered(&records);
    let rules = rules.iter().map(|rule| show(beside, rule));
    let rules = rules.filter(|rule| {
        let names = [
            "id",
            "security_group_id",
            "protocol",
            "description",
            "remote_group_id",
            "direction",
            "action",
            "remote_ip_prefix",
            "remote_address_group_id",
            "priority",
            "enabled",
        ];
        let text = |name: &str| match &rule[name] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let kind = text("ethertype");
        let mut kinds = beside.all_asked("ethertype").peekable();
        let is_kind =
            kinds.peek().is_none() || kinds.any(|asked| asked.eq_ignore_ascii_case(&kind));
        is_kind && names.iter().all(|name| beside.matches(name, &text(name)))
    });
    let window = beside.window(2000, 2000)?;
    Ok(window.cut(rules.collect(), id_of))
}

/// ShowSecurityGroupRule.
#[derive(Deserialize)]
pub(super) struct ShowSecurityGroupRule {
    security_group_rule_id: String,
}

impl Action<Beside> for ShowSecurityGroupRule {
    const NAME: &'static str = "ShowSecurityGroupRule";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let rule = beside.rule(&self.security_group_rule_id).await?;
        Ok(json!({
            "request_id": beside.request_id,
            "security_group_rule": v3(beside, &rule),
        }))
    }
}

/// DeleteSecurityGroupRule.
#[derive(Deserialize)]
pub(super) struct DeleteSecurityGroupRule {
    security_group_rule_id: String,
}

impl Action<Beside> for DeleteSecurityGroupRule {
    const NAME: &'static str = "DeleteSecurityGroupRule";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let rule = beside.rule(&self.security_group_rule_id).await?;
        beside.delete(RecordId::SecurityRule(rule.id)).await?;
        Ok(Empty {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_lists_of_ranges() {
        assert_eq!(bounds("22"), Some((22, 22)));
        assert_eq!(bounds("80-90,22"), Some((22, 90)));
        for bad in ["", "0", "90-80", "a", "1,", "70000"] {
            assert_eq!(bounds(bad), None, "{bad}");
        }
        for (text, right) in [
            ("10.0.0.0/8", true),
            ("::/0", true),
            ("10.0.0.0/33", false),
            ("x", false),
        ] {
            assert_eq!(is_range(text), right, "{text}");
        }
    }
}
