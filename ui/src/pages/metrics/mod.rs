//! What the pages with metrics share: the choice of the time, and the charts of the node.

pub mod node;

use yew::prelude::*;

use crate::components::segmented::{Segment, Segmented};
use crate::state::api::Every;

/// The time that charts show, up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Quarter,
    Hour,
    SixHours,
    Day,
    Week,
    Month,
}

impl Range {
    const ALL: [Self; 6] = [
        Self::Quarter,
        Self::Hour,
        Self::SixHours,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// In seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::SixHours => 21_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Month => 2_592_000,
        }
    }

    /// How often there may be something new to draw.
    pub fn every(self) -> Every {
        match self {
            Self::Quarter | Self::Hour => Every::Milliseconds(10_000),
            Self::SixHours | Self::Day | Self::Week | Self::Month => Every::Milliseconds(60_000),
        }
    }

    fn segment(self) -> Segment<Self> {
        match self {
            Self::Quarter => Segment::new(self, "range-15m", "15 min"),
            Self::Hour => Segment::new(self, "range-1h", "1 h"),
            Self::SixHours => Segment::new(self, "range-6h", "6 h"),
            Self::Day => Segment::new(self, "range-24h", "24 h"),
            Self::Week => Segment::new(self, "range-7d", "7 d"),
            Self::Month => Segment::new(self, "range-30d", "30 d"),
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct RangeChoiceProps {
    pub chosen: Range,
    pub onchange: Callback<Range>,
}

#[function_component]
pub fn RangeChoice(props: &RangeChoiceProps) -> Html {
    let segments: Vec<Segment<Range>> = Range::ALL.into_iter().map(Range::segment).collect();
    html! { <Segmented<Range> label="Time" {segments} chosen={props.chosen} onchange={props.onchange.clone()}/> }
}
