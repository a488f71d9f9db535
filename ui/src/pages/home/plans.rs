//! What would be done with each of several applications, as the agent has planned it.

use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::ApplicationId;
use slipway_protocol::desktop::Failure;
use slipway_protocol::plan::{PlanView, Revision};

use super::answers::next_is_answered;

#[derive(Clone, Debug, PartialEq)]
pub enum Planned {
    As(Rc<PlanView>),
    /// There is none, and why: it is left out.
    Not(String),
}

/// Who is not in it was not planned yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plans(HashMap<ApplicationId, Planned>);

impl Plans {
    /// Takes what came; says whether the next one is to be planned. Where no answer comes none would come for the next one either.
    pub fn take(&mut self, application: ApplicationId, came: Result<PlanView, Failure>) -> bool {
        let (planned, goes_on) = match came {
            Ok(plan) => (Planned::As(Rc::new(plan)), true),
            Err(failure) => {
                let goes_on = next_is_answered(&failure);
                (Planned::Not(failure.sentence), goes_on)
            }
        };
        self.0.insert(application, planned);
        goes_on
    }

    pub fn of(&self, application: ApplicationId) -> Option<&Planned> {
        self.0.get(&application)
    }

    /// What it is asked for with; none where there is no plan.
    pub fn revision(&self, application: ApplicationId) -> Option<Revision> {
        match self.of(application)? {
            Planned::As(plan) => Some(plan.revision.clone()),
            Planned::Not(_) => None,
        }
    }

    /// Its plan is no longer true.
    pub fn forget(&mut self, application: ApplicationId) {
        self.0.remove(&application);
    }

    /// Those of them that have no plan, in their order.
    pub fn without(&self, all: &[ApplicationId]) -> Vec<ApplicationId> {
        let lacks = |id: &ApplicationId| self.revision(*id).is_none();
        all.iter().copied().filter(lacks).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::app::plan_view::sample::plan;
    use slipway_protocol::ErrorCode;
    use slipway_protocol::desktop::FailureKind;

    fn app(number: u8) -> ApplicationId {
        format!("018f0000-0000-7000-8000-0000000000{number:02}")
            .parse()
            .unwrap()
    }

    /// FR-DSK-04: each is asked for with the revision of its own plan; one without a plan, or whose plan is no longer true, with none.
    #[test]
    fn each_has_its_own_plan() {
        let all = [app(1), app(2), app(3)];
        let mut plans = Plans::default();
        assert_eq!(plans.without(&all), all);
        assert!(plans.take(app(1), Ok(plan("a1"))));
        let refused = Failure::new(
            FailureKind::Api {
                code: ErrorCode::Invalid,
            },
            "why",
        );
        assert!(plans.take(app(2), Err(refused)));
        assert!(plans.take(app(3), Ok(plan("c3"))));
        assert_eq!(plans.revision(app(1)).unwrap().as_str(), "a1");
        assert_eq!(plans.revision(app(3)).unwrap().as_str(), "c3");
        assert_eq!(plans.of(app(2)), Some(&Planned::Not("why".to_owned())));
        assert_eq!(plans.without(&all), [app(2)]);
        plans.forget(app(1));
        assert_eq!(plans.without(&all), [app(1), app(2)]);
        assert!(plans.take(app(1), Ok(plan("a2"))));
        assert_eq!(plans.revision(app(1)).unwrap().as_str(), "a2");
    }

    /// FR-DSK-04: where no answer comes, or nobody is signed in, no more plans are asked for.
    #[test]
    fn looking_ends_where_no_answer_comes() {
        let kinds = [
            FailureKind::Link,
            FailureKind::NotSignedIn,
            FailureKind::Api {
                code: ErrorCode::Unauthenticated,
            },
        ];
        for kind in kinds {
            let mut plans = Plans::default();
            assert!(!plans.take(app(1), Err(Failure::new(kind, "why"))));
            assert_eq!(plans.revision(app(1)), None);
        }
    }
}
