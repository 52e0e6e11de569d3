//! What passes between the front door and a dialect: the request as received, and the answer as bytes.
//!
//! Nothing is normalised: signatures are made over the raw query and the headers as sent.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use thiserror::Error;

use crate::node::form;
use crate::node::{Limits, Measure, TreeError};

/// The media type of a form body.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The path, starting with `/`, as sent.
    pub path: String,
    /// What follows `?`, as sent; empty without one.
    pub raw_query: String,
    /// The headers. `host` must be among them, as sent: clients put odd things there, and sign them.
    pub headers: HeaderMap,
}

impl Head {
    /// The first header called `name` as text, trimmed; `None` also when it is not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().ok()?.trim())
    }

    /// The media type without its parameters (`application/json; charset=utf-8` gives `application/json`).
    pub fn media_type(&self) -> &str {
        let value = self.header("content-type").unwrap_or_default();
        value
            .split_once(';')
            .map_or(value, |(media, _)| media)
            .trim_end()
    }

    /// Whether the body is a form.
    pub fn has_form_body(&self) -> bool {
        self.method == Method::POST && self.media_type().eq_ignore_ascii_case(FORM)
    }
}

/// The flat parameters of a request, decoded, in the order sent: those of the query, then those of a form body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads the query and, if it is a form, the body.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] when there are more pairs than a tree may have nodes.
    pub fn read(head: &Head, body: &[u8], limits: &Limits) -> Result<Pairs, TreeError> {
        let body = if head.has_form_body() { body } else { &[] };
        let mut pairs = Vec::new();
        for (name, value) in form::pairs(head.raw_query.as_bytes()).chain(form::pairs(body)) {
            if pairs.len() == limits.max_nodes {
                return Err(TreeError::TooLarge {
                    what: Measure::Nodes,
                    max: limits.max_nodes,
                });
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Pairs(pairs))
    }

    /// The value of `name`; of several the last.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// All pairs in the order sent.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Pairs(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// A request as the front door hands it over, size limits already applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The head.
    pub head: Head,
    /// The whole body.
    pub body: Bytes,
    /// The flat parameters of query and form body.
    pub pairs: Pairs,
    /// The id this request goes by in answers and logs.
    pub request_id: String,
}

impl Incoming {
    /// Reads the flat parameters and puts the request together.
    ///
    /// # Errors
    /// As [`Pairs::read`].
    pub fn new(
        head: Head,
        body: Bytes,
        request_id: String,
        limits: &Limits,
    ) -> Result<Incoming, TreeError> {
        let pairs = Pairs::read(&head, &body, limits)?;
        Ok(Incoming {
            head,
            body,
            pairs,
            request_id,
        })
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The exact `Content-Type`: some clients compare it as a whole. Empty for an answer without a body.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// Name of the action, for logs and metrics: one that the dialect knows, or empty.
    pub action: &'static str,
    /// Code of the error answered, for logs and metrics; empty for success.
    pub code: String,
}

impl Reply {
    /// A JSON answer with the content type `application/json` and nothing else in it.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
        Reply {
            status,
            content_type: "application/json",
            headers: Vec::new(),
            body: body.into(),
            action: "",
            code: String::new(),
        }
    }
}

/// Why the front door could not hand a request over, or has no answer to pass on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unserved {
    /// The body is larger than any that is read here.
    #[error("the body could not be read to its end, or has more than {max} bytes")]
    TooLarge {
        /// The most that is read, bytes.
        max: usize,
    },
    /// There are more flat parameters than a tree may have nodes.
    #[error("there are too many parameters: {0}")]
    TooManyParameters(TreeError),
    /// The body did not come in time.
    #[error("the body did not come in time")]
    TooSlow,
    /// As many requests as may be are being answered.
    #[error("too many requests at the same time")]
    Busy,
    /// It was handed over, and its handler broke down.
    #[error("an internal error occurred")]
    Failed,
}

/// One API as its clients speak it.
#[async_trait]
pub trait Dialect: Send + Sync {
    /// Its short name, for logs and metrics.
    fn name(&self) -> &'static str;

    /// Whether a request is meant for this dialect, judged by path, headers and flat parameters, before any check.
    /// Never by credential scope or `Host` alone.
    fn recognises(&self, head: &Head, pairs: &Pairs) -> bool;

    /// Answers a request it recognised. Every failure is an answer too.
    async fn handle(&self, incoming: Incoming) -> Reply;

    /// The answer to a request that it recognised by its head, or whole, and that was not served.
    fn unserved(&self, why: &Unserved, request_id: &str) -> Reply;
}
