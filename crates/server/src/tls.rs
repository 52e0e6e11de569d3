//! HTTPS: the certificates that are shown, and the hosts that are spoken as.
//!
//! Clients that speak nothing but HTTPS reach Muster in two ways: at its own name, and through HTTP CONNECT to the host of
//! their cloud, as which Muster then speaks itself. A certificate for the latter is made for the name that is asked for and
//! signed by Muster's own authority.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use muster_runtime::ShellClock;
use rcgen::KeyPair;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName,
};
use tokio_rustls::rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{ServerConfig, client};

use crate::config::TlsConfig;
use crate::seal::Sealer;

mod authority;
mod hosts;

use authority::Authority;
use hosts::Hosts;

/// Certificates that were made are kept for this many names.
const NAMES: usize = 256;
/// A certificate that ends within this is made again.
const RENEW_SECS: i64 = 30 * 86_400;

/// The operator's certificate and its key.
#[derive(Clone, Debug)]
struct Given {
    cert: PathBuf,
    key: PathBuf,
}

/// What tells that a file was changed.
type Stamp = [(u64, u64, i64, i64); 2];

/// The operator's certificate as it was read last.
struct Loaded {
    certified: Arc<CertifiedKey>,
    stamp: Stamp,
}

/// A certificate that was made.
struct Made {
    certified: Arc<CertifiedKey>,
    until_secs: i64,
}

