//! How long a message takes to each cluster and back: measured every few seconds, and kept apart from the fleet, so that a measurement
//! redraws its number and nothing else.

use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Link, LinkChange};
use yew::prelude::*;

use crate::text;

#[derive(Clone, Default, PartialEq)]
pub struct RoundTrips(Rc<HashMap<ClusterId, f64>>);

impl Reducible for RoundTrips {
    type Action = LinkChange;

    fn reduce(self: Rc<Self>, change: LinkChange) -> Rc<Self> {
        let Link::Up { round_trip_ms, .. } = change.link else {
            return self;
        };
        let mut next = (*self.0).clone();
        next.insert(change.cluster, round_trip_ms);
        Self(Rc::new(next)).into()
    }
}

#[derive(PartialEq, Properties)]
pub struct RoundTripProps {
    pub of: ClusterId,
    /// As it was when the link came up.
    pub first: f64,
}

/// The last measurement.
#[function_component]
pub fn RoundTrip(props: &RoundTripProps) -> Html {
    let all = use_context::<RoundTrips>().unwrap_or_default();
    let last = all.0.get(&props.of).copied().unwrap_or(props.first);
    html! { { text::milliseconds(last) } }
}
