//! What each task may use.

use slipway_protocol::settings::{ContainerSettings, LabelKey, Resources, UlimitSetting};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::components::rows::Column;
use crate::units::Amount;

pub const MEMORY: &str = "memory";
const RESERVED_MEMORY: &str = "reserved-memory";
const CPU: &str = "cpu";
const RESERVED_CPU: &str = "reserved-cpu";
const PROCESSES: &str = "processes";
const GPUS: &str = "gpus";
const ULIMITS: &str = "ulimits";
pub const FIELDS: &[&str] = &[
    MEMORY,
    RESERVED_MEMORY,
    CPU,
    RESERVED_CPU,
    PROCESSES,
    GPUS,
    ULIMITS,
];

const ULIMIT: &[Column] = &[
    Column::text("Name", "nofile"),
    Column::text("Soft", "1024"),
    Column::text("Hard", "4096"),
];

pub fn fill(draft: &mut Draft, container: &ContainerSettings) {
    let resources = &container.resources;
    draft.put_optional(MEMORY, resources.memory.map(|amount| amount.write()));
    draft.put_optional(
        RESERVED_MEMORY,
        resources.reserved_memory.map(|amount| amount.write()),
    );
    draft.put_optional(CPU, resources.cpu.map(|amount| amount.write()));
    draft.put_optional(RESERVED_CPU, resources.reserved_cpu.map(|amount| amount.write()));
    draft.put_optional(PROCESSES, resources.processes);
    draft.put_optional(GPUS, resources.gpus);
    let row = |one: &UlimitSetting| vec![one.name.to_string(), one.soft.to_string(), one.hard.to_string()];
    draft.put_rows(ULIMITS, container.ulimits.iter().map(row).collect());
}

pub fn read(reader: &mut Reader<'_>, container: &mut ContainerSettings) {
    container.resources = Resources {
        memory: reader.optional_amount(MEMORY),
        reserved_memory: reader.optional_amount(RESERVED_MEMORY),
        cpu: reader.optional_amount(CPU),
        reserved_cpu: reader.optional_amount(RESERVED_CPU),
        processes: reader.optional_amount(PROCESSES),
        gpus: reader.optional_amount(GPUS),
    };
    container.ulimits = reader.rows(ULIMITS, |row| {
        Ok(UlimitSetting {
            name: row.parsed(0, LabelKey::parse)?,
            soft: row.parsed(1, u64::read)?,
            hard: row.parsed(2, u64::read)?,
        })
    });
}

pub fn view(form: &Form) -> Html {
    html! {
        <>
            <p class="field-hint">{ "Of each task. A limit is never exceeded: a task that wants more memory is ended. What is reserved is kept \
                free for it on its node. Empty: no limit, nothing reserved." }</p>
            <div class="form-row even">
                { form.text_like(MEMORY, "Memory limit", "256 MiB", "") }
                { form.text_like(RESERVED_MEMORY, "Memory reserved", "128 MiB", "") }
            </div>
            <div class="form-row even">
                { form.text_like(CPU, "Processor limit", "0.5", "In cores.") }
                { form.text_like(RESERVED_CPU, "Processor reserved", "0.25", "In cores.") }
            </div>
            <div class="form-row even">
                { form.text_like(PROCESSES, "Processes and threads at most", "100", "") }
                { form.text_like(GPUS, "GPUs", "1", "Of the resource gpu that nodes announce to Swarm.") }
            </div>
            { form.rows(ULIMITS, "Ulimits", ULIMIT, "The kernel’s names in lower case.") }
        </>
    }
}
