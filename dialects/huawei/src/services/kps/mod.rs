//! Key Pair Service (spec `facets.kps`). The public half is kept. A private one that is made here is handed out once, in the
//! answer, and is kept nowhere.

use std::sync::Arc;

use http::Method;
use muster_kit::action::Action;
use muster_model::{KeyPair, KeyPairSpec, RecordCommand, RecordId, RecordSpec, by_age};
use serde::Deserialize;
use serde_json::{Value, json};
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding, PublicKey};

use super::body::Body;
use super::form::{Form, may, must};
use super::{Beside, Codes, Empty, Service, Wrong, route};
use crate::routes::Route;

/// The service.
pub(super) static SERVICE: Service = Service {
    name: "kps",
    routes: ROUTES,
    write,
    codes: Codes {
        malformed: "KPS.3001",
        absent: "KPS.3002",
        conflict: "KPS.3003",
        quota: "KPS.3004",
        denied: "KPS.3005",
        system: "KPS.0001",
    },
};

fn write(wrong: &Wrong, _: &str) -> Value {
    json!({ "error_code": wrong.code, "error_msg": wrong.message })
}

static ROUTES: &[Route<Beside>] = &[
    route::<CreateKeypair>(Method::POST, "/v3/{project_id}/keypairs", 200),
    route::<ListKeypairs>(Method::GET, "/v3/{project_id}/keypairs", 200),
    route::<ListKeypairDetail>(Method::GET, "/v3/{project_id}/keypairs/{keypair_name}", 200),
    route::<UpdateKeypairDescription>(Method::PUT, "/v3/{project_id}/keypairs/{keypair_name}", 204),
    route::<DeleteKeypair>(
        Method::DELETE,
        "/v3/{project_id}/keypairs/{keypair_name}",
        204,
    ),
];

/// Characters of a name.
const NAME_CHARS: usize = 255;

/// How the private half is to be kept. It is kept nowhere here, so this is only checked.
const PROTECTION: Form = Form::Of(&[
    may("private_key", Form::Lines(16_384)),
    must(
        "encryption",
        Form::Of(&[
            must("type", Form::OneOf(&["kms", "default"])),
            may("kms_key_name", Form::Text(255)),
            may("kms_key_id", Form::Text(64)),
        ]),
    ),
]);

impl Beside {
    async fn key_pair(&self, name: &str) -> Result<Option<Arc<KeyPair>>, Wrong> {
        let records = self.records().await?;
        let mut pairs = records.key_pairs.values();
        Ok(pairs.find(|pair| pair.spec.name == name).cloned())
    }

    /// One that was made here: what can be changed.
    async fn own_pair(&self, name: &str) -> Result<Arc<KeyPair>, Wrong> {
        match self.key_pair(name).await? {
            Some(pair) => Ok(pair),
            None if self.catalogue().keys.contains(name) => {
                Err(self.conflict(format!("The key pair {name} is set up by the operator.")))
            }
            None => Err(self.absent("The key pair", name)),
        }
    }
}

/// A fresh pair: the public half, its fingerprint, the private half.
fn fresh(beside: &Beside) -> Result<(String, String, String), Wrong> {
    let pair = Ed25519Keypair::from_seed(&(beside.ctx.random)());
    let private = PrivateKey::from(pair);
    let print = private.fingerprint(HashAlg::Sha256).to_string();
    let written = private.to_openssh(LineEnding::LF);
    let public = private.public_key().to_openssh();
    match (public, written) {
        (Ok(public), Ok(private)) => Ok((public, print, private.to_string())),
        (Err(error), _) | (_, Err(error)) => Err(beside.broken(&error.to_string())),
    }
}

/// CreateKeypair.
#[derive(Deserialize)]
struct CreateKeypair {
    keypair: Option<Body>,
}

impl Action<Beside> for CreateKeypair {
    const NAME: &'static str = "CreateKeypair";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let pair = self.keypair.ok_or_else(|| beside.missing("keypair"))?;
        let mut pair = pair.read(beside, "keypair");
        let name = pair.needed("name", NAME_CHARS)?;
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.chars().all(good) {
            let wanted = "letters, digits, `_` and `-` are right";
            return Err(pair.invalid("name", name, wanted));
        }
        let kind = pair.word("type", &["ssh", "x509"])?;
        let scope = pair.word("scope", &["user", "domain"])?;
        let user = pair.text("user_id", 64)?.filter(|user| !user.is_empty());
        pair.member("key_protection", &PROTECTION)?;
        let given = pair.lines("public_key", 16_384)?;
        let given = given.filter(|text| !text.trim().is_empty());
        if beside.catalogue().keys.contains(&name) {
            return Err(beside.conflict(format!("The key pair {name} exists already.")));
        }
        let (public_key, fingerprint, private_key) = match given {
            Some(text) => {
                let read = PublicKey::from_openssh(text.trim());
                let read = read.map_err(|error| {
                    pair.invalid(
                        "public_key",
                        &text,
                        &format!("an OpenSSH key is right ({error})"),
                    )
                })?;
                let print = read.fingerprint(HashAlg::Sha256).to_string();
                (text.trim().to_owned(), print, None)
            }
            None => {
                let (public, print, private) = fresh(beside)?;
                (public, print, Some(private))
            }
        };
        let spec = KeyPairSpec {
            name,
            kind: kind.unwrap_or_else(|| "ssh".to_owned()),
            scope: scope.unwrap_or_else(|| "user".to_owned()),
            public_key,
            fingerprint,
            description: String::new(),
            user: user.unwrap_or_else(|| beside.user.clone()),
        };
        let mut shown = json!({
            "name": spec.name,
            "type": spec.kind,
            "public_key": spec.public_key,
            "fingerprint": spec.fingerprint,
            "user_id": spec.user,
        });
        if let Some(private_key) = private_key {
            shown["private_key"] = json!(private_key);
        }
        beside.create(RecordSpec::KeyPair(Box::new(spec))).await?;
        Ok(json!({ "keypair": shown }))
    }
}

