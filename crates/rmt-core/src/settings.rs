//! Groups of settings.

/// Declares a group of settings with the habits of burn's `Config`: each setting has its meaning, its type, its default
/// and, behind a comma, its setter; all are saved and loaded by serde. `@struct` and `@setters` declare either alone: setters
/// of a type that has the group as a field take its name in brackets.
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
            $field:ident: $type:ty = $default:expr $(, $setter:ident)?;
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
    };
    (@setters $within:tt {
        $(
            $(#[doc = $doc:expr])*
            $(#[serde($($serde:tt)*)])?
            $field:ident: $type:ty = $default:expr $(, $setter:ident)?;
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
