//! All rows of all tables, out of a database and into one: what a backup of the agent's state is made of.
//!
//! Only rows travel, in the text form of PostgreSQL's COPY, which every version of the server reads. The tables are made anew by the
//! migrations, as far as the database had come: whoever writes a backup cannot bring commands with it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use sqlx::migrate::{MigrateError, Migration, Migrator};
use sqlx::{AssertSqlSafe, PgConnection};

use super::migrations::ALL;
use crate::secrets::hex;

/// What the tables of a database look like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The migrations that have been applied.
    pub migrations: Vec<Applied>,
    pub tables: Vec<Table>,
    pub sequences: Vec<Sequence>,
}

/// A migration that has been applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub version: i64,
    /// Of its text, in hexadecimal.
    pub checksum: String,
}

/// A table with the columns whose values are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

/// Where a sequence stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub name: String,
    pub last: i64,
    /// The next number is the one after `last`, not `last` itself.
    pub called: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the database refused it")]
    Database(#[from] sqlx::Error),
    #[error("the tables could not be made")]
    Migrate(#[from] MigrateError),
    #[error("the rows of “{0}” do not fit the tables that its migrations make")]
    Unfit(String),
    #[error("the rows of “{table}” could not be read again: {}", source.kind())]
    Read { table: String, source: std::io::Error },
}

impl Shape {
    /// Reads it; `None` where no agent has made its tables yet.
    pub async fn of(connection: &mut PgConnection) -> Result<Option<Self>, sqlx::Error> {
        let made = "select to_regclass('_sqlx_migrations') is not null";
        if !sqlx::query_scalar::<_, bool>(made)
            .fetch_one(&mut *connection)
            .await?
        {
            return Ok(None);
        }
        let applied = "select version, checksum from _sqlx_migrations where success order by version";
        let applied: Vec<(i64, Vec<u8>)> = sqlx::query_as(applied).fetch_all(&mut *connection).await?;
        let migrations = applied.into_iter().map(|(version, checksum)| Applied {
            version,
            checksum: hex(&checksum),
        });
        let tables = "select c.relname::text, array_agg(a.attname::text order by a.attnum)
                        from pg_class c join pg_attribute a on a.attrelid = c.oid
                       where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
                         and c.relname <> '_sqlx_migrations'
                         and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                       group by c.relname order by c.relname";
        let tables: Vec<(String, Vec<String>)> = sqlx::query_as(tables).fetch_all(&mut *connection).await?;
        let names = "select relname::text from pg_class
                      where relnamespace = current_schema()::regnamespace and relkind = 'S' order by relname";
        let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut *connection).await?;
        let mut sequences = Vec::new();
        for name in names {
            let query = format!("select last_value, is_called from {}", quoted(&name));
            let (last, called) = sqlx::query_as(AssertSqlSafe(query))
                .fetch_one(&mut *connection)
                .await?;
            sequences.push(Sequence { name, last, called });
        }
        Ok(Some(Self {
            migrations: migrations.collect(),
            tables: tables
                .into_iter()
                .map(|(name, columns)| Table { name, columns })
                .collect(),
            sequences,
        }))
    }

    /// A migration that this agent does not know, or knows with another text: it cannot make these tables.
    pub fn unknown_migration(&self) -> Option<i64> {
        let unknown = self.migrations.iter().find(|applied| known(applied).is_none());
        unknown.map(|applied| applied.version)
    }
}

fn known(applied: &Applied) -> Option<Migration> {
    let mut all = ALL.iter();
    all.find(|one| one.version == applied.version && hex(&one.checksum) == applied.checksum)
        .cloned()
}

/// The rows of a table, in pieces that end anywhere.
pub async fn rows<'c>(
    connection: &'c mut PgConnection,
    table: &Table,
) -> Result<BoxStream<'c, Result<Bytes, sqlx::Error>>, sqlx::Error> {
    let statement = format!("copy {} ({}) to stdout", quoted(&table.name), columns(table));
    connection.copy_out_raw(&statement).await
}

