//! The front of this door: method, signature, dispatch, and the envelope in either format.

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use muster_kit::action::Entry;
use muster_kit::decode::{DecodeError, DecodeErrorKind};
use muster_kit::http::{Dialect, FORM, Head, Incoming, Pairs, Reply, Unserved};
use muster_kit::node::{Limits, form};
use muster_kit::rates::Rates;
use muster_kit::sign::aws4;
use muster_kit::sign::keys::SigningKeys;
use muster_kit::xml;
use muster_model::AccountId;
use muster_ports::{Api, Caller, Keys};
use serde_json::Value;

use crate::actions::{ACTIONS, IAM_ACTIONS};
use crate::auth::Gate;
use crate::context::{Ctx, Seal, Switches};
use crate::fault::Fault;
use crate::params;

/// The version of this API.
const VERSION: &str = "2016-03-04";
/// The version of IAM, of which Terraform makes one call.
const IAM_VERSION: &str = "2015-11-01";
/// Signing keys kept: one per key, day, region and service.
const SIGNING_KEYS: usize = 256;
/// The client of the Terraform provider.
const TERRAFORM: &str = "ksc-sdk-go/";

/// What an operator can tune of this door, and what it gets from outside.
pub struct Options {
    /// Refuse calls above the rate.
    pub rate_limits: bool,
    /// Limits of the parameter tree.
    pub limits: Limits,
    /// The real clock, seconds since the Unix epoch: what signatures are checked against.
    pub now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Seals passwords for storage.
    pub seal: Seal,
    /// What can be switched.
    pub switches: Switches,
}

/// The door.
pub struct Ksyun {
    api: Arc<dyn Api>,
    keys: Arc<dyn Keys>,
    limits: Limits,
    now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
    seal: Seal,
    switches: Arc<Switches>,
    signing_keys: SigningKeys,
    rates: Option<Rates<(AccountId, &'static str)>>,
}

/// What is asked, as far as it is known.
struct Asked<'a> {
    /// The query of a GET, the form of a POST.
    pairs: Vec<(&'a str, &'a str)>,
    action: &'a str,
    version: &'a str,
}

impl Ksyun {
    /// The door onto `api`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, keys: Arc<dyn Keys>, options: Options) -> Ksyun {
        let rates = Rates::per_sec(options.switches.calls_per_sec);
        Ksyun {
            api,
            keys,
            limits: options.limits,
            now_unix_secs: options.now_unix_secs,
            seal: options.seal,
            switches: Arc::new(options.switches),
            signing_keys: SigningKeys::new(SIGNING_KEYS),
            rates: options.rate_limits.then_some(rates),
        }
    }

    /// The members of the answer as JSON.
    async fn answer(
        &self,
        incoming: &Incoming,
        own: &Pairs,
        action: &mut &'static str,
    ) -> Result<Vec<u8>, Fault> {
        check_method(&incoming.head)?;
        let asked = asked(incoming, own);
        let (service, table) = match asked.version {
            IAM_VERSION => ("iam", IAM_ACTIONS),
            _ => ("kec", ACTIONS),
        };
        let gate = Gate {
            keys: &*self.keys,
            signing_keys: &self.signing_keys,
            now_secs: (self.now_unix_secs)(),
            service,
        };
        let asker = gate.authenticate(&incoming.head, &incoming.body, &asked.pairs)?;
        let entry = dispatch(&asked, table)?;
        *action = entry.name;
        let credential = asker.credential;
        if let Some(rates) = &self.rates
            && !rates.allow((credential.account, entry.name))
        {
            return Err(Fault::too_fast());
        }
        let get = |name: &str| asked.pairs.iter().rev().find(|(key, _)| *key == name);
        let agent = incoming.head.header("user-agent").unwrap_or_default();
        let ctx = Ctx {
            api: Arc::clone(&self.api),
            caller: Caller {
                account: credential.account,
                access: credential.access,
                site: asker.site,
            },
            user: credential.user,
            action: entry.name,
            seal: Arc::clone(&self.seal),
            switches: Arc::clone(&self.switches),
            dry_run: dry_run(get("DryRun").map(|(_, value)| *value))?,
            is_terraform: agent.starts_with(TERRAFORM),
            names_sdk: get("SdkVersion").is_some(),
        };
        params::check_indices(&asked.pairs)?;
        let pairs = &asked.pairs;
        let given = |name: &str| (params::spelled(name, pairs), params::moment(name, pairs));
        let unread = |error: &DecodeError| unreadable(error).told_as_given(given);
        let tree = params::tree(&asked.pairs, &self.limits)
            .map_err(|error| unread(&DecodeError::from(error)))?;
        // Clients send more than the API knows (difference D04): that is left aside.
        let prepared = (entry.prepare)(&tree).map_err(|error| unread(&error))?;
        let members = prepared
            .run(&ctx)
            .await
            .map_err(|fault| fault.told_as_given(given))?;
        match ctx.dry_run {
            true => Err(Fault::dry_run()),
            false => Ok(members),
        }
    }
}

