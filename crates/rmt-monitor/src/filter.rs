//! Which parameters are watched, and how they are read as matrices, by name.

use crate::error::InitError;
use crate::globs::{NameFilter, NameRules};
use crate::layout::Layout;
use crate::settings::Settings;
use rmt_core::layers::LayerKind;

#[derive(Debug, Clone)]
pub(crate) struct Filter {
    names: NameFilter,
    layouts: NameRules<Layout>,
    kinds: NameRules<LayerKind>,
}

impl Filter {
    pub(crate) fn new(settings: &Settings) -> Result<Self, InitError> {
        let names = NameFilter::new(&settings.include, &settings.exclude)?;
        if settings.layouts.iter().any(|(_, layout)| *layout == Layout::Conv { groups: 0 }) {
            return Err(InitError::setting("layout", "a convolution has at least 1 group"));
        }
        let layouts = NameRules::new("layout", &settings.layouts)?;
        Ok(Self { names, layouts, kinds: NameRules::new("kind", &settings.kinds)? })
    }

    /// The last layout given for this name.
    pub(crate) fn layout(&self, name: &str) -> Option<Layout> {
        self.layouts.of(name).copied()
    }

    /// The last kind given for this name.
    pub(crate) fn kind(&self, name: &str) -> Option<LayerKind> {
        self.kinds.of(name).copied()
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
            kinds: vec![("a.*".into(), LayerKind::Up), ("*.experts".into(), LayerKind::Down)],
            ..Settings::default()
        };
        let filter = of(settings).unwrap();
        assert!(filter.watches("a.weight") && !filter.watches("a.embedding.weight"));
        assert_eq!(filter.layout("a.experts"), Some(Layout::Stack));
        assert_eq!(filter.kind("a.experts"), Some(LayerKind::Down));
        assert_eq!((filter.kind("a.b"), filter.kind("b")), (Some(LayerKind::Up), None));
        let no_groups = vec![("*".into(), Layout::Conv { groups: 0 })];
        let error = of(Settings { layouts: no_groups, ..Settings::default() }).unwrap_err();
        assert!(error.to_string().contains("at least 1 group"));
        let error = of(Settings { include: vec!["a[b".into()], ..Settings::default() });
        assert!(matches!(error, Err(InitError::Pattern(_))));
    }
}
