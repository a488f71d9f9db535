//! What the edge answers, from its own counters.

use std::collections::HashMap;

use slipway_protocol::ApplicationId;

use crate::domain::metrics::beat::{BEAT, is_near};
use crate::domain::metrics::requests::{Rates, answered};
use crate::domain::traffic::{Traffic, by_service};
use crate::traefik::EdgeApi;

#[derive(Default)]
pub struct Edge {
    /// The beat of the look before, and what was counted.
    before: Option<(i64, HashMap<String, Traffic>)>,
}

impl Edge {
    /// The look at `at`, which speaks for so many beats; `None` where the edge cannot be asked, or was not for a while. Who is not among
    /// them was not asked. After a look that failed, what it missed is in the next one's.
    pub async fn look(
        &mut self,
        api: &EdgeApi,
        at: i64,
        beats: usize,
    ) -> Option<HashMap<ApplicationId, Rates>> {
        let metrics = match api.metrics().await {
            Ok(metrics) => metrics,
            Err(error) => {
                tracing::debug!(%error, "the edge's counters are not known now");
                return None;
            }
        };
        let now = by_service(&metrics);
        let before = self.before.as_ref().filter(|(then, _)| is_near(*then, at));
        let rates = before.map(|(_, before)| answered(before, &now, BEAT * beats as i64));
        self.before = Some((at, now));
        rates
    }
}
