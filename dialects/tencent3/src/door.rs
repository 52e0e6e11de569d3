//! The front of this door: protocol, sizes, signature, dispatch and envelope, in the order of rule P9.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, Method, StatusCode};
use muster_kit::action::{Entry, find};
use muster_kit::decode::{DecodeError, DecodeErrorKind};
use muster_kit::http::{Dialect, Head, Incoming, Pairs, Reply, Unserved};
use muster_kit::node::form::{self, Style};
use muster_kit::node::{Limits, Node, json};
use muster_kit::sign::keys::SigningKeys;
use muster_kit::sign::{SignError, tc3, tencent_v1};
use muster_ports::{Api, Caller, Credential, Keys};

use crate::actions::{ACTIONS, TAG_ACTIONS};
use crate::context::{Ctx, Seal};
use crate::fault::Fault;
use crate::rates::Rates;

/// The version of this API.
const VERSION: &str = "2018-04-19";
/// The version of the tag API, of which Terraform makes two calls.
const TAG_VERSION: &str = "2018-08-13";
/// Longest query of a GET (rule P2).
const GET_BYTES: usize = 32 * 1024;
/// Longest body of a v1 POST (rule P2).
const FORM_BYTES: usize = 1024 * 1024;
/// Longest body of a TC3 POST (rule P2).
const JSON_BYTES: usize = 10 * 1024 * 1024;
/// Signing keys kept: one per key, day and service name.
const SIGNING_KEYS: usize = 256;
/// Parameters of the protocol, not of an action.
const COMMON: [&str; 11] = [
    "Action",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "Version",
    "SignatureMethod",
    "Token",
    "Language",
    "RequestClient",
];

/// What an operator can tune of this door, and what it gets from outside.
pub struct Options {
    /// Refuse calls above the documented rates.
    pub rate_limits: bool,
    /// Limits of the parameter tree.
    pub limits: Limits,
    /// The real clock, seconds since the Unix epoch: what signatures are checked against.
    pub now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Seals passwords for storage.
    pub seal: Seal,
}

/// The door.
pub struct Tencent3 {
    api: Arc<dyn Api>,
    keys: Arc<dyn Keys>,
    options: Options,
    signing_keys: SigningKeys,
    rates: Rates,
}