/// Only GET and POST, and of POST only forms (L2689-2694).
fn check_method(head: &Head) -> Result<(), Fault> {
    match head.method {
        Method::GET => Ok(()),
        Method::POST => match head.media_type() {
            "" => Ok(()),
            media if media.eq_ignore_ascii_case(FORM) => Ok(()),
            _ => Err(Fault::malformed("Content-Type")),
        },
        _ => {
            let message = format!(
                "The method {} for is not valid for this web service.",
                head.method
            );
            Err(Fault::new(400, "InvalidMethod", message))
        }
    }
}

/// A body is read as a form also when nothing says that it is one.
fn own_pairs(incoming: &Incoming) -> Pairs {
    let encoded: &[u8] = match incoming.head.method {
        Method::POST => &incoming.body,
        _ => incoming.head.raw_query.as_bytes(),
    };
    form::pairs(encoded)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The two sources are not mixed (L2693); only action and version of a POST may stand in the query (difference D03).
fn asked<'a>(incoming: &'a Incoming, own: &'a Pairs) -> Asked<'a> {
    let get = |name: &str| own.get(name).or_else(|| incoming.pairs.get(name));
    Asked {
        pairs: own.iter().collect(),
        action: get("Action").unwrap_or_default(),
        version: get("Version").unwrap_or_default(),
    }
}

fn dispatch(asked: &Asked<'_>, table: &'static [Entry<Ctx>]) -> Result<&'static Entry<Ctx>, Fault> {
    for (name, value) in [("Action", asked.action), ("Version", asked.version)] {
        if value.is_empty() {
            return Err(Fault::missing(name));
        }
    }
    // The overview has the name without its s (contradiction K03).
    let action = match asked.action {
        "ModifyScalingLoadBalancer" => "ModifyScalingLoadBalancers",
        other => other,
    };
    let known = matches!(asked.version, VERSION | IAM_VERSION);
    let found = table
        .iter()
        .find(|entry| known && entry.name.eq_ignore_ascii_case(action));
    found.ok_or_else(|| {
        let message =
            "Request was rejected because it referenced an 'Inner Api' that does not exist.";
        Fault::new(404, "NoSuchEntity", message)
    })
}

fn dry_run(value: Option<&str>) -> Result<bool, Fault> {
    match value.unwrap_or_default() {
        "" => Ok(false),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text => Err(Fault::value("DryRun", text, "true or false")),
    }
}

/// A parameter that is missing or cannot be read.
fn unreadable(error: &DecodeError) -> Fault {
    let path = match error.path.as_str() {
        "" => "string",
        path => path,
    };
    match &error.kind {
        DecodeErrorKind::Missing => Fault::missing(path),
        DecodeErrorKind::NotOneOf { allowed, got } => {
            let wanted = format!("one of {}", allowed.join(", "));
            Fault::value(path, got.trim_matches('"'), &wanted)
        }
        DecodeErrorKind::Malformed { expected, got } => {
            let wanted = match expected.as_str() {
                "i64" => "a whole number",
                "a boolean" => "true or false",
                other => other,
            };
            Fault::value(path, got.trim_matches('"'), wanted)
        }
        DecodeErrorKind::TooLarge { .. } => Fault::malformed(path),
    }
}

