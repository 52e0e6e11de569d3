//! Texts without what changes from run to run: ids become names by the order in which they were seen.

use std::collections::BTreeMap;

/// What is an id and what is a time in the texts of a door.
pub struct Words {
    /// What ids begin with; 8 letters and digits follow.
    pub prefixes: &'static [&'static str],
    /// What bodies of ids begin with that are a script's own (`asg-absent01`): these are left as they are.
    pub own_ids: &'static [&'static str],
    /// A time, `d` for a digit.
    pub time: &'static str,
    /// What times begin with that are a script's own.
    pub own_times: &'static [&'static str],
}

/// Ids by the order in which they were seen: `asg-1` for the first group. Goes both ways.
pub struct Names {
    words: &'static Words,
    plain: BTreeMap<String, String>,
    real: BTreeMap<String, String>,
    seen: BTreeMap<String, u32>,
}

impl Names {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(words: &'static Words) -> Names {
        Names {
            words,
            plain: BTreeMap::new(),
            real: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The text with every id and every time replaced.
    pub fn plain(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let taken = if let Some(id) = self.words.id_at(rest) {
                out.push_str(&self.name(id));
                id.len()
            } else if self.words.is_time(rest) {
                out.push_str("<time>");
                self.words.time.len()
            } else {
                out.push(next);
                next.len_utf8()
            };
            rest = &rest[taken..];
        }
        out
    }

    /// The id that a name stands for; the text itself if it is none.
    #[must_use]
    pub fn real(&self, text: &str) -> String {
        let found = self.real.get(text);
        found.map_or_else(|| text.to_owned(), Clone::clone)
    }

    /// The text with every name in quotation marks put back.
    #[must_use]
    pub fn real_within(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, id) in &self.real {
            text = text.replace(&format!("\"{name}\""), &format!("\"{id}\""));
        }
        text
    }

    fn name(&mut self, id: &str) -> String {
        if let Some(name) = self.plain.get(id) {
            return name.clone();
        }
        let prefix = &id[..id.len() - 8];
        let count = self.seen.entry(prefix.to_owned()).or_default();
        *count += 1;
        let name = format!("{prefix}{count}");
        self.plain.insert(id.to_owned(), name.clone());
        self.real.insert(name.clone(), id.to_owned());
        name
    }
}

impl Words {
    /// The id that the text starts with.
    fn id_at<'a>(&self, text: &'a str) -> Option<&'a str> {
        let mut prefixes = self.prefixes.iter();
        let prefix = prefixes.find(|prefix| text.starts_with(**prefix))?;
        let id = text.get(..prefix.len() + 8)?;
        let body = &id[prefix.len()..];
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let own = self.own_ids.iter().any(|begin| body.starts_with(begin));
        (body.bytes().all(good) && !own).then_some(id)
    }

    fn is_time(&self, text: &str) -> bool {
        let Some(text) = text.get(..self.time.len()) else {
            return false;
        };
        let same = |(b, s): (u8, u8)| match s {
            b'd' => b.is_ascii_digit(),
            other => b == other,
        };
        let own = self.own_times.iter().any(|begin| text.starts_with(begin));
        text.bytes().zip(self.time.bytes()).all(same) && !own
    }
}