/// What is out of the way while rows come in.
pub struct Emptied {
    /// Table, name and definition of each foreign key, the names as SQL wants them.
    keys: Vec<(String, String, String)>,
    /// Tables with triggers, as SQL wants their names.
    triggers: Vec<String>,
}

/// Makes the tables of `shape`, without any row, in a database that has none. Foreign keys and triggers are set aside: rows come
/// table by table, and nothing has happened that anybody should be told of.
pub async fn make_tables(tx: &mut PgConnection, shape: &Shape) -> Result<Emptied, CopyError> {
    // Those that are not known make no table, which is found below.
    let migrations = shape.migrations.iter().filter_map(known);
    Migrator::with_migrations(migrations.collect())
        .run(&mut *tx)
        .await?;
    let made = Shape::of(tx).await?.unwrap_or_default();
    fits(shape, &made)?;
    let keys =
        "select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) from pg_constraint
                 where contype = 'f' and connamespace = current_schema()::regnamespace order by oid";
    let keys: Vec<(String, String, String)> = sqlx::query_as(keys).fetch_all(&mut *tx).await?;
    for (table, name, _) in &keys {
        run(tx, format!("alter table {table} drop constraint {name}")).await?;
    }
    let triggers =
        "select distinct tgrelid::regclass::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
                     where not tgisinternal and c.relnamespace = current_schema()::regnamespace";
    let triggers: Vec<String> = sqlx::query_scalar(triggers).fetch_all(&mut *tx).await?;
    for table in &triggers {
        run(tx, format!("alter table {table} disable trigger user")).await?;
    }
    // What migrations themselves put in comes back with the rows.
    for table in &made.tables {
        run(tx, format!("truncate {}", quoted(&table.name))).await?;
    }
    Ok(Emptied { keys, triggers })
}

/// The same tables with the same columns and the same sequences, in whatever order.
fn fits(shape: &Shape, made: &Shape) -> Result<(), CopyError> {
    let columns = |table: &Table| table.columns.iter().cloned().collect::<BTreeSet<_>>();
    let tables = |shape: &Shape| -> BTreeSet<(String, BTreeSet<String>)> {
        let pairs = shape
            .tables
            .iter()
            .map(|table| (table.name.clone(), columns(table)));
        pairs.collect()
    };
    let sequences =
        |shape: &Shape| -> BTreeSet<String> { shape.sequences.iter().map(|one| one.name.clone()).collect() };
    let differing = tables(shape)
        .symmetric_difference(&tables(made))
        .map(|(name, _)| name.clone())
        .next()
        .or_else(|| {
            sequences(shape)
                .symmetric_difference(&sequences(made))
                .next()
                .cloned()
        });
    let twice = shape.tables.len() != made.tables.len() || shape.sequences.len() != made.sequences.len();
    match differing {
        Some(name) => Err(CopyError::Unfit(name)),
        None if twice => Err(CopyError::Unfit("one table".to_owned())),
        None => Ok(()),
    }
}

/// Puts rows into a table of [`make_tables`], from files that one after another hold what [`rows`] gave. Gives how many there were.
pub async fn put_rows(tx: &mut PgConnection, table: &Table, files: &[PathBuf]) -> Result<u64, CopyError> {
    let statement = format!("copy {} ({}) from stdin", quoted(&table.name), columns(table));
    let mut copy = tx.copy_in_raw(&statement).await?;
    for file in files {
        match tokio::fs::read(file).await {
            Ok(bytes) => copy.send(bytes).await.map(drop)?,
            Err(source) => {
                copy.abort("the rest is not there").await?;
                let table = table.name.clone();
                return Err(CopyError::Read { table, source });
            }
        }
    }
    Ok(copy.finish().await?)
}