/// Whether the answer is to be JSON (L2708; the other way is that of the simplified signature).
fn wants_json(head: &Head, pairs: &Pairs) -> bool {
    let accepts = head.header("accept").is_some_and(|accept| {
        let mut kinds = accept.split(',').filter_map(|kind| kind.split(';').next());
        kinds.any(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    let format = pairs.get("Format");
    accepts || format.is_some_and(|format| format.eq_ignore_ascii_case("json"))
}

/// The whole answer.
fn enveloped(
    json: bool,
    request_id: &str,
    action: &str,
    result: &Result<Vec<u8>, Fault>,
) -> Result<String, serde_json::Error> {
    let id = Value::String(request_id.to_owned());
    let (root, value) = match result {
        Ok(members) => {
            let mut value: Value = serde_json::from_slice(members)?;
            if let Value::Object(members) = &mut value {
                match json {
                    true => members.shift_insert(0, "RequestId".to_owned(), id),
                    false => members.shift_insert(
                        0,
                        "ResponseMetadata".to_owned(),
                        serde_json::json!({ "RequestId": id }),
                    ),
                };
            }
            (format!("{action}Response"), value)
        }
        Err(fault) => {
            // Who has to do something about it.
            let side = if fault.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            let error = serde_json::json!({
                "RequestId": id,
                "Error": { "Type": side, "Code": fault.code, "Message": fault.message() },
            });
            ("ErrorResponse".to_owned(), error)
        }
    };
    if json {
        return serde_json::to_string(&value);
    }
    let mut out = String::new();
    xml::element(&mut out, &root, &value);
    Ok(out)
}

fn reply(
    json: bool,
    request_id: &str,
    action: &'static str,
    result: Result<Vec<u8>, Fault>,
) -> Reply {
    let (result, body) = match enveloped(json, request_id, action, &result) {
        Ok(body) => (result, body),
        // What an action answered is JSON; if it is not, that is a fault of ours.
        Err(_) => {
            let fault = Err(Fault::unavailable());
            let body = enveloped(json, request_id, action, &fault).unwrap_or_default();
            (fault, body)
        }
    };
    let status = match &result {
        Ok(_) => StatusCode::OK,
        Err(fault) => {
            StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    Reply {
        content_type: match json {
            true => "application/json",
            // Everything is in UTF-8 (L2702); of a text that is only said here.
            false => "text/xml; charset=utf-8",
        },
        action,
        code: match result {
            Ok(_) => String::new(),
            Err(fault) => fault.code.to_owned(),
        },
        ..Reply::json(status, body)
    }
}

#[async_trait]
impl Dialect for Ksyun {
    fn name(&self) -> &'static str {
        "ksyun"
    }

    fn recognises(&self, head: &Head, pairs: &Pairs) -> bool {
        // Nobody else signs like this.
        let signed = head
            .header("authorization")
            .is_some_and(|value| value.starts_with(aws4::ALGORITHM))
            || pairs.get("X-Amz-Algorithm").is_some()
            || (pairs.get("Accesskey").is_some() && pairs.get("Signature").is_some());
        signed || matches!(pairs.get("Version"), Some(VERSION | IAM_VERSION))
    }

    async fn handle(&self, incoming: Incoming) -> Reply {
        let own = own_pairs(&incoming);
        let json = wants_json(&incoming.head, &own);
        let mut action = "";
        let result = self.answer(&incoming, &own, &mut action).await;
        reply(json, &incoming.request_id, action, result)
    }

    fn unserved(&self, why: &Unserved, request_id: &str) -> Reply {
        let fault = match why {
            Unserved::TooLarge { .. } | Unserved::TooManyParameters(_) => {
                Fault::malformed("string")
            }
            Unserved::TooSlow => {
                let message = "Internal Service is unavailable because of time out.";
                Fault::new(500, "ServiceTimeout", message)
            }
            Unserved::Busy => Fault::too_fast(),
            Unserved::Failed => Fault::unavailable(),
        };
        reply(false, request_id, "", Err(fault))
    }
}
