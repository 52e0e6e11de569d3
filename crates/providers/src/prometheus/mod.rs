//! Prometheus as a source of measured values: one instant query for each metric, asked of each group.
//!
//! A result that names members by a label is of these; a scalar, or one element without that label, is of the group as a
//! whole. Anything else is a gap: an empty result, a value that is not a number, several elements without the label,
//! warnings, errors, what is older than it may be.

mod answer;
mod query;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use muster_model::Metric;
use muster_ports::{Gap, Metrics, MetricsError, Sample, Watched};

use crate::http_client::{AddressError, HttpClient, cause};
use answer::{Reading, Told, refusal};
pub use query::Query;

/// Bytes of an answer that are read.
const ANSWER_BYTES: usize = 8 << 20;

/// A metric that is asked of a Prometheus.
pub struct PrometheusOptions {
    /// The metric that the query tells.
    pub metric: Metric,
    /// `http://` or `https://`, with a path if its API is under one.
    pub url: String,
    /// The query.
    pub query: Query,
    /// The label that names a member, by any spelling of its id.
    pub instance_label: String,
    /// A sample that is older than this counts as missing, seconds.
    pub stale_secs: u32,
    /// For `Authorization: Bearer`.
    pub token: Option<String>,
    /// The real clock, seconds since the Unix epoch: Prometheus does not live in the movable time.
    pub now_unix_secs: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// Why a Prometheus cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// What its address has and may not have: nothing of that would be sent. It is not shown, for it may be a secret.
    #[error("a user, a password, or what follows `?` or `#` in the address would not be sent")]
    More,
    /// The token.
    #[error("the token cannot be sent in a header")]
    Token,
}

/// A metric that is asked of a Prometheus.
pub struct Prometheus {
    client: HttpClient,
    uri: Uri,
    authorization: Option<HeaderValue>,
    options: PrometheusOptions,
    /// Whether it has been found out, and said, if it leaves out what is older than `stale_secs`.
    asked_for_lookback: AtomicBool,
}

/// Whether a Prometheus can be at `url`.
///
/// # Errors
/// See [`PrometheusError`].
pub fn check_address(url: &str) -> Result<(), PrometheusError> {
    if url.contains(['@', '?', '#']) {
        return Err(PrometheusError::More);
    }
    crate::http_client::address(url)?;
    Ok(())
}

impl Prometheus {
    /// A metric that is asked of a Prometheus.
    ///
    /// # Errors
    /// See [`PrometheusError`].
    pub fn new(options: PrometheusOptions) -> Result<Prometheus, PrometheusError> {
        check_address(&options.url)?;
        let url = format!("{}/api/v1/query", options.url.trim_end_matches('/'));
        let (client, uri) = HttpClient::to(&url)?;
        let header = |token: &String| {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
            value.set_sensitive(true);
            Ok::<_, http::header::InvalidHeaderValue>(value)
        };
        let authorization = options.token.as_ref().map(header).transpose();
        Ok(Prometheus {
            client,
            uri,
            authorization: authorization.map_err(|_| PrometheusError::Token)?,
            options,
            asked_for_lookback: AtomicBool::new(false),
        })
    }

    fn request(&self, query: &str, lookback: &str) -> Result<Request<Full<Bytes>>, MetricsError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("lookback_delta", lookback)
            .finish();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(
                http::header::CONTENT_TYPE,
                "application/x-www-form-urlencoded",
            )
            .header(http::header::USER_AGENT, "muster");
        if let Some(value) = &self.authorization {
            request = request.header(http::header::AUTHORIZATION, value.clone());
        }
        request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| MetricsError::Refused(error.to_string()))
    }

    /// Status and body of an answer.
    async fn send(&self, query: &str, lookback: &str) -> Result<(StatusCode, Bytes), MetricsError> {
        let answer = self.client.send(self.request(query, lookback)?).await;
        let answer = answer.map_err(|error| match error.is_connect() {
            true => MetricsError::Failed(cause(&error)),
            false => MetricsError::Unknown(cause(&error)),
        })?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| MetricsError::Unknown(error.to_string()))?;
        Ok((parts.status, body.to_bytes()))
    }

    async fn ask(&self, watched: &Watched) -> Result<Told, MetricsError> {
        let query = self.options.query.of(watched.group, &watched.name);
        let lookback = format!("{}s", self.options.stale_secs);
        let (status, body) = self.send(&query, &lookback).await?;
        if !status.is_success() {
            return Err(trouble(status, &body));
        }
        self.ask_for_lookback().await;
        let reading = Reading {
            instance_label: &self.options.instance_label,
            now_unix_secs: (self.options.now_unix_secs)(),
            stale_secs: self.options.stale_secs,
        };
        Ok(reading
            .read(&body, watched)
            .unwrap_or_else(|gap| gaps(watched, &gap)))
    }

    /// Finds out, once, whether `lookback_delta` is known: who knows it refuses what is no time. An operator has to hear of
    /// one that does not, for it takes old samples for new ones.
    async fn ask_for_lookback(&self) {
        if self.asked_for_lookback.load(Ordering::Relaxed) {
            return;
        }
        // No answer says nothing: the next look asks again.
        let Ok((status, _)) = self.send("1", "?").await else {
            return;
        };
        self.asked_for_lookback.store(true, Ordering::Relaxed);
        if status.is_success() {
            tracing::warn!(
                metric = self.options.metric.0,
                stale_secs = self.options.stale_secs,
                "this Prometheus does not know lookback_delta: samples count for as long as it is set to itself"
            );
        }
    }
}

/// What a status that is no success means.
fn trouble(status: StatusCode, body: &[u8]) -> MetricsError {
    let text = match refusal(body) {
        Some(said) => format!("it answered {}: {said}", status.as_u16()),
        None => format!("it answered {}", status.as_u16()),
    };
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => MetricsError::Failed(text),
        status if status.is_server_error() => MetricsError::Failed(text),
        _ => MetricsError::Refused(text),
    }
}

/// A gap for a group as a whole: whether its members would have been told is not known.
fn gaps(watched: &Watched, gap: &Gap) -> Told {
    let members = watched.instances.iter();
    let mut all: Told = members.map(|id| (Some(*id), Err(gap.clone()))).collect();
    if all.is_empty() {
        all.push((None, Err(gap.clone())));
    }
    all
}

#[async_trait]
impl Metrics for Prometheus {
    fn tells(&self) -> Vec<Metric> {
        vec![self.options.metric.clone()]
    }

    async fn sample(&self, watched: &[Watched]) -> Result<Vec<Sample>, MetricsError> {
        let mut samples = Vec::new();
        for one in watched {
            for metric in &one.metrics {
                let told = match *metric == self.options.metric {
                    true => match self.ask(one).await {
                        Ok(told) => told,
                        // Of several groups, one that cannot be asked does not stand in the way of the others.
                        Err(error) if watched.len() > 1 => {
                            gaps(one, &Gap::NoValue(error.to_string()))
                        }
                        Err(error) => return Err(error),
                    },
                    false => gaps(one, &Gap::NotMeasured("no query tells it".to_owned())),
                };
                samples.extend(told.into_iter().map(|(instance, value)| Sample {
                    group: one.group,
                    instance,
                    metric: metric.clone(),
                    value,
                }));
            }
        }
        Ok(samples)
    }
}