/// Chooses the certificate for a client.
pub(crate) struct Certificates {
    given: Option<(Given, Mutex<Loaded>)>,
    authority: Authority,
    key: KeyPair,
    made: Mutex<BTreeMap<String, Made>>,
    hosts: Arc<Hosts>,
    provider: Arc<CryptoProvider>,
    now_unix_secs: fn() -> i64,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl Given {
    fn stamp(&self) -> Result<Stamp, String> {
        let of = |path: &PathBuf| {
            let data =
                std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok::<_, String>((data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
        };
        Ok([of(&self.cert)?, of(&self.key)?])
    }

    /// Reads both files; a key that is not that of the certificate is none.
    fn load(&self, provider: &CryptoProvider) -> Result<Loaded, String> {
        let (cert, key) = (self.cert.display(), self.key.display());
        // The stamp comes first: a change while the files are read is seen the next time.
        let stamp = self.stamp()?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.cert)
            .and_then(Iterator::collect)
            .map_err(|error| format!("{cert}: {error}"))?;
        if chain.is_empty() {
            return Err(format!("{cert}: no certificate in PEM"));
        }
        let private =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| format!("{key}: {error}"))?;
        let private = provider
            .key_provider
            .load_private_key(private)
            .map_err(|error| format!("{key}: {error}"))?;
        let certified = CertifiedKey::new(chain, private);
        certified
            .keys_match()
            .map_err(|error| format!("{key} and {cert}: {error}"))?;
        Ok(Loaded {
            certified: Arc::new(certified),
            stamp,
        })
    }
}

/// Whether a certificate is one of the server `name`.
fn is_for(certified: &CertifiedKey, name: &str) -> bool {
    let parsed = certified
        .end_entity_cert()
        .and_then(ParsedCertificate::try_from);
    match (parsed, ServerName::try_from(name)) {
        (Ok(parsed), Ok(name)) => client::verify_server_name(&parsed, &name).is_ok(),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

impl Certificates {
    /// Reads the operator's certificate again if its files were changed. As long as they do not fit together, the one
    /// before is shown.
    fn refresh(&self) {
        let Some((given, loaded)) = &self.given else {
            return;
        };
        let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match given.stamp() {
            Ok(stamp) if stamp == loaded.stamp => return,
            Ok(stamp) => stamp,
            Err(error) => {
                tracing::warn!(error, "the certificate cannot be looked at");
                return;
            }
        };
        match given.load(&self.provider) {
            Ok(new) => {
                tracing::info!(cert = %given.cert.display(), "the certificate was read again");
                *loaded = new;
            }
            Err(error) => {
                tracing::warn!(error, "the certificate was changed and cannot be read");
                // Said once for each change.
                loaded.stamp = stamp;
            }
        }
    }

    /// The certificate that was made for a cloud's host, or with `None` for Muster's own names.
    fn own(&self, host: Option<&str>) -> Result<Arc<CertifiedKey>, String> {
        let now = (self.now_unix_secs)();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = made.get(host.unwrap_or_default());
        if let Some(kept) = kept.filter(|kept| kept.until_secs - now > RENEW_SECS) {
            return Ok(Arc::clone(&kept.certified));
        }
        let signed = match host {
            Some(host) => self.authority.sign(&[host.to_owned()], &self.key, now)?,
            None => self.authority.sign(self.hosts.own(), &self.key, now)?,
        };
        let key = PrivatePkcs8KeyDer::from(self.key.serialized_der().to_vec());
        let key = self
            .provider
            .key_provider
            .load_private_key(key.into())
            .map_err(|error| error.to_string())?;
        let chain = vec![signed.certificate, self.authority.certificate().clone()];
        let certified = Arc::new(CertifiedKey::new(chain, key));
        if made.len() >= NAMES {
            made.clear();
        }
        let new = Made {
            certified: Arc::clone(&certified),
            until_secs: signed.until_secs,
        };
        made.insert(host.unwrap_or_default().to_owned(), new);
        Ok(certified)
    }

    /// The operator's certificate, except for a cloud's host that it is not for.
    fn choose(&self, name: Option<&str>) -> Result<Arc<CertifiedKey>, String> {
        let name = name.map(str::to_ascii_lowercase);
        let host = name.as_deref().filter(|name| self.hosts.is_cloud(name));
        if let Some((_, loaded)) = &self.given {
            let loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
            if host.is_none_or(|host| is_for(&loaded.certified, host)) {
                return Ok(Arc::clone(&loaded.certified));
            }
        }
        self.own(host)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match self.choose(hello.server_name()) {
            Ok(certified) => Some(certified),
            Err(error) => {
                tracing::error!(error, "no certificate");
                None
            }
        }
    }
}

/// HTTPS as the front door speaks it.
pub(crate) struct Tls {
    hosts: Arc<Hosts>,
    certificates: Arc<Certificates>,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// As the configuration says; `None` if it is switched off. Muster's own names are those of the machine itself, where
    /// it listens, and what the configuration adds.
    pub(crate) fn configured(
        config: &TlsConfig,
        dir: &Path,
        sealer: &Sealer,
        listening: SocketAddr,
    ) -> Result<Option<Tls>, String> {
        if !config.enabled {
            return Ok(None);
        }
        let mut own = ["localhost", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .to_vec();
        let ip = listening.ip();
        if !ip.is_unspecified() {
            own.push(ip.to_string());
        }
        own.extend(config.names.iter().cloned());
        own.sort();
        own.dedup();
        let hosts = Hosts::new(&config.hosts, &own, listening.port());
        let given = match (&config.cert, &config.key) {
            (Some(cert), Some(key)) => Some(Given {
                cert: cert.clone(),
                key: key.clone(),
            }),
            (_, None) | (None, _) => None,
        };
        Tls::open(dir, sealer, given, hosts, ShellClock::real_unix_secs).map(Some)
    }

    /// Opens the authority of a data directory and reads the operator's certificate, if there is one.
    fn open(
        dir: &Path,
        sealer: &Sealer,
        given: Option<Given>,
        hosts: Hosts,
        now_unix_secs: fn() -> i64,
    ) -> Result<Tls, String> {
        let provider = Arc::new(ring::default_provider());
        let given = match given {
            Some(given) => {
                let loaded = given.load(&provider)?;
                Some((given, Mutex::new(loaded)))
            }
            None => None,
        };
        let hosts = Arc::new(hosts);
        let certificates = Arc::new(Certificates {
            given,
            authority: Authority::open(dir, sealer, now_unix_secs())?,
            key: KeyPair::generate().map_err(|error| error.to_string())?,
            made: Mutex::default(),
            hosts: Arc::clone(&hosts),
            provider: Arc::clone(&provider),
            now_unix_secs,
        });
        // What cannot be signed is told at the start.
        certificates.own(None)?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Certificates>::clone(&certificates);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls {
            hosts,
            certificates,
            config: Arc::new(config),
        })
    }

    /// Whether a tunnel to `host:port` ends here.
    pub(crate) fn ends_here(&self, host: &str, port: u16) -> bool {
        self.hosts.ends_here(host, port)
    }

    /// The certificate that clients have to trust.
    pub(crate) fn authority(&self) -> &Path {
        self.certificates.authority.public()
    }

    /// What the next handshake is made with: files that were changed are read before it.
    pub(crate) async fn config(&self) -> Arc<ServerConfig> {
        if self.certificates.given.is_some() {
            let certificates = Arc::clone(&self.certificates);
            let read = tokio::task::spawn_blocking(move || certificates.refresh()).await;
            if let Err(error) = read {
                tracing::error!(%error, "the certificate could not be looked at");
            }
        }
        Arc::clone(&self.config)
    }
}

#[cfg(test)]
mod tests;
