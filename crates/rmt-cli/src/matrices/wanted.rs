//! The user's selection of matrices, and corrections to what names show.

use rmt_core::Orientation;
use rmt_core::layers::{Heads, LayerKind};
use rmt_monitor::{Layout, NameFilter, NameRules, PatternError};
use std::cell::Cell;

/// A selection of matrices, with corrections to what names show.
///
/// Globs match the parameter's name and, for a part of a fused parameter, the name followed by a
/// dot and the part's name (`*.c_attn.weight.query`).
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Globs of the names to take. An empty list takes all.
    pub include: Vec<String>,
    /// Globs of the names to leave out.
    pub exclude: Vec<String>,
    /// Kinds to take. An empty list takes all.
    pub only: Vec<LayerKind>,
    /// Orientation of linear layers, which overrides format and names. Embeddings, convolutions and
    /// adapters keep theirs, because they are stored alike everywhere.
    pub orientation: Option<Orientation>,
    /// Pairs of a glob and the layout of matching tensors. Of several matches the last counts.
    pub layouts: Vec<(String, Layout)>,
    /// Pairs of a glob and the kind of matching tensors. Of several matches the last counts.
    pub kinds: Vec<(String, LayerKind)>,
    /// Number of attention heads, for parameters fused by head and for `split_heads`.
    pub heads: Option<Heads>,
    /// Whether to split attention projections into their heads.
    pub split_heads: bool,
    /// Whether to leave fused projections whole.
    pub keep_fused: bool,
    /// Least smaller side. Smaller matrices are left out.
    pub min_side: usize,
}

/// Why a selection is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A name pattern does not parse.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A setting is invalid.
    #[error("`{setting}`: {problem}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// The problem, and the valid values.
        problem: String,
    },
}

impl Wanted {
    /// Adds an option `LAYOUT` (`in-out` or `out-in`, for linear layers) or `GLOB=LAYOUT` (any
    /// layout).
    ///
    /// # Errors
    /// [`PlanError::Setting`] for any other text.
    pub fn add_layout(&mut self, text: &str) -> Result<(), PlanError> {
        let error = |problem| PlanError::Setting { setting: "layout", problem };
        let (glob, layout) = match text.rsplit_once('=') {
            Some((glob, layout)) => (Some(glob), layout),
            None => (None, text),
        };
        let layout: Layout = layout.parse().map_err(|e| error(format!("{e}")))?;
        match (glob, layout) {
            (Some(glob), layout) => self.layouts.push((glob.to_owned(), layout)),
            (None, Layout::InOut) => self.orientation = Some(Orientation::InOut),
            (None, Layout::OutIn) => self.orientation = Some(Orientation::OutIn),
            (None, _) => {
                let problem = format!("`{text}` is not for all names: give GLOB={text}");
                return Err(error(problem));
            }
        }
        Ok(())
    }

    /// Adds an option `GLOB=KIND`.
    ///
    /// # Errors
    /// [`PlanError::Setting`] for any other text.
    pub fn add_kind(&mut self, text: &str) -> Result<(), PlanError> {
        let error = |problem| PlanError::Setting { setting: "kind", problem };
        let Some((glob, kind)) = text.rsplit_once('=') else {
            return Err(error(format!("`{text}` is not GLOB=KIND, such as `*.out.weight=head`")));
        };
        let kind = kind.parse().map_err(|e| error(format!("{e}")))?;
        self.kinds.push((glob.to_owned(), kind));
        Ok(())
    }
}

/// What is asked for, ready to be looked up by name.
pub(super) struct Rules<'a> {
    pub(super) wanted: &'a Wanted,
    pub(super) names: NameFilter,
    pub(super) layouts: Overrides<Layout>,
    pub(super) kinds: Overrides<LayerKind>,
}

/// Options given by name, and which of them matched.
pub(super) struct Overrides<T> {
    rules: Vec<Override<T>>,
}

struct Override<T> {
    glob: String,
    rule: NameRules<T>,
    used: Cell<bool>,
}

impl<T: Clone> Overrides<T> {
    fn new(setting: &'static str, rules: &[(String, T)]) -> Result<Self, PatternError> {
        let compiled = |rule: &(String, T)| {
            let glob = rule.0.clone();
            let rule = NameRules::new(setting, std::slice::from_ref(rule))?;
            Ok(Override { glob, rule, used: Cell::new(false) })
        };
        Ok(Self { rules: rules.iter().map(compiled).collect::<Result<_, PatternError>>()? })
    }

