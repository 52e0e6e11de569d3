//! Muster's own certificate authority, kept in the data directory.
//!
//! `tls/authority` holds its key and its certificate, sealed; `tls/ca.pem` is the certificate for clients to trust, and is
//! written again when it differs. What it signs is made when it is needed and never written down.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use crate::seal::{Sealer, write_private};

const DAY_SECS: i64 = 86_400;
/// How long the authority is good for.
const AUTHORITY_DAYS: i64 = 7300;
/// How long what it signs is good for: as long as browsers take at the most.
const CERTIFICATE_DAYS: i64 = 397;
/// Clocks of clients may be late by this.
const LATE_DAYS: i64 = 1;
/// What the authority is sealed for.
const SEALED_FOR: &str = "tls authority";
const PEM_COLUMNS: usize = 64;

/// As it is kept: DER in base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    certificate: String,
    until_secs: i64,
}

/// Signs certificates.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    until_secs: i64,
    public: PathBuf,
}

/// A certificate and when it ends, Unix seconds.
pub(crate) struct Signed {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) until_secs: i64,
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("certificates: {error}")
}

/// From the day before `now` until `days` after it, by whole days; the end in Unix seconds.
fn valid(params: &mut CertificateParams, now: i64, until_secs: i64) -> Result<i64, String> {
    let day = |secs: i64| {
        let time = Timestamp::from_second(secs).map_err(failed)?;
        let date = time.to_zoned(TimeZone::UTC).date();
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        Ok::<_, String>(rcgen::date_time_ymd(i32::from(date.year()), month, day))
    };
    params.not_before = day(now - LATE_DAYS * DAY_SECS)?;
    params.not_after = day(until_secs)?;
    Ok(until_secs - until_secs.rem_euclid(DAY_SECS))
}

/// What the certificate of the authority says. Two authorities have two names.
fn params(key: &KeyPair) -> CertificateParams {
    let number = hex::encode(&Sha256::digest(key.der_bytes())[..4]);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Muster CA {number}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate as text.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(PEM_COLUMNS) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// Writes a file that all may read, whole or not at all.
fn write_public(path: &Path, text: &str) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let new = path.with_extension("new");
    write_private(&new, text.as_bytes())?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644)).map_err(named)?;
    std::fs::rename(&new, path).map_err(named)
}

impl Kept {
    fn new(now: i64) -> Result<Kept, String> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = params(&key);
        let until_secs = valid(&mut params, now, now + AUTHORITY_DAYS * DAY_SECS)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Kept {
            key: STANDARD.encode(key.serialized_der()),
            certificate: STANDARD.encode(certificate.der()),
            until_secs,
        })
    }

    /// Reads the authority of a data directory, or makes it.
    fn open(path: &Path, sealer: &Sealer, now: i64) -> Result<Kept, String> {
        let named = |error: String| format!("{}: {error}", path.display());
        match std::fs::read_to_string(path) {
            Ok(sealed) => {
                let text = sealer
                    .open_sealed(SEALED_FOR, sealed.trim())
                    .map_err(named)?;
                serde_json::from_str(&text).map_err(|error| named(error.to_string()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let kept = Kept::new(now)?;
                let text = Zeroizing::new(serde_json::to_string(&kept).map_err(failed)?);
                let new = path.with_extension("new");
                write_private(&new, sealer.seal(SEALED_FOR, &text)?.as_bytes())?;
                std::fs::rename(&new, path).map_err(|error| named(error.to_string()))?;
                Ok(kept)
            }
            Err(error) => Err(named(error.to_string())),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

impl Authority {
    /// The authority of a data directory, at `now` in Unix seconds.
    pub(crate) fn open(dir: &Path, sealer: &Sealer, now: i64) -> Result<Authority, String> {
        let dir = dir.join("tls");
        std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let path = dir.join("authority");
        let kept = Kept::open(&path, sealer, now)?;
        let over = format!(
            "{}: no longer valid: remove it, and let clients trust the new one",
            path.display()
        );
        if kept.until_secs <= now {
            return Err(over);
        }
        let broken = |what: &str| format!("{}: {what} cannot be read", path.display());
        let der = |text: &str| STANDARD.decode(text).map_err(|_| broken("it"));
        let key = Zeroizing::new(der(&kept.key)?);
        let pkcs8 = PrivatePkcs8KeyDer::from(key.as_slice());
        let key = KeyPair::try_from(&pkcs8).map_err(|_| broken("its key"))?;
        let certificate = CertificateDer::from(der(&kept.certificate)?);
        let public = dir.join("ca.pem");
        let text = pem(&certificate);
        if std::fs::read_to_string(&public).ok().as_deref() != Some(&text) {
            write_public(&public, &text)?;
        }
        Ok(Authority {
            issuer: Issuer::new(params(&key), key),
            certificate,
            until_secs: kept.until_secs,
            public,
        })
    }

    /// Where clients find its certificate.
    pub(crate) fn public(&self) -> &Path {
        &self.public
    }

    /// Its certificate.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A certificate of a server with these names and this key.
    pub(crate) fn sign(&self, names: &[String], key: &KeyPair, now: i64) -> Result<Signed, String> {
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "Muster");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let until_secs = self.until_secs.min(now + CERTIFICATE_DAYS * DAY_SECS);
        let until_secs = valid(&mut params, now, until_secs)?;
        let certificate = params.signed_by(key, &self.issuer).map_err(failed)?;
        Ok(Signed {
            certificate: certificate.der().clone(),
            until_secs,
        })
    }
}
