//! Before something is deleted: what goes is shown, and whoever is there is asked; for the name where data is lost.

use slipway_protocol::deletion::Deletion;

use crate::error::CliError;
use crate::{ask, output};

/// What was given on the command line.
#[derive(Clone, clap::Args)]
pub struct Confirmation {
    /// Do not ask. Where data is lost, --confirm is needed too.
    #[arg(long)]
    pub yes: bool,
    /// The name of what is deleted, to delete its data too.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// What was deleted.
pub fn report(what: &Deletion, in_json: bool) -> Result<(), CliError> {
    if in_json {
        return output::json(what);
    }
    output::line(&format!("Deleted “{}”.", output::plain(&what.name)));
    Ok(())
}

/// The name to send along; an error when it is not to be deleted.
pub fn agreed(what: &Deletion, given: Confirmation) -> Result<Option<String>, CliError> {
    if given.confirm.is_some() {
        return Ok(given.confirm);
    }
    let silent = given.yes || !ask::somebody_is_there();
    match (silent, what.needs_name()) {
        (true, true) => Err(CliError::Usage(format!(
            "The data in {} would be lost; confirm with --confirm and the name.",
            what.volumes.join(", ")
        ))),
        (true, false) if given.yes => Ok(None),
        (true, false) => Err(CliError::Usage(
            "There is nobody to ask; confirm with --yes.".to_owned(),
        )),
        (false, needs_name) => {
            output::note(&format!("Deleting “{}” removes:", output::plain(&what.name)));
            for line in what.in_words() {
                output::note(&format!("  {}", output::plain(&line)));
            }
            let deletes = if needs_name {
                ask::text("Type its name to delete it with its data: ")? == what.name
            } else {
                ask::yes("Delete it?")?
            };
            if deletes {
                Ok(Some(what.name.clone()))
            } else {
                Err(CliError::Failed("Nothing was deleted.".to_owned()))
            }
        }
    }
}
