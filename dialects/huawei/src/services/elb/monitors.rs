//! Health checks of pools. Those of the kinds TCP and HTTP are how the embedded balancer checks members; the others are kept
//! and shown.

use std::sync::Arc;

use muster_kit::action::Action;
use muster_model::{
    Codes, HealthMonitor, HealthMonitorId, HealthMonitorSpec, Kept, Record, RecordId, RecordSpec,
    Records, by_age,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{forms, pools, with_kept};
use crate::services::body::{Body, Reader};
use crate::services::{Beside, Empty, Wrong};
use crate::times::second;

const KINDS: &[&str] = &["TCP", "UDP_CONNECT", "HTTP", "HTTPS", "GRPC", "TLS"];

const METHODS: &[&str] = &["GET", "HEAD", "POST"];
/// What may be in a path besides letters and digits.
const PATH_MARKS: &str = "-/.%?#&_;~!()*[]@$^:',+=";

/// The kind of a health check, which has to fit its pool.
pub(super) fn kind(body: &mut Reader<'_>, pool: &str) -> Result<Option<String>, Wrong> {
    match body.word("type", KINDS)? {
        Some(kind) => match forms::misfit_check(pool, &kind) {
            Some(why) => Err(body.invalid("type", kind, &why)),
            None => Ok(Some(kind)),
        },
        None => Ok(None),
    }
}

/// Checks how members are asked; what is right stays to be kept.
pub(super) fn check_kept(body: &mut Reader<'_>) -> Result<Kept, Wrong> {
    let mut kept = Kept::new();
    let mut keep = |name: &str, value: Option<Value>| {
        kept.extend(value.map(|value| (name.to_owned(), value)));
    };
    keep(
        "admin_state_up",
        body.flag("admin_state_up")?.map(Value::from),
    );
    let method = body.word("http_method", METHODS)?;
    keep("http_method", method.map(Value::from));
    let port = body.whole("monitor_port", 1, 65_535)?;
    keep("monitor_port", port.map(Value::from));
    let path = body.text("url_path", 80)?;
    if let Some(path) = &path {
        let good = |c: char| c.is_ascii_alphanumeric() || PATH_MARKS.contains(c);
        if !path.starts_with('/') || !path.chars().all(good) {
            let marks =
                format!("a path of letters, digits and {PATH_MARKS} that begins with / is right");
            return Err(body.invalid("url_path", path, &marks));
        }
    }
    keep("url_path", path.map(Value::from));
    let codes = body.text("expected_codes", 64)?;
    if let Some(codes) = &codes
        && Codes::parse(codes).is_none()
    {
        let why = "one status, a list (200,202) or a range (200-204) is right";
        return Err(body.invalid("expected_codes", codes, why));
    }
    keep("expected_codes", codes.map(Value::from));
    let domain = body.text("domain_name", 100)?;
    if let Some(domain) = domain.as_deref().filter(|domain| !domain.is_empty()) {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if !domain.starts_with(|c: char| c.is_ascii_alphanumeric()) || !domain.chars().all(good) {
            let why = "letters, digits, - and . are right, a letter or a digit first";
            return Err(body.invalid("domain_name", domain, why));
        }
    }
    keep("domain_name", domain.map(Value::from));
    Ok(kept)
}

fn shown(beside: &Beside, monitor: &HealthMonitor) -> Value {
    let spec = &monitor.spec;
    let is_http = matches!(spec.kind.as_str(), "HTTP" | "HTTPS");
    let codes = match spec.kind.as_str() {
        "GRPC" => Some("0"),
        _ => is_http.then_some("200"),
    };
    let shown = json!({
        "id": monitor.id.uuid(),
        "name": spec.name,
        "admin_state_up": true,
        "type": spec.kind,
        "delay": spec.delay_secs,
        "timeout": spec.timeout_secs,
        "max_retries": spec.rises,
        "max_retries_down": spec.falls,
        "domain_name": null,
        "expected_codes": codes,
        "http_method": is_http.then_some("GET"),
        "monitor_port": null,
        "url_path": is_http.then_some("/"),
        "pools": [{ "id": spec.pool.uuid() }],
        "project_id": beside.project(),
        "created_at": second(monitor.head.created_at),
        "updated_at": second(monitor.head.updated_at),
    });
    let mut shown = with_kept(shown, &spec.kept);
    if beside.is_v2() {
        shown["tenant_id"] = json!(beside.project());
    }
    shown
}

pub(super) fn find(records: &Records, id: &str) -> Option<Arc<HealthMonitor>> {
    let id = HealthMonitorId::parse_uuid(id).ok()?;
    records.health_monitors.get(&id).cloned()
}

/// CreateHealthMonitor.
#[derive(Deserialize)]
pub(super) struct CreateHealthMonitor {
    healthmonitor: Option<Body>,
}

impl Action<Beside> for CreateHealthMonitor {
    const NAME: &'static str = "CreateHealthMonitor";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let body = self.healthmonitor;
        let body = body.ok_or_else(|| beside.missing("healthmonitor"))?;
        let mut body = body.read(beside, "healthmonitor");
        let records = beside.records().await?;
        let pool = body.needed("pool_id", 64)?;
        let pool = pools::find(&records, &pool)
            .ok_or_else(|| body.invalid("pool_id", &pool, "it does not exist"))?;
        let mut others = records.health_monitors.values();
        if let Some(other) = others.find(|other| other.spec.pool == pool.id) {
            let other = other.id.uuid();
            let message = format!("The pool has the health check {other} already.");
            return Err(beside.conflict(message));
        }
        let kind = kind(&mut body, &pool.spec.protocol)?;
        let kind = kind.ok_or_else(|| body.missing("type"))?;
        let secs = |number: Option<i64>, name: &str| match number {
            Some(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
            None => Err(beside.missing(&format!("healthmonitor.{name}"))),
        };
        let few = |number: Option<i64>| u32::try_from(number.unwrap_or(3)).unwrap_or(3);
        let spec = HealthMonitorSpec {
            pool: pool.id,
            kind,
            delay_secs: secs(body.whole("delay", 1, 50)?, "delay")?,
            timeout_secs: secs(body.whole("timeout", 1, 50)?, "timeout")?,
            rises: secs(body.whole("max_retries", 1, 10)?, "max_retries")?,
            falls: few(body.whole("max_retries_down", 1, 10)?),
            name: body.text("name", 255)?.unwrap_or_default(),
            kept: check_kept(&mut body)?,
        };
        let id = beside
            .create(RecordSpec::HealthMonitor(Box::new(spec)))
            .await?;
        let Some(Record::HealthMonitor(monitor)) = beside.records().await?.get(id) else {
            return Err(beside.broken("the health check is gone"));
        };
        Ok(beside.elb_one("healthmonitor", shown(beside, &monitor)))
    }
}

/// ListHealthMonitors.
#[derive(Deserialize)]
pub(super) struct ListHealthMonitors {}

impl Action<Beside> for ListHealthMonitors {
    const NAME: &'static str = "ListHealthMonitors";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let records = beside.records().await?;
        let all = by_age(&records.health_monitors).into_iter();
        let all = all.map(|monitor| shown(beside, monitor));
        beside.elb_list("healthmonitors", all.collect()).await
    }
}

