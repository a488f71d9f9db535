//! What the edge answers, from its own counters.

use std::collections::HashMap;
use std::time::Instant;

use slipway_protocol::ApplicationId;

use crate::domain::metrics::requests::{Rates, answered};
use crate::domain::traffic::{Traffic, by_service};
use crate::traefik::EdgeApi;

#[derive(Default)]
pub struct Edge {
    before: Option<(Instant, HashMap<String, Traffic>)>,
}

impl Edge {
    /// One look; `None` where the edge cannot be asked, or was not for a while. Who is not among them was not asked.
    pub async fn look(&mut self, api: &EdgeApi) -> Option<HashMap<ApplicationId, Rates>> {
        let metrics = match api.metrics().await {
            Ok(metrics) => metrics,
            Err(error) => {
                tracing::debug!(%error, "the edge's counters are not known now");
                self.before = None;
                return None;
            }
        };
        let (at, now) = (Instant::now(), by_service(&metrics));
        let rates = self
            .before
            .as_ref()
            .and_then(|(then, before)| answered(before, &now, at.duration_since(*then)));
        self.before = Some((at, now));
        rates
    }
}
