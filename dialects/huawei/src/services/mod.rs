//! The services that stand beside Auto Scaling: what its users and their tools lean on. Small: each serves what they call.
//!
//! They share the door, its authentication and its projects. Paths, statuses and the shapes of errors are each one's own.

mod body;
mod ces;
mod ecs;
mod elb;
mod form;
mod ims;
mod kps;
mod lists;
pub(crate) mod smn;
mod vpc;
mod wrong;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use http::{Method, StatusCode};
use muster_kit::action::{Action, Context, Entry};
use muster_kit::http::{Incoming, Reply};
use muster_kit::node::Limits;
use muster_model::{
    Catalogue, Command, Created, Error, GroupView, Machine, RecordCommand, RecordId, RecordSpec,
    Records,
};
use muster_ports::Caller;
use serde::Serialize;
use serde_json::Value;

use crate::context::Ctx;
use crate::door::{Huawei, Refusal, TopicOptions, no_content, parameters};
use crate::fault::Fault;
use crate::routes::{self, Found, Route};

pub(crate) use wrong::excerpt;
use wrong::{malformed, unreadable};

/// A service.
pub(crate) struct Service {
    /// Its short name.
    pub(crate) name: &'static str,
    /// Its operations.
    pub(crate) routes: &'static [Route<Beside>],
    /// An error in its shape; the second is the id of the request.
    pub(crate) write: fn(&Wrong, &str) -> Value,
    /// Its codes of what can go wrong anywhere.
    pub(crate) codes: Codes,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Service) -> bool {
        self.name == other.name
    }
}

impl Eq for Service {}

/// Codes of a service for what can go wrong anywhere.
pub(crate) struct Codes {
    /// A parameter is missing or not right (400).
    pub(crate) malformed: &'static str,
    /// What is named does not exist (404).
    pub(crate) absent: &'static str,
    /// It is in use, or its name is taken (409).
    pub(crate) conflict: &'static str,
    /// There may be no more of them.
    pub(crate) quota: &'static str,
    /// A read-only key (403).
    pub(crate) denied: &'static str,
    /// A fault of ours (500).
    pub(crate) system: &'static str,
}

/// All of them.
static SERVICES: &[&Service] = &[
    &ces::SERVICE,
    &ecs::SERVICE,
    &elb::SERVICE,
    &vpc::SERVICE,
    &vpc::SERVICE_V3,
    &ims::SERVICE,
    &kps::SERVICE,
    &smn::SERVICE,
];

/// An error of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Code of the service.
    pub(crate) code: String,
    /// In words: parameter and value.
    pub(crate) message: String,
}

/// Where a request leads.
pub(crate) struct At {
    service: &'static Service,
    pub(crate) route: &'static Route<Beside>,
    path: Vec<(&'static str, String)>,
}

/// Whether a path is of a service, for other methods.
pub(crate) fn has_other_methods(method: &Method, path: &str) -> bool {
    let is_other = |service: &&Service| {
        matches!(
            routes::find(service.routes, method, path),
            Found::OtherMethod
        )
    };
    SERVICES.iter().any(is_other)
}

/// The operation of a service that a request is for, if it is one.
pub(crate) fn find(method: &Method, path: &str) -> Option<At> {
    SERVICES
        .iter()
        .find_map(|service| match routes::find(service.routes, method, path) {
            Found::Route(route, path) => Some(At {
                service,
                route,
                path,
            }),
            Found::OtherMethod | Found::Nothing => None,
        })
}

/// An operation's place, for the tables of services.
const fn route<A: Action<Beside>>(
    method: Method,
    path: &'static str,
    status: u16,
) -> Route<Beside> {
    Route {
        method,
        path,
        status,
        entry: Entry::<Beside>::of::<A>(),
    }
}

/// An answer without a body.
#[derive(Serialize)]
pub(crate) struct Empty {}

/// What operations of services are given.
pub(crate) struct Beside {
    ctx: Ctx,
    service: &'static Service,
    /// What follows `?`, decoded.
    query: Vec<(String, String)>,
    /// The id of the request.
    request_id: String,
    /// The user whose key signed.
    user: String,
    /// The path of the operation, as in its table.
    path: &'static str,
    /// The region, empty when it is not known.
    region: String,
    /// Where this service is: as the operator says, else as whoever asks sees it.
    base_url: String,
    /// The status of the answer, where it is another than that of the route.
    status: AtomicU16,
    /// The regions that are known.
    regions: Vec<String>,
    /// How topics and subscriptions are treated here.
    topics: TopicOptions,
}

impl Context for Beside {
    type Error = Wrong;

    fn unwritable(&self, error: serde_json::Error) -> Wrong {
        self.wrong(
            StatusCode::INTERNAL_SERVER_ERROR,
            self.service.codes.system,
            format!("The answer could not be written: {error}."),
        )
    }
}

impl Beside {
    fn wrong(&self, status: StatusCode, code: &str, message: String) -> Wrong {
        Wrong {
            status,
            code: code.to_owned(),
            message,
        }
    }

