//! JSON values of bounded depth, for [`super::observed`].
//!
//! The JSON parser gives up on a whole answer, and so on every object in it, at the first value that is nested too deep for
//! it. Here that value ends where it becomes too deep, and the rest is read on. What is below is skipped without recursion.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Levels of lists and objects in a value. No kind that is read has a third of it.
pub(super) const DEEPEST: usize = 64;

/// Reads one value.
pub(super) struct Bounded<'a> {
    /// Levels that may still come.
    left: usize,
    is_cut: &'a mut bool,
}

impl<'a> Bounded<'a> {
    /// Reads one value of at most [`DEEPEST`] levels. `is_cut` becomes true if it had more.
    pub(super) fn new(is_cut: &'a mut bool) -> Self {
        Self {
            left: DEEPEST,
            is_cut,
        }
    }

    /// For the values inside; `None` if there may be none.
    fn inside(&mut self) -> Option<Bounded<'_>> {
        let left = self.left.checked_sub(1)?;
        Some(Bounded {
            left,
            is_cut: self.is_cut,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(inside) = self.inside() {
            match items.next_element_seed(inside)? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
        *self.is_cut |= items.next_element::<IgnoredAny>()?.is_some();
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(inside) = self.inside() {
            let Some(key) = fields.next_key::<String>()? else {
                return Ok(map.into());
            };
            map.insert(key, fields.next_value_seed(inside)?);
        }
        *self.is_cut |= fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some();
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> serde_json::Result<(Value, bool)> {
        let mut is_cut = false;
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Bounded::new(&mut is_cut).deserialize(&mut json)?;
        json.end()?;
        Ok((value, is_cut))
    }

    #[test]
    fn a_value_is_what_the_parser_says_it_is() {
        let text = r#"{"a": [1, -2, 1.5, "x\n", null, true, {}], "b": {"c": []}}"#;
        let (value, is_cut) = read(text).expect("it is JSON");
        assert_eq!(value, serde_json::from_str::<Value>(text).expect("it is JSON"));
        assert!(!is_cut);
        assert!(read("[1").is_err() && read("{\"a\" 1}").is_err());
    }

    #[test]
    fn what_is_too_deep_is_left_out_and_the_rest_is_read() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = |levels: usize| format!("{}0{}", open.repeat(levels), close.repeat(levels));
            assert!(!read(&nested(DEEPEST)).expect("it is JSON").1);
            for levels in [DEEPEST + 1, 128, 100_000] {
                let text = format!("[{}, \"rest\"]", nested(levels));
                let (value, is_cut) = read(&text).expect("it is JSON");
                assert!(is_cut, "{levels}");
                assert_eq!(value[1], "rest");
            }
        }
    }
}