/// One, under its name.
pub(super) async fn show(beside: &Beside, id: &str) -> Result<Value, Wrong> {
    let records = beside.records().await?;
    let monitor = find(&records, id);
    let absent = || beside.absent("The health check", id);
    let monitor = monitor.ok_or_else(absent)?;
    Ok(beside.elb_one("healthmonitor", shown(beside, &monitor)))
}

/// ShowHealthMonitor.
#[derive(Deserialize)]
pub(super) struct ShowHealthMonitor {
    healthmonitor_id: String,
}

impl Action<Beside> for ShowHealthMonitor {
    const NAME: &'static str = "ShowHealthMonitor";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        show(beside, &self.healthmonitor_id).await
    }
}

/// DeleteHealthMonitor.
#[derive(Deserialize)]
pub(super) struct DeleteHealthMonitor {
    healthmonitor_id: String,
}

impl Action<Beside> for DeleteHealthMonitor {
    const NAME: &'static str = "DeleteHealthMonitor";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let records = beside.records().await?;
        let monitor = find(&records, &self.healthmonitor_id);
        let absent = || beside.absent("The health check", &self.healthmonitor_id);
        let monitor = monitor.ok_or_else(absent)?;
        beside.delete(RecordId::HealthMonitor(monitor.id)).await?;
        Ok(Empty {})
    }
}
