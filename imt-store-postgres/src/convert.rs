//! Values to PostgreSQL and back.

use imt_store_sql::{Row, Value};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Decode, Postgres, Row as _, TypeInfo, ValueRef};

/// A statement with its parameters. Its text is made by `imt-store-sql` of constants and placeholders only.
pub(crate) fn query(sql: &str, values: Vec<Value>) -> Query<'static, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    values.into_iter().fold(query, |query, value| match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    })
}

pub(crate) fn row(row: &PgRow) -> Result<Row, sqlx::Error> {
    (0..row.len()).map(|n| value(row, n)).collect::<Result<_, _>>().map(Row::new)
}

fn value(row: &PgRow, column: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    let kind = if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
    let value = match kind.as_str() {
        "NULL" | "VOID" => Ok(Value::Text(None)),
        "INT8" => <i64 as Decode<'_, Postgres>>::decode(raw).map(Value::from),
        "INT4" => <i32 as Decode<'_, Postgres>>::decode(raw).map(|n| Value::from(i64::from(n))),
        "TEXT" => <String as Decode<'_, Postgres>>::decode(raw).map(Value::from),
        "BYTEA" => <Vec<u8> as Decode<'_, Postgres>>::decode(raw).map(Value::from),
        other => Err(format!("a column of type {other}").into()),
    };
    value.map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source })
}
