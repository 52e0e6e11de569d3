//! Which method and path mean which operation, and with which status it answers.
//!
//! Paths are given without `/autoscaling-api`: every one is served with and without it, as clients and documents differ.

use http::Method;
use muster_kit::action::{Context, Entry};
use percent_encoding::percent_decode_str;

use crate::context::Ctx;

/// One operation's place.
pub(crate) struct Route<C: Context = Ctx> {
    /// The method.
    pub(crate) method: Method,
    /// The path, with `{name}` for a part that is a parameter.
    pub(crate) path: &'static str,
    /// The status of its answer; 204 has no body.
    pub(crate) status: u16,
    /// The operation.
    pub(crate) entry: Entry<C>,
}

/// Where a path leads.
pub(crate) enum Found<C: Context = Ctx> {
    /// To an operation; the parameters in the path, decoded.
    Route(&'static Route<C>, Vec<(&'static str, String)>),
    /// To operations of other methods.
    OtherMethod,
    /// Nowhere.
    Nothing,
}

/// The path without what is the same in all of them.
fn relative(path: &str) -> &str {
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.strip_prefix("/autoscaling-api") {
        Some(rest) if rest.starts_with('/') => rest,
        Some(_) | None => path,
    }
}

/// The parameters of a path, if it has the form of a template. A part that is a parameter is not empty.
fn matched(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let mut found = Vec::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(found),
            (Some(wanted), Some(given)) => {
                let name = wanted
                    .strip_prefix('{')
                    .and_then(|name| name.strip_suffix('}'));
                match name {
                    Some(_) if given.is_empty() => return None,
                    Some(name) => {
                        let value = percent_decode_str(given).decode_utf8_lossy();
                        found.push((name, value.into_owned()));
                    }
                    None if wanted == given => {}
                    None => return None,
                }
            }
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
}

/// Where a request leads. Templates with fewer parameters come first in the table.
pub(crate) fn find<C: Context>(
    routes: &'static [Route<C>],
    method: &Method,
    path: &str,
) -> Found<C> {
    let path = relative(path);
    let mut is_known = false;
    for route in routes {
        if let Some(parameters) = matched(route.path, path) {
            if route.method == *method {
                return Found::Route(route, parameters);
            }
            is_known = true;
        }
    }
    match is_known {
        true => Found::OtherMethod,
        false => Found::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_out_of_paths() {
        assert_eq!(
            matched("/v1/{p}/a", "/v1/x/a"),
            Some(vec![("p", "x".to_owned())])
        );
        assert_eq!(
            matched("/v1/{p}/n/{urn}", "/v1/x/n/urn%3Asmn"),
            Some(vec![("p", "x".to_owned()), ("urn", "urn:smn".to_owned())])
        );
        for path in ["/v1/x", "/v1/x/a/b", "/v1//a", "/v1/x/A"] {
            assert_eq!(matched("/v1/{p}/a", path), None, "{path}");
        }
        assert_eq!(relative("/autoscaling-api/v1/p/a"), "/v1/p/a");
        assert_eq!(relative("/autoscaling-apis/v1"), "/autoscaling-apis/v1");
        assert_eq!(relative("/v1/p/a/"), "/v1/p/a");
    }
}