/// Puts back what [`make_tables`] set aside, which checks the rows, and lets sequences go on where they were.
pub async fn finish(tx: &mut PgConnection, shape: &Shape, emptied: Emptied) -> Result<(), CopyError> {
    for (table, name, definition) in &emptied.keys {
        run(
            tx,
            format!("alter table {table} add constraint {name} {definition}"),
        )
        .await?;
    }
    for table in &emptied.triggers {
        run(tx, format!("alter table {table} enable trigger user")).await?;
    }
    for sequence in &shape.sequences {
        sqlx::query("select setval(quote_ident($1)::regclass, $2, $3)")
            .bind(&sequence.name)
            .bind(sequence.last)
            .bind(sequence.called)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

/// Moves everything that an agent has made in this database into a schema of that name, and leaves the place empty.
pub async fn set_aside(tx: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    run(tx, format!("create schema {}", quoted(schema))).await?;
    // What an extension brought is not the agent's. Indexes, and sequences of columns, go with their tables.
    let moves = "select format('alter table %s set schema %I', c.oid::regclass, $1::text)
                   from pg_class c
                  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'v')
                    and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'e')
                 union all
                 select format('alter routine %s set schema %I', p.oid::regprocedure, $1::text)
                   from pg_proc p
                  where p.pronamespace = current_schema()::regnamespace
                    and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
                 union all
                 select format('alter type %s set schema %I', t.oid::regtype, $1::text)
                   from pg_type t
                  where t.typnamespace = current_schema()::regnamespace and t.typtype in ('e', 'd')
                    and not exists (select from pg_depend d where d.objid = t.oid and d.classid = 'pg_type'::regclass and d.deptype = 'e')";
    let moves: Vec<String> = sqlx::query_scalar(moves).bind(schema).fetch_all(&mut *tx).await?;
    for statement in moves {
        run(tx, statement).await?;
    }
    Ok(())
}

/// Whether there is a schema of that name.
pub async fn has_schema(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)")
        .bind(schema)
        .fetch_one(connection)
        .await
}

/// Removes a schema in which there is nothing; true if so.
pub async fn drop_empty_schema(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    let used = "select exists (select from pg_class where relnamespace = quote_ident($1)::regnamespace)";
    let used: bool = sqlx::query_scalar(used)
        .bind(schema)
        .fetch_one(&mut *connection)
        .await?;
    if !used {
        run(connection, format!("drop schema {}", quoted(schema))).await?;
    }
    Ok(!used)
}

async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .map(drop)
}

fn columns(table: &Table) -> String {
    let names: Vec<String> = table.columns.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// As an identifier of SQL ("Lexical Structure" of PostgreSQL's documentation).
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, columns: &[&str]) -> Table {
        Table {
            name: name.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
        }
    }

    fn shape(tables: Vec<Table>) -> Shape {
        Shape {
            tables,
            ..Shape::default()
        }
    }

    /// FR-HST-03: rows go only into the tables that the migrations make, whatever the backup calls them.
    #[test]
    fn rows_fit_or_are_refused() {
        let made = shape(vec![table("a", &["id", "x"]), table("b", &["id"])]);
        let good = shape(vec![table("b", &["id"]), table("a", &["x", "id"])]);
        assert!(fits(&good, &made).is_ok());
        for bad in [
            shape(vec![table("a", &["id", "x"])]),
            shape(vec![table("a", &["id"]), table("b", &["id"])]),
            shape(vec![
                table("a", &["id", "x"]),
                table("b", &["id"]),
                table("c", &["id"]),
            ]),
            shape(vec![
                table("a", &["id", "x"]),
                table("a", &["id", "x"]),
                table("b", &["id"]),
            ]),
        ] {
            assert!(matches!(fits(&bad, &made), Err(CopyError::Unfit(_))), "{bad:?}");
        }
    }

    /// FR-HST-03: a migration that this agent does not know, or knows with another text, is a newer agent's.
    #[test]
    fn unknown_migrations_are_refused() {
        let first = ALL.iter().next().unwrap();
        let applied = |version, checksum: &str| Shape {
            migrations: vec![Applied {
                version,
                checksum: checksum.to_owned(),
            }],
            ..Shape::default()
        };
        let known = applied(first.version, &hex(&first.checksum));
        assert_eq!(known.unknown_migration(), None);
        assert_eq!(
            applied(first.version, "00").unknown_migration(),
            Some(first.version)
        );
        assert_eq!(applied(9_999, "00").unknown_migration(), Some(9_999));
    }

    /// NFR-S2: a name is a name, whatever is in it.
    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("a\"; drop table b; --"), "\"a\"\"; drop table b; --\"");
    }
}
