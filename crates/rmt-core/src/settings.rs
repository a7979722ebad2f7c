//! Groups of settings.

/// A setting as the reference in the documentation has it.
#[doc(hidden)]
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Setting {
    pub field: &'static str,
    pub kind: &'static str,
    /// The default as the code has it, and as its `Debug` prints it.
    pub code: &'static str,
    pub default: String,
    /// Attributes for serde.
    pub serde: &'static str,
    /// Method that sets it.
    pub setter: &'static str,
    pub meaning: &'static str,
}

/// Declares a group of settings with the habits of burn's `Config`. Each setting has its meaning, its type, its default
/// and, behind a comma, its setter; `=>` names a setter that is written by hand. All are saved and loaded by serde.
/// `@struct` and `@setters` declare either alone. Setters of a type that has the group as a field take its name in
/// brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! settings {
    ($(#[$of:meta])* pub struct $group:ident { $($settings:tt)* }) => {
        $crate::settings! { @struct $(#[$of])* $group { $($settings)* } }

        impl $group {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $crate::settings! { @setters [] { $($settings)* } }
        }
    };
    (@struct $(#[$of:meta])* $group:ident {
        $(
            $(#[doc = $doc:expr])*
            $(#[serde($($serde:tt)*)])?
            $field:ident: $type:ty = $default:expr $(, $setter:ident)? $(=> $by:ident)?;
        )*
    }) => {
        $(#[$of])*
        #[non_exhaustive]
        pub struct $group {
            $( $(#[doc = $doc])* $(#[serde($($serde)*)])? pub $field: $type, )*
        }

        impl Default for $group {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $group {
            /// Every setting of the group, for the reference in the documentation.
            #[doc(hidden)]
            pub fn reference() -> Vec<$crate::Setting> {
                let defaults = Self::default();
                vec![$( $crate::Setting {
                    field: stringify!($field),
                    kind: stringify!($type),
                    code: stringify!($default),
                    default: format!("{:?}", defaults.$field),
                    serde: concat!($(stringify!($($serde)*))?),
                    setter: concat!($(stringify!($setter))? $(stringify!($by))?),
                    meaning: concat!($($doc, "\n"),*),
                } ),*]
            }
        }
    };
    (@setters $within:tt {
        $(
            $(#[doc = $doc:expr])*
            $(#[serde($($serde:tt)*)])?
            $field:ident: $type:ty = $default:expr $(, $setter:ident)? $(=> $by:ident)?;
        )*
    }) => {
        $( $crate::settings! { @setter $within [$($setter)?] [$(#[doc = $doc])*] $field: $type } )*
    };
    (@setter $within:tt [] $docs:tt $field:ident: $type:ty) => {};
    (@setter [$($within:ident)?] [$setter:ident] [$($docs:tt)*] $field:ident: $type:ty) => {
        $($docs)*
        #[must_use]
        pub fn $setter(mut self, $field: $type) -> Self {
            self$(.$within)?.$field = $field;
            self
        }
    };
}
