//! Reads the annotations of one object into options, and reports what cannot be read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Annotation, Feature, OnInvalid, Support};
use crate::name::ObjectRef;
use crate::policy::Source;
use crate::report::{Diagnostic, Reason};
use crate::value::{Invalid, Value};

/// What the annotations of one object say.
#[derive(Debug)]
pub struct Written<O> {
    /// The options, absent ones at their defaults.
    pub options: O,
    /// The object, for the sources of steps.
    pub object: ObjectRef,
    /// The full name of each annotation that was read, by the row's name.
    names: BTreeMap<&'static str, String>,
    /// The first annotation that guards access and cannot be read: the routes must be closed.
    pub closed_by: Option<Source>,
}

impl<O> Written<O> {
    /// Where a step comes from that this row asks for: the annotation if it is written, else the object itself.
    pub fn source(&self, row: &str) -> Source {
        let field = match self.names.get(row) {
            Some(name) => annotation_field(name),
            None => "metadata.annotations".to_owned(),
        };
        Source {
            object: self.object.clone(),
            field,
        }
    }

    /// The full name under which the object has this annotation, its own or an alias.
    pub fn full_name(&self, row: &str) -> Option<&str> {
        self.names.get(row).map(String::as_str)
    }

    /// True if the object has this annotation, under its own name or an alias.
    pub fn has(&self, row: &str) -> bool {
        self.names.contains_key(row)
    }
}

/// The path of an annotation inside its object.
fn annotation_field(name: &str) -> String {
    format!("metadata.annotations[{name}]")
}

/// What holds where an object says nothing: the defaults of the rows, or a layer above them.
#[derive(Debug)]
pub struct Base<O> {
    /// The options.
    pub options: O,
    /// Something in the layer guards access and cannot be read.
    pub closed_by: Option<Source>,
}

impl<O: Default + 'static> Base<O> {
    /// The defaults of the rows.
    pub fn rows(features: &'static [Feature<O>]) -> Self {
        Self {
            options: defaults(features),
            closed_by: None,
        }
    }

    /// Sets one row of the layer. The error says what was expected.
    pub fn set(
        &mut self,
        features: &'static [Feature<O>],
        row: &str,
        text: &str,
        source: &Source,
    ) -> Result<(), Invalid> {
        let Some(row) = find(features, row) else {
            return Ok(());
        };
        let result = row.field.set(&mut self.options, text);
        if result.is_err() && row.on_invalid == OnInvalid::Close {
            self.closed_by.get_or_insert_with(|| source.clone());
        }
        result
    }
}

/// Reads every annotation under one of the prefixes, over a layer of defaults. Earlier prefixes win over later ones.
pub fn read<O: Default + 'static>(
    object: &ObjectRef,
    annotations: &BTreeMap<Arc<str>, Arc<str>>,
    prefixes: &[&str],
    features: &'static [Feature<O>],
    layer: Base<O>,
    report: &mut Vec<Diagnostic>,
) -> Written<O> {
    let mut written = Written {
        options: layer.options,
        object: object.clone(),
        names: BTreeMap::new(),
        closed_by: layer.closed_by,
    };
    for prefix in prefixes {
        for (full, text) in annotations {
            let Some(bare) = full.strip_prefix(prefix) else {
                continue;
            };
            let Some(row) = find(features, bare) else {
                report.push(unknown(object, full, bare, features));
                continue;
            };
            if written.names.contains_key(row.name) {
                continue;
            }
            written.names.insert(row.name, full.to_string());
            read_one(row, full, text, &mut written, report);
        }
    }
    written
}

