//! A small HTTP client for receivers and sources: one address, plain or with TLS, a few connections that are kept.

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Connections that are kept open.
const IDLE: usize = 8;

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The address.
    #[error("`{0}` is not an http:// or https:// address")]
    Url(String),
    /// The certificates of the system.
    #[error("the certificates of the system could not be read: {0}")]
    Certificates(std::io::Error),
}

/// The address that `url` is.
pub(crate) fn address(url: &str) -> Result<Uri, AddressError> {
    let uri: Uri = url.parse().map_err(|_| AddressError::Url(url.to_owned()))?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let there = uri.host().is_some_and(|host| !host.is_empty());
    match known && there {
        true => Ok(uri),
        false => Err(AddressError::Url(url.to_owned())),
    }
}

/// The way to an address. Without TLS, nobody's certificates are needed.
pub(crate) enum HttpClient {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl HttpClient {
    /// The way to `url`, and the address that it is.
    pub(crate) fn to(url: &str) -> Result<(HttpClient, Uri), AddressError> {
        let uri = address(url)?;
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_max_idle_per_host(IDLE);
        let way = match uri.scheme_str() == Some("https") {
            false => HttpClient::Plain(client.build_http()),
            true => {
                let connector = HttpsConnectorBuilder::new()
                    .with_native_roots()
                    .map_err(AddressError::Certificates)?
                    .https_only()
                    .enable_http1()
                    .build();
                HttpClient::Tls(client.build(connector))
            }
        };
        Ok((way, uri))
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        match self {
            HttpClient::Plain(client) => client.request(request).await,
            HttpClient::Tls(client) => client.request(request).await,
        }
    }
}

/// The innermost reason: the outer ones only say that something went wrong.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