    /// The option for this name. Of several, the last counts.
    pub(super) fn of(&self, name: &str) -> Option<&T> {
        let found = |rule: &'_ &Override<T>| {
            let found = rule.rule.of(name).is_some();
            rule.used.set(rule.used.get() || found);
            found
        };
        self.rules.iter().filter(found).last().and_then(|rule| rule.rule.of(name))
    }

    /// Globs that no name had.
    fn unused(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter(|rule| !rule.used.get()).map(|rule| rule.glob.as_str())
    }
}

impl<'a> Rules<'a> {
    pub(super) fn new(wanted: &'a Wanted) -> Result<Self, PlanError> {
        if wanted.layouts.iter().any(|(_, layout)| *layout == Layout::Conv { groups: 0 }) {
            let problem = "a convolution has at least 1 group".into();
            return Err(PlanError::Setting { setting: "layout", problem });
        }
        if let Some(Heads { query, key_value, .. }) = wanted.heads
            && (query == 0 || key_value == 0 || !query.is_multiple_of(key_value))
        {
            let problem = format!(
                "{query} heads of queries are not a multiple of {key_value} of keys and values; \
                 both are at least 1"
            );
            return Err(PlanError::Setting { setting: "heads", problem });
        }
        Ok(Self {
            wanted,
            names: NameFilter::new(&wanted.include, &wanted.exclude)?,
            layouts: Overrides::new("layout", &wanted.layouts)?,
            kinds: Overrides::new("kind", &wanted.kinds)?,
        })
    }

    /// (Setting, glob) of settings whose names no matrix has.
    pub(super) fn unused(&self) -> Vec<(&'static str, String)> {
        let layouts = self.layouts.unused().map(|glob| ("layout", glob.to_owned()));
        layouts.chain(self.kinds.unused().map(|glob| ("kind", glob.to_owned()))).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_from_text() {
        let mut wanted = Wanted::default();
        for text in ["in-out", "out-in", "*.experts=stack", "a=b=conv:2"] {
            wanted.add_layout(text).unwrap();
        }
        assert_eq!(wanted.orientation, Some(Orientation::OutIn));
        let groups = Layout::Conv { groups: 2 };
        let expected = [("*.experts".into(), Layout::Stack), ("a=b".into(), groups)];
        assert_eq!(wanted.layouts, expected);
        wanted.add_kind("*.out=head").unwrap();
        assert_eq!(wanted.kinds, [("*.out".into(), LayerKind::Head)]);
        for (text, says) in
            [("stack", "GLOB=stack"), ("a=rows", "not a layout"), ("", "not a layout")]
        {
            let error = wanted.add_layout(text).unwrap_err().to_string();
            assert!(error.contains("layout") && error.contains(says), "{error}");
        }
        for (text, says) in [("head", "GLOB=KIND"), ("a=hed", "not a kind")] {
            let error = wanted.add_kind(text).unwrap_err().to_string();
            assert!(error.contains("kind") && error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let refused = |wanted: Wanted| Rules::new(&wanted).err().map(|e| e.to_string()).unwrap();
        let heads = |query, key_value| Wanted {
            heads: Some(Heads::new(query, key_value)),
            ..Wanted::default()
        };
        for (query, key_value) in [(0, 1), (1, 0), (5, 2), (2, 4)] {
            assert!(refused(heads(query, key_value)).contains("heads"));
        }
        let conv = vec![("*".into(), Layout::Conv { groups: 0 })];
        assert!(refused(Wanted { layouts: conv, ..Wanted::default() }).contains("1 group"));
        for wanted in [
            Wanted { include: vec!["a[".into()], ..Wanted::default() },
            Wanted { exclude: vec!["a[".into()], ..Wanted::default() },
            Wanted { kinds: vec![("a[".into(), LayerKind::Up)], ..Wanted::default() },
            Wanted { layouts: vec![("a[".into(), Layout::InOut)], ..Wanted::default() },
        ] {
            assert!(refused(wanted).contains("`a[`"));
        }
    }
}
