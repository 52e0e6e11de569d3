//! XML answers: a JSON value written as elements, for dialects that answer in both.
//!
//! The members of an object are elements by their names, the elements of a list are `<item>`s, `null` is left out.

use std::fmt::Write;

use serde_json::Value;

/// Writes the elements of `value`'s members to `out`; a value that is no object is written as text or items.
pub fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => {
            // Writing to a String does not fail.
            let _ = write!(out, "{value}");
        }
        Value::String(text) => escape(out, text),
        Value::Array(items) => {
            for item in items {
                element(out, "item", item);
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                element(out, name, member);
            }
        }
    }
}

/// One element: `<name>...</name>`.
pub fn element(out: &mut String, name: &str, value: &Value) {
    let _ = write!(out, "<{name}>");
    write(out, value);
    let _ = write!(out, "</{name}>");
}

/// Text as it may stand in an element; characters that XML cannot have become U+FFFD.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_items_and_text() {
        let value = json!({
            "Name": "a<b>&\"c\u{1}\r\n",
            "Set": [{"Id": 1}, {"Id": 2, "None": null}],
            "Ports": [80, 81],
            "Empty": [],
            "On": true,
            "Gone": null,
        });
        let mut out = String::new();
        write(&mut out, &value);
        assert_eq!(
            out,
            "<Name>a&lt;b&gt;&amp;&quot;c\u{fffd}&#13;\n</Name>\
             <Set><item><Id>1</Id></item><item><Id>2</Id></item></Set>\
             <Ports><item>80</item><item>81</item></Ports><Empty></Empty><On>true</On>"
        );
    }
}
