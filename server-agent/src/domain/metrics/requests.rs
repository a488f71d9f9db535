//! What the edge answered for each application between two looks at its counters.

use std::collections::HashMap;

use slipway_protocol::ApplicationId;

use super::series::{Of, SERIES, Values};
use crate::domain::routes::application_of;
use crate::domain::traffic::Traffic;

/// The growth of each application's counters in so many seconds. A service that was not there before counts from nothing.
///
/// The seconds are those from beat to beat, not those that really passed: a look may come a little early or late, and then the points
/// together would not say how many were asked.
pub fn answered(
    before: &HashMap<String, Traffic>,
    now: &HashMap<String, Traffic>,
    seconds: i64,
) -> HashMap<ApplicationId, Rates> {
    let seconds = seconds as f64;
    let mut all: HashMap<ApplicationId, Traffic> = HashMap::new();
    // Each service for itself: the sum of an application shrinks when the half for a canary goes.
    for (service, traffic) in now {
        let Some(application) = application_of(service) else {
            continue;
        };
        let grown = traffic.since(before.get(service).copied().unwrap_or_default());
        let sum = all.entry(application).or_default();
        sum.requests += grown.requests;
        sum.failed += grown.failed;
        sum.seconds += grown.seconds;
    }
    let rates = |(application, traffic)| (application, Rates { traffic, seconds });
    all.into_iter().map(rates).collect()
}

/// What was answered in some seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    traffic: Traffic,
    seconds: f64,
}

impl Rates {
    /// Nothing was asked.
    pub const NONE: Self = Self {
        traffic: Traffic {
            requests: 0,
            failed: 0,
            seconds: 0.0,
        },
        seconds: 1.0,
    };

    pub fn any(&self) -> bool {
        self.traffic.requests > 0
    }

    pub fn put_into(&self, values: &mut Values<SERIES>) {
        let each_second = |amount: f64| Some((amount / self.seconds) as f32);
        values[Of::Requests as usize] = each_second(self.traffic.requests as f64);
        values[Of::Errors as usize] = each_second(self.traffic.failed as f64);
        values[Of::Waiting as usize] = each_second(self.traffic.seconds);
        values[Of::Latency as usize] = self.traffic.mean_ms().map(|latency| latency as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routes::{halves, target_name};

    fn traffic(requests: u64, failed: u64, seconds: f64) -> Traffic {
        Traffic {
            requests,
            failed,
            seconds,
        }
    }

    fn values(rates: &Rates) -> Values<SERIES> {
        let mut values = [None; SERIES];
        rates.put_into(&mut values);
        values
    }

    /// FR-OBS-03: requests, errors and the latency of an application over the halves of its route; what belongs to nobody is passed over.
    #[test]
    fn an_applications_services_count_together() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let (now_half, next_half) = halves(&target_name(id));
        let before = HashMap::from([(now_half.clone(), traffic(1_000, 10, 50.0))]);
        let now = HashMap::from([
            (now_half, traffic(1_080, 12, 54.0)),
            (next_half, traffic(20, 0, 1.0)),
            ("probe-1".to_owned(), traffic(500, 0, 1.0)),
        ]);
        let all = answered(&before, &now, 10);
        assert_eq!(all.len(), 1);
        let values = values(&all[&id]);
        assert_eq!(values[Of::Requests as usize], Some(10.0));
        assert_eq!(values[Of::Errors as usize], Some(0.2));
        assert_eq!(values[Of::Latency as usize], Some(50.0));
    }

    /// FR-OBS-03: when the half of a canary goes, what was counted long ago is not counted again.
    #[test]
    fn a_half_that_goes_takes_nothing_along() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let target = target_name(id);
        let before = HashMap::from([
            (target.clone(), traffic(1_000_000, 5, 900.0)),
            (halves(&target).1, traffic(100, 1, 1.0)),
        ]);
        let now = HashMap::from([(target, traffic(1_000_005, 5, 900.1))]);
        assert_eq!(
            values(&answered(&before, &now, 10)[&id])[Of::Requests as usize],
            Some(0.5)
        );
    }

    /// FR-OBS-03: an edge that began anew counts from nothing; nothing asked has no latency; a late look speaks for longer.
    #[test]
    fn an_edge_that_began_anew_counts_from_nothing() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let before = HashMap::from([(target_name(id), traffic(500, 5, 9.0))]);
        let now = HashMap::from([(target_name(id), traffic(20, 0, 0.2))]);
        let all = answered(&before, &now, 10);
        assert_eq!(values(&all[&id])[Of::Requests as usize], Some(2.0));
        let quiet = answered(&now, &now, 10);
        assert!(!quiet[&id].any());
        assert_eq!(values(&quiet[&id])[Of::Latency as usize], None);
        assert_eq!(values(&Rates::NONE)[Of::Requests as usize], Some(0.0));
        let late = answered(&before, &now, 40);
        assert_eq!(values(&late[&id])[Of::Requests as usize], Some(0.5));
    }
}