impl Tencent3 {
    /// The door onto `api`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, keys: Arc<dyn Keys>, options: Options) -> Tencent3 {
        Tencent3 {
            api,
            keys,
            options,
            signing_keys: SigningKeys::new(SIGNING_KEYS),
            rates: Rates::new(&governor::clock::DefaultClock::default()),
        }
    }

    async fn answer(
        &self,
        incoming: &Incoming,
        action: &mut &'static str,
    ) -> Result<Vec<u8>, Fault> {
        check_protocol(&incoming.head, incoming.body.len(), is_v1(incoming))?;
        let credential = self.authenticate(incoming)?;
        let entry = dispatch(incoming)?;
        *action = entry.name;
        let (region, site) = self.region(incoming)?;
        if self.options.rate_limits && !self.rates.allow(credential.account, entry.name) {
            let rate = crate::actions::rate_per_sec(entry.name);
            let message = format!(
                "`{}` may be called {rate} times a second; try again later.",
                entry.name
            );
            return Err(Fault::new("RequestLimitExceeded", message));
        }
        let node = self.parameters(incoming)?;
        let ctx = Ctx {
            api: Arc::clone(&self.api),
            caller: Caller {
                account: credential.account,
                access: credential.access,
                site,
            },
            action: entry.name,
            region,
            seal: Arc::clone(&self.options.seal),
        };
        run(entry, &node, &ctx).await
    }

    /// Whose request it is, by either kind of signature (rules P3-P7, P10).
    fn authenticate(&self, incoming: &Incoming) -> Result<Credential, Fault> {
        let now = (self.options.now_unix_secs)();
        let head = &incoming.head;
        let find = |id: &str| {
            self.keys.find(id).ok_or_else(|| {
                Fault::new(
                    "AuthFailure.SecretIdNotFound",
                    "The SecretId does not exist; check that it is the right one.",
                )
            })
        };
        let credential = if is_v1(incoming) {
            check_nonce(&incoming.pairs).map_err(auth_fault)?;
            let credential = find(tencent_v1::secret_id(&incoming.pairs).map_err(auth_fault)?)?;
            let secret = credential.secret.as_bytes();
            tencent_v1::verify(head, &incoming.pairs, secret, &tencent_v1::API_3, now)
                .map_err(auth_fault)?;
            credential
        } else {
            let authorization = tc3::authorization(head).map_err(auth_fault)?;
            let credential = find(authorization.secret_id)?;
            let secret = credential.secret.as_bytes();
            authorization
                .verify(head, &incoming.body, secret, Some(&self.signing_keys), now)
                .map_err(auth_fault)?;
            credential
        };
        match common(incoming, "x-tc-token", "Token").filter(|token| !token.is_empty()) {
            Some(_) => Err(Fault::new(
                "AuthFailure.TokenFailure",
                "The token is not valid: there are no temporary keys here.",
            )),
            None => Ok(credential),
        }
    }

    fn region(&self, incoming: &Incoming) -> Result<(String, muster_model::Site), Fault> {
        let region = common(incoming, "x-tc-region", "Region").unwrap_or_default();
        if region.is_empty() {
            return Err(Fault::new(
                "MissingParameter",
                "The parameter `Region` is missing.",
            ));
        }
        let site = match crate::checks::is_region(region) {
            true => self.keys.site(region),
            false => None,
        };
        match site {
            Some(site) => Ok((region.to_owned(), site)),
            None => Err(Fault::new(
                "UnsupportedRegion",
                format!("The region `{region}` is not supported."),
            )),
        }
    }

    /// The action's own parameters as a tree (rule P1).
    fn parameters(&self, incoming: &Incoming) -> Result<Node, Fault> {
        let limits = &self.options.limits;
        let head = &incoming.head;
        let tree = if head.method == Method::POST && !head.has_form_body() {
            let blank = incoming.body.iter().all(u8::is_ascii_whitespace);
            json::parse_object(if blank { b"{}" } else { &incoming.body }, limits)
        } else {
            let v1 = is_v1(incoming);
            let own = incoming
                .pairs
                .iter()
                .filter(|(name, _)| !(v1 && COMMON.contains(name)));
            form::tree(own, &Style::default(), limits)
        };
        tree.map_err(|error| unreadable(&DecodeError::from(error)))
    }
}

/// Decodes the parameters of an action and runs it.
async fn run(entry: &Entry<Ctx>, node: &Node, ctx: &Ctx) -> Result<Vec<u8>, Fault> {
    let prepared = (entry.prepare)(node).map_err(|error| unreadable(&error))?;
    if let Some(unknown) = prepared.unknown.first() {
        return Err(unknown_parameter(unknown));
    }
    let result = prepared.run(ctx).await;
    result.map_err(|fault| crate::codes::in_words_of(entry.name, fault))
}

/// An error as this door answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Code of the API.
    pub code: String,
    /// What is wrong, in words.
    pub message: String,
}

/// Does what a request with this JSON body would, for a caller who needs no signature: what is described in a file is
/// decoded, checked and refused as it would be at the door. Returns the body of the answer, without its envelope.
///
/// # Errors
/// See [`Refused`].
pub async fn perform(
    api: Arc<dyn Api>,
    caller: Caller,
    seal: Seal,
    action: &str,
    body: &[u8],
) -> Result<Vec<u8>, Refused> {
    let done = async {
        let entry = find(ACTIONS, action).ok_or_else(|| no_action(action))?;
        let tree = json::parse_object(body, &Limits::default());
        let node = tree.map_err(|error| unreadable(&DecodeError::from(error)))?;
        let ctx = Ctx {
            api,
            caller,
            action: entry.name,
            region: String::new(),
            seal,
        };
        run(entry, &node, &ctx).await
    };
    done.await.map_err(|fault: Fault| Refused {
        code: fault.code.into_owned(),
        message: fault.message,
    })
}

fn no_action(action: &str) -> Fault {
    Fault::new("InvalidAction", format!("There is no action `{action}`."))
}

