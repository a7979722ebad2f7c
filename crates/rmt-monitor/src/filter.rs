//! Which parameters are watched, and how they are read as matrices, by name.

use crate::error::InitError;
use crate::globs::{NameFilter, NameRules};
use crate::layout::Layout;
use crate::settings::Settings;

#[derive(Debug, Clone)]
pub(crate) struct Filter {
    names: NameFilter,
    layouts: NameRules<Layout>,
}

impl Filter {
    pub(crate) fn new(settings: &Settings) -> Result<Self, InitError> {
        let names = NameFilter::new(&settings.include, &settings.exclude)?;
        if settings.layouts.iter().any(|(_, layout)| *layout == Layout::Conv { groups: 0 }) {
            let problem = "a convolution has at least 1 group".into();
            return Err(InitError::Setting { setting: "layout", problem });
        }
        Ok(Self { names, layouts: NameRules::new("layout", &settings.layouts)? })
    }

    /// The last layout given for this name.
    pub(crate) fn layout(&self, name: &str) -> Option<Layout> {
        self.layouts.of(name).copied()
    }

    pub(crate) fn watches(&self, name: &str) -> bool {
        self.names.takes(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_decide() {
        let of = |settings: Settings| Filter::new(&settings);
        let settings = Settings {
            exclude: vec!["*.embedding.*".into()],
            layouts: vec![("*.experts".into(), Layout::Stack)],
            ..Settings::default()
        };
        let filter = of(settings).unwrap();
        assert!(filter.watches("a.weight") && !filter.watches("a.embedding.weight"));
        assert_eq!(filter.layout("a.experts"), Some(Layout::Stack));
        let no_groups = vec![("*".into(), Layout::Conv { groups: 0 })];
        let error = of(Settings { layouts: no_groups, ..Settings::default() }).unwrap_err();
        assert!(error.to_string().contains("at least 1 group"));
        let error = of(Settings { include: vec!["a[b".into()], ..Settings::default() });
        assert!(matches!(error, Err(InitError::Pattern(_))));
    }
}
