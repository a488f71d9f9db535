//! Commands around a cut-over.

use slipway_protocol::settings::{CommandLine, Hooks};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::units::Amount;

const BEFORE: &str = "hook-before";
const AFTER: &str = "hook-after";
const LIMIT: &str = "hook-limit";
pub const FIELDS: &[&str] = &[BEFORE, AFTER, LIMIT];

pub fn fill(draft: &mut Draft, hooks: &Hooks) {
    draft.put_optional(BEFORE, hooks.before.as_ref());
    draft.put_optional(AFTER, hooks.after.as_ref());
    draft.put_optional(LIMIT, hooks.limit.map(|limit| limit.write()));
}

pub fn read(reader: &mut Reader<'_>, hooks: &mut Hooks) {
    hooks.before = reader.optional(BEFORE, CommandLine::split);
    hooks.after = reader.optional(AFTER, CommandLine::split);
    hooks.limit = reader.optional_amount(LIMIT);
}

pub fn view(form: &Form) -> Html {
    html! {
        <>
            <p class="field-hint">{ "Each runs once, in a container of the new image with its variables, when a new image is deployed." }</p>
            { form.text_like(BEFORE, "Before the new tasks start", "npm run migrate", "Its failure ends the deployment; the old release serves on.") }
            { form.text_like(AFTER, "When the new release serves", "", "Its failure is said, and changes nothing else.") }
            { form.text_like(LIMIT, "Time of either", "30 min", "What takes longer is stopped, and has failed.") }
        </>
    }
}
