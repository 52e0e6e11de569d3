//! The codes of this API, one a line: code, HTTP status and text, as its documentation prints them. `[%s]` in a text is
//! filled in.

const CODES: &str = include_str!("../codes.tsv");

/// Code, HTTP status and text of each, by code.
pub(crate) fn codes() -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    CODES.lines().filter_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (code, status, text) = (parts.next()?, parts.next()?, parts.next()?);
        Some((code, status.parse().ok()?, text))
    })
}

/// Status and text of a code.
pub(crate) fn documented(code: &str) -> (u16, &'static str) {
    let found = codes().find(|(known, _, _)| *known == code);
    found.map_or((500, "System error."), |(_, status, text)| (status, text))
}
