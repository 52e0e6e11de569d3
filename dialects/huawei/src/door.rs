//! The front of this door: recognition, authentication, project, decoding and the shapes of errors (rules A1-A5).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use muster_kit::http::{Dialect, Head, Incoming, Pairs, Reply, Unserved};
use muster_kit::node::{Limits, Node, TreeError, json};
use muster_kit::sign::{SignError, huawei as signature};
use muster_model::AccountId;
use muster_ports::{Api, Caller, Credential, Identity};

use crate::actions::ROUTES;
use crate::context::{Ctx, Random, Seal};
use crate::fault::Fault;
use crate::identity::names_a_version;
use crate::routes::{Found, Route, find};
use crate::services::{self, Service, Wrong};
use crate::token::Token;
use crate::unreadable::unreadable;

/// Largest body of a signed request (rule A2).
const BODY_BYTES: usize = 12 * 1024 * 1024;

/// Turns a text into another, or refuses it.
pub type Turn = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What an operator can tune of this door, and what it gets from outside.
pub struct Options {
    /// Limits of the parameter tree.
    pub limits: Limits,
    /// The real clock, seconds since the Unix epoch: what signatures and tokens are checked against.
    pub now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Seals passwords for storage.
    pub seal: Seal,
    /// Makes a token of what it stands for.
    pub seal_token: Turn,
    /// What a token stands for, if it was made here.
    pub open_token: Turn,
    /// Secret bits, for the private keys that are handed out.
    pub random: Random,
    /// How topics and their subscriptions are treated.
    pub topics: TopicOptions,
}

/// How topics and their subscriptions are treated.
#[derive(Clone, Debug)]
pub struct TopicOptions {
    /// A subscription counts as confirmed when it is made.
    pub confirm_at_once: bool,
    /// There is a mail server.
    pub has_mail: bool,
    /// The certificate (PEM) that signatures of messages are checked with.
    pub certificate: Arc<str>,
    /// Where clients reach this service, without a `/` at the end: links in messages begin with it. Without it they begin
    /// with the address at which whoever subscribes reached it.
    pub public_url: Option<Arc<str>>,
}

/// The door.
pub struct Huawei {
    pub(crate) api: Arc<dyn Api>,
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) options: Options,
}

/// An error answer, in the shape of whoever gives it in the real service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Auto Scaling.
    As(Fault),
    /// The gateway in front: bad signatures, unknown paths.
    Gateway(StatusCode, &'static str, String),
    /// The identity service.
    Identity(StatusCode, String),
    /// A service beside Auto Scaling.
    Beside(&'static Service, Wrong),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::As(fault)
    }
}

impl Refusal {
    fn reply(&self, request_id: &str) -> Reply {
        let (status, code, body) = match self {
            Refusal::As(fault) => {
                let error = serde_json::json!({ "code": fault.code, "message": fault.message });
                let body = serde_json::json!({ "error": error });
                (fault.status(), fault.code.to_owned(), body)
            }
            Refusal::Gateway(status, code, message) => {
                let body = serde_json::json!({
                    "error_code": code,
                    "error_msg": message,
                    "request_id": request_id,
                });
                (*status, (*code).to_owned(), body)
            }
            Refusal::Identity(status, message) => {
                let title = status.canonical_reason().unwrap_or_default();
                let error = serde_json::json!({
                    "code": status.as_u16(),
                    "message": message,
                    "title": title,
                });
                let body = serde_json::json!({ "error": error });
                (*status, format!("IAM.{}", status.as_u16()), body)
            }
            Refusal::Beside(service, wrong) => {
                let body = (service.write)(wrong, request_id);
                (wrong.status, wrong.code.clone(), body)
            }
        };
        let mut reply = Reply::json(status, body.to_string());
        reply.code = code;
        reply
    }
}

/// Who asks, and what they are held to.
pub(crate) struct Asker {
    pub(crate) credential: Credential,
    /// The token that they came with, if it was one.
    pub(crate) token: Option<Token>,
}

/// 32 hex digits that stand for an account.
pub(crate) fn domain_id(account: AccountId) -> String {
    account.uuid().replace('-', "")
}

