//! Which certificate is shown, what is kept, and what happens when files are changed.

use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::UnixTime;

use super::*;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn now() -> i64 {
    NOW
}

fn in_a_year() -> i64 {
    NOW + 380 * DAY
}

fn in_thirty_years() -> i64 {
    NOW + 30 * 366 * DAY
}

fn open(dir: &Path, given: Option<Given>, now: fn() -> i64) -> Result<Tls, String> {
    let clouds = ["scaling.api.qcloud.com", "as.*.tencentcloudapi.com"].map(str::to_owned);
    let own = ["localhost", "127.0.0.1", "::1", "muster.example"].map(str::to_owned);
    let hosts = Hosts::new(&clouds, &own, 8700);
    Tls::open(dir, &Sealer::open(dir)?, given, hosts, now)
}

/// Whether a client that trusts `ca` takes what is shown to who asks for `name` as `name`.
fn trusted(tls: &Tls, ca: &Path, name: &str, secs: i64) -> bool {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    let server = ServerName::try_from(name).unwrap();
    let asked = matches!(server, ServerName::DnsName(_)).then_some(name);
    let shown = tls.certificates.choose(asked).unwrap();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(secs as u64));
    let verified = verifier.build().unwrap().verify_server_cert(
        &shown.cert[0],
        &shown.cert[1..],
        &server,
        &[],
        time,
    );
    verified.is_ok()
}

/// A certificate of somebody else's for `names`, in two files.
fn write_given(dir: &Path, names: &[&str]) -> Given {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let given = Given {
        cert: dir.join("given.pem"),
        key: dir.join("given.key"),
    };
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    std::fs::write(&given.cert, pem("CERTIFICATE", certificate.der())).unwrap();
    std::fs::write(&given.key, pem("PRIVATE KEY", key.serialized_der())).unwrap();
    given
}

fn shown(tls: &Tls, name: Option<&str>) -> Vec<u8> {
    tls.certificates.choose(name).unwrap().cert[0].to_vec()
}

#[test]
fn every_name_gets_a_certificate_that_clients_of_the_authority_take() {
    let dir = tempfile::tempdir().unwrap();
    let tls = open(dir.path(), None, now).unwrap();
    let ca = tls.authority().to_owned();
    assert_eq!(ca, dir.path().join("tls/ca.pem"));
    for name in [
        "localhost",
        "127.0.0.1",
        "::1",
        "muster.example",
        "scaling.api.qcloud.com",
        "as.ap-guangzhou.tencentcloudapi.com",
    ] {
        assert!(trusted(&tls, &ca, name, NOW), "{name}");
        assert!(!trusted(&tls, &ca, name, NOW - 3 * DAY), "{name}");
        assert!(!trusted(&tls, &ca, name, NOW + 400 * DAY), "{name}");
    }
    for name in ["example.com", "as.a.b.tencentcloudapi.com", "10.0.0.1"] {
        assert!(!trusted(&tls, &ca, name, NOW), "{name}");
    }
    // One certificate a name; it is not made anew for everybody who asks.
    let host = Some("scaling.api.qcloud.com");
    assert_eq!(
        shown(&tls, host),
        shown(&tls, Some("Scaling.API.qcloud.com"))
    );
    assert_ne!(shown(&tls, host), shown(&tls, None));
    // Another data directory is another authority.
    let other = tempfile::tempdir().unwrap();
    let other = open(other.path(), None, now).unwrap();
    assert!(!trusted(&other, &ca, "localhost", NOW));
}

#[test]
fn the_authority_stays_and_its_key_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let read = |name: &str| std::fs::read_to_string(dir.path().join("tls").join(name)).unwrap();
    open(dir.path(), None, now).unwrap();
    let (kept, public) = (read("authority"), read("ca.pem"));
    let mode = |name: &str| {
        let path = dir.path().join("tls").join(name);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("authority"), mode("ca.pem")), (0o600, 0o644));
    assert!(kept.starts_with("k1:"), "{kept}");
    std::fs::remove_file(dir.path().join("tls/ca.pem")).unwrap();
    let again = open(dir.path(), None, in_a_year).unwrap();
    assert_eq!((read("authority"), read("ca.pem")), (kept, public));
    // A certificate that would end soon is made again.
    assert!(trusted(&again, again.authority(), "localhost", in_a_year()));
}

