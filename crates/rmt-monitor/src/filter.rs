//! Which parameters are watched, by name.

use crate::error::InitError;
use crate::layout::Layout;
use crate::settings::Settings;
use globset::{Glob, GlobSet, GlobSetBuilder};

#[derive(Debug, Clone)]
pub(crate) struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// Patterns of the layouts, in the order of `layouts`.
    layout_names: GlobSet,
    layouts: Vec<Layout>,
}

impl Filter {
    pub(crate) fn new(settings: &Settings) -> Result<Self, InitError> {
        let include = (!settings.include.is_empty())
            .then(|| compile("include", &settings.include))
            .transpose()?;
        let exclude = compile("exclude", &settings.exclude)?;
        let (names, layouts): (Vec<_>, Vec<_>) = settings.layouts.iter().cloned().unzip();
        if layouts.contains(&Layout::Conv { groups: 0 }) {
            let problem = "a convolution has at least 1 group".into();
            return Err(InitError::Setting { setting: "layout", problem });
        }
        Ok(Self { include, exclude, layout_names: compile("layout", &names)?, layouts })
    }

    /// The last layout given for this name.
    pub(crate) fn layout(&self, name: &str) -> Option<Layout> {
        let last = self.layout_names.matches(name).last().copied()?;
        self.layouts.get(last).copied()
    }

    pub(crate) fn watches(&self, name: &str) -> bool {
        self.include.as_ref().is_none_or(|set| set.is_match(name)) && !self.exclude.is_match(name)
    }
}

fn compile(setting: &'static str, patterns: &[String]) -> Result<GlobSet, InitError> {
    let error = |pattern: &str| {
        let pattern = pattern.to_owned();
        move |cause| InitError::Pattern { setting, pattern, cause }
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

    #[test]
    fn include_then_exclude() {
        let filter = |include: &[&str], exclude: &[&str]| {
            let owned = |x: &[&str]| x.iter().map(|s| (*s).to_owned()).collect();
            let settings = Settings {
                include: owned(include),
                exclude: owned(exclude),
                ..Settings::default()
            };
            Filter::new(&settings)
        };
        let all = filter(&[], &["*.embedding.*"]).unwrap();
        assert!(all.watches("a.weight") && !all.watches("a.embedding.weight"));
        let some = filter(&["layers.*.mha.*", "head.weight"], &["*.key.*"]).unwrap();
        assert!(some.watches("layers.3.mha.query.weight") && some.watches("head.weight"));
        assert!(!some.watches("layers.3.mha.key.weight") && !some.watches("layers.3.pwff.weight"));
        let layouts =
            ["a.*", "*.b"].map(str::to_owned).into_iter().zip([Layout::Stack, Layout::OutIn]);
        let settings = Settings { layouts: layouts.collect(), ..Settings::default() };
        let given = Filter::new(&settings).unwrap();
        let of = ["a.a", "a.b", "c"].map(|name| given.layout(name));
        assert_eq!(of, [Some(Layout::Stack), Some(Layout::OutIn), None]);
        let settings = Settings {
            layouts: vec![("*".into(), Layout::Conv { groups: 0 })],
            ..Settings::default()
        };
        assert!(Filter::new(&settings).unwrap_err().to_string().contains("at least 1 group"));
        let error = filter(&["a[b"], &[]).unwrap_err().to_string();
        assert!(error.contains("include") && error.contains("a[b"), "{error}");
    }
}
