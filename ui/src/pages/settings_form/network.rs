//! What it reaches beside the edge, and where its tasks may run.

use slipway_protocol::FreeText;
use slipway_protocol::settings::{
    ContainerSettings, HostPort, LabelKey, NetworkName, PlacementConstraint, Port, PortProtocol,
};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::components::rows::Column;
use crate::units::Amount;

const HOST_PORTS: &str = "host-ports";
const NETWORKS: &str = "networks";
const PLACEMENT: &str = "placement";
const LABELS: &str = "labels";
pub const FIELDS: &[&str] = &[HOST_PORTS, NETWORKS, PLACEMENT, LABELS];

const HOST_PORT: &[Column] = &[
    Column::text("Of the node", "2222"),
    Column::text("In the container", "22"),
    Column::text("tcp or udp", "tcp"),
];
const NETWORK: &[Column] = &[Column::text("Network", "shared-db")];
const CONSTRAINT: &[Column] = &[Column::text("Condition", "node.labels.disk==ssd")];
const LABEL: &[Column] = &[Column::text("Key", "team"), Column::text("Value", "shop")];

pub fn fill(draft: &mut Draft, container: &ContainerSettings) {
    let protocol = |one: &HostPort| match one.protocol {
        PortProtocol::Tcp => "tcp".to_owned(),
        PortProtocol::Udp => "udp".to_owned(),
    };
    let ports = container.host_ports.iter();
    let ports = ports.map(|one| vec![one.port.write(), one.target.write(), protocol(one)]);
    draft.put_rows(HOST_PORTS, ports.collect());
    let networks = container.networks.iter();
    draft.put_rows(NETWORKS, networks.map(|one| vec![one.to_string()]).collect());
    let placement = container.placement.iter();
    draft.put_rows(PLACEMENT, placement.map(|one| vec![one.to_string()]).collect());
    let labels = container.labels.iter();
    draft.put_rows(
        LABELS,
        labels
            .map(|(key, value)| vec![key.to_string(), value.to_string()])
            .collect(),
    );
}

pub fn read(reader: &mut Reader<'_>, container: &mut ContainerSettings) {
    container.host_ports = reader.rows(HOST_PORTS, |row| {
        Ok(HostPort {
            port: row.parsed(0, Port::read)?,
            target: row.parsed(1, Port::read)?,
            protocol: match row.text(2) {
                "" | "tcp" => PortProtocol::Tcp,
                "udp" => PortProtocol::Udp,
                _ => return Err("it is tcp or udp".to_owned()),
            },
        })
    });
    container.networks = reader.rows(NETWORKS, |row| row.parsed(0, NetworkName::parse));
    container.placement = reader.rows(PLACEMENT, |row| row.parsed(0, PlacementConstraint::parse));
    let labels = reader.rows(LABELS, |row| {
        let key = row.parsed(0, LabelKey::parse)?;
        let value = FreeText::parse(row.raw(1)).map_err(|error| error.to_string())?;
        Ok((key, value))
    });
    container.labels = labels.into_iter().collect();
}

pub fn view(form: &Form) -> Html {
    html! {
        <>
            { form.node_rows(HOST_PORTS, "Ports of the node", HOST_PORT, "Opened on the server itself, past Traefik. Only one task of a node can have one, so releases take over by recreate.") }
            { form.node_rows(NETWORKS, "Networks", NETWORK, "Overlay networks of Docker beside Slipway’s own; they have to exist already.") }
            { form.rows(PLACEMENT, "Placement", CONSTRAINT, "Tasks run only on nodes for which all of these hold.") }
            { form.rows(LABELS, "Labels", LABEL, "Of the containers, for other programs.") }
        </>
    }
}
