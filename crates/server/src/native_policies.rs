//! The native endpoint for what no cloud's API knows of a policy: what gaps mean, how fast it may act, shadow.

use http::Method;
use muster_model::{Error, Policy, PolicyOptions};
use muster_ports::Credential;
use serde_json::{Map, Value, json};

use crate::native::{Native, Outcome, Refusal, bad, internal, may_write, not_found, only, read};

fn shown(policy: &Policy) -> Outcome {
    Ok(json!({
        "id": policy.id.to_string(),
        "group": policy.group.to_string(),
        "name": policy.name,
        "options": policy.options,
    }))
}

/// The options in a body: an object of objects and plain values. serde alone would read lists as structures too.
fn options(body: &[u8]) -> Result<PolicyOptions, Refusal> {
    let members: Map<String, Value> = read(body)?;
    if let Some((name, value)) = members.iter().find(|(_, value)| value.is_array()) {
        return Err(bad(format!("{name} {value} is a list")));
    }
    serde_json::from_value(Value::Object(members)).map_err(|error| bad(error.to_string()))
}

impl Native {
    /// Shows the options of a policy, or sets them as a whole: what is left out is as it is by default.
    pub(crate) async fn policy_options(
        &self,
        method: &Method,
        id: &str,
        body: &[u8],
        caller: &Credential,
    ) -> Outcome {
        let absent = || not_found(&format!("the policy `{id}`"));
        let refused = |error| match error {
            Error::NotFound { .. } => absent(),
            other => internal(other),
        };
        let account = caller.account;
        let named = self.runtime.policy_called(account, id);
        let policy = named.map_err(refused)?.id;
        if method == Method::GET {
            return shown(&*self.runtime.policy(account, policy).map_err(refused)?);
        }
        only(method, &Method::PUT)?;
        may_write(caller)?;
        let options = options(body)?;
        if let Some(name) = &options.metric {
            crate::config::metric(&name.0).map_err(bad)?;
        }
        options.check().map_err(|wrong| bad(wrong.to_string()))?;
        let set = self.runtime.set_policy_options(account, policy, options);
        set.await.map_err(refused)?;
        shown(&*self.runtime.policy(account, policy).map_err(refused)?)
    }
}
