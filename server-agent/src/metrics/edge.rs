//! What the edge answers, from its own counters.

use std::collections::HashMap;

use slipway_protocol::ApplicationId;

use crate::domain::metrics::beat::is_near;
use crate::domain::metrics::requests::{Rates, answered};
use crate::domain::traffic::{Traffic, by_service};
use crate::traefik::EdgeApi;

#[derive(Default)]
pub struct Edge {
    /// The beat of the look before, and what was counted.
    before: Option<(i64, HashMap<String, Traffic>)>,
}

impl Edge {
    /// The look at `at`; `None` where the edge cannot be asked, or was not for a while. Who is not among them was not asked.
    pub async fn look(&mut self, api: &EdgeApi, at: i64) -> Option<HashMap<ApplicationId, Rates>> {
        let metrics = match api.metrics().await {
            Ok(metrics) => metrics,
            Err(error) => {
                tracing::debug!(%error, "the edge's counters are not known now");
                return None;
            }
        };
        self.counted(at, by_service(&metrics))
    }

    /// What has grown since the edge was last asked, over that time: after a look that failed it is longer than from beat to beat.
    fn counted(&mut self, at: i64, now: HashMap<String, Traffic>) -> Option<HashMap<ApplicationId, Rates>> {
        let before = self.before.as_ref().filter(|(then, _)| is_near(*then, at));
        let rates = before.map(|(then, before)| answered(before, &now, at - then));
        self.before = Some((at, now));
        rates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::metrics::series::{Of, SERIES};
    use crate::domain::routes::target_name;

    /// FR-OBS-03: what grew while the edge could not be asked is of that whole time, and makes no peak in the look after it.
    #[test]
    fn a_failed_look_makes_no_peak() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let counted = |requests| {
            let traffic = Traffic {
                requests,
                ..Traffic::default()
            };
            HashMap::from([(target_name(id), traffic)])
        };
        let mut edge = Edge::default();
        assert!(edge.counted(100, counted(1_000)).is_none());
        let mut rate = |at, requests| {
            let rates = edge.counted(at, counted(requests))?;
            let mut values = [None; SERIES];
            rates.get(&id)?.put_into(&mut values);
            values[Of::Requests as usize]
        };
        assert_eq!(rate(110, 1_050), Some(5.0));
        // Those of 120 and 130 failed.
        assert_eq!(rate(140, 1_200), Some(5.0));
        assert_eq!(rate(150, 1_250), Some(5.0));
        assert_eq!(rate(220, 1_600), None, "too long ago");
    }
}
