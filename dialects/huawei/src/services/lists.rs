//! Parts of lists: by number, and by the id after which they begin.

use serde_json::{Value, json};

use super::{Beside, Wrong};

/// What of a list is asked for by `limit` and `marker`.
pub(crate) struct Window {
    limit: usize,
    marker: Option<String>,
    reverse: bool,
}

impl Window {
    /// The items that are asked for. A marker that is not there is as good as none: what it named may be gone.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, id: impl Fn(&T) -> String) -> Vec<T> {
        let at = self.marker.as_ref();
        let at = at.and_then(|marker| items.iter().position(|item| id(item) == *marker));
        if self.reverse {
            let end = at.unwrap_or(0);
            items.truncate(end);
            let begin = items.len().saturating_sub(self.limit);
            return items.split_off(begin);
        }
        let begin = at.map_or(0, |at| at + 1);
        let mut rest = items.split_off(begin.min(items.len()));
        rest.truncate(self.limit);
        rest
    }
}

impl Beside {
    /// A whole number of the query within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        min: usize,
        max: usize,
    ) -> Result<usize, Wrong> {
        let Some(text) = self.asked(name) else {
            return Ok(default);
        };
        match text.trim().parse::<usize>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            Ok(_) | Err(_) => Err(self.invalid(name, text, &format!("{min} to {max} is right"))),
        }
    }

    /// What is asked for by `limit`, `marker` and `page_reverse`.
    pub(crate) fn window(&self, default: usize, max: usize) -> Result<Window, Wrong> {
        Ok(Window {
            limit: self.number("limit", default, 0, max)?,
            marker: self.asked("marker").map(str::to_owned),
            reverse: self.asked("page_reverse") == Some("true"),
        })
    }
}

impl Beside {
    /// What a list says of the part of it that is shown: its ends, where there is something.
    pub(crate) fn page_info(&self, shown: &[Value], id: impl Fn(&Value) -> String) -> Value {
        json!({
            "previous_marker": shown.first().map(&id),
            "next_marker": shown.last().map(&id),
            "current_count": shown.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(limit: usize, marker: Option<&str>, reverse: bool) -> Vec<&'static str> {
        let window = Window {
            limit,
            marker: marker.map(str::to_owned),
            reverse,
        };
        window.cut(vec!["a", "b", "c", "d"], |item| (*item).to_owned())
    }

    #[test]
    fn lists_go_on_after_their_marker() {
        assert_eq!(cut(2, None, false), ["a", "b"]);
        assert_eq!(cut(2, Some("b"), false), ["c", "d"]);
        assert_eq!(cut(2, Some("d"), false), Vec::<&str>::new());
        assert_eq!(cut(2, Some("d"), true), ["b", "c"]);
        assert_eq!(cut(9, Some("a"), true), Vec::<&str>::new());
        assert_eq!(cut(0, None, false), Vec::<&str>::new());
    }
}