    /// A parameter that has to be given.
    pub(crate) fn missing(&self, parameter: &str) -> Wrong {
        malformed(
            self.service,
            format!("The parameter `{parameter}` is missing."),
        )
    }

    /// A value that is not right.
    pub(crate) fn invalid(
        &self,
        parameter: &str,
        value: impl std::fmt::Display,
        wanted: &str,
    ) -> Wrong {
        let value = excerpt(value);
        malformed(
            self.service,
            format!("The value `{value}` of the parameter `{parameter}` is not valid: {wanted}."),
        )
    }

    /// Something that does not exist.
    pub(crate) fn absent(&self, what: &str, id: &str) -> Wrong {
        let codes = &self.service.codes;
        self.wrong(
            StatusCode::NOT_FOUND,
            codes.absent,
            format!("{what} {} could not be found.", excerpt(id)),
        )
    }

    /// Something that stands in the way.
    pub(crate) fn conflict(&self, message: String) -> Wrong {
        self.wrong(StatusCode::CONFLICT, self.service.codes.conflict, message)
    }

    /// A fault of ours.
    pub(crate) fn broken(&self, why: &str) -> Wrong {
        let (status, code) = (StatusCode::INTERNAL_SERVER_ERROR, self.service.codes.system);
        self.wrong(status, code, format!("{why}."))
    }

    /// The code and words of a refused command.
    pub(crate) fn refused(&self, error: &Error) -> Wrong {
        let codes = &self.service.codes;
        let (status, code) = match error {
            Error::NotFound { .. } | Error::NotMembers { .. } => {
                (StatusCode::NOT_FOUND, codes.absent)
            }
            Error::QuotaExceeded { .. } => (StatusCode::CONFLICT, codes.quota),
            Error::NameTaken { .. } | Error::InUse { .. } | Error::Changed { .. } => {
                (StatusCode::CONFLICT, codes.conflict)
            }
            Error::ReadOnly => (StatusCode::FORBIDDEN, codes.denied),
            Error::Store { .. } | Error::BackEnd { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, codes.system)
            }
            // Whatever else the engine says is about what was asked for.
            _ => (StatusCode::BAD_REQUEST, codes.malformed),
        };
        // Ids are written as this door writes them, so the model's own words do not do everywhere.
        let message = match error {
            Error::InUse { by, .. } => format!("It is used by {by}."),
            Error::NameTaken { name, .. } => format!("`{name}` is taken already."),
            Error::NotFound { .. } => "It could not be found.".to_owned(),
            Error::Changed { .. } => "It was changed meanwhile; ask again.".to_owned(),
            Error::QuotaExceeded { limit, .. } => {
                format!("The quota is used up: there may be {limit} at the most.")
            }
            error => format!("{error}."),
        };
        self.wrong(status, code, message)
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.ctx.caller
    }

    /// The project's id, as given.
    pub(crate) fn project(&self) -> &str {
        &self.ctx.project
    }

    /// The region as a word of urns: one that is not known is the first of those that are.
    pub(crate) fn region_word(&self) -> String {
        match self.region.is_empty() {
            true => self.regions.first().cloned().unwrap_or_default(),
            false => self.region.clone(),
        }
    }

    /// Answers with another status than that of the route.
    pub(crate) fn answer_with(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::Relaxed);
    }

    /// A parameter of the query that is not empty.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.all_asked(name).next()
    }

    /// A parameter of the query that may be given several times.
    pub(crate) fn all_asked<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s str> + use<'s> {
        let name = name.to_owned();
        let named = move |(key, value): &'s (String, String)| {
            (*key == name && !value.is_empty()).then_some(value.as_str())
        };
        self.query.iter().filter_map(named)
    }

    /// Whether a value is among those that the query asks for, if it asks at all.
    pub(crate) fn matches(&self, name: &str, value: &str) -> bool {
        let mut asked = self.all_asked(name).peekable();
        asked.peek().is_none() || asked.any(|wanted| wanted == value)
    }

    /// The groups, with what belongs to them.
    pub(crate) async fn views(&self) -> Result<Vec<Arc<GroupView>>, Wrong> {
        let views = self.ctx.api.views(self.caller()).await;
        views.map_err(|error| self.refused(&error))
    }

    /// The machines that the caller may see.
    pub(crate) async fn machines(&self) -> Result<Vec<Arc<Machine>>, Wrong> {
        let machines = self.ctx.api.machines(self.caller()).await;
        machines.map_err(|error| self.refused(&error))
    }

    /// What the operator says that there is.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.ctx.api.catalogue()
    }

    /// Changes records: all of it, or nothing.
    pub(crate) async fn change(&self, commands: Vec<RecordCommand>) -> Result<Created, Wrong> {
        let command = Command::Records(commands);
        let done = self.ctx.api.execute(self.caller(), command).await;
        done.map_err(|error| self.refused(&error))
    }

    /// Makes a record; comes back with its id.
    pub(crate) async fn create(&self, spec: RecordSpec) -> Result<RecordId, Wrong> {
        match self.change(vec![RecordCommand::Create(spec)]).await? {
            Created::Record(id) => Ok(id),
            _ => Err(self.broken("nothing was made")),
        }
    }

    /// Deletes a record.
    pub(crate) async fn delete(&self, id: RecordId) -> Result<(), Wrong> {
        let delete = RecordCommand::Delete { id };
        self.change(vec![delete]).await.map(|_| ())
    }

    /// What was made here and by the other services.
    pub(crate) async fn records(&self) -> Result<Arc<Records>, Wrong> {
        let records = self.ctx.api.records(self.caller()).await;
        records.map_err(|error| self.refused(&error))
    }
}