/// A header of TC3 or its parameter in v1. Never the other one: v1 does not sign headers.
fn common<'a>(incoming: &'a Incoming, header: &str, parameter: &str) -> Option<&'a str> {
    match is_v1(incoming) {
        true => incoming.pairs.get(parameter),
        false => incoming.head.header(header),
    }
}

/// The older signature wants a number that makes a request unlike others (L15690).
fn check_nonce(pairs: &Pairs) -> Result<(), SignError> {
    let nonce = pairs.get("Nonce").unwrap_or_default();
    match !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_digit()) {
        true => Ok(()),
        false => Err(SignError::MissingInput("Nonce")),
    }
}

/// Whether a request carries the older signature.
fn is_v1(incoming: &Incoming) -> bool {
    !incoming
        .head
        .headers
        .contains_key(http::header::AUTHORIZATION)
        && incoming.pairs.get("Signature").is_some()
}

/// Method, size and content type (rules P1, P2). Of the two kinds of signature each takes one kind of body: the older one
/// signs only what is in a query or a form.
fn check_protocol(head: &Head, body: usize, v1: bool) -> Result<(), Fault> {
    let size = |what: &str, size: usize, max: usize| match size > max {
        true => Err(Fault::new(
            "RequestSizeLimitExceeded",
            format!("The {what} has {size} bytes; at most {max} are allowed."),
        )),
        false => Ok(()),
    };
    match head.method {
        Method::GET => size("query", head.raw_query.len(), GET_BYTES),
        Method::POST if v1 || head.has_form_body() => {
            size("body", body, FORM_BYTES)?;
            match (v1, head.has_form_body()) {
                (true, true) => Ok(()),
                (true, false) => Err(unsupported(
                    "A POST signed with HmacSHA1 or HmacSHA256 carries a form: application/x-www-form-urlencoded.",
                )),
                (false, _) => Err(unsupported(
                    "A form is signed with HmacSHA1 or HmacSHA256; TC3-HMAC-SHA256 goes with application/json.",
                )),
            }
        }
        Method::POST => {
            size("body", body, JSON_BYTES)?;
            match head
                .media_type()
                .eq_ignore_ascii_case("multipart/form-data")
            {
                true => Err(Fault::new(
                    "InvalidRequest",
                    "This API takes no multipart/form-data.",
                )),
                false => Ok(()),
            }
        }
        _ => Err(unsupported(&format!(
            "`{}` is not supported: use GET or POST.",
            head.method
        ))),
    }
}

fn unsupported(message: &str) -> Fault {
    Fault::new("UnsupportedProtocol", message)
}

/// The action that a request names, after its version (rule P10).
fn dispatch(incoming: &Incoming) -> Result<&'static Entry<Ctx>, Fault> {
    let missing = |name: &str| {
        Fault::new(
            "MissingParameter",
            format!("The parameter `{name}` is missing."),
        )
    };
    let action = common(incoming, "x-tc-action", "Action").filter(|name| !name.is_empty());
    let action = action.ok_or_else(|| missing("Action"))?;
    let version = common(incoming, "x-tc-version", "Version").filter(|version| !version.is_empty());
    match version.ok_or_else(|| missing("Version"))? {
        VERSION => {}
        TAG_VERSION => {
            return find(TAG_ACTIONS, action).ok_or_else(|| {
                Fault::new(
                    "UnsupportedOperation",
                    format!("`{action}` of the tag API is not served."),
                )
            });
        }
        other => {
            return Err(Fault::new(
                "NoSuchVersion",
                format!("There is no version `{other}` of this API."),
            ));
        }
    }
    find(ACTIONS, action).ok_or_else(|| no_action(action))
}

fn auth_fault(error: SignError) -> Fault {
    let code = match error {
        SignError::Unsigned
        | SignError::Malformed(_)
        | SignError::MissingSignedHeader(_)
        | SignError::AbsentSignedHeader => "AuthFailure.InvalidAuthorization",
        SignError::MissingInput(_) => "MissingParameter",
        SignError::Expired => "AuthFailure.SignatureExpire",
        SignError::DateMismatch | SignError::BadSignature => "AuthFailure.SignatureFailure",
    };
    Fault::new(
        code,
        format!("The request could not be authenticated: {error}."),
    )
}