#[test]
fn what_is_wrong_with_the_authority_is_told_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), None, now).unwrap();
    let told = open(dir.path(), None, in_thirty_years).err().unwrap();
    assert!(told.contains("tls/authority: no longer valid"), "{told}");
    std::fs::write(dir.path().join("tls/authority"), "k1:AAAA").unwrap();
    let told = open(dir.path(), None, now).err().unwrap();
    assert!(told.contains("sealed with another key"), "{told}");
}

#[test]
fn names_beyond_the_bound_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let tls = open(dir.path(), None, now).unwrap();
    for number in 0..2 * NAMES {
        shown(&tls, Some(&format!("as.r{number}.tencentcloudapi.com")));
    }
    assert!(tls.certificates.made.lock().unwrap().len() <= NAMES);
}

#[test]
fn the_operators_certificate_is_shown_except_for_a_clouds_host_that_it_is_not_for() {
    let dir = tempfile::tempdir().unwrap();
    let given = write_given(dir.path(), &["muster.example", "as.gz.tencentcloudapi.com"]);
    let tls = open(dir.path(), Some(given), now).unwrap();
    let theirs = shown(&tls, Some("muster.example"));
    for name in [
        None,
        Some("localhost"),
        Some("elsewhere.example"),
        Some("as.gz.tencentcloudapi.com"),
    ] {
        assert_eq!(shown(&tls, name), theirs, "{name:?}");
    }
    assert_ne!(shown(&tls, Some("scaling.api.qcloud.com")), theirs);
    let ca = tls.authority();
    assert!(trusted(&tls, ca, "scaling.api.qcloud.com", NOW));
}

#[tokio::test]
async fn files_that_were_changed_are_read_again_once_they_fit_together() {
    let dir = tempfile::tempdir().unwrap();
    let given = write_given(dir.path(), &["one.example"]);
    let old_key = std::fs::read(&given.key).unwrap();
    let tls = open(dir.path(), Some(given.clone()), now).unwrap();
    let old = shown(&tls, None);
    write_given(dir.path(), &["two.example"]);
    let new_key = std::fs::read(&given.key).unwrap();
    std::fs::write(&given.key, &old_key).unwrap();
    tls.config().await;
    assert_eq!(shown(&tls, None), old, "the key is still the old one");
    std::fs::remove_file(&given.key).unwrap();
    tls.config().await;
    assert_eq!(shown(&tls, None), old, "there is no key");
    std::fs::write(&given.key, &new_key).unwrap();
    tls.config().await;
    let new = shown(&tls, None);
    assert_ne!(new, old);
    tls.config().await;
    assert_eq!(shown(&tls, None), new);
}

#[test]
fn files_that_are_none_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let given = write_given(dir.path(), &["one.example"]);
    let refused = |given: &Given| open(dir.path(), Some(given.clone()), now).err().unwrap();
    let absent = Given {
        cert: dir.path().join("absent.pem"),
        ..given.clone()
    };
    assert!(refused(&absent).contains("absent.pem: No such file"));
    let swapped = Given {
        cert: given.key.clone(),
        key: given.cert.clone(),
    };
    assert!(refused(&swapped).contains("given.key: no certificate in PEM"));
    let keyless = Given {
        key: given.cert.clone(),
        ..given.clone()
    };
    assert!(refused(&keyless).contains("given.pem: "));
    let key = std::fs::read(&given.key).unwrap();
    write_given(dir.path(), &["two.example"]);
    std::fs::write(&given.key, key).unwrap();
    let told = refused(&given);
    assert!(
        told.contains("given.key and ") && told.contains("given.pem: "),
        "{told}"
    );
}
