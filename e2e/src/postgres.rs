//! A place of one's own in the test database.

use std::net::SocketAddr;

use imt_store_postgres::{Options, open};
use imt_store_sql::{KeyRing, SqlStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::services;

/// A schema that nobody else uses. It is left behind: the database ends with the tests.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// What every store in it seals with.
    keys: KeyRing,
}

impl Schema {
    /// Makes one.
    pub async fn new() -> Self {
        let mut connection = connection().await;
        let name: String = sqlx::query("SELECT 'test_' || replace(CAST(gen_random_uuid() AS TEXT), '-', '')")
            .fetch_one(&mut connection)
            .await
            .expect("the database answers")
            .get(0);
        let make = AssertSqlSafe(format!("CREATE SCHEMA {name}"));
        sqlx::query(make).execute(&mut connection).await.expect("a new schema");
        Self { name, keys: KeyRing::generate().expect("a key") }
    }

    /// A store in it.
    pub async fn open(&self) -> SqlStore {
        self.open_at(&services::postgres(), Options::default()).await
    }

    /// A store in it, reached in another way.
    pub async fn open_at(&self, url: &str, options: Options) -> SqlStore {
        let options = Options { schema: Some(self.name.clone()), ..options };
        open(url, options, Some(self.keys.clone())).await.expect("the store opens")
    }
}

/// A connection to the test database.
pub async fn connection() -> PgConnection {
    PgConnection::connect(&services::postgres()).await.expect("the database of the tests answers")
}

/// Where the server of the test database listens.
///
/// # Panics
/// When its address is none.
pub fn server() -> SocketAddr {
    let url = services::postgres();
    let at = url.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("user, server and database").0;
    at.parse().expect("an address with a port")
}

/// The address of the test database with another server in it: a proxy before the real one.
pub fn behind(server: SocketAddr) -> String {
    services::postgres().replace(&self::server().to_string(), &server.to_string())
}
