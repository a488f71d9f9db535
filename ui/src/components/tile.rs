//! A cluster's tile: its initials on its colour, with the link's dot at the corner.

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::Cluster;
use yew::prelude::*;

use super::pill::Tone;
use crate::text;

/// The colours a cluster can have; the style sheet has a class for each (`tile-0`, …).
pub const PALETTE: [&str; 8] = [
    "#b3441e", "#2563c4", "#5b4bc4", "#3f6b4f", "#0b7a75", "#9a3a73", "#7a5c12", "#4a5568",
];

/// The palette's place of a cluster's colour; of its id if it has none, or one that is not in the palette.
fn place(color: Option<&str>, id: ClusterId) -> usize {
    let chosen = color.and_then(|color| PALETTE.iter().position(|known| known.eq_ignore_ascii_case(color)));
    chosen.unwrap_or_else(|| {
        let sum: usize = id.0.as_bytes().iter().map(|byte| usize::from(*byte)).sum();
        sum % PALETTE.len()
    })
}

#[derive(PartialEq, Properties)]
pub struct TileProps {
    pub name: AttrValue,
    pub color: Option<AttrValue>,
    pub id: ClusterId,
    pub tone: Tone,
}

impl TileProps {
    pub fn of(cluster: &Cluster) -> Self {
        Self {
            name: cluster.name.clone().into(),
            color: cluster.color.clone().map(AttrValue::from),
            id: cluster.id,
            tone: Tone::of_link(&cluster.link),
        }
    }
}

#[function_component]
pub fn Tile(props: &TileProps) -> Html {
    let color = place(props.color.as_deref(), props.id);
    html! {
        <span class={classes!("tile", format!("tile-{color}"))}>
            { text::initials(&props.name) }
            <span class={classes!("corner", "dot", props.tone.class())} aria-hidden="true"/>
        </span>
    }
}