fn is_project_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Huawei {
    /// The door onto `api`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, identity: Arc<dyn Identity>, options: Options) -> Huawei {
        Huawei {
            api,
            identity,
            options,
        }
    }

    /// Whose request it is, by token or by signature.
    pub(crate) fn authenticate(&self, incoming: &Incoming) -> Result<Asker, Refusal> {
        let head = &incoming.head;
        let given = head.header("x-auth-token").filter(|text| !text.is_empty());
        if let Some(text) = given {
            return self
                .of_token(text)
                .ok_or_else(|| Fault::new("AS.0006", "").into());
        }
        let signed = match signature::authorization(head) {
            Err(SignError::Unsigned) => return Err(Fault::new("AS.0005", "").into()),
            signed => signed.map_err(|error| unauthentic(&error.to_string()))?,
        };
        let credential = self.identity.find(signed.access_key_id).ok_or_else(|| {
            unauthentic(&format!(
                "the access key `{}` does not exist",
                signed.access_key_id
            ))
        })?;
        if head.headers.contains_key("x-security-token") {
            return Err(unauthentic("there are no temporary keys here"));
        }
        let now = (self.options.now_unix_secs)();
        signed
            .verify(head, &incoming.body, credential.secret.as_bytes(), now)
            .map_err(|error| unauthentic(&format!("verify aksk signature fail: {error}")))?;
        Ok(Asker {
            credential,
            token: None,
        })
    }

    /// What a token that still counts stands for.
    pub(crate) fn of_token(&self, text: &str) -> Option<Asker> {
        let opened = (self.options.open_token)(text)?;
        let token: Token = serde_json::from_str(&opened).ok()?;
        let now = (self.options.now_unix_secs)();
        let credential = self.identity.find(&token.key)?;
        token.is_fresh(now).then_some(Asker {
            credential,
            token: Some(token),
        })
    }

    /// The region of the project in the path: a token is held to its own, a signature to the caller's account (rule A3).
    pub(crate) async fn region(
        &self,
        project: &str,
        asker: &Asker,
        incoming: &Incoming,
    ) -> Result<String, Fault> {
        let wrong =
            |why: &str| Fault::new("AS.0008", format!("`project_id` is `{project}`: {why}."));
        if !is_project_id(project) {
            return Err(wrong("32 hex digits are right"));
        }
        if let Some(token) = &asker.token {
            return match token.project.as_deref() == Some(project) {
                true => Ok(token.region.clone()),
                false => Err(wrong("the token is of another project")),
            };
        }
        let header = incoming.head.header("x-project-id");
        if header.is_some_and(|header| header != project) {
            return Err(wrong("X-Project-Id says another"));
        }
        match self.identity.project_of(&project.to_ascii_lowercase()) {
            Some((account, region)) if account == asker.credential.account => Ok(region),
            Some(_) => Err(wrong("it is of another account")),
            None if self.identity.has_sites() => Err(wrong("there is no such project")),
            // Scripts bring ids of their own: without sites all regions are one anyway.
            None => Ok(String::new()),
        }
    }

    async fn operate(
        &self,
        incoming: &Incoming,
        route: &'static Route,
        path: Vec<(&'static str, String)>,
    ) -> Result<Reply, Refusal> {
        let asker = self.authenticate(incoming)?;
        let project = path
            .iter()
            .find(|(name, _)| *name == "project_id")
            .map(|(_, id)| id.clone())
            .unwrap_or_default();
        let region = self.region(&project, &asker, incoming).await?;
        let node = parameters(incoming, path, &self.options.limits)?;
        let prepared =
            (route.entry.prepare)(&node).map_err(|error| unreadable(&error, route.entry.name))?;
        check_unknown(&prepared.unknown, incoming)?;
        let site = self.identity.site(&region).ok_or_else(|| {
            Fault::new("AS.0008", format!("The region `{region}` is not served."))
        })?;
        let ctx = Ctx {
            api: Arc::clone(&self.api),
            caller: Caller {
                account: asker.credential.account,
                access: asker.credential.access,
                site,
            },
            operation: route.entry.name,
            project,
            seal: Arc::clone(&self.options.seal),
            random: Arc::clone(&self.options.random),
        };
        let body = prepared.run(&ctx).await?;
        let status = StatusCode::from_u16(route.status).unwrap_or(StatusCode::OK);
        Ok(match status {
            StatusCode::NO_CONTENT => no_content(),
            status => Reply::json(status, body),
        })
    }

    async fn answer(&self, incoming: &Incoming, name: &mut &'static str) -> Result<Reply, Refusal> {
        let path = incoming.head.path.as_str();
        if let Some(call) = crate::identity::Call::of(&incoming.head.method, path) {
            *name = call.name();
            return self.identify(call, incoming).await;
        }
        if let Some(link) = services::smn::Link::of(incoming) {
            *name = link.name();
            return Ok(self.follow(&link, incoming).await);
        }
        if let Some(at) = services::find(&incoming.head.method, path) {
            *name = at.route.entry.name;
            return self.serve(incoming, at).await;
        }
        match find(ROUTES, &incoming.head.method, path) {
            Found::Route(route, path) => {
                *name = route.entry.name;
                self.operate(incoming, route, path).await
            }
            Found::OtherMethod => Err(other_method(&incoming.head.method)),
            Found::Nothing if services::has_other_methods(&incoming.head.method, path) => {
                Err(other_method(&incoming.head.method))
            }
            Found::Nothing if is_of_neighbour(path) => Err(Refusal::Gateway(
                StatusCode::NOT_IMPLEMENTED,
                "APIGW.0101",
                format!("`{path}` is not served here."),
            )),
            Found::Nothing => Err(Refusal::Gateway(
                StatusCode::NOT_FOUND,
                "APIGW.0101",
                "The API does not exist or has not been published in the environment".to_owned(),
            )),
        }
    }
}