fn read_one<O>(
    row: &Annotation<O>,
    full: &str,
    text: &str,
    written: &mut Written<O>,
    report: &mut Vec<Diagnostic>,
) {
    let field = annotation_field(full);
    match row.support {
        Support::None(instead) if row.on_invalid == OnInvalid::Close => {
            let message = format!(
                "`{full}` guards access and is not served, so the routes of this object are closed: {instead}"
            );
            let fix = "remove it once something else guards the routes";
            report
                .push(Diagnostic::new(&written.object, field.clone(), Reason::RouteClosed, message).fix(fix));
            written.closed_by.get_or_insert(Source {
                object: written.object.clone(),
                field,
            });
            return;
        }
        Support::None(instead) => {
            let message = format!("`{full}` has no effect: {instead}");
            report.push(
                Diagnostic::new(&written.object, field, Reason::AnnotationUnsupported, message)
                    .fix("remove it"),
            );
            return;
        }
        Support::Differs(_) | Support::Full => {}
    }
    let Err(invalid) = row.field.set(&mut written.options, text) else {
        // What is switched off differs in nothing.
        if let (Support::Differs(how), true) = (row.support, bool::parse(text) != Ok(false)) {
            let message = format!("`{full}: {}`: {how}", one_line(text));
            report.push(
                Diagnostic::new(&written.object, field, Reason::AnnotationDiffers, message)
                    .fix("nothing to do if that suits; remove the annotation to silence this"),
            );
        }
        return;
    };
    match row.on_invalid {
        OnInvalid::Ignore => {
            let used = row
                .default
                .map_or("it is left out".to_owned(), |text| format!("`{text}` is used"));
            report.push(
                Diagnostic::new(
                    &written.object,
                    field,
                    Reason::AnnotationInvalid,
                    format!("`{full}`: {invalid}; {used}"),
                )
                .fix(example(row)),
            );
        }
        OnInvalid::Close => {
            let message =
                format!("`{full}`: {invalid}; it guards access, so the routes of this object are closed");
            report.push(
                Diagnostic::new(&written.object, field.clone(), Reason::RouteClosed, message)
                    .fix(example(row)),
            );
            written.closed_by.get_or_insert(Source {
                object: written.object.clone(),
                field,
            });
        }
    }
}

fn defaults<O: Default>(features: &[Feature<O>]) -> O {
    let mut options = O::default();
    for row in features.iter().flat_map(|feature| feature.annotations) {
        if let Some(text) = row.default {
            row.field
                .set(&mut options, text)
                .expect("the tests of the table read every default");
        }
    }
    options
}

fn find<O: 'static>(features: &'static [Feature<O>], bare: &str) -> Option<&'static Annotation<O>> {
    features
        .iter()
        .flat_map(|feature| feature.annotations)
        .find(|row| row.name == bare || row.aliases.contains(&bare))
}

fn example<O>(row: &Annotation<O>) -> String {
    row.accepts.first().map_or_else(String::new, |text| {
        format!("write it like this: \"{}\"", one_line(text))
    })
}

fn unknown<O: 'static>(
    object: &ObjectRef,
    full: &str,
    bare: &str,
    features: &'static [Feature<O>],
) -> Diagnostic {
    let names = features
        .iter()
        .flat_map(|feature| feature.annotations)
        .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()));
    let message = format!("there is no annotation `{full}`; it has no effect");
    // Kubernetes allows 63 bytes; comparing longer names costs time and helps nobody.
    let near = if bare.len() <= 63 {
        nearest(bare, names)
    } else {
        None
    };
    let fix = match near {
        Some(name) => format!("did you mean `{name}`? Otherwise remove it"),
        None => "remove it".to_owned(),
    };
    Diagnostic::new(object, annotation_field(full), Reason::AnnotationUnknown, message).fix(fix)
}

fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() > 60 {
        line.chars().take(60).chain(['…']).collect()
    } else {
        line.to_owned()
    }
}

/// The name nearest to what was written: by the longest run of the same words, by shared words, then by edit distance;
/// `None` if nothing is near.
pub fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let words = |text: &str| -> Vec<String> {
        text.split(['-', '_', '.'])
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    let asked = words(written);
    let score = |name: &&str| {
        let have = words(name);
        let shared = asked.iter().filter(|word| have.contains(word)).count();
        let distance = edit_distance(&asked.join("-"), &have.join("-"));
        (longest_run(&asked, &have), shared, std::cmp::Reverse(distance))
    };
    let best = names.max_by_key(score)?;
    let (_, shared, std::cmp::Reverse(distance)) = score(&best);
    (shared * 2 >= asked.len().max(2) || distance <= 3).then_some(best)
}

/// How many words in a row are the same in both.
fn longest_run(a: &[String], b: &[String]) -> usize {
    let run = |a: &[String], b: &[String]| a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let starts = (0..a.len()).flat_map(|x| (0..b.len()).map(move |y| (x, y)));
    starts
        .map(|(x, y)| run(&a[x..], &b[y..]))
        .max()
        .unwrap_or_default()
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = usize::from(x != *y);
            let next = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_shares_words() {
        let names = [
            "proxy-body-size",
            "proxy-read-timeout",
            "proxy-send-timeout",
            "enable-cors",
            "client-body-buffer-size",
        ];
        for (written, meant) in [
            ("client_max_body_size", Some("proxy-body-size")),
            ("send-timeout", Some("proxy-send-timeout")),
            ("enable-cor", Some("enable-cors")),
            ("websocket-services", None),
        ] {
            assert_eq!(nearest(written, names.into_iter()), meant, "{written}");
        }
    }
}
