//! Decoding as clients send it: lenient scalars, both wire formats, every kind of refusal, and the recorder.

use std::collections::BTreeMap;
use std::fmt::Write;

use muster_kit::decode::{DecodeError, Shape, decode, known_fields};
use muster_kit::node::{Limits, Node, TreeError, form, json};
use serde::Deserialize;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: Name,
    max_size: u32,
    #[serde(default)]
    cooldown: Option<u16>,
    #[serde(default)]
    spot: bool,
    #[serde(default)]
    adjustment: Option<Adjustment>,
    #[serde(default)]
    ratio: Option<f64>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    #[serde(default)]
    values: Vec<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Adjustment {
    ChangeInCapacity,
    ExactCapacity,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (1..=8).contains(&text.len()) {
            Ok(Name(text))
        } else {
            Err("1 to 8 characters")
        }
    }
}

fn body(text: &str) -> Node {
    json::parse_object(text.as_bytes(), &Limits::default()).expect("JSON")
}

fn query(text: &str) -> Result<Node, TreeError> {
    form::tree(
        form::pairs(text.as_bytes()),
        &form::Style::default(),
        &Limits::default(),
    )
}

#[test]
fn scalars_are_taken_leniently_in_both_formats() {
    let expected = Create {
        name: Name("42".into()),
        max_size: 240,
        cooldown: None,
        spot: true,
        adjustment: Some(Adjustment::ChangeInCapacity),
        ratio: Some(0.5),
        token: Some(" 7 ".into()),
        filters: vec![
            Filter {
                name: "a".into(),
                values: vec![-1, 2],
            },
            Filter {
                name: "b".into(),
                values: vec![],
            },
        ],
    };
    let json = body(
        r#"{"Name": 42, "MaxSize": "240", "Cooldown": null, "Spot": "TRUE", "Adjustment": " CHANGE_IN_CAPACITY",
            "Ratio": "0.5", "Token": " 7 ", "Filters": [{"Name": "a", "Values": ["-1", 2.0]}, {"Name": "b"}],
            "Extra": {"A": [1]}, "Nothing": null}"#,
    );
    let decoded = decode::<Create>(&json).expect("decodes");
    assert_eq!(decoded.value, expected);
    assert_eq!(decoded.unknown, ["Extra"]);
    for base in [0, 1, 5] {
        let flat = format!(
            "Name=42&MaxSize=3&MaxSize=240&Spot=True&Adjustment=CHANGE_IN_CAPACITY&Ratio=0.5&Token=+7+\
             &Filters.{b}.Name=a&Filters.{b}.Values.10=2&Filters.{b}.Values.9=-1&Filters.{c}.Name=b&Filters.{c}.X=1",
            b = base,
            c = base + 2
        );
        let decoded = decode::<Create>(&query(&flat).expect("a tree")).expect("decodes");
        assert_eq!(decoded.value, expected);
        assert_eq!(decoded.unknown, ["Filters.1.X"]);
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename = "muster::WithNulls")]
struct Kept(BTreeMap<String, Option<BTreeMap<String, i64>>>);

#[derive(Debug, PartialEq, Deserialize)]
struct Change {
    kept: Option<Kept>,
    plain: Option<BTreeMap<String, i64>>,
}

