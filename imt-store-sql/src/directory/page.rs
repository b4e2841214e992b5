//! Rows to pages, and the small readers that all of this module shares.

use std::str::FromStr;

use imt_core::directory::{MAX_PAGE, Page};
use imt_core::ports::{StoreError, StoreResult};
use imt_core::time::Timestamp;

use crate::value::{Row, Value};

/// How many a page may hold.
pub(super) fn page_limit(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// One more than a page holds: that one only tells that there are more.
pub(super) fn and_one(limit: usize) -> Value {
    (limit as u64 + 1).into()
}

/// A page of rows that were asked for with [`and_one`].
pub(super) fn page<T, C>(
    rows: Vec<Row>,
    limit: usize,
    what: &'static str,
    read: impl Fn(&mut Row) -> StoreResult<T>,
    cursor: impl Fn(&T) -> C,
) -> StoreResult<Page<T, C>> {
    let more = rows.len() > limit;
    let mut page = Page { items: Vec::new(), next: None, set_aside: Vec::new() };
    for row in rows.into_iter().take(limit) {
        match read(&mut row.of(what)) {
            Ok(item) => page.items.push(item),
            Err(error) => page.set_aside.push(format!("a {what} cannot be read: {error}")),
        }
    }
    if more {
        let last = page.items.last().map(cursor);
        let none = || StoreError::Internal { message: format!("no {what} of a page can be read"), source: None };
        page.next = Some(last.ok_or_else(none)?);
    }
    Ok(page)
}

/// The next column as an id, or as another text that has a form.
pub(super) fn parsed<T: FromStr>(row: &mut Row) -> StoreResult<T> {
    let text = row.text()?;
    let wrong = || StoreError::Internal { message: format!("`{}` is no id", text.escape_debug()), source: None };
    text.parse().map_err(|_| wrong())
}

/// The next column as an id that may not be there.
pub(super) fn maybe_parsed<T: FromStr>(row: &mut Row) -> StoreResult<Option<T>> {
    let Some(text) = row.maybe_text()? else { return Ok(None) };
    let wrong = || StoreError::Internal { message: format!("`{}` is no id", text.escape_debug()), source: None };
    text.parse().map(Some).map_err(|_| wrong())
}

pub(super) fn time(row: &mut Row) -> StoreResult<Timestamp> {
    row.count().map(Timestamp::from_micros)
}

pub(super) fn maybe_time(row: &mut Row) -> StoreResult<Option<Timestamp>> {
    Ok(row.maybe_count()?.map(Timestamp::from_micros))
}

/// How often something was done.
pub(super) fn times(row: &mut Row) -> StoreResult<u32> {
    Ok(u32::try_from(row.count()?).unwrap_or(u32::MAX))
}

pub(super) fn at(time: Timestamp) -> Value {
    time.as_micros().into()
}

pub(super) fn maybe_at(time: Option<Timestamp>) -> Value {
    Value::Int(time.map(|time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
}

pub(super) fn maybe_id<T: ToString>(id: Option<T>) -> Value {
    Value::Text(id.map(|id| id.to_string()))
}
