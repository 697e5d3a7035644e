//! The reference page of annotations, written from the rows.

use std::fmt::Write as _;

use super::{Feature, OnInvalid, Scope, Support};

/// One dialect's part of the page.
pub fn markdown<O>(prefix: &str, features: &[Feature<O>]) -> String {
    let mut page = String::new();
    for feature in features {
        write!(page, "### {}\n\n{}\n\n", feature.title, feature.doc).expect("writing to a String");
        for row in feature.annotations {
            write!(page, "#### `{prefix}{}`\n\n{}\n\n", row.name, row.doc).expect("writing to a String");
            for fact in facts(row) {
                writeln!(page, "- {fact}").expect("writing to a String");
            }
            page.push('\n');
        }
    }
    page
}

fn facts<O>(row: &super::Annotation<O>) -> Vec<String> {
    if let Support::None(instead) = row.support {
        let effect = match row.on_invalid {
            OnInvalid::Ignore => "No effect",
            OnInvalid::Close => "Not served; it guards access, so it closes the routes of the object (503)",
        };
        return vec![format!("**{effect}**: {instead}")];
    }
    let mut facts = vec![format!("Value: {}", row.field.kind())];
    if let Some(text) = row.default {
        facts.push(format!("Default: `{text}`"));
    }
    if !row.aliases.is_empty() {
        facts.push(format!("Also: `{}`", row.aliases.join("`, `")));
    }
    if let Some(text) = row.accepts.first().filter(|text| !text.contains('\n')) {
        facts.push(format!("Example: `{text}`"));
    }
    match row.scope {
        Scope::Route => {}
        Scope::Host => facts.push("Holds for the whole host".to_owned()),
        Scope::Service => facts.push("Stands on the Service".to_owned()),
    }
    if row.on_invalid == OnInvalid::Close {
        facts.push("A value that cannot be read closes the routes of the object (503)".to_owned());
    }
    if let Support::Differs(how) = row.support {
        facts.push(format!("**Differs**: {how}"));
    }
    facts
}
