//! What every column of text has in common that holds more than text: its type, NULL, and rows that hold the value alone.

/// `$one<T>` in a column that is never empty, `$maybe<T>` where it may be NULL; `$bound` is what a value is read by.
macro_rules! text_column {
    ($one:ident, $maybe:ident, $bound:path) => {
        text_column!($one);
        text_column!($maybe);

        impl<'r, T: $bound> sqlx::Decode<'r, sqlx::Sqlite> for $maybe<T> {
            fn decode(
                value: sqlx::sqlite::SqliteValueRef<'r>,
            ) -> std::result::Result<Self, sqlx::error::BoxDynError> {
                if sqlx::ValueRef::is_null(&value) {
                    return Ok(Self(None));
                }
                Ok(Self(Some(<$one<T> as sqlx::Decode<sqlx::Sqlite>>::decode(value)?.0)))
            }
        }
    };
    ($column:ident) => {
        impl<T> sqlx::Type<sqlx::Sqlite> for $column<T> {
            fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
                <str as sqlx::Type<sqlx::Sqlite>>::type_info()
            }

            fn compatible(ty: &sqlx::sqlite::SqliteTypeInfo) -> bool {
                <str as sqlx::Type<sqlx::Sqlite>>::compatible(ty)
            }
        }
    };
}

/// Lets rows name the column's type and hold the value alone: `#[sqlx(try_from = "Name<...>")]`.
macro_rules! values {
    ($one:ident, $maybe:ident: $($value:ty),*) => {
        $(impl From<$one<$value>> for $value {
            fn from(column: $one<$value>) -> Self {
                column.0
            }
        }
        impl From<$maybe<$value>> for Option<$value> {
            fn from(column: $maybe<$value>) -> Self {
                column.0
            }
        })*
    };
}

pub(crate) use {text_column, values};
