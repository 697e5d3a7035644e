//! `if` and its condition (`ngx_http_rewrite_if_condition` in `ngx_http_rewrite_module.c`).

use crate::policy::{Action, Condition};

use super::builder::{Builder, Built, Trouble};
use super::excerpt;
use super::parser::Directive;
use super::rewrite::variable_name;

const FIX: &str = "compare one variable: `($v)`, or `($v = text)` with one of = != ~ ~* !~ !~*";

/// `if (condition) { ... }`. The body is read even if the condition cannot be, so that all problems show at once.
pub(super) fn build(builder: &mut Builder, directive: &Directive) -> Built {
    let condition = condition(builder, &directive.arguments);
    let body = builder.body(directive.block.as_deref().unwrap_or_default());
    Ok(Some(Action::If {
        condition: condition?,
        body,
    }))
}

fn condition(builder: &mut Builder, arguments: &[String]) -> Result<Condition, Trouble> {
    let words = words(arguments).ok_or_else(|| Trouble::new("the condition is not in parentheses", FIX))?;
    match words.as_slice() {
        [test, _] if test.trim_start_matches('!').starts_with('-') => Err(Trouble::new(
            format!("`{}` tests files, and there are none", excerpt(test)),
            "remove the `if`",
        )),
        [subject] => Ok(Condition::Truthy(builder.variable(subject_name(subject)?)?)),
        [subject, operator, right] => {
            let variable = builder.variable(subject_name(subject)?)?;
            let negated = operator.starts_with('!');
            match *operator {
                "=" | "!=" => Ok(Condition::Equal {
                    variable,
                    value: builder.template(right)?,
                    negated,
                }),
                "~" | "~*" | "!~" | "!~*" => {
                    let pattern = builder.pattern(right, operator.ends_with('*'))?;
                    Ok(Condition::Match {
                        variable,
                        pattern,
                        negated,
                    })
                }
                other => Err(Trouble::new(
                    format!("unexpected `{}` in the condition", excerpt(other)),
                    FIX,
                )),
            }
        }
        _ if words.iter().any(|word| matches!(*word, "&&" | "||")) => Err(Trouble::new(
            "nginx has no `&&` and `||`",
            "set a variable in one `if` and test it in a second one behind it",
        )),
        _ => Err(Trouble::new(
            format!("invalid condition `{}`", excerpt(&words.join(" "))),
            FIX,
        )),
    }
}

/// The words between the parentheses, which may stand alone or stick to the first and last word.
fn words(arguments: &[String]) -> Option<Vec<&str>> {
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.first_mut()?.strip_prefix('(')? {
        "" => drop(words.remove(0)),
        rest => words[0] = rest,
    }
    match words.last()?.strip_suffix(')')? {
        "" => drop(words.pop()),
        rest => *words.last_mut()? = rest,
    }
    Some(words)
}

fn subject_name(word: &str) -> Result<&str, Trouble> {
    variable_name(word).ok_or_else(|| {
        let message = format!("expected a variable on the left side, got `{}`", excerpt(word));
        Trouble::new(
            message,
            "write `$name` without braces; a capture is kept with `set $name $1;`",
        )
    })
}
