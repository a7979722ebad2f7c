//! Which matrices are ablated.

use rmt_core::layers::LayerKind;
use rmt_monitor::{NameFilter, PatternError};
use std::fmt;

/// A selection of weight matrices, which are all ablated at once.
///
/// ```
/// use burn_rmt::ablation::Select;
/// use burn_rmt::rmt_core::layers::LayerKind;
/// assert_eq!(Select::kind(LayerKind::Up).to_string(), "kind up");
/// assert_eq!(Select::name("blocks.0.up").to_string(), "blocks.0.up");
/// assert_eq!(Select::all().except("*.embedding.*").to_string(), "all except *.embedding.*");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    what: What,
    except: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    All,
    Kind(LayerKind),
    Name(String),
    Glob(String),
}

impl Select {
    /// Every matrix of the model.
    pub fn all() -> Self {
        What::All.into()
    }

    /// The matrices of one kind, by their names and the modules that own them.
    pub fn kind(kind: LayerKind) -> Self {
        What::Kind(kind).into()
    }

    /// The matrix with this name: the parameter's dotted path, with or without a final `.weight`.
    pub fn name(name: impl Into<String>) -> Self {
        What::Name(name.into()).into()
    }

    /// The matrices whose dotted path matches the pattern, such as `blocks.*.up.weight`.
    pub fn glob(pattern: impl Into<String>) -> Self {
        What::Glob(pattern.into()).into()
    }

    /// The same selection without the matrices whose dotted path matches the pattern.
    #[must_use]
    pub fn except(mut self, pattern: impl Into<String>) -> Self {
        self.except.push(pattern.into());
        self
    }

    /// Compiles the patterns.
    pub(super) fn compiled(&self) -> Result<Compiled<'_>, PatternError> {
        let include = match &self.what {
            What::Glob(pattern) => vec![pattern.clone()],
            _ => Vec::new(),
        };
        Ok(Compiled { what: &self.what, names: NameFilter::new(&include, &self.except)? })
    }
}

impl From<What> for Select {
    fn from(what: What) -> Self {
        Self { what, except: Vec::new() }
    }
}

pub(super) struct Compiled<'a> {
    what: &'a What,
    names: NameFilter,
}

impl Compiled<'_> {
    /// Whether the matrix of this name and kind is chosen.
    pub(super) fn takes(&self, name: &str, kind: LayerKind) -> bool {
        let wanted = match self.what {
            What::All | What::Glob(_) => true,
            What::Kind(wanted) => kind == *wanted,
            What::Name(wanted) => name == wanted || name.strip_suffix(".weight") == Some(wanted),
        };
        wanted && self.names.takes(name)
    }
}

/// As tables name it.
impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::All => f.write_str("all")?,
            What::Kind(kind) => write!(f, "kind {kind}")?,
            What::Name(name) => f.write_str(name)?,
            What::Glob(pattern) => f.write_str(pattern)?,
        }
        match &self.except[..] {
            [] => Ok(()),
            except => write!(f, " except {}", except.join(", ")),
        }
    }
}
