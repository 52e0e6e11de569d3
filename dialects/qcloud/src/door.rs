//! The front of this door: method, signature, dispatch and envelope.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{Method, StatusCode};
use muster_kit::action::Entry;
use muster_kit::decode::{DecodeError, DecodeErrorKind};
use muster_kit::http::{Dialect, Head, Incoming, Pairs, Reply, Unserved};
use muster_kit::node::Limits;
use muster_kit::rates::Rates;
use muster_kit::sign::{SignError, tencent_v1};
use muster_model::{AccountId, Site};
use muster_ports::{Api, Caller, Credential, Keys};
use serde_json::Value;

use crate::actions::ACTIONS;
use crate::codes;
use crate::context::{Ctx, Seal, Switches};
use crate::fault::{Class, Fault};
use crate::replay::{Replayed, Seen};
use crate::{params, places};

/// The path (L346).
const PATH: &str = "/v2/index.php";

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
pub struct Qcloud {
    api: Arc<dyn Api>,
    keys: Arc<dyn Keys>,
    limits: Limits,
    now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
    seal: Seal,
    switches: Arc<Switches>,
    seen: Mutex<Seen>,
    rates: Option<Rates<(AccountId, &'static str)>>,
}

impl Qcloud {
    /// The door onto `api`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, keys: Arc<dyn Keys>, options: Options) -> Qcloud {
        let switches = options.switches;
        let start = (options.now_unix_secs)();
        let seen = Seen::new(
            usize::try_from(switches.nonces_per_key).unwrap_or(usize::MAX),
            tencent_v1::API_2017.max_skew_secs,
            switches.refuse_signed_before_start.then_some(start),
        );
        let rates = Rates::per_sec(switches.calls_per_sec);
        Qcloud {
            api,
            keys,
            limits: options.limits,
            now_unix_secs: options.now_unix_secs,
            seal: options.seal,
            switches: Arc::new(switches),
            seen: Mutex::new(seen),
            rates: options.rate_limits.then_some(rates),
        }
    }

    /// The data of the answer as JSON.
    async fn answer(
        &self,
        incoming: &Incoming,
        action: &mut &'static str,
    ) -> Result<Vec<u8>, Fault> {
        let head = &incoming.head;
        if !matches!(head.method, Method::GET | Method::POST) {
            let text = format!(
                "the method {} is not supported: use GET or POST",
                head.method
            );
            return Err(Fault::new(Class::Protocol, "UnsupportedProtocol", text));
        }
        let pairs = params::own_pairs(head, &incoming.body);
        if pairs.iter().count() > self.limits.max_nodes {
            return Err(unreadable(
                &DecodeErrorKind::TooLarge {
                    what: muster_kit::node::Measure::Nodes,
                    max: self.limits.max_nodes,
                },
                "",
            ));
        }
        let name = pairs.get("Action").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| Fault::missing("Action"))?;
        let credential = self.authenticate(head, &pairs)?;
        let entry = dispatch(name)?;
        *action = entry.name;
        if let Some(rates) = &self.rates
            && !rates.allow((credential.account, entry.name))
        {
            return Err(Fault::too_fast());
        }
        let ctx = Ctx {
            api: Arc::clone(&self.api),
            caller: Caller {
                account: credential.account,
                access: credential.access,
                site: self.site(pairs.get("Region"))?,
            },
            action: entry.name,
            seal: Arc::clone(&self.seal),
            switches: Arc::clone(&self.switches),
        };
        let decoded = |error: &DecodeError| {
            let fault = unreadable(&error.kind, &error.path);
            fault.with(codes::of_parameter(&error.path, entry.name))
        };
        let tree = params::tree(&pairs, &self.limits)
            .map_err(|error| decoded(&DecodeError::from(error)))?;
        // Clients send more than the API knows (difference U07): that is left aside.
        let prepared = (entry.prepare)(&tree).map_err(|error| decoded(&error))?;
        prepared.run(&ctx).await
    }

    /// Whose request it is; each time and nonce of a key is taken once.
    fn authenticate(&self, head: &Head, pairs: &Pairs) -> Result<Credential, Fault> {
        let now = (self.now_unix_secs)();
        let timestamp = number(pairs, "Timestamp")?;
        let nonce = number(pairs, "Nonce")?;
        let secret_id = tencent_v1::secret_id(pairs).map_err(|error| auth_fault(&error))?;
        let credential = self.keys.find(secret_id).ok_or_else(|| {
            let text = "there is no such SecretId";
            Fault::new(Class::Signature, "AuthFailure", text)
        })?;
        let (secret, profile) = (credential.secret.as_bytes(), &tencent_v1::API_2017);
        tencent_v1::verify(head, pairs, secret, profile, now)
            .map_err(|error| auth_fault(&error))?;
        if pairs.get("Token").is_some_and(|token| !token.is_empty()) {
            let text = "the Token has run out: there are no temporary keys here";
            return Err(Fault::new(Class::Expired, "RequestExpired", text));
        }
        let at = i64::try_from(timestamp).unwrap_or(i64::MAX);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take(secret_id, at, nonce, now).map_err(|why| {
            let text = match why {
                Replayed::Again => "this Nonce was used with this Timestamp before",
                Replayed::Forgotten => {
                    "the Timestamp is too old to know whether the Nonce was used before"
                }
            };
            Fault::new(Class::Replay, "ReplayAttack", text)
        })?;
        Ok(credential)
    }

    fn site(&self, region: Option<&str>) -> Result<Site, Fault> {
        let given = region.filter(|region| !region.is_empty());
        let given = given.unwrap_or(&self.switches.default_region);
        let region = places::region(given);
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let good = (1..=64).contains(&region.len()) && region.bytes().all(good);
        let site = good.then(|| self.keys.site(region)).flatten();
        site.ok_or_else(|| {
            let start: String = given.chars().take(64).collect();
            Fault::value("Region", &start, "a region that is served here")
        })
    }
}

