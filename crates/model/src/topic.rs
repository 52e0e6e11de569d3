//! Topics.

use serde::{Deserialize, Serialize};

/// What a topic says (spec `facets.smn`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSpec {
    /// Its name, unique in the account and site.
    pub name: String,
    /// The name that mail shows as its sender.
    #[serde(default)]
    pub display_name: String,
}
