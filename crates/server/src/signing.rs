//! What messages to endpoints are signed with: a key of this service's own, and the certificate that verifies it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use muster_ports::{Commit, Row, Store};
use muster_providers::notify::subscriber::Sign;
use rcgen::{CertificateParams, DnType, KeyPair, SigningKey};
use serde::{Deserialize, Serialize};

use crate::seal::Sealer;

/// Where the pair is kept.
const SETTING: &str = "smn.signing";

/// The pair as it is kept: the key is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    certificate: String,
}

/// A key and its certificate.
pub(crate) struct Signer {
    key: Arc<KeyPair>,
    certificate: Arc<str>,
}

impl Signer {
    /// Reads the pair, or makes it.
    pub(crate) async fn load(store: &Arc<dyn Store>, sealer: &Sealer) -> Result<Signer, String> {
        let kept = store.setting(SETTING).await;
        let kept = kept.map_err(|error| error.to_string())?;
        let (key, certificate) = match kept {
            Some(text) => {
                let kept: Kept = serde_json::from_str(&text)
                    .map_err(|error| format!("the key of signatures: {error}"))?;
                let pem = sealer.open_sealed(SETTING, &kept.key)?;
                let key = KeyPair::from_pem(&pem);
                let key = key.map_err(|error| format!("the key of signatures: {error}"))?;
                (key, kept.certificate)
            }
            None => {
                let (key, certificate) = make().map_err(|error| error.to_string())?;
                let kept = Kept {
                    key: sealer.seal(SETTING, &key.serialize_pem())?,
                    certificate: certificate.clone(),
                };
                let value = serde_json::to_string(&kept).map_err(|error| error.to_string())?;
                let row = Row::Setting {
                    name: SETTING.to_owned(),
                    value: Some(value),
                };
                let rows = Commit {
                    guards: Vec::new(),
                    rows: vec![row],
                };
                let written = store.commit(rows).await;
                written.map_err(|error| error.to_string())?;
                (key, certificate)
            }
        };
        Ok(Signer {
            key: Arc::new(key),
            certificate: certificate.into(),
        })
    }

    /// The certificate, PEM.
    pub(crate) fn certificate(&self) -> Arc<str> {
        Arc::clone(&self.certificate)
    }

    /// Signs texts: ECDSA over P-256 with SHA-256, base64 of its DER.
    pub(crate) fn sign(&self) -> Sign {
        let key = Arc::clone(&self.key);
        Arc::new(move |text| {
            let signature = key.sign(text.as_bytes());
            let signature = signature.map_err(|error| error.to_string())?;
            Ok(BASE64.encode(signature))
        })
    }
}

fn make() -> Result<(KeyPair, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "Muster message signing");
    let certificate = params.self_signed(&key)?.pem();
    Ok((key, certificate))
}
