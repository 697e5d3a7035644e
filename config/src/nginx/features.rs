//! The macro that makes the list of features: modules, options, and the table of rows.

/// Expands to a module, an options field and a table entry for each feature, in this order on the reference page.
macro_rules! features {
    ($($name:ident;)*) => {
        $(mod $name;)*

        /// What the annotations of one object say, by feature; nothing is resolved yet.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Options {
            $(pub(crate) $name: $name::Options,)*
        }

        /// Every feature of the dialect.
        pub const FEATURES: &[crate::annotation::Feature<Options>] = &[$($name::FEATURE,)*];
    };
}
