//! What its containers find in their file system beside the image.

use slipway_protocol::settings::{
    BindMount, ContainerPath, ContainerSettings, HostPath, MegaBytes, Tmpfs, VolumeMount, VolumeName,
};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::{Reader, ticked};
use crate::components::rows::Column;
use crate::units::Amount;

pub const VOLUMES: &str = "volumes";
const BINDS: &str = "binds";
const TMPFS: &str = "tmpfs";
const READ_ONLY: &str = "read-only";
pub const FIELDS: &[&str] = &[VOLUMES, BINDS, TMPFS, READ_ONLY];

const VOLUME: &[Column] = &[
    Column::text("Name", "data"),
    Column::text("In the container", "/var/lib/app"),
    Column::flag("Read-only"),
];
const BIND: &[Column] = &[
    Column::text("On the node", "/srv/photos"),
    Column::text("In the container", "/photos"),
    Column::flag("Read-only"),
];
const TEMPORARY: &[Column] = &[
    Column::text("In the container", "/tmp"),
    Column::text("Size at most", "64 MiB"),
];

pub fn fill(draft: &mut Draft, container: &ContainerSettings) {
    let volume = |one: &VolumeMount| vec![one.name.to_string(), one.path.to_string(), ticked(one.read_only)];
    let bind = |one: &BindMount| {
        vec![
            one.source.to_string(),
            one.path.to_string(),
            ticked(one.read_only),
        ]
    };
    let size = |one: &Tmpfs| one.size.map(|size| size.write()).unwrap_or_default();
    draft.put_rows(VOLUMES, container.volumes.iter().map(volume).collect());
    draft.put_rows(BINDS, container.binds.iter().map(bind).collect());
    let temporary = container.tmpfs.iter();
    draft.put_rows(
        TMPFS,
        temporary
            .map(|one| vec![one.path.to_string(), size(one)])
            .collect(),
    );
    draft.put_flag(READ_ONLY, container.read_only);
}

pub fn read(reader: &mut Reader<'_>, container: &mut ContainerSettings) {
    container.volumes = reader.rows(VOLUMES, |row| {
        Ok(VolumeMount {
            name: row.parsed(0, VolumeName::parse)?,
            path: row.parsed(1, ContainerPath::parse)?,
            read_only: row.flag(2),
        })
    });
    container.binds = reader.rows(BINDS, |row| {
        Ok(BindMount {
            source: row.parsed(0, HostPath::parse)?,
            path: row.parsed(1, ContainerPath::parse)?,
            read_only: row.flag(2),
        })
    });
    container.tmpfs = reader.rows(TMPFS, |row| {
        Ok(Tmpfs {
            path: row.parsed(0, ContainerPath::parse)?,
            size: row.optional(1, MegaBytes::read)?,
        })
    });
    container.read_only = reader.flag(READ_ONLY);
}

pub fn view(form: &Form) -> Html {
    html! {
        <>
            { form.rows(VOLUMES, "Volumes", VOLUME, "Kept over deployments. One that is written to makes releases take over by recreate, unless the rollout says otherwise.") }
            { form.rows(TMPFS, "Temporary folders", TEMPORARY, "In memory; they are gone with the task.") }
            { form.node_rows(BINDS, "Folders of the node", BIND, "They have to be there on every node that runs a task.") }
            { form.flag(READ_ONLY, "The container’s own files cannot be written", "What has to be written needs a volume or a temporary folder.") }
        </>
    }
}
