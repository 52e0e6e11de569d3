//! Whose request it is, by either signature, and the words of what is wrong with it (L2772-2797).

use muster_kit::http::Head;
use muster_kit::sign::aws4::{self, Aws4Error};
use muster_kit::sign::keys::SigningKeys;
use muster_kit::sign::ksyun;
use muster_model::Site;
use muster_ports::{Credential, Keys};

use crate::fault::Fault;

/// The region of a simplified signature that names none.
const DEFAULT_REGION: &str = "cn-beijing-6";

/// Who asks, and where.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) credential: Credential,
    pub(crate) site: Site,
}

/// What a request is checked against.
pub(crate) struct Gate<'g> {
    pub(crate) keys: &'g dyn Keys,
    pub(crate) signing_keys: &'g SigningKeys,
    /// The real time, unix seconds.
    pub(crate) now_secs: i64,
    /// The service that the credential has to be scoped to.
    pub(crate) service: &'static str,
}

impl Gate<'_> {
    /// Whose request it is. `pairs`: the query of a GET, the form of a POST.
    pub(crate) fn authenticate(
        &self,
        head: &Head,
        body: &[u8],
        pairs: &[(&str, &str)],
    ) -> Result<Asker, Fault> {
        if head.header("host").is_none_or(str::is_empty) {
            let message = "Request is missing 'Host' header.";
            return Err(Fault::new(403, "MissingAuthentication", message));
        }
        let authorization = head.header("authorization").unwrap_or_default();
        let fail = |error: Aws4Error| fault(&error, authorization);
        let get = |name: &str| {
            let mut found = pairs.iter().rev().filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| *value)
        };
        let is_simplified = authorization.is_empty() && get("Signature").is_some();
        if is_simplified {
            let missing = || fail(Aws4Error::MissingParameter("Accesskey"));
            let access_key = get("Accesskey").filter(|key| !key.is_empty());
            let credential = self.find(access_key.ok_or_else(missing)?)?;
            ksyun::verify(pairs, credential.secret.as_bytes(), self.now_secs).map_err(fail)?;
            self.check_service(get("Service").unwrap_or_default())?;
            let region = get("Region").filter(|region| !region.is_empty());
            let site = self.site(region.unwrap_or(DEFAULT_REGION))?;
            return no_token(get("SecurityToken")).map(|()| Asker { credential, site });
        }
        let signature = aws4::signature(head).map_err(fail)?;
        self.check_service(&signature.service)?;
        let site = self.site(&signature.region)?;
        let credential = self.find(&signature.access_key)?;
        let (secret, keys) = (credential.secret.as_bytes(), Some(self.signing_keys));
        signature
            .verify(head, body, secret, keys, self.now_secs)
            .map_err(fail)?;
        no_token(head.header("x-amz-security-token"))?;
        no_token(get("X-Amz-Security-Token"))?;
        Ok(Asker { credential, site })
    }

    fn find(&self, access_key: &str) -> Result<Credential, Fault> {
        self.keys.find(access_key).ok_or_else(bad_token)
    }

    fn check_service(&self, service: &str) -> Result<(), Fault> {
        match service == self.service {
            true => Ok(()),
            false => {
                let right = self.service;
                Err(mismatch(format!(
                    "Credential should be scoped to correct service: {right}."
                )))
            }
        }
    }

    fn site(&self, region: &str) -> Result<Site, Fault> {
        let good = (1..=64).contains(&region.len())
            && region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let site = good.then(|| self.keys.site(region)).flatten();
        site.ok_or_else(|| {
            mismatch(format!(
                "Credential should be scoped to a valid region, not: {region}."
            ))
        })
    }
}

fn bad_token() -> Fault {
    let message = "The security token included in the request is invalid.";
    Fault::new(403, "InvalidClientTokenId", message)
}

/// There are no temporary keys here.
fn no_token(token: Option<&str>) -> Result<(), Fault> {
    match token.is_none_or(str::is_empty) {
        true => Ok(()),
        false => Err(bad_token()),
    }
}

fn mismatch(message: impl Into<String>) -> Fault {
    Fault::new(403, "SignatureDoesNotMatch", message)
}

fn incomplete(message: impl Into<String>) -> Fault {
    Fault::new(400, "IncompleteSignature", message)
}

/// What is wrong with a signature, in the words of the documentation.
fn fault(error: &Aws4Error, authorization: &str) -> Fault {
    match error {
        Aws4Error::Unsigned => {
            let message = "Request is missing Authentication Token.";
            Fault::new(403, "MissingAuthentication", message)
        }
        Aws4Error::AbsentHeader(name) => {
            let message = format!("{name} not in Http Header.");
            Fault::new(403, "MissingAuthentication", message)
        }
        Aws4Error::HostNotSigned => {
            mismatch("'Host' must be a 'SignedHeader' in the Authorization.")
        }
        Aws4Error::Terminator(word) => mismatch(format!(
            "Credential should be scoped with a valid terminator: 'aws4_request', not: {word}."
        )),
        Aws4Error::BadSignature => mismatch(
            "The request signature we calculated does not match the signature you provided.",
        ),
        Aws4Error::Expired(time) => mismatch(format!("Signature expired:{time}.")),
        Aws4Error::DateMismatch => mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
        ),
        Aws4Error::Date(text) => incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. See http://en.wikipedia.org/wiki/ISO_8601 ."
        )),
        Aws4Error::MissingParameter(name) => incomplete(format!(
            "KSC query-string parameters must include {name}. Re-examine the query-string parameters."
        )),
        Aws4Error::Algorithm(name) => incomplete(format!("Unsupported ksc 'algorithm': {name}.")),
        Aws4Error::MissingPart("Credential") => incomplete(format!(
            "Authorization header requires 'Credential' parameter. Authorization={authorization}."
        )),
        Aws4Error::MissingPart(part) => incomplete(format!(
            "Authorization header requires '{part}' parameter. Authorization={authorization}"
        )),
        Aws4Error::Credential(got) => incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. accesskeyid/date/region/service/aws4_request, got: {got}."
        )),
        Aws4Error::Format => incomplete("Authorization header format error."),
        Aws4Error::NoDate => incomplete(format!(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header, Authorization={authorization}"
        )),
    }
}
