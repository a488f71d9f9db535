//! Who its process is, and what the kernel lets it do.

use std::collections::BTreeSet;

use slipway_protocol::settings::{Capability, ContainerSettings, UserSpec};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;

const USER: &str = "app-user";
pub const ADD: &str = "add-capabilities";
const DROP: &str = "drop-capabilities";
pub const FIELDS: &[&str] = &[USER, ADD, DROP];

const ALL: [Capability; 18] = [
    Capability::AuditWrite,
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::IpcLock,
    Capability::Kill,
    Capability::Mknod,
    Capability::NetAdmin,
    Capability::NetBindService,
    Capability::NetRaw,
    Capability::Setfcap,
    Capability::Setgid,
    Capability::Setpcap,
    Capability::Setuid,
    Capability::SysChroot,
    Capability::SysNice,
    Capability::SysTime,
];

/// As people know it: without Docker's `CAP_`.
fn name(capability: Capability) -> &'static str {
    capability.as_str().trim_start_matches("CAP_")
}

fn parse(word: &str) -> Result<Capability, String> {
    let wanted = word.to_uppercase();
    let wanted = wanted.trim_start_matches("CAP_");
    ALL.into_iter()
        .find(|known| name(*known) == wanted)
        .ok_or_else(|| format!("“{word}” is not among the capabilities that can be given or taken"))
}

pub fn fill(draft: &mut Draft, container: &ContainerSettings) {
    let names = |all: &BTreeSet<Capability>| {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        names.join(" ")
    };
    draft.put_optional(USER, container.user.as_ref());
    draft.put(ADD, names(&container.add_capabilities));
    draft.put(DROP, names(&container.drop_capabilities));
}

pub fn read(reader: &mut Reader<'_>, container: &mut ContainerSettings) {
    container.user = reader.optional(USER, UserSpec::parse);
    container.add_capabilities = reader.words(ADD, parse).into_iter().collect();
    container.drop_capabilities = reader.words(DROP, parse).into_iter().collect();
}

/// Those of the added ones that concern the whole node.
pub fn of_the_node(draft: &Draft) -> BTreeSet<Capability> {
    let words = draft.text(ADD).split(|c: char| c.is_whitespace() || c == ',');
    words
        .filter_map(|word| parse(word).ok())
        .filter(|one| one.concerns_the_node())
        .collect()
}

pub fn view(form: &Form) -> Html {
    let added = if form.reaches_node() {
        "Beyond Docker’s usual set. Those that own the host are not among them."
    } else {
        "Beyond Docker’s usual set. SYS_TIME and SYS_NICE concern the whole node and need the role admin or owner."
    };
    let known: Vec<&str> = ALL.into_iter().map(name).collect();
    html! {
        <>
            { form.text_like(USER, "User", "1000:1000", "In place of the image’s: a name, a number, or user:group.") }
            { form.text_like(ADD, "Capabilities added", "NET_ADMIN", added) }
            { form.text_like(DROP, "Capabilities dropped", "NET_RAW", "Of Docker’s usual set.") }
            <p class="field-hint">{ format!("There are {}.", known.join(", ")) }</p>
        </>
    }
}
