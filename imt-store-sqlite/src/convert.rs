//! Values to SQLite and back.

use imt_store_sql::{Row, Value};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Decode, Row as _, Sqlite, TypeInfo, ValueRef};

/// A statement with its parameters. Its text is made by `imt-store-sql` of constants and placeholders only.
pub(crate) fn query(sql: &str, values: Vec<Value>) -> Query<'static, Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

pub(crate) fn row(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    (0..row.len()).map(|n| value(row, n)).collect::<Result<_, _>>().map(Row::new)
}

fn value(row: &SqliteRow, column: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    let kind = if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
    let value = match kind.as_str() {
        "NULL" => Ok(Value::Text(None)),
        "INTEGER" => <i64 as Decode<'_, Sqlite>>::decode(raw).map(Value::from),
        "TEXT" => <String as Decode<'_, Sqlite>>::decode(raw).map(Value::from),
        "BLOB" => <Vec<u8> as Decode<'_, Sqlite>>::decode(raw).map(Value::from),
        other => Err(format!("a column of type {other}").into()),
    };
    value.map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source })
}
