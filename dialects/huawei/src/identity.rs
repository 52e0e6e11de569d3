//! The calls of the identity service that clients log in with: tokens, projects, domains, and the versions of the APIs.

use http::{HeaderName, HeaderValue, Method, StatusCode};
use muster_kit::decode::decode;
use muster_kit::http::{Incoming, Reply};
use muster_kit::node::json;
use muster_kit::sign::canonical::sha256_hex;
use muster_kit::time::format_utc;
use muster_model::AccountId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::door::{Asker, Huawei, Refusal, domain_id};
use crate::fault::Fault;
use crate::projects;
use crate::token::Token;

/// A call that is served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `GET /`.
    Versions,
    /// `GET /v1`, `GET /v2`.
    Version(&'static str),
    /// A version of Auto Scaling's API that there is not.
    OtherVersion,
    /// `GET /v3`.
    Discovery,
    /// `POST /v3/auth/tokens`.
    MakeToken,
    /// `GET /v3/auth/tokens`.
    ShowToken,
    /// `GET /v3/projects`, `GET /v3/auth/projects`.
    Projects,
    /// `GET /v3/auth/domains`.
    Domains,
}

impl Call {
    /// The call that a request is, if it is one of these.
    pub(crate) fn of(method: &Method, path: &str) -> Option<Call> {
        let path = path.strip_suffix('/').unwrap_or(path);
        match (method, path) {
            (&Method::GET, "") => Some(Call::Versions),
            (&Method::GET, "/v1" | "/autoscaling-api/v1") => Some(Call::Version("v1")),
            (&Method::GET, "/v2" | "/autoscaling-api/v2") => Some(Call::Version("v2")),
            (&Method::GET, "/v3") => Some(Call::Discovery),
            (&Method::GET, path) if names_a_version(path) => Some(Call::OtherVersion),
            (&Method::POST, "/v3/auth/tokens") => Some(Call::MakeToken),
            (&Method::GET, "/v3/auth/tokens") => Some(Call::ShowToken),
            (&Method::GET, "/v3/projects" | "/v3/auth/projects") => Some(Call::Projects),
            (&Method::GET, "/v3/auth/domains") => Some(Call::Domains),
            _ => None,
        }
    }

    /// Its name, for logs and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Call::Versions => "ListApiVersions",
            Call::Version(_) | Call::OtherVersion => "ShowApiVersion",
            Call::Discovery => "KeystoneDiscovery",
            Call::MakeToken => "KeystoneCreateUserTokenByPassword",
            Call::ShowToken => "KeystoneValidateToken",
            Call::Projects => "KeystoneListProjects",
            Call::Domains => "KeystoneListAuthDomains",
        }
    }
}

/// Whether a path is that of a version and of nothing below it. Beside Auto Scaling's own root, where the SDK asks, only
/// `v` and digits are one.
pub(crate) fn names_a_version(path: &str) -> bool {
    match path.strip_prefix("/autoscaling-api/") {
        Some(name) => !name.contains('/'),
        None => path.strip_prefix("/v").is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        }),
    }
}

