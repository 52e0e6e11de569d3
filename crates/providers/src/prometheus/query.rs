//! Queries with places for the group. A value goes into a string of the query only, and cannot get out of it.

use std::fmt::Write;

use muster_model::GroupId;

/// What a place stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `$group`: the id, `asg-` and eight characters.
    Id,
    /// `$group_name`: the name.
    Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place {
        place: Place,
        quote: char,
        /// The string is a regular expression: the value in it means itself only.
        regex: bool,
    },
}

/// A query with places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query(Vec<Piece>);

/// What surrounds a character of a query.
enum Around {
    Code,
    Comment,
    String { quote: char, regex: bool },
}

impl Query {
    /// Reads a query. A place is `$group` or `$group_name` in a string in `"` or `'`; `$` before anything else than a
    /// letter, digit or `_` is itself, as at the end of a regular expression.
    ///
    /// # Errors
    /// An empty query, an unknown place, one that is not in such a string, or a string that does not end, in words.
    pub fn parse(text: &str) -> Result<Query, String> {
        if text.trim().is_empty() {
            return Err("the query is empty".to_owned());
        }
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut around = Around::Code;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c == '$' {
                let name: String = rest.as_str().chars().take_while(is_word).collect();
                if !name.is_empty() {
                    let piece = place(&name, &around)?;
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(piece);
                    rest.nth(name.chars().count() - 1);
                    continue;
                }
            }
            around = match (around, c) {
                (Around::Code, '"' | '\'' | '`') => {
                    let before = plain.trim_end();
                    Around::String {
                        quote: c,
                        regex: before.ends_with("=~") || before.ends_with("!~"),
                    }
                }
                (Around::Code, '#') => Around::Comment,
                (Around::Comment, '\n') => Around::Code,
                (Around::String { quote, .. }, c) if c == quote => Around::Code,
                (Around::String { quote, regex }, '\\') if quote != '`' => {
                    plain.push(c);
                    if let Some(escaped) = rest.next() {
                        plain.push(escaped);
                    }
                    around = Around::String { quote, regex };
                    continue;
                }
                (around, _) => around,
            };
            plain.push(c);
        }
        if let Around::String { quote, .. } = around {
            return Err(format!("a string that begins with {quote} does not end"));
        }
        pieces.push(Piece::Text(plain));
        Ok(Query(pieces))
    }

    /// The query for a group.
    #[must_use]
    pub(super) fn of(&self, group: GroupId, name: &str) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Place {
                    place,
                    quote,
                    regex,
                } => {
                    let value = match place {
                        Place::Id => group.to_string(),
                        Place::Name => name.to_owned(),
                    };
                    let value = if *regex { literal(&value) } else { value };
                    push_escaped(&mut text, &value, *quote);
                }
            }
        }
        text
    }
}

fn is_word(c: &char) -> bool {
    c.is_ascii_alphanumeric() || *c == '_'
}

fn place(name: &str, around: &Around) -> Result<Piece, String> {
    let place = match name {
        "group" => Place::Id,
        "group_name" => Place::Name,
        other => {
            return Err(format!(
                "`${other}` stands for nothing: `$group` and `$group_name` are right"
            ));
        }
    };
    match around {
        Around::String {
            quote: quote @ ('"' | '\''),
            regex,
        } => Ok(Piece::Place {
            place,
            quote: *quote,
            regex: *regex,
        }),
        Around::String { .. } | Around::Code | Around::Comment => Err(format!(
            "`${name}` has to be in a string in \" or ': only there a value cannot become a part of the query"
        )),
    }
}

/// A regular expression (RE2) that only the text itself matches.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Adds a text as PromQL writes it within this quote.
fn push_escaped(out: &mut String, text: &str, quote: char) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii_control() => {
                // Writing to a String does not fail.
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_model::Ids;

    #[test]
    fn places_are_filled() {
        let group: GroupId = Ids::new(1).next_id();
        for (query, name, wanted) in [
            ("up", "web", "up".to_owned()),
            (
                r#"avg(load{asg="$group", name='$group_name'})"#,
                "web",
                format!(r#"avg(load{{asg="{group}", name='web'}})"#),
            ),
            // Whatever a name has in it, it stays in its string.
            (
                r#"load{name="$group_name"}"#,
                "a\"} or up{x=\"\\\n",
                r#"load{name="a\"} or up{x=\"\\\n"}"#.to_owned(),
            ),
            (
                r"load{name='$group_name'}",
                "a'\"\t",
                r#"load{name='a\'"\x09'}"#.to_owned(),
            ),
            // In a regular expression it matches itself only.
            (
                r#"load{name=~"$group_name-.*$"}"#,
                "web.1|x",
                r#"load{name=~"web\\.1\\|x-.*$"}"#.to_owned(),
            ),
            (
                r#"load{a="\"", name !~ '$group_name'}"#,
                "web.1",
                r#"load{a="\"", name !~ 'web\\.1'}"#.to_owned(),
            ),
            // What follows a name is no part of it.
            (
                r#"load{a="$group/x"} # it's "$"#,
                "web",
                format!(r#"load{{a="{group}/x"}} # it's "$"#),
            ),
        ] {
            assert_eq!(Query::parse(query).unwrap().of(group, name), wanted);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (query, wanted) in [
            (" ", "the query is empty"),
            (r#"load{a="$groups"}"#, "`$groups` stands for nothing"),
            ("load{a=$group}", "`$group` has to be in a string"),
            (
                "load{a=`$group_name`}",
                "`$group_name` has to be in a string",
            ),
            ("up # \"$group\"", "`$group` has to be in a string"),
            (
                r#"load{a="x\"}"#,
                "a string that begins with \" does not end",
            ),
        ] {
            let error = Query::parse(query).unwrap_err();
            assert!(error.starts_with(wanted), "{query}: {error}");
        }
    }
}
