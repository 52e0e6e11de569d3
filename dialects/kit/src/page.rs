//! Paging by offset and limit, with each API's default and range as data.

use thiserror::Error;

/// An API's rules for `Offset` and `Limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRules {
    /// The limit when none is given.
    pub default_limit: u32,
    /// The smallest limit allowed.
    pub min_limit: u32,
    /// The largest limit allowed.
    pub max_limit: u32,
}

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many matches to skip.
    pub offset: u64,
    /// How many matches to show at most.
    pub limit: u32,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The items on this page.
    pub items: Vec<T>,
    /// All matches, not only those on this page.
    pub total: u64,
}

/// Why a page could not be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PageError {
    /// The offset is below zero.
    #[error("offset {got} is below 0")]
    Offset {
        /// As given.
        got: i64,
    },
    /// The limit is outside its range.
    #[error("limit {got} is not within {min} to {max}")]
    Limit {
        /// As given.
        got: i64,
        /// The smallest allowed.
        min: u32,
        /// The largest allowed.
        max: u32,
    },
}

impl PageRules {
    /// The page that `offset` (default 0) and `limit` ask for.
    ///
    /// # Errors
    /// When one of them is out of range.
    pub fn page(&self, offset: Option<i64>, limit: Option<i64>) -> Result<Page, PageError> {
        let given = offset.unwrap_or(0);
        let offset = u64::try_from(given).map_err(|_| PageError::Offset { got: given })?;
        let got = limit.unwrap_or(i64::from(self.default_limit));
        let range = self.min_limit..=self.max_limit;
        match u32::try_from(got) {
            Ok(limit) if range.contains(&limit) => Ok(Page { offset, limit }),
            Ok(_) | Err(_) => Err(PageError::Limit {
                got,
                min: self.min_limit,
                max: self.max_limit,
            }),
        }
    }
}

impl Page {
    /// Cuts this page out of all matches and counts them.
    pub fn cut<T>(&self, matches: impl IntoIterator<Item = T>) -> Paged<T> {
        let mut paged = Paged {
            items: Vec::new(),
            total: 0,
        };
        let end = self.offset.saturating_add(u64::from(self.limit));
        for item in matches {
            if (self.offset..end).contains(&paged.total) {
                paged.items.push(item);
            }
            paged.total += 1;
        }
        paged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PageRules = PageRules {
        default_limit: 20,
        min_limit: 1,
        max_limit: 100,
    };

    #[test]
    fn offset_and_limit_have_defaults_and_ranges() {
        assert_eq!(
            RULES.page(None, None),
            Ok(Page {
                offset: 0,
                limit: 20
            })
        );
        assert_eq!(
            RULES.page(Some(7), Some(100)),
            Ok(Page {
                offset: 7,
                limit: 100
            })
        );
        assert_eq!(
            RULES.page(Some(-1), None),
            Err(PageError::Offset { got: -1 })
        );
        for got in [0, 101, -5, i64::MAX] {
            assert_eq!(
                RULES.page(None, Some(got)),
                Err(PageError::Limit {
                    got,
                    min: 1,
                    max: 100
                })
            );
        }
    }

    #[test]
    fn total_counts_all_matches() {
        let page = Page {
            offset: 2,
            limit: 3,
        };
        assert_eq!(
            page.cut(0..10),
            Paged {
                items: vec![2, 3, 4],
                total: 10
            }
        );
        assert_eq!(
            page.cut(0..3),
            Paged {
                items: vec![2],
                total: 3
            }
        );
        assert_eq!(
            page.cut(0..1),
            Paged {
                items: vec![],
                total: 1
            }
        );
        assert_eq!(
            Page {
                offset: u64::MAX,
                limit: 100
            }
            .cut(0..4)
            .items,
            Vec::<i32>::new()
        );
    }
}