#[derive(Deserialize)]
struct Request {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: IdentityPart,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
struct IdentityPart {
    methods: Vec<String>,
    password: Option<Password>,
    token: Option<OldToken>,
}

#[derive(Deserialize)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
struct User {
    name: Option<String>,
    id: Option<String>,
    password: String,
    domain: Option<Named>,
}

#[derive(Deserialize)]
struct OldToken {
    id: String,
}

#[derive(Deserialize)]
struct Scope {
    project: Option<Named>,
    domain: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
    id: Option<String>,
}

/// Whether a region could be called that.
fn is_region(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// 32 hex digits that stand for a user of an account.
fn user_id(account: AccountId, user: &str) -> String {
    let hash = sha256_hex(format!("user {user} of {account}").as_bytes());
    String::from_utf8_lossy(&hash[..32]).into_owned()
}

fn denied(message: &str) -> Refusal {
    Refusal::Identity(StatusCode::UNAUTHORIZED, message.to_owned())
}

pub(crate) fn malformed(message: &str) -> Refusal {
    Refusal::Identity(StatusCode::BAD_REQUEST, message.to_owned())
}

/// Where clients reach this service; `x-forwarded-proto` says whether by HTTPS.
fn base(incoming: &Incoming) -> String {
    let scheme = match incoming.head.header("x-forwarded-proto") {
        Some("https") => "https",
        Some(_) | None => "http",
    };
    let host = incoming.head.header("host").unwrap_or("127.0.0.1");
    format!("{scheme}://{host}")
}

fn micros(unix_secs: i64) -> String {
    format_utc(unix_secs.saturating_mul(1000)).replace('Z', ".000000Z")
}

fn version(name: &str, status: &str, date: &str, base: &str) -> Value {
    json!({
        "id": name,
        "links": [{ "href": format!("{base}/autoscaling-api/{name}/"), "rel": "self" }],
        "min_version": "",
        "status": status,
        "update": date,
        "updated": date,
        "version": "",
    })
}

fn version_of(name: &str, base: &str) -> Value {
    match name {
        "v1" => version("v1", "CURRENT", "2016-06-30T00:00:00Z", base),
        _ => version(name, "SUPPORTED", "2018-03-30T00:00:00Z", base),
    }
}

impl Huawei {
    /// Answers one of these calls.
    pub(crate) async fn identify(&self, call: Call, incoming: &Incoming) -> Result<Reply, Refusal> {
        let base = base(incoming);
        let body = match call {
            Call::Versions => {
                json!({ "versions": [version_of("v1", &base), version_of("v2", &base)] })
            }
            Call::Version(name) => json!({ "version": version_of(name, &base) }),
            Call::OtherVersion => {
                let path = &incoming.head.path;
                return Err(Fault::new("AS.0033", format!("The path is `{path}`.")).into());
            }
            Call::Discovery => json!({ "version": {
                "id": "v3.6",
                "status": "stable",
                "updated": "2016-04-04T00:00:00Z",
                "links": [{ "rel": "self", "href": format!("{base}/v3/") }],
                "media-types": [{
                    "base": "application/json",
                    "type": "application/vnd.openstack.identity-v3+json",
                }],
            }}),
            Call::MakeToken => return self.make_token(incoming, &base).await,
            Call::ShowToken => self.show_token(incoming, &base)?,
            Call::Projects => self.projects(incoming, &base).await?,
            Call::Domains => self.domains(incoming, &base)?,
        };
        Ok(Reply::json(StatusCode::OK, body.to_string()))
    }

    /// Who logs in, with the key that their password is of.
    fn log_in(&self, part: &IdentityPart) -> Result<String, Refusal> {
        match (part.methods.iter().map(String::as_str).next(), part) {
            (
                Some("password"),
                IdentityPart {
                    password: Some(Password { user }),
                    ..
                },
            ) => {
                let wrong = || denied("The username or password is wrong.");
                let domain = user.domain.as_ref();
                let account = domain.and_then(|domain| domain.name.as_deref());
                let (account, name) = match (account, &user.name, &user.id) {
                    (Some(account), Some(name), _) => (account, name),
                    (None, _, Some(_)) | (Some(_), None, Some(_)) => {
                        return Err(malformed("Users are named by `name` and `domain.name`."));
                    }
                    (_, _, None) => {
                        return Err(malformed(
                            "`user.name` and `user.domain.name` must be given.",
                        ));
                    }
                };
                let found = self.identity.log_in(account, name, &user.password);
                found.map(|found| found.access_key_id).ok_or_else(wrong)
            }
            (
                Some("token"),
                IdentityPart {
                    token: Some(old), ..
                },
            ) => {
                let asker = self.of_token(&old.id);
                let token = asker.and_then(|asker| asker.token);
                token
                    .map(|token| token.key)
                    .ok_or_else(|| denied("The token is not valid."))
            }
            _ => Err(malformed(
                "`auth.identity.methods` must be [\"password\"] or [\"token\"], with a member of that name.",
            )),
        }
    }

    /// The project that a scope names, and its region.
    fn scoped(
        &self,
        scope: Option<&Scope>,
        account: AccountId,
    ) -> Result<Option<(String, String)>, Refusal> {
        let none = || denied("The project does not exist, or the user has no role in it.");
        match scope {
            Some(Scope {
                project: Some(Named { id: Some(id), .. }),
                ..
            }) => match self.identity.project_of(id) {
                Some((owner, region)) if owner == account => Ok(Some((id.clone(), region))),
                Some(_) | None => Err(none()),
            },
            Some(Scope {
                project: Some(Named {
                    name: Some(name), ..
                }),
                ..
            }) => match self.serves(name) {
                true => Ok(Some((self.identity.project(account, name), name.clone()))),
                false => Err(none()),
            },
            Some(Scope {
                project: Some(_), ..
            }) => Err(malformed("`auth.scope.project` needs `id` or `name`.")),
            Some(Scope {
                domain: Some(domain),
                ..
            }) => {
                let own = self.identity.account_name(account);
                let named = domain.name.is_some() && domain.name == own;
                match named || domain.id.as_deref() == Some(domain_id(account).as_str()) {
                    true => Ok(None),
                    false => Err(denied("The domain is of another account.")),
                }
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Whether there is a project of this name.
    fn serves(&self, region: &str) -> bool {
        is_region(region)
            && (!self.identity.has_sites() || self.identity.regions().iter().any(|r| r == region))
    }

    async fn use_region(&self, region: &str) -> Result<(), Refusal> {
        let kept = self.identity.use_region(region).await;
        kept.map_err(|why| Fault::system(&why).into())
    }

    async fn make_token(&self, incoming: &Incoming, base: &str) -> Result<Reply, Refusal> {
        let node = json::parse_object(&incoming.body, &self.options.limits);
        let node = node.map_err(|error| malformed(&format!("The body: {error}.")))?;
        let decoded = decode::<Request>(&node);
        let Request { auth } = decoded
            .map_err(|error| malformed(&format!("{error}.")))?
            .value;
        let key = self.log_in(&auth.identity)?;
        let credential = self.identity.find(&key);
        let credential = credential.ok_or_else(|| denied("The key is gone."))?;
        let scoped = self.scoped(auth.scope.as_ref(), credential.account)?;
        if let Some((_, region)) = &scoped {
            self.use_region(region).await?;
        }
        let (project, region) = scoped.unzip();
        let token = Token {
            key,
            project,
            region: region.unwrap_or_default(),
            issued: (self.options.now_unix_secs)(),
        };
        let text =
            serde_json::to_string(&token).map_err(|error| Fault::system(&error.to_string()))?;
        let sealed = (self.options.seal_token)(&text)
            .and_then(|sealed| HeaderValue::from_str(&sealed).ok())
            .ok_or_else(|| Fault::system("The token could not be made."))?;
        let with_catalogue = incoming.pairs.get("nocatalog").is_none_or(str::is_empty);
        let asker = Asker {
            credential,
            token: None,
        };
        let body = self.described(&token, &asker, with_catalogue.then_some(base));
        let mut reply = Reply::json(StatusCode::CREATED, body.to_string());
        reply
            .headers
            .push((HeaderName::from_static("x-subject-token"), sealed));
        Ok(reply)
    }

    fn show_token(&self, incoming: &Incoming, base: &str) -> Result<Value, Refusal> {
        self.known(incoming)?;
        let text = incoming.head.header("x-subject-token").unwrap_or_default();
        let found = self
            .of_token(text)
            .and_then(|asker| Some((asker.token.clone()?, asker)));
        let (token, asker) = found.ok_or_else(|| {
            Refusal::Identity(StatusCode::NOT_FOUND, "There is no such token.".to_owned())
        })?;
        Ok(self.described(&token, &asker, Some(base)))
    }

    /// What is said of a token; `base`: with the catalogue of services there.
    fn described(&self, token: &Token, asker: &Asker, base: Option<&str>) -> Value {
        let account = asker.credential.account;
        let user = &asker.credential.user;
        let domain = json!({
            "id": domain_id(account),
            "name": self.identity.account_name(account).unwrap_or_default(),
        });
        let mut body = json!({
            "methods": ["password"],
            "issued_at": micros(token.issued),
            "expires_at": micros(token.expires()),
            "user": {
                "id": user_id(account, user),
                "name": user,
                "domain": domain,
                "password_expires_at": "",
            },
            "roles": [{ "id": "0", "name": "te_admin" }],
        });
        match &token.project {
            Some(id) => {
                body["project"] = json!({ "id": id, "name": token.region, "domain": domain });
            }
            None => body["domain"] = domain,
        }
        if let Some(base) = base {
            body["catalog"] = catalogue(token, base);
        }
        json!({ "token": body })
    }

    /// Whoever asks, with the errors of the identity service.
    fn known(&self, incoming: &Incoming) -> Result<Asker, Refusal> {
        self.authenticate(incoming)
            .map_err(|refusal| match refusal {
                Refusal::As(fault) => denied(&fault.message),
                other => other,
            })
    }

    async fn projects(&self, incoming: &Incoming, base: &str) -> Result<Value, Refusal> {
        let asker = self.known(incoming)?;
        let account = asker.credential.account;
        let asked = incoming.pairs.get("name").filter(|name| !name.is_empty());
        let regions = match asked {
            Some(name) if self.serves(name) => {
                self.use_region(name).await?;
                vec![name.to_owned()]
            }
            Some(_) => Vec::new(),
            None => self.identity.regions(),
        };
        let domain = domain_id(account);
        let regions = projects::asked_of(incoming, &domain, regions)?;
        let shown = regions.iter().map(|region| {
            let id = self.identity.project(account, region);
            json!({
                "is_domain": false,
                "description": "",
                "links": { "self": format!("{base}/v3/projects/{id}") },
                "enabled": true,
                "id": id,
                "parent_id": domain,
                "domain_id": domain,
                "name": region,
            })
        });
        let shown: Vec<Value> = shown.collect();
        let links =
            json!({ "self": format!("{base}/v3/projects"), "previous": null, "next": null });
        Ok(json!({ "links": links, "projects": shown }))
    }

    fn domains(&self, incoming: &Incoming, base: &str) -> Result<Value, Refusal> {
        let account = self.known(incoming)?.credential.account;
        let id = domain_id(account);
        Ok(json!({
            "domains": [{
                "id": id,
                "name": self.identity.account_name(account).unwrap_or_default(),
                "enabled": true,
                "description": "",
                "links": { "self": format!("{base}/v3/domains/{id}") },
            }],
            "links": { "self": format!("{base}/v3/auth/domains") },
        }))
    }
}

fn catalogue(token: &Token, base: &str) -> Value {
    let service = |id: &str, kind: &str, name: &str, url: String| {
        json!({
            "id": id,
            "type": kind,
            "name": name,
            "endpoints": [{
                "id": id,
                "interface": "public",
                "region": token.region,
                "region_id": token.region,
                "url": url,
            }],
        })
    };
    let mut services = vec![service("1", "identity", "iam", format!("{base}/v3"))];
    if let Some(project) = &token.project {
        let url = format!("{base}/autoscaling-api/v1/{project}");
        services.push(service("2", "as", "as", url));
    }
    Value::Array(services)
}
