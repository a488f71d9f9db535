//! Variables of every scope. Secret values go in, and come back only to those with a right of its own.

use slipway_protocol::api::{
    DeleteVariable, ImportVariables, ListConfigurationChanges, ListVariables, RevealVariable, SetVariable,
};
use slipway_protocol::configuration::{Changes, ConfigurationChange, Configured};
use slipway_protocol::dotenv::{self, Entry};
use slipway_protocol::variable::{
    LARGEST_VALUE, MOST_VARIABLES, RevealedVariable, SetVariable as VariableValue, VariableView,
};
use slipway_protocol::{Scope, Secret, VariableKey};

use super::{ApiError, Call};
use crate::db::variables::{self, Of};
use crate::db::{Tx, changes, scopes};

pub async fn list_variables(call: Call, request: ListVariables) -> Result<Vec<VariableView>, ApiError> {
    let mut tx = call.begin().await?;
    let (of, _) = named(&call, &mut tx, request.scope).await?;
    Ok(variables::list(&mut tx, &call.app.sealer, of).await?)
}

pub async fn set_variable(call: Call, request: SetVariable) -> Result<VariableView, ApiError> {
    let mut tx = call.begin().await?;
    let (of, name) = named(&call, &mut tx, request.scope).await?;
    let variable = request.body;
    check(&variable.key, &variable.value)?;
    let known = variables::keys(&mut tx, of).await?;
    let key = variable.key.to_string();
    let changed = if known.contains(&key) {
        Changes {
            changed: vec![key],
            ..Changes::default()
        }
    } else {
        Changes {
            added: vec![key],
            ..Changes::default()
        }
    };
    refuse_too_many(known.len() + changed.added.len())?;
    let view = variables::put(&mut tx, &call.app.sealer, of, &variable).await?;
    record(&call, &mut tx, of, &changed).await?;
    call.audit(&mut tx, &format!("{name} {}", variable.key)).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn delete_variable(call: Call, request: DeleteVariable) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let (of, name) = named(&call, &mut tx, request.scope).await?;
    if !variables::delete(&mut tx, of, request.key.as_str()).await? {
        return Err(ApiError::not_found("variable"));
    }
    let changed = Changes {
        removed: vec![request.key.to_string()],
        ..Changes::default()
    };
    record(&call, &mut tx, of, &changed).await?;
    call.audit(&mut tx, &format!("{name} {}", request.key)).await?;
    tx.commit().await?;
    Ok(())
}

/// The answer leaves only when it stands in the audit log who asked.
pub async fn reveal_variable(call: Call, request: RevealVariable) -> Result<RevealedVariable, ApiError> {
    let mut tx = call.begin().await?;
    let (of, name) = named(&call, &mut tx, request.scope).await?;
    let key = request.key;
    let value = variables::value(&mut tx, &call.app.sealer, of, &key).await?;
    let value = value.ok_or_else(|| ApiError::not_found("variable"))?;
    call.audit(&mut tx, &format!("{name} {key}")).await?;
    tx.commit().await?;
    Ok(RevealedVariable { key, value })
}

/// First it is found out what changes; a preview ends there.
pub async fn import_variables(call: Call, request: ImportVariables) -> Result<Changes, ApiError> {
    let mut tx = call.begin().await?;
    let (of, name) = named(&call, &mut tx, request.scope).await?;
    let asked = request.body;
    let entries = dotenv::parse(asked.text.expose());
    let entries = entries.map_err(|error| ApiError::invalid(format!("{error}.")))?;
    let known = variables::keys(&mut tx, of).await?;
    let changes = difference(&call, &mut tx, of, &entries, &known, asked.replace).await?;
    refuse_too_many(known.len() + changes.added.len() - changes.removed.len())?;
    if asked.preview {
        return Ok(changes);
    }
    if asked.previewed.is_some_and(|told| told != changes) {
        return Err(ApiError::conflict(
            "The variables have been changed by somebody else since; look again at what would change.",
        ));
    }
    if changes.is_empty() {
        return Ok(changes);
    }
    for entry in entries {
        let key = entry.key.to_string();
        let is_new = changes.added.contains(&key);
        if let Some(value) = entry.value.filter(|_| is_new || changes.changed.contains(&key)) {
            let mut variable = VariableValue::new(entry.key, value);
            variable.secret = is_new.then_some(asked.secret);
            variables::put(&mut tx, &call.app.sealer, of, &variable).await?;
        }
    }
    for key in &changes.removed {
        variables::delete(&mut tx, of, key).await?;
    }
    record(&call, &mut tx, of, &changes).await?;
    let count = changes.added.len() + changes.changed.len() + changes.removed.len();
    call.audit(&mut tx, &format!("{name} ({count} changed)")).await?;
    tx.commit().await?;
    Ok(changes)
}

pub async fn list_configuration_changes(
    call: Call,
    request: ListConfigurationChanges,
) -> Result<Vec<ConfigurationChange>, ApiError> {
    let mut tx = call.begin().await?;
    let (of, _) = named(&call, &mut tx, request.scope).await?;
    Ok(changes::list(&mut tx, of).await?)
}

async fn difference(
    call: &Call,
    tx: &mut Tx,
    of: Of,
    entries: &[Entry],
    known: &[String],
    replace: bool,
) -> Result<Changes, ApiError> {
    let mut changes = Changes::default();
    for entry in entries {
        let key = entry.key.to_string();
        let Some(value) = &entry.value else {
            if known.contains(&key) {
                continue;
            }
            let detail = format!(
                "{key} stands in the text without “=”, and there is no such variable whose value could stay; give it a value."
            );
            return Err(ApiError::invalid(detail));
        };
        check(&entry.key, value)?;
        if !known.contains(&key) {
            changes.added.push(key);
        } else if variables::value(tx, &call.app.sealer, of, &entry.key)
            .await?
            .as_ref()
            != Some(value)
        {
            changes.changed.push(key);
        }
    }
    if replace {
        let named = |key: &&String| entries.iter().any(|entry| entry.key.as_str() == key.as_str());
        changes.removed = known.iter().filter(|key| !named(key)).cloned().collect();
    }
    Ok(changes)
}

/// Whose variables they are, and what people call that.
async fn named(call: &Call, tx: &mut Tx, scope: Scope) -> Result<(Of, String), ApiError> {
    let name = scopes::name(tx, scope).await?;
    let name = name.ok_or_else(|| ApiError::not_found(scope.kind()))?;
    let team = call.team()?;
    Ok((Of { team, scope }, name))
}

async fn record(call: &Call, tx: &mut Tx, of: Of, changed: &Changes) -> Result<(), ApiError> {
    let actor = call.caller()?.me.email.as_str();
    changes::record(tx, of, actor, Configured::Variables, changed).await?;
    Ok(scopes::touch(tx, of.scope).await?)
}

fn check(key: &VariableKey, value: &Secret<String>) -> Result<(), ApiError> {
    if value.expose().len() > LARGEST_VALUE || value.expose().contains('\0') {
        return Err(ApiError::invalid(format!(
            "The value of {key} is not valid: it must be at most 64 KiB and hold no NUL byte."
        )));
    }
    Ok(())
}

fn refuse_too_many(count: usize) -> Result<(), ApiError> {
    if count > MOST_VARIABLES {
        return Err(ApiError::conflict(format!(
            "There would be {count} variables in one place; at most {MOST_VARIABLES} are possible; remove some first."
        )));
    }
    Ok(())
}
