//! Whether a key belongs to this database.

use sqlx::PgConnection;

use crate::secrets::Sealer;

/// One sealed value of each column that holds some, without what is sealed in it.
const ONE_OF_EACH: &str = "
    (select substring(value for 64) from variables limit 1) union all
    (select substring(content for 64) from files limit 1) union all
    (select substring(content for 64) from patches limit 1) union all
    (select substring(secret for 64) from git_credentials limit 1) union all
    (select substring(password for 64) from registry_credentials limit 1) union all
    (select substring(environment for 64) from deployments limit 1)";

/// Whether anything was sealed: a key that is lost now would be missed.
pub async fn any(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let found: Vec<Vec<u8>> = sqlx::query_scalar(ONE_OF_EACH).fetch_all(connection).await?;
    Ok(!found.is_empty())
}

/// Whether all was sealed under this key, as far as one value of each kind tells. True where there is none.
pub async fn opens_all(connection: &mut PgConnection, sealer: &Sealer) -> Result<bool, sqlx::Error> {
    let found: Vec<Vec<u8>> = sqlx::query_scalar(ONE_OF_EACH).fetch_all(connection).await?;
    Ok(found.iter().all(|sealed| sealer.has_sealed(sealed)))
}
