//! Names of rows as types, so that the name of one kind of row is never taken for that of another.

use std::fmt;
use std::str::FromStr;

use store::Id;

use crate::error::{Error, Result};

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Id);

        impl $name {
            /// A fresh one: 128 random bits. A wire UID never becomes the name of a row.
            pub(crate) fn random() -> Result<Self> {
                Id::random().map(Self).map_err(|_| Error::Database("no randomness"))
            }
        }

        impl FromStr for $name {
            type Err = store::NotHex;
            fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

row_id!(
    /// One request for storage commitment that a scanner made of us.
    CommitmentId
);
row_id!(
    /// One request for storage commitment that we make of a destination.
    UpstreamId
);