/// Bytes of a text in a request: a structure of messages has one of 256 KB for each protocol.
const TEXT_BYTES: usize = 4 * 1024 * 1024;

impl Huawei {
    /// The project that a request is for: in its path, or as clients say it where the path has none.
    fn project_of(&self, at: &At, incoming: &Incoming) -> Option<String> {
        let in_path = at.path.iter().find(|(name, _)| *name == "project_id");
        let in_path = in_path.map(|(_, id)| id.clone());
        in_path.or_else(|| incoming.head.header("x-project-id").map(str::to_owned))
    }

    /// Answers a request for a service.
    pub(crate) async fn serve(&self, incoming: &Incoming, at: At) -> Result<Reply, Refusal> {
        let service = at.service;
        // What the gateway and the identity service in front say is the same for all services.
        let asker = self.authenticate(incoming).map_err(before)?;
        let project = self.project_of(&at, incoming);
        let token_project = asker.token.as_ref().and_then(|token| token.project.clone());
        let project = project.or(token_project);
        let region = match &project {
            Some(project) => {
                let region = self.region(project, &asker, incoming).await;
                region
                    .map_err(|fault| Refusal::Beside(service, malformed(service, fault.message)))?
            }
            None => String::new(),
        };
        let own = |wrong| Refusal::Beside(service, wrong);
        let listed = listed(incoming);
        let incoming = listed.as_ref().unwrap_or(incoming);
        let limits = Limits {
            max_string_bytes: TEXT_BYTES,
            ..self.options.limits
        };
        let node = parameters(incoming, at.path, &limits)
            .map_err(|fault: Fault| own(malformed(service, fault.message)))?;
        let prepared = (at.route.entry.prepare)(&node);
        let prepared = prepared.map_err(|error| own(unreadable(service, &error)))?;
        let site = self.identity.site(&region).ok_or_else(|| {
            let message = format!("The region `{region}` is not served.");
            own(malformed(service, message))
        })?;
        let query = incoming.pairs.iter();
        let beside = Beside {
            ctx: Ctx {
                api: Arc::clone(&self.api),
                caller: Caller {
                    account: asker.credential.account,
                    access: asker.credential.access,
                    site,
                },
                operation: at.route.entry.name,
                project: project.unwrap_or_default(),
                seal: Arc::clone(&self.options.seal),
                random: Arc::clone(&self.options.random),
            },
            service,
            query: query
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            request_id: incoming.request_id.clone(),
            user: asker.credential.user.clone(),
            path: at.route.path,
            region,
            base_url: match &self.options.topics.public_url {
                Some(public) => public.to_string(),
                None => base_url(incoming),
            },
            status: AtomicU16::new(at.route.status),
            regions: self.identity.regions(),
            topics: self.options.topics.clone(),
        };
        let body = prepared.run(&beside).await.map_err(own)?;
        let status = beside.status.into_inner();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        Ok(match status {
            StatusCode::NO_CONTENT => no_content(),
            status => Reply::json(status, body),
        })
    }
}

/// Where this service is, as whoever asks sees it.
fn base_url(incoming: &Incoming) -> String {
    let host = incoming.head.header("host").unwrap_or_default();
    let scheme = match incoming.head.header("x-forwarded-proto") {
        Some("https") => "https",
        Some(_) | None => "http",
    };
    format!("{scheme}://{host}")
}

/// The request with its body as an object, if that is a bare list: it is the member `items` then.
fn listed(incoming: &Incoming) -> Option<Incoming> {
    let is_list = incoming.body.trim_ascii_start().starts_with(b"[");
    is_list.then(|| Incoming {
        body: [b"{\"items\":", &incoming.body[..], b"}"].concat().into(),
        ..incoming.clone()
    })
}

/// A refusal of the gateway in front of services that are not Auto Scaling.
fn before(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::As(fault) => Refusal::Gateway(
            StatusCode::UNAUTHORIZED,
            "APIGW.0301",
            format!(
                "Incorrect IAM authentication information: {}",
                fault.message
            ),
        ),
        other => other,
    }
}
