//! The contract of the Metrics port on Prometheus, by something that answers like it on this machine; and what it says
//! when it does not answer. The real Prometheus is in the client tests.
#![allow(clippy::unwrap_used, reason = "a test says what broke by failing")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use muster_model::{GroupId, Ids, InstanceId, Metric};
use muster_ports::contract::metrics::{CASES, Scene};
use muster_ports::{Gap, Metrics, MetricsError, Watched};
use muster_providers::prometheus::{Prometheus, PrometheusOptions, Query};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const NOW: i64 = 1_795_500_000;

/// Path, authorization and form of a request.
type Sent = (String, String, Vec<(String, String)>);

/// What the server has of each group, and what it was sent.
#[derive(Default)]
struct Data {
    of_groups: BTreeMap<String, Vec<Value>>,
    status: Option<StatusCode>,
    sent: Vec<Sent>,
}

type Shared = Arc<Mutex<Data>>;

async fn answer(
    request: Request<Incoming>,
    data: Shared,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let bearer = request.headers().get("authorization");
    let bearer = bearer
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let (query, lookback) = (form[0].1.clone(), form[1].1.clone());
    let mut data = data.lock().unwrap();
    data.sent.push((path, bearer, form));
    let of_group = data
        .of_groups
        .iter()
        .find(|(group, _)| query.contains(*group));
    let result = of_group
        .map(|(_, elements)| elements.clone())
        .unwrap_or_default();
    let status = match lookback.as_str() {
        // Whoever knows the parameter refuses this.
        "?" => Some(StatusCode::BAD_REQUEST),
        _ => data.status,
    };
    let (status, body) = match status {
        None => (
            StatusCode::OK,
            json!({ "status": "success", "data": { "resultType": "vector", "result": result } }),
        ),
        Some(status) => (
            status,
            json!({ "status": "error", "errorType": "bad_data", "error": "it does not parse" }),
        ),
    };
    Ok(Response::builder()
        .status(status)
        .body(Full::from(body.to_string()))
        .unwrap())
}

/// Answers queries; returns where.
async fn listen(data: Shared) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let data = Arc::clone(&data);
            let service = service_fn(move |request| answer(request, Arc::clone(&data)));
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                let _ = served.await;
            });
        }
    });
    format!("http://{address}/prom/")
}

fn prometheus(url: &str) -> Prometheus {
    let options = PrometheusOptions {
        metric: Metric("queue_length".to_owned()),
        url: url.to_owned(),
        query: Query::parse(r#"queue{asg="$group", name="$group_name"}"#).unwrap(),
        instance_label: "instance_id".to_owned(),
        stale_secs: 60,
        token: Some("s3cret".to_owned()),
        now_unix_secs: Arc::new(|| NOW),
    };
    Prometheus::new(options).unwrap()
}

fn element(instance: Option<InstanceId>, value: &str) -> Value {
    let labels = match instance {
        Some(id) => json!({ "instance_id": id.to_string() }),
        None => json!({ "job": "x" }),
    };
    json!({ "metric": labels, "value": [NOW, value] })
}

/// A group of two members, or one that is told of as a whole.
struct Asked {
    data: Shared,
    source: Prometheus,
    watched: Watched,
}

impl Asked {
    async fn new(by_member: bool) -> Asked {
        let mut ids = Ids::new(1);
        let group: GroupId = ids.next_id();
        let members: BTreeSet<InstanceId> = match by_member {
            true => [ids.next_id(), ids.next_id()].into(),
            false => BTreeSet::new(),
        };
        let elements = match by_member {
            true => members.iter().map(|id| element(Some(*id), "1")).collect(),
            false => vec![element(None, "0")],
        };
        let data = Shared::default();
        data.lock()
            .unwrap()
            .of_groups
            .insert(group.to_string(), elements);
        let url = listen(Arc::clone(&data)).await;
        Asked {
            data,
            source: prometheus(&url),
            watched: Watched {
                group,
                name: "web \"1\"".to_owned(),
                instances: members,
                metrics: BTreeSet::from([Metric("queue_length".to_owned())]),
            },
        }
    }
}

#[async_trait::async_trait]
impl Scene for Asked {
    fn source(&self) -> &dyn Metrics {
        &self.source
    }

    fn watched(&self) -> Watched {
        self.watched.clone()
    }

    async fn work(&self) {}

    async fn vanish(&self, instance: Option<InstanceId>) {
        let mut data = self.data.lock().unwrap();
        let elements = data
            .of_groups
            .get_mut(&self.watched.group.to_string())
            .unwrap();
        match instance {
            Some(id) => elements.retain(|one| one["metric"]["instance_id"] != id.to_string()),
            None => elements.clear(),
        }
    }
}

#[tokio::test]
async fn queries_keep_the_contract() {
    for by_member in [true, false] {
        for (name, case) in CASES {
            println!("case: {name}, by member: {by_member}");
            case(&Asked::new(by_member).await).await;
        }
    }
}

#[tokio::test]
async fn a_query_is_sent_with_its_places_filled_and_its_token() {
    let asked = Asked::new(false).await;
    for _ in 0..2 {
        asked.source.sample(&[asked.watched()]).await.unwrap();
    }
    let sent = asked.data.lock().unwrap().sent.clone();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = |query: &str, lookback: &str| {
        let form = vec![pair("query", query), pair("lookback_delta", lookback)];
        let (path, bearer) = ("/prom/api/v1/query", "Bearer s3cret");
        (path.to_owned(), bearer.to_owned(), form)
    };
    let group = asked.watched.group;
    let query = format!(r#"queue{{asg="{group}", name="web \"1\""}}"#);
    // Once it is asked whether it knows the parameter.
    let wanted = [
        request(&query, "60s"),
        request("1", "?"),
        request(&query, "60s"),
    ];
    assert_eq!(sent, wanted);
}

#[tokio::test]
async fn trouble_is_told_apart_and_never_a_value() {
    let asked = Asked::new(false).await;
    let watched = [asked.watched()];
    for (status, refused) in [
        (StatusCode::BAD_REQUEST, true),
        (StatusCode::UNPROCESSABLE_ENTITY, true),
        (StatusCode::UNAUTHORIZED, true),
        (StatusCode::FOUND, true),
        (StatusCode::TOO_MANY_REQUESTS, false),
        (StatusCode::SERVICE_UNAVAILABLE, false),
    ] {
        asked.data.lock().unwrap().status = Some(status);
        let said = format!(
            "it answered {}: bad_data: it does not parse",
            status.as_u16()
        );
        let wanted = match refused {
            true => MetricsError::Refused(said),
            false => MetricsError::Failed(said),
        };
        assert_eq!(asked.source.sample(&watched).await, Err(wanted));
    }
    // Of two groups each has its gap.
    let other = Watched {
        group: Ids::new(9).next_id(),
        ..asked.watched()
    };
    let both = [asked.watched(), other];
    let samples = asked.source.sample(&both).await.unwrap();
    assert_eq!(samples.len(), 2);
    assert!(
        samples
            .iter()
            .all(|sample| matches!(sample.value, Err(Gap::NoValue(_))))
    );
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = prometheus(&nowhere).sample(&watched).await;
    assert!(
        matches!(refused, Err(MetricsError::Failed(_))),
        "{refused:?}"
    );
}