/// A common parameter that is a whole number.
fn number(pairs: &Pairs, name: &str) -> Result<u64, Fault> {
    let text = pairs.get(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Fault::missing(name))?;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| {
        let start: String = text.chars().take(64).collect();
        Fault::value(name, &start, "a whole number of 0 or more")
    })
}

/// What is wrong with a signature.
fn auth_fault(error: &SignError) -> Fault {
    let signature = |text: &str| Fault::new(Class::Signature, "AuthFailure", text);
    match error {
        SignError::Unsigned => Fault::missing("Signature"),
        SignError::MissingInput(name) => Fault::missing(name),
        SignError::Expired => {
            let text = "the Timestamp is more than two hours off";
            Fault::new(Class::Replay, "ReplayAttack", text)
        }
        SignError::Malformed(_)
        | SignError::MissingSignedHeader(_)
        | SignError::AbsentSignedHeader
        | SignError::DateMismatch
        | SignError::BadSignature => signature("the Signature does not match"),
    }
}

/// Names are taken in any case: some clients begin them with a capital (differences U05, U08).
fn dispatch(name: &str) -> Result<&'static Entry<Ctx>, Fault> {
    let found = ACTIONS
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        let start: String = name.chars().take(64).collect();
        let text = format!("there is no action `{start}` in this version");
        Fault::new(Class::Unsupported, "UnsupportedAction", text)
    })
}

/// A parameter that is missing or cannot be read.
fn unreadable(kind: &DecodeErrorKind, path: &str) -> Fault {
    match kind {
        DecodeErrorKind::Missing => Fault::missing(path),
        DecodeErrorKind::NotOneOf { allowed, got } => {
            let wanted = format!("one of {}", allowed.join(", "));
            Fault::value(path, got.trim_matches('"'), &wanted)
        }
        DecodeErrorKind::Malformed { expected, got } => {
            // What types call it is not for callers.
            let wanted = match expected.as_str() {
                "i64" => "a whole number",
                other => other,
            };
            let wanted = format!("it has to be {wanted}");
            Fault::value(path, got.trim_matches('"'), &wanted)
        }
        DecodeErrorKind::TooLarge { what, max } => Fault::new(
            Class::Parameter,
            "InvalidParameter",
            format!("the request is too large: {what} exceeds {max}"),
        ),
    }
}

/// The whole answer. `data` is left out where the action has none (contradiction T02).
fn enveloped(result: &Result<Vec<u8>, Fault>, switches: &Switches) -> String {
    let code = |number: u16| match switches.code_as_text {
        true => Value::from(number.to_string()),
        false => Value::from(number),
    };
    match result {
        Ok(data) => {
            let start = format!(r#"{{"code":{},"message":"","codeDesc":"Success""#, code(0));
            match String::from_utf8_lossy(data).as_ref() {
                "null" => format!("{start}}}"),
                data => format!(r#"{start},"data":{data}}}"#),
            }
        }
        Err(fault) => serde_json::json!({
            "code": code(fault.class.number()),
            "message": fault.message(),
            "codeDesc": fault.desc,
        })
        .to_string(),
    }
}

fn reply(action: &'static str, result: Result<Vec<u8>, Fault>, switches: &Switches) -> Reply {
    let result = result.map_err(|fault| match switches.vpc_spelling {
        true => {
            let desc = codes::vpc_spelling(fault.desc);
            fault.with(desc)
        }
        false => fault,
    });
    let body = enveloped(&result, switches);
    Reply {
        action,
        code: match result {
            Ok(_) => String::new(),
            Err(fault) => fault.desc.to_owned(),
        },
        // Its clients take any other status for a broken connection (difference U02).
        ..Reply::json(StatusCode::OK, body)
    }
}

#[async_trait]
impl Dialect for Qcloud {
    fn name(&self) -> &'static str {
        "qcloud"
    }

    fn recognises(&self, head: &Head, _pairs: &Pairs) -> bool {
        head.path == PATH
    }

    async fn handle(&self, incoming: Incoming) -> Reply {
        let mut action = "";
        let result = self.answer(&incoming, &mut action).await;
        reply(action, result, &self.switches)
    }

    fn unserved(&self, why: &Unserved, _request_id: &str) -> Reply {
        let fault = match why {
            Unserved::TooLarge { .. } | Unserved::TooManyParameters(_) => {
                Fault::new(Class::Parameter, "InvalidParameter", why.to_string())
            }
            Unserved::TooSlow | Unserved::Busy => {
                Fault::new(Class::Unavailable, "ServiceUnavailable", why.to_string())
            }
            Unserved::Failed => Fault::internal(),
        };
        reply("", Err(fault), &self.switches)
    }
}
