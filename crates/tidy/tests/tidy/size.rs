//! Files and functions that fit on a reader's desk, and a line at the top that says what a file is.

use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// The longest file, in lines that are not tests.
const FILE_LINES: usize = 500;

/// The longest function, from its `fn` line to its closing brace.
const FUNCTION_LINES: usize = 70;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions that may be longer, as `file::function`, each with its reason.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// Where the lines of code that is not tests are, and the functions among them.
#[derive(Default)]
struct Measure {
    /// Lines of items that exist only under `cfg(test)` or are tests.
    test_lines: Vec<RangeInclusive<usize>>,
    /// Name, first line and number of lines of each function.
    functions: Vec<(String, usize, usize)>,
}

fn is_test_code(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            return attribute
                .parse_args::<syn::Meta>()
                .is_ok_and(|meta| meta.path().is_ident("test"));
        }
        // `#[test]`, `#[tokio::test]`.
        path.segments
            .last()
            .is_some_and(|segment| segment.ident == "test")
    })
}

impl Measure {
    /// Notes an item; answers whether it is test code, which is not looked into.
    fn skips(&mut self, attributes: &[syn::Attribute], item: &impl Spanned) -> bool {
        let test = is_test_code(attributes);
        if test {
            let span = item.span();
            self.test_lines.push(span.start().line..=span.end().line);
        }
        test
    }

    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span().start().line;
        let last = body.span().end().line;
        self.functions
            .push((signature.ident.to_string(), first, last - first + 1));
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !self.skips(&item.attrs, item) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !self.skips(&item.attrs, item) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !self.skips(&item.attrs, item) {
            self.function(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !self.skips(&item.attrs, item) {
            self.function(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

fn measure(file: &syn::File) -> Measure {
    let mut measure = Measure::default();
    measure.visit_file(file);
    measure
}

fn exempt(table: &[(&str, &str)], name: &str) -> bool {
    table.iter().any(|(listed, _)| *listed == name)
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for file in crate::files() {
        let code = [".rs", ".py", ".sh", ".sql"]
            .iter()
            .any(|end| file.ends_with(end))
            || file.starts_with("scripts/");
        if !code || crate::is_test_file(&file) || file.contains("/migrations/") {
            continue;
        }
        let mut lines = crate::text(&file).unwrap_or_default().lines().count();
        if file.ends_with(".rs") {
            let tests = measure(&crate::parsed(&file)).test_lines;
            lines -= tests.into_iter().map(Iterator::count).sum::<usize>();
        }
        if lines > FILE_LINES && !exempt(LONG_FILES, &file) {
            long.push(format!("{file}:{FILE_LINES}: {lines} lines without tests"));
        }
    }
    crate::report(
        &format!("Files of more than {FILE_LINES} lines: split them where the subject changes:"),
        &long,
    );
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for file in crate::rust_files() {
        if crate::is_test_file(&file) {
            continue;
        }
        for (name, line, lines) in measure(&crate::parsed(&file)).functions {
            if lines > FUNCTION_LINES && !exempt(LONG_FUNCTIONS, &format!("{file}::{name}")) {
                long.push(format!("{file}:{line}: fn {name} has {lines} lines"));
            }
        }
    }
    crate::report(
        &format!(
            "Functions of more than {FUNCTION_LINES} lines: keep the decisions in the parent, move the rest out:"
        ),
        &long,
    );
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = crate::rust_files()
        .into_iter()
        .filter(|file| {
            let text = crate::text(file).unwrap_or_default();
            !text
                .lines()
                .next()
                .is_some_and(|line| line.starts_with("//! "))
        })
        .map(|file| format!("{file}:1: the first line is not a `//!` line"))
        .collect();
    crate::report(
        "Every Rust file starts with `//!`: what it is and why it exists:",
        &silent,
    );
}

#[test]
fn measuring_leaves_tests_out() {
    let source = "fn a() {\n}\n\n#[cfg(test)]\nmod tests {\n    fn long() {\n    }\n}\n\n/// Doc.\nimpl X {\n    fn b(\n        &self,\n    ) {\n    }\n}\n";
    let measured = measure(&syn::parse_file(source).expect("it parses"));
    assert_eq!(measured.test_lines, [4..=8]);
    assert_eq!(
        measured.functions,
        [("a".to_owned(), 1, 2), ("b".to_owned(), 12, 4)]
    );
}
