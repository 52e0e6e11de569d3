//! Secrets at rest: AES-256-GCM with a key file of its own, bound to what they belong to.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Marks how a text is sealed, so that keys can change later.
const PREFIX: &str = "k1:";
const NONCE_BYTES: usize = 12;

/// Seals and opens secrets.
pub(crate) struct Sealer {
    cipher: Aes256Gcm,
}

/// Random bytes for keys, nonces, secrets and ids: the one place where the server is random.
#[expect(
    clippy::disallowed_methods,
    reason = "secrets come from the operating system"
)]
pub(crate) fn entropy<const BYTES: usize>() -> [u8; BYTES] {
    rand::random()
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(named)?;
    file.write_all(bytes).map_err(named)?;
    file.sync_all().map_err(named)
}

impl Sealer {
    /// Reads `DIR/seal.key`, or makes it.
    pub(crate) fn open(dir: &Path) -> Result<Sealer, String> {
        let path = dir.join("seal.key");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key: Zeroizing<[u8; 32]> = Zeroizing::new(entropy());
                let text = Zeroizing::new(hex::encode(*key));
                write_private(&path, text.as_bytes())?;
                text
            }
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let bytes = Zeroizing::new(
            hex::decode(text.trim()).map_err(|_| format!("{}: not a key", path.display()))?,
        );
        let cipher = Aes256Gcm::new_from_slice(&bytes)
            .map_err(|_| format!("{}: not a key of 32 bytes", path.display()))?;
        Ok(Sealer { cipher })
    }

    /// Seals a secret that belongs to `whose`.
    pub(crate) fn seal(&self, whose: &str, secret: &str) -> Result<String, String> {
        let nonce: [u8; NONCE_BYTES] = entropy();
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: whose.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| "a secret could not be sealed".to_owned())?;
        Ok(format!(
            "{PREFIX}{}",
            STANDARD.encode([&nonce[..], &sealed[..]].concat())
        ))
    }

    /// Opens what was sealed for `whose`.
    pub(crate) fn open_sealed(
        &self,
        whose: &str,
        sealed: &str,
    ) -> Result<Zeroizing<String>, String> {
        let wrong =
            || format!("the secret of {whose} cannot be opened: it was sealed with another key");
        let bytes = sealed
            .strip_prefix(PREFIX)
            .and_then(|text| STANDARD.decode(text).ok())
            .ok_or_else(wrong)?;
        let (nonce, body) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(wrong)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| wrong())?;
        let payload = Payload {
            msg: body,
            aad: whose.as_bytes(),
        };
        let secret = self
            .cipher
            .decrypt(&nonce.into(), payload)
            .map_err(|_| wrong())?;
        String::from_utf8(secret)
            .map(Zeroizing::new)
            .map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_opens_only_for_whom_it_was_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let sealer = Sealer::open(dir.path()).unwrap();
        let sealed = sealer.seal("AKID1", "hush").unwrap();
        assert!(!sealed.contains("hush"));
        assert_ne!(sealed, sealer.seal("AKID1", "hush").unwrap());
        assert_eq!(
            *Sealer::open(dir.path())
                .unwrap()
                .open_sealed("AKID1", &sealed)
                .unwrap(),
            "hush"
        );
        assert!(sealer.open_sealed("AKID2", &sealed).is_err());
        assert!(
            sealer
                .open_sealed("AKID1", &sealed[..sealed.len() - 8])
                .is_err()
        );
        assert!(sealer.open_sealed("AKID1", "k1:AA").is_err());
        let other = tempfile::tempdir().unwrap();
        assert!(
            Sealer::open(other.path())
                .unwrap()
                .open_sealed("AKID1", &sealed)
                .is_err()
        );
        let mode = std::fs::metadata(dir.path().join("seal.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