fn brief(spec: &KeyPairSpec) -> Value {
    json!({
        "keypair": {
            "name": spec.name,
            "type": spec.kind,
            "scope": spec.scope,
            "public_key": spec.public_key,
            "fingerprint": spec.fingerprint,
            "is_key_protection": false,
            "frozen_state": "0",
        },
    })
}

/// One that only the catalogue knows.
fn listed(name: &str) -> KeyPairSpec {
    KeyPairSpec {
        name: name.to_owned(),
        kind: "ssh".to_owned(),
        scope: "domain".to_owned(),
        ..KeyPairSpec::default()
    }
}

fn name_of(shown: &Value) -> String {
    let name = shown["keypair"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}

/// The algorithm of a public key: its first word.
fn algorithm(public_key: &str) -> &str {
    public_key.split(' ').next().unwrap_or_default()
}

/// ListKeypairs.
#[derive(Deserialize)]
struct ListKeypairs {}

impl Action<Beside> for ListKeypairs {
    const NAME: &'static str = "ListKeypairs";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let (catalogue, records) = (beside.catalogue(), beside.records().await?);
        let given = catalogue.keys.iter().map(|name| brief(&listed(name)));
        let made = by_age(&records.key_pairs)
            .into_iter()
            .map(|pair| brief(&pair.spec));
        let window = beside.window(50, 1000)?;
        let shown = window.cut(given.chain(made).collect(), name_of);
        Ok(json!({ "page_info": beside.page_info(&shown, name_of), "keypairs": shown }))
    }
}

/// ListKeypairDetail.
#[derive(Deserialize)]
struct ListKeypairDetail {
    keypair_name: String,
}

impl Action<Beside> for ListKeypairDetail {
    const NAME: &'static str = "ListKeypairDetail";
    type Response = Value;

    async fn run(self, beside: &Beside) -> Result<Value, Wrong> {
        let name = &self.keypair_name;
        let pair = beside.key_pair(name).await?;
        let (spec, head) = match &pair {
            Some(pair) => (pair.spec.clone(), Some(&pair.head)),
            None if beside.catalogue().keys.contains(name) => (listed(name), None),
            None => return Err(beside.absent("The key pair", name)),
        };
        let id = pair.as_ref().map_or(0, |pair| pair.id.key().bits());
        Ok(json!({
            "keypair": {
                "name": spec.name,
                "id": id,
                "type": spec.kind,
                "scope": spec.scope,
                "public_key": spec.public_key,
                "fingerprint": spec.fingerprint,
                "is_key_protection": false,
                "deleted": false,
                "description": spec.description,
                "user_id": spec.user,
                "create_time": head.map(|head| head.created_at.0),
                "delete_time": null,
                "update_time": head.map(|head| head.updated_at.0),
                "frozen_state": 0,
                "key_id": null,
                "algorithm": algorithm(&spec.public_key),
            },
        }))
    }
}

/// UpdateKeypairDescription.
#[derive(Deserialize)]
struct UpdateKeypairDescription {
    keypair_name: String,
    keypair: Option<Body>,
}

impl Action<Beside> for UpdateKeypairDescription {
    const NAME: &'static str = "UpdateKeypairDescription";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let old = beside.own_pair(&self.keypair_name).await?;
        let pair = self.keypair.ok_or_else(|| beside.missing("keypair"))?;
        let mut pair = pair.read(beside, "keypair");
        let description = pair.text("description", 255)?;
        let description = description.ok_or_else(|| pair.missing("description"))?;
        let replace = RecordCommand::Replace {
            id: RecordId::KeyPair(old.id),
            version: old.head.version,
            spec: RecordSpec::KeyPair(Box::new(KeyPairSpec {
                description,
                ..old.spec.clone()
            })),
        };
        beside.change(vec![replace]).await?;
        Ok(Empty {})
    }
}

/// DeleteKeypair.
#[derive(Deserialize)]
struct DeleteKeypair {
    keypair_name: String,
}

impl Action<Beside> for DeleteKeypair {
    const NAME: &'static str = "DeleteKeypair";
    type Response = Empty;

    async fn run(self, beside: &Beside) -> Result<Empty, Wrong> {
        let pair = beside.own_pair(&self.keypair_name).await?;
        beside.delete(RecordId::KeyPair(pair.id)).await?;
        Ok(Empty {})
    }
}
