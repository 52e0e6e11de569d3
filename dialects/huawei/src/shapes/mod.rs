//! Structures that several operations share.

pub(crate) mod bandwidth;
pub(crate) mod config;
pub(crate) mod group;
pub(crate) mod policy;

use muster_model::Tag;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// `{"id": ...}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdOnly {
    pub(crate) id: Option<String>,
}

impl IdOnly {
    pub(crate) fn new(id: &str) -> IdOnly {
        IdOnly {
            id: Some(id.to_owned()),
        }
    }
}

/// A key with one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SingleTag {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

/// Tags that a group may have (L4535).
pub(crate) const MOST_TAGS: usize = 10;
const KEY_CHARS: usize = 36;
/// Characters of the value of a tag (L4663, L4748).
pub(crate) const VALUE_CHARS: usize = 43;

impl From<&Tag> for SingleTag {
    fn from(tag: &Tag) -> SingleTag {
        SingleTag {
            key: Some(tag.key.clone()),
            value: Some(tag.value.clone()),
        }
    }
}

/// The key of a tag: 1 to 36 characters, none of `=*<>\,|/`.
pub(crate) fn tag_key(key: Option<&String>) -> Result<&str, Fault> {
    let key = key.map(String::as_str).unwrap_or_default();
    if key.is_empty() {
        return Err(Fault::missing("AS.7062", "tags.key"));
    }
    if key.chars().count() > KEY_CHARS {
        let wanted = format!("at most {KEY_CHARS} characters are right");
        return Err(Fault::value("AS.7063", "tags.key", key, &wanted));
    }
    match key.contains(['=', '*', '<', '>', '\\', ',', '|', '/']) {
        true => {
            let wanted = "none of = * < > \\ , | / is right";
            Err(Fault::value("AS.7046", "tags.key", key, wanted))
        }
        false => Ok(key),
    }
}

impl SingleTag {
    /// The tag, with key and value checked.
    fn tag(&self) -> Result<Tag, Fault> {
        let key = tag_key(self.key.as_ref())?;
        let value = self.value.clone().unwrap_or_default();
        if value.chars().count() > VALUE_CHARS {
            let wanted = format!("at most {VALUE_CHARS} characters are right");
            return Err(Fault::value("AS.7047", "tags.value", value, &wanted));
        }
        Ok(Tag {
            key: key.to_owned(),
            value,
        })
    }

    /// Several of them: at most so many, each key once.
    pub(crate) fn tags(list: &[SingleTag], most: usize) -> Result<Vec<Tag>, Fault> {
        crate::checks::count("AS.7045", "tags", list, most)?;
        let mut tags: Vec<Tag> = Vec::with_capacity(list.len());
        for tag in list {
            let tag = tag.tag()?;
            if tags.iter().any(|known| known.key == tag.key) {
                return Err(Fault::value(
                    "AS.7050",
                    "tags.key",
                    tag.key,
                    "it is there twice",
                ));
            }
            tags.push(tag);
        }
        Ok(tags)
    }
}

/// Name of a topic: the last part of its urn.
pub(crate) fn topic_name(urn: &str) -> &str {
    urn.rsplit(':').next().unwrap_or(urn)
}

/// Bytes of a urn: `urn:smn:`, a region, a project and a name of 255.
const URN_BYTES: usize = 8 + 65 + 33 + 255;

/// Whether a text has the form `urn:smn:<region>:<project>:<name>`.
pub(crate) fn is_urn(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut parts = text.split(':');
    let starts = parts.next() == Some("urn") && parts.next() == Some("smn");
    let rest: Vec<&str> = parts.collect();
    let filled = |part: &&str| !part.is_empty() && part.chars().all(good);
    starts && text.len() <= URN_BYTES && rest.len() == 3 && rest.iter().all(filled)
}