fn unknown_parameter(name: &str) -> Fault {
    Fault::new(
        "UnknownParameter",
        format!("The parameter `{name}` is not known."),
    )
}

/// A parameter that is missing or cannot be read. A misspelled name shows as missing and unknown: the unknown one tells
/// more.
fn unreadable(error: &DecodeError) -> Fault {
    let path = if error.path.is_empty() {
        "the request"
    } else {
        &error.path
    };
    match &error.kind {
        DecodeErrorKind::Missing => Fault::new(
            "MissingParameter",
            format!("The parameter `{path}` is missing."),
        ),
        DecodeErrorKind::NotOneOf { allowed, got } => {
            let got = got.trim_matches('"');
            Fault::value(path, got, &format!("one of {}", allowed.join(", ")))
        }
        DecodeErrorKind::Malformed { expected, got } => {
            let message =
                format!("The parameter `{path}` is not valid: expected {expected}, got {got}.");
            Fault::new("InvalidParameter", message)
        }
        DecodeErrorKind::TooLarge { what, max } => {
            let message = format!("The parameter `{path}` is too large: {what} exceeds {max}.");
            Fault::new("InvalidParameterValue.LimitExceeded", message)
        }
    }
}

/// `{"Response":{...,"RequestId":"..."}}` around the members of an answer.
fn envelope(members: &[u8], request_id: &str) -> Vec<u8> {
    let inner = members
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"))
        .unwrap_or_default();
    let mut body = Vec::with_capacity(inner.len() + request_id.len() + 32);
    body.extend_from_slice(b"{\"Response\":{");
    body.extend_from_slice(inner);
    if !inner.is_empty() {
        body.push(b',');
    }
    body.extend_from_slice(b"\"RequestId\":\"");
    body.extend_from_slice(request_id.as_bytes());
    body.extend_from_slice(b"\"}}");
    body
}

/// The members of an answer that is an error.
fn error_members(fault: &Fault) -> Vec<u8> {
    let error = serde_json::json!({ "Error": { "Code": fault.code, "Message": fault.message } });
    error.to_string().into_bytes()
}

#[async_trait]
impl Dialect for Tencent3 {
    fn name(&self) -> &'static str {
        "tencent3"
    }

    fn recognises(&self, head: &Head, pairs: &Pairs) -> bool {
        head.headers.contains_key("x-tc-action")
            || head.headers.contains_key("x-tc-version")
            || head
                .header("authorization")
                .is_some_and(|value| value.starts_with(tc3::ALGORITHM))
            || matches!(pairs.get("Version"), Some(VERSION | TAG_VERSION))
    }

    async fn handle(&self, incoming: Incoming) -> Reply {
        let mut action = "";
        let result = self.answer(&incoming, &mut action).await;
        let mut code = String::new();
        let members = result.unwrap_or_else(|fault| {
            let members = error_members(&fault);
            code = fault.code.into_owned();
            members
        });
        let mut reply = Reply::json(StatusCode::OK, envelope(&members, &incoming.request_id));
        if let Some(trace) = incoming.head.headers.get("x-tc-traceid") {
            reply
                .headers
                .push((HeaderName::from_static("x-tc-traceid"), trace.clone()));
        }
        reply.action = action;
        reply.code = code;
        reply
    }

    fn unserved(&self, why: &Unserved, request_id: &str) -> Reply {
        let code = match why {
            Unserved::TooLarge { .. } => "RequestSizeLimitExceeded",
            Unserved::TooManyParameters(_) => "InvalidParameterValue.LimitExceeded",
            Unserved::TooSlow => "InvalidRequest",
            Unserved::Busy => "RequestLimitExceeded",
            Unserved::Failed => "InternalError",
        };
        let fault = Fault::new(code, format!("The request was not served: {why}."));
        let body = envelope(&error_members(&fault), request_id);
        let mut reply = Reply::json(StatusCode::OK, body);
        reply.code = code.to_owned();
        reply
    }
}
