//! Selection of parameters by patterns on their names.

use crate::error::PatternError;
use crate::settings::Settings;
use globset::{Glob, GlobSet, GlobSetBuilder};

/// Include and exclude patterns for names. A name is wanted if an include pattern matches it (any
/// name, if there is none) and no exclude pattern does.
#[derive(Debug, Clone, Default)]
pub struct NameFilter {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl NameFilter {
    /// Compiles the globs.
    ///
    /// # Errors
    /// [`PatternError`] for the first that does not parse.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, PatternError> {
        let some = !include.is_empty();
        let include = some.then(|| compile("include", include)).transpose()?;
        Ok(Self { include, exclude: compile("exclude", exclude)? })
    }

    /// Whether this name is wanted.
    pub fn takes(&self, name: &str) -> bool {
        self.takes_any(&[name])
    }

    /// Whether something with all of these names is wanted: an include pattern matches one of them,
    /// and no exclude pattern matches any.
    pub fn takes_any(&self, names: &[&str]) -> bool {
        let any = |set: &GlobSet| names.iter().any(|name| set.is_match(name));
        self.include.as_ref().is_none_or(any) && !any(&self.exclude)
    }
}

/// Values by name pattern. Of several matching patterns the last counts.
#[derive(Debug, Clone)]
pub struct NameRules<T> {
    patterns: GlobSet,
    /// In the order of the patterns.
    values: Vec<T>,
}

impl<T: Clone> NameRules<T> {
    /// Compiles the globs of the setting with this name.
    ///
    /// # Errors
    /// [`PatternError`] for the first that does not parse.
    pub fn new(setting: &'static str, rules: &[(String, T)]) -> Result<Self, PatternError> {
        let (patterns, values): (Vec<_>, Vec<_>) = rules.iter().cloned().unzip();
        Ok(Self { patterns: compile(setting, &patterns)?, values })
    }

    /// The value for this name.
    pub fn of(&self, name: &str) -> Option<&T> {
        self.values.get(*self.patterns.matches(name).last()?)
    }
}

/// One message for each pattern of the settings that matches none of `names`, with the nearest names.
pub(crate) fn warnings(settings: &Settings, names: &[String]) -> Vec<String> {
    let message = |(setting, pattern): (&str, &str)| {
        let nearest = nearest(pattern, names).join("`, `");
        match nearest.is_empty() {
            true => format!("`{pattern}` in `{setting}` matches no parameter: the model has none"),
            false => format!(
                "`{pattern}` in `{setting}` matches no parameter; the nearest are `{nearest}`"
            ),
        }
    };
    unmatched(settings, names).into_iter().map(message).collect()
}

/// The patterns of the settings that match none of `names`, each with its setting.
fn unmatched<'a>(settings: &'a Settings, names: &[String]) -> Vec<(&'static str, &'a str)> {
    let include = settings.include.iter().map(|pattern| ("include", pattern));
    let exclude = settings.exclude.iter().map(|pattern| ("exclude", pattern));
    let layouts = settings.layouts.iter().map(|(pattern, _)| ("layout", pattern));
    let kinds = settings.kinds.iter().map(|(pattern, _)| ("kind", pattern));
    let all = include.chain(exclude).chain(layouts).chain(kinds);
    let matches = |pattern: &str| {
        // What does not parse was an error before.
        let glob = Glob::new(pattern).ok().map(|glob| glob.compile_matcher());
        glob.is_none_or(|glob| names.iter().any(|name| glob.is_match(name)))
    };
    all.filter(|(_, pattern)| !matches(pattern)).map(|(at, pattern)| (at, &**pattern)).collect()
}

/// The names most like `pattern`.
fn nearest<'a>(pattern: &str, names: &'a [String]) -> Vec<&'a str> {
    const SHOWN: usize = 3;
    let mut by_distance: Vec<(usize, &str)> =
        names.iter().map(|name| (strsim::levenshtein(pattern, name), &**name)).collect();
    by_distance.sort();
    by_distance.into_iter().take(SHOWN).map(|(_, name)| name).collect()
}

fn compile(setting: &'static str, patterns: &[String]) -> Result<GlobSet, PatternError> {
    let error = |pattern: &str| {
        let pattern = pattern.to_owned();
        move |cause: globset::Error| PatternError { setting, pattern, problem: cause.to_string() }
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern).map_err(error(pattern))?);
    }
    set.build().map_err(error(&patterns.join(" ")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn owned(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|pattern| (*pattern).to_owned()).collect()
    }

    #[test]
    fn include_then_exclude() {
        let filter = |include, exclude| NameFilter::new(&owned(include), &owned(exclude));
        let all = filter(&[], &["*.embedding.*"]).unwrap();
        assert!(all.takes("a.weight") && !all.takes("a.embedding.weight"));
        let some = filter(&["layers.*.mha.*", "head.weight"], &["*.key.*"]).unwrap();
        assert!(some.takes("layers.3.mha.query.weight") && some.takes("head.weight"));
        assert!(!some.takes("layers.3.mha.key.weight") && !some.takes("layers.3.pwff.weight"));
        assert!(some.takes_any(&["x", "head.weight"]) && !some.takes_any(&["x", "y"]));
        assert!(!some.takes_any(&["head.weight", "a.key.b"]));
        assert!(NameFilter::default().takes("a"));
        let error = filter(&["a[b"], &[]).unwrap_err().to_string();
        assert!(error.contains("include") && error.contains("a[b"), "{error}");
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_found_with_the_nearest_names() {
        let names = owned(&["blocks.0.query.weight", "blocks.1.query.weight", "head.weight"]);
        let settings = Settings {
            include: owned(&["blocks.*.querry.*", "blocks.*"]),
            exclude: owned(&["heads.*"]),
            layouts: vec![("*.experts".to_owned(), crate::Layout::Stack)],
            ..Settings::default()
        };
        let found = unmatched(&settings, &names);
        let expected =
            [("include", "blocks.*.querry.*"), ("exclude", "heads.*"), ("layout", "*.experts")];
        assert_eq!(found, expected);
        assert_eq!(nearest("head.wieght", &names)[0], "head.weight");
        assert_eq!(nearest("blocks.*.querry.*", &names)[0], "blocks.0.query.weight");
        assert!(nearest("x", &[]).is_empty());
    }

    #[test]
    fn the_last_rule_counts() {
        let rules = [("a.*".to_owned(), 1), ("*.b".to_owned(), 2)];
        let rules = NameRules::new("layout", &rules).unwrap();
        assert_eq!(
            ["a.a", "a.b", "c"].map(|name| rules.of(name).copied()),
            [Some(1), Some(2), None]
        );
        let error = NameRules::new("layout", &[("{".to_owned(), ())]).unwrap_err().to_string();
        assert!(error.contains("layout") && error.contains('{'), "{error}");
    }
}