#[test]
fn who_asks_for_it_is_told_what_is_null() {
    let read = |text: &str| decode::<Change>(&body(text)).expect("decodes").value;
    let map = |given: &[(&str, i64)]| -> BTreeMap<String, i64> {
        given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect()
    };
    let change =
        read(r#"{"kept": {"a": null, "b": {"c": 1, "d": null}}, "plain": {"e": null, "f": 2}}"#);
    let kept = [
        ("a".to_owned(), None),
        ("b".to_owned(), Some(map(&[("c", 1)]))),
    ];
    assert_eq!(
        change,
        Change {
            kept: Some(Kept(kept.into())),
            plain: Some(map(&[("f", 2)])),
        }
    );
    assert_eq!(read(r#"{"kept": null}"#).kept, None);
    assert_eq!(muster_kit::decode::WITH_NULLS, "muster::WithNulls");
}

#[test]
fn refusals_are_exact() {
    let ok = r#""Name": "n", "MaxSize": 1"#;
    let cases = [
        "{}".to_owned(),
        r#"{"Name": "n"}"#.into(),
        r#"{"Name": "n", "maxSize": 1}"#.into(),
        r#"{"Name": null, "MaxSize": 1}"#.into(),
        r#"{"Name": "", "MaxSize": 1}"#.into(),
        r#"{"Name": true, "MaxSize": 1}"#.into(),
        r#"{"Name": "n", "MaxSize": -1}"#.into(),
        r#"{"Name": "n", "MaxSize": 4294967296}"#.into(),
        r#"{"Name": "n", "MaxSize": 18446744073709551615}"#.into(),
        r#"{"Name": "n", "MaxSize": 1.5}"#.into(),
        r#"{"Name": "n", "MaxSize": "many"}"#.into(),
        r#"{"Name": "n", "MaxSize": true}"#.into(),
        r#"{"Name": "n", "MaxSize": ""}"#.into(),
        format!(r#"{{{ok}, "Cooldown": 70000}}"#),
        format!(r#"{{{ok}, "Spot": 1}}"#),
        format!(r#"{{{ok}, "Spot": "yes"}}"#),
        format!(r#"{{{ok}, "Adjustment": "change"}}"#),
        format!(r#"{{{ok}, "Adjustment": []}}"#),
        format!(r#"{{{ok}, "Ratio": "NaN"}}"#),
        format!(r#"{{{ok}, "Token": ["{}"]}}"#, "x".repeat(80)),
        format!(r#"{{{ok}, "Adjustment": "{}"}}"#, "é".repeat(80)),
        format!(r#"{{{ok}, "Filters": "x"}}"#),
        format!(r#"{{{ok}, "Filters": {{"0": 1}}}}"#),
        format!(r#"{{{ok}, "Filters": [{{"Name": "a"}}, 7]}}"#),
        format!(r#"{{{ok}, "Filters": [{{"Name": "a"}}, null]}}"#),
        format!(r#"{{{ok}, "Filters": [{{"Name": "a"}}, {{"Values": []}}]}}"#),
        format!(r#"{{{ok}, "Filters": [{{"Name": "a", "Values": [1, "two"]}}]}}"#),
    ];
    let mut table = String::new();
    for case in cases {
        let DecodeError {
            path,
            kind,
            unknown,
        } = decode::<Create>(&body(&case)).expect_err(&case);
        let unknown = if unknown.is_empty() {
            String::new()
        } else {
            format!("  (unknown: {})", unknown.join(", "))
        };
        writeln!(table, "{case}\n    {path} | {kind}{unknown}").expect("writes");
    }
    for case in [
        "Name=n&MaxSize=1&Filters=x",
        "Name=n&MaxSize=1&Filters.0=x",
        "Name.0=n&MaxSize=1",
        "Name.A=n",
    ] {
        let error = decode::<Create>(&query(case).expect("a tree")).expect_err(case);
        writeln!(table, "{case}\n    {} | {}", error.path, error.kind).expect("writes");
    }
    for case in [
        "A=1&A.B=2",
        "A.B=2&A=1",
        "A.10000=1",
        "A.99999999999999999999=1",
    ] {
        let error = DecodeError::from(query(case).expect_err(case));
        writeln!(table, "{case}\n    {} | {}", error.path, error.kind).expect("writes");
    }
    for case in [
        "[]",
        "{",
        "7",
        "{\"A\":1}x",
        "{\"A\":1e999}",
        "{\"A\":\"\\ud800\"}",
    ] {
        let error = DecodeError::from(
            json::parse_object(case.as_bytes(), &Limits::default()).expect_err(case),
        );
        writeln!(table, "{case}\n    {} | {}", error.path, error.kind).expect("writes");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_recorder_lists_every_parameter() {
    let listed: Vec<String> = known_fields::<Create>()
        .iter()
        .map(|f| {
            format!(
                "{} {:?}{}",
                f.path,
                f.shape,
                if f.option { " option" } else { "" }
            )
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"));
}

#[test]
fn the_recorder_shows_flatten_and_ends_on_recursion() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is read")]
    struct Flat {
        #[serde(flatten)]
        inner: Filter,
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its shape is read")]
    struct Tree {
        children: Vec<Tree>,
    }
    assert_eq!(known_fields::<Flat>()[0].shape, Shape::Map);
    assert!(known_fields::<Tree>().len() < 20);
}

#[test]
fn a_list_infix_is_a_constant_of_the_dialect() {
    let style = form::Style {
        list_infix: Some("member"),
    };
    let read = |text: &str| form::tree(form::pairs(text.as_bytes()), &style, &Limits::default());
    let plain = query("Tags.1.Key=a&Tags.2.Key=b");
    assert_eq!(read("Tags.member.1.Key=a&Tags.member.2.Key=b"), plain);
    assert_eq!(read("Tags.1.Key=a&Tags.2.Key=b"), plain);
    assert_eq!(read("A.member=x"), query("A.member=x"));
}