fn other_method(method: &Method) -> Refusal {
    Refusal::Gateway(
        StatusCode::METHOD_NOT_ALLOWED,
        "APIGW.0101",
        format!("The method `{method}` is not supported here."),
    )
}

/// Whether a path is of a service beside Auto Scaling: monitoring, machines, networks and so on.
fn is_of_neighbour(path: &str) -> bool {
    !path.starts_with("/autoscaling-api")
}

fn unauthentic(why: &str) -> Refusal {
    Refusal::Gateway(
        StatusCode::UNAUTHORIZED,
        "APIGW.0301",
        format!("Incorrect IAM authentication information: {why}"),
    )
}

pub(crate) fn no_content() -> Reply {
    Reply {
        content_type: "",
        ..Reply::json(StatusCode::NO_CONTENT, Bytes::new())
    }
}

/// The parameters of path, query and body as one tree. What stands in the path counts most.
pub(crate) fn parameters(
    incoming: &Incoming,
    path: Vec<(&'static str, String)>,
    limits: &Limits,
) -> Result<Node, Fault> {
    let method = &incoming.head.method;
    let has_body = method == Method::POST || method == Method::PUT;
    if incoming.body.len() > BODY_BYTES {
        return Err(Fault::new(
            "AS.0022",
            format!("The body has {} bytes.", incoming.body.len()),
        ));
    }
    let mut members = match has_body {
        true if incoming.body.trim_ascii().is_empty() => return Err(Fault::new("AS.0002", "")),
        true => match json::parse_object(&incoming.body, limits) {
            Ok(Node::Map(members)) => members,
            Ok(_) => Vec::new(),
            Err(error) => return Err(unread(&error)),
        },
        false => Vec::new(),
    };
    let query = incoming
        .pairs
        .iter()
        .filter(|_| !incoming.head.has_form_body());
    for (name, value) in query {
        if !members.iter().any(|(known, _)| known == name) {
            members.push((name.to_owned(), Node::Str(value.to_owned())));
        }
    }
    for (name, value) in path {
        members.retain(|(known, _)| known != name);
        if name != "project_id" {
            members.push((name.to_owned(), Node::Str(value)));
        }
    }
    Ok(Node::Map(members))
}

fn unread(error: &TreeError) -> Fault {
    Fault::new("AS.0022", format!("The body: {error}."))
}

/// Members of the body that nobody documents (rule O8). Unknown parts of a query do not matter.
fn check_unknown(unknown: &[String], incoming: &Incoming) -> Result<(), Fault> {
    let in_query = |path: &str| incoming.pairs.get(path).is_some();
    match unknown.iter().find(|path| !in_query(path)) {
        None => Ok(()),
        Some(path) => Err(Fault::new(
            "AS.0022",
            format!("The parameter `{path}` is not known."),
        )),
    }
}

#[async_trait]
impl Dialect for Huawei {
    fn name(&self) -> &'static str {
        "huawei"
    }

    fn recognises(&self, head: &Head, pairs: &Pairs) -> bool {
        let path = head.path.as_str();
        let of_another = head.headers.contains_key("x-tc-action")
            || pairs.get("Action").is_some()
            || pairs.get("Version").is_some()
            || path == "/v2/index.php";
        match path.strip_suffix('/').unwrap_or(path) {
            _ if of_another => false,
            "" => head.method == Method::GET,
            "/v3" => true,
            path if head.method == Method::GET && names_a_version(path) => true,
            _ => [
                "/autoscaling-api/",
                "/v1/",
                "/v1.1/",
                "/v2/",
                "/v2.0/",
                "/v2.1/",
                "/v3/",
                "/V1.0/",
                "/smn/",
                "/rest/v2/notifications/",
            ]
            .iter()
            .any(|start| path.starts_with(start)),
        }
    }

    async fn handle(&self, incoming: Incoming) -> Reply {
        let mut name = "";
        let result = self.answer(&incoming, &mut name).await;
        let mut reply = result.unwrap_or_else(|refusal| refusal.reply(&incoming.request_id));
        reply.action = name;
        // The name by which the identity service's clients know a request.
        if let Ok(id) = HeaderValue::from_str(&incoming.request_id) {
            reply
                .headers
                .push((HeaderName::from_static("x-iam-trace-id"), id));
        }
        reply
    }

    fn unserved(&self, why: &Unserved, request_id: &str) -> Reply {
        let gateway = |status, code| Refusal::Gateway(status, code, format!("{why}."));
        let refusal = match why {
            Unserved::TooLarge { .. } => gateway(StatusCode::PAYLOAD_TOO_LARGE, "APIGW.0201"),
            Unserved::TooManyParameters(error) => Refusal::As(unread(error)),
            Unserved::TooSlow => gateway(StatusCode::REQUEST_TIMEOUT, "APIGW.0201"),
            Unserved::Busy => gateway(StatusCode::TOO_MANY_REQUESTS, "APIGW.0308"),
            Unserved::Failed => Refusal::As(Fault::system("")),
        };
        refusal.reply(request_id)
    }
}
