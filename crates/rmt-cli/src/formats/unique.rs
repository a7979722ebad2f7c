//! Maps of a file in which no key may come twice: which of the two would be meant is anyone's guess.

use super::names::quoted;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

/// The pairs of such a map, in the order of the file.
#[derive(Debug)]
pub(super) struct Pairs<T>(pub(super) Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                pairs(map, None).map(Pairs)
            }
        }

        deserializer.deserialize_map(Map(PhantomData))
    }
}

/// The pairs of a map but for one key, whose value is of another kind and passed over.
pub(super) fn pairs<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    mut map: A,
    apart: Option<&str>,
) -> Result<Vec<(String, T)>, A::Error> {
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    while let Some(name) = map.next_key::<String>()? {
        if !seen.insert(name.clone()) {
            return Err(A::Error::custom(format!("the name {} occurs twice", quoted(&name))));
        }
        if Some(name.as_str()) == apart {
            map.next_value::<IgnoredAny>()?;
        } else {
            pairs.push((name, map.next_value()?));
        }
    }
    Ok(pairs)
}
