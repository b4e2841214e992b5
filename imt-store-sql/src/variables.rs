//! A project's variables.

use imt_core::id::ProjectName;
use imt_core::ports::{StoreError, StoreResult, Variable};
use imt_core::secret::Secret;

use crate::database::{Database, Purpose};

const VARIABLES: &str = "SELECT name, is_secret, value FROM variables WHERE project = $1 ORDER BY name";

pub(crate) async fn variables(database: &dyn Database, project: &ProjectName) -> StoreResult<Vec<Variable>> {
    let rows = database.run(Purpose::Read, VARIABLES, vec![project.as_str().into()]).await?;
    let variable = |row: crate::value::Row| {
        let mut row = row.of("variable");
        let (name, is_secret) = (row.text()?, row.flag()?);
        let value = String::from_utf8(row.bytes()?).map_err(|_| StoreError::Internal {
            message: format!("the variable {name} of project {project} is not text"),
            source: None,
        })?;
        Ok(Variable { name, value: Secret::new(value), is_secret })
    };
    rows.into_iter().map(variable).collect()
}
