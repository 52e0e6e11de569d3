//! `Filters` of a list call: several filters must all match, any value of one filter is enough.

use serde::Deserialize;
use thiserror::Error;

/// A filter as sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RawFilter {
    /// What to filter by.
    pub name: String,
    /// Values, any of which may match.
    #[serde(default)]
    pub values: Vec<String>,
}

/// How a filter's values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// The whole value.
    Exact,
    /// A part of the value (`vague-*` filters).
    Substring,
    /// The filter's name ends in a key (`tag:<key>`); the value under that key is compared as a whole.
    Keyed,
}

/// A filter name an action knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterName {
    /// The name; for [`Match::Keyed`] everything before the key, such as `tag:`.
    pub name: &'static str,
    /// How its values are compared.
    pub how: Match,
}

/// An action's rules for filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRules {
    /// The names it knows.
    pub names: &'static [FilterName],
    /// Filters per call.
    pub max_filters: usize,
    /// Values per filter.
    pub max_values: usize,
}

/// A checked filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The name from [`FilterRules::names`].
    pub name: &'static str,
    /// The key, for [`Match::Keyed`].
    pub key: Option<String>,
    /// How `values` are compared.
    pub how: Match,
    /// At least one value.
    pub values: Vec<String>,
}

/// Why filters were refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// More filters than allowed.
    #[error("more than {max} filters")]
    TooMany {
        /// The most allowed.
        max: usize,
    },
    /// More values in one filter than allowed.
    #[error("more than {max} values in filter {name}")]
    TooManyValues {
        /// The filter.
        name: String,
        /// The most allowed.
        max: usize,
    },
    /// The action has no such filter.
    #[error("unknown filter {name}")]
    UnknownName {
        /// As given.
        name: String,
    },
    /// A filter without values would match nothing; it is a mistake, not a question.
    #[error("filter {name} has no values")]
    NoValues {
        /// The filter.
        name: String,
    },
}

impl FilterRules {
    /// Checks the filters of one call.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, raw: Vec<RawFilter>) -> Result<Vec<Filter>, FilterError> {
        if raw.len() > self.max_filters {
            return Err(FilterError::TooMany {
                max: self.max_filters,
            });
        }
        raw.into_iter()
            .map(|filter| self.check_one(filter))
            .collect()
    }

    fn check_one(&self, RawFilter { name, values }: RawFilter) -> Result<Filter, FilterError> {
        let Some((known, key)) = self
            .names
            .iter()
            .find_map(|known| Some((known, known.key_in(&name)?)))
        else {
            return Err(FilterError::UnknownName { name });
        };
        if values.is_empty() {
            return Err(FilterError::NoValues { name });
        }
        if values.len() > self.max_values {
            return Err(FilterError::TooManyValues {
                name,
                max: self.max_values,
            });
        }
        Ok(Filter {
            name: known.name,
            key,
            how: known.how,
            values,
        })
    }
}

impl FilterName {
    /// `Some` if `given` is this filter; inside, the key that a keyed filter's name ends in.
    fn key_in(&self, given: &str) -> Option<Option<String>> {
        match self.how {
            Match::Exact | Match::Substring => (given == self.name).then_some(None),
            Match::Keyed => {
                let key = given.strip_prefix(self.name)?;
                (!key.is_empty()).then(|| Some(key.to_owned()))
            }
        }
    }
}

impl Filter {
    /// Whether any of the filter's values matches `value` (for a keyed filter: the value under its key).
    pub fn accepts(&self, value: &str) -> bool {
        self.values.iter().any(|wanted| match self.how {
            Match::Exact | Match::Keyed => wanted == value,
            Match::Substring => value.contains(wanted.as_str()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: FilterRules = FilterRules {
        names: &[
            FilterName {
                name: "auto-scaling-group-name",
                how: Match::Exact,
            },
            FilterName {
                name: "vague-auto-scaling-group-name",
                how: Match::Substring,
            },
            FilterName {
                name: "tag:",
                how: Match::Keyed,
            },
        ],
        max_filters: 2,
        max_values: 2,
    };

    fn raw(name: &str, values: &[&str]) -> RawFilter {
        RawFilter {
            name: name.into(),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
        }
    }

    #[test]
    fn values_are_alternatives() {
        let filters = RULES
            .check(vec![
                raw("vague-auto-scaling-group-name", &["web", "db"]),
                raw("tag:a:b", &["x"]),
            ])
            .expect("both known");
        assert!(
            filters[0].accepts("my-web-1")
                && filters[0].accepts("db")
                && !filters[0].accepts("cache")
        );
        assert_eq!(
            (filters[1].name, filters[1].key.as_deref()),
            ("tag:", Some("a:b"))
        );
        assert!(filters[1].accepts("x") && !filters[1].accepts("xy"));
    }

    #[test]
    fn each_rule_is_kept() {
        let name = "auto-scaling-group-name";
        let cases = [
            (
                vec![raw("tag:", &["x"])],
                FilterError::UnknownName {
                    name: "tag:".into(),
                },
            ),
            (
                vec![raw("Tag:k", &["x"])],
                FilterError::UnknownName {
                    name: "Tag:k".into(),
                },
            ),
            (
                vec![raw(name, &[])],
                FilterError::NoValues { name: name.into() },
            ),
            (
                vec![raw(name, &["a", "b", "c"])],
                FilterError::TooManyValues {
                    name: name.into(),
                    max: 2,
                },
            ),
            (
                vec![raw(name, &["a"]), raw(name, &["a"]), raw(name, &["a"])],
                FilterError::TooMany { max: 2 },
            ),
        ];
        for (filters, error) in cases {
            assert_eq!(RULES.check(filters), Err(error));
        }
    }
}
