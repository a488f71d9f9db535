//! Canary only: lead a growing share of the requests to the new tasks, and go back when their answers are bad.
//!
//! The share stands in the database, so that a killed agent goes on with the share that it had reached.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;
use slipway_protocol::settings::{Canary, Percent, Strategy};
use tokio::time::Instant;

use super::counted::Counted;
use super::{Context, StepError, drain, gate, meter};
use crate::db::deployments;
use crate::deploy::routes::apply_routes;
use crate::domain::rollout::{Verdict, judge};
use crate::domain::routes::target_name;
use crate::domain::step_output::Released;
use crate::domain::traffic::Traffic;
use crate::traefik::EdgeError;

const LOOK: Duration = Duration::from_secs(1);
/// So long the edge is asked for one set of servers: a task may be replaced by another one meanwhile.
const AS_IT_WAS: Duration = Duration::from_secs(3);
/// Fewer answers than these say nothing yet about a share of errors.
const ENOUGH: u64 = 20;
/// So few say something when no more will come: one or two may be anybody's mistake.
const A_HANDFUL: u64 = 3;

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let Strategy::Canary(canary) = &context.plan.settings.rollout.strategy else {
        return Ok(json!({}));
    };
    let before = context
        .output::<Released>(Step::Release)
        .and_then(|output| output.before);
    if before.is_none() {
        context.log.say(
            Step::Canary,
            "Nobody served before, so there is nobody to share requests with",
        );
        return Ok(json!({}));
    }
    let reached = {
        let mut connection = context.app.db.pool().acquire().await?;
        deployments::share(&mut connection, context.id)
            .await?
            .unwrap_or(0)
    };
    let mut since = Since::default();
    for share in canary
        .shares
        .iter()
        .map(|share| share.get())
        .filter(|share| *share >= reached)
    {
        since.begin(meter::read_next(context.app, context.plan.application).await);
        lead(context, share).await?;
        watch(context, canary, &mut since).await?;
    }
    Ok(json!({ "shares": canary.shares.iter().map(|share| share.get()).collect::<Vec<_>>() }))
}

/// Everything back to who served before.
pub async fn undo(context: &Context<'_>) -> Result<(), StepError> {
    let application = context.plan.application;
    let mut connection = context.app.db.pool().acquire().await?;
    deployments::end_share(&mut connection, application).await?;
    drop(connection);
    confirm(context).await?;
    // The release is removed next; requests that it has already get their answers.
    drain::own(context, Step::Canary).await
}

async fn lead(context: &Context<'_>, share: u8) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    deployments::set_share(&mut connection, context.id, Some(share)).await?;
    drop(connection);
    confirm(context).await?;
    context.log.say(
        Step::Canary,
        &format!("The new release gets {share} % of the requests"),
    );
    Ok(())
}

/// Writes the routes and reads from Traefik that it serves them; gives the servers that the application has by then.
pub async fn confirm(context: &Context<'_>) -> Result<Vec<String>, StepError> {
    let name = target_name(context.plan.application);
    let limit = Duration::from_secs(context.plan.limits.cut_over);
    let begun = Instant::now();
    loop {
        let routes = apply_routes(context.app).await?;
        let Some(target) = routes.targets.get(&name) else {
            return Ok(Vec::new());
        };
        let turn = AS_IT_WAS.min(limit.saturating_sub(begun.elapsed()));
        match context.app.edge.wait_until_served(&name, target, turn).await {
            Ok(()) => return Ok(target.servers.clone()),
            Err(_) if begun.elapsed() < limit => {}
            Err(_) => return Err(EdgeError::NotTakenUp { limit }.into()),
        }
    }
}

/// What the edge had counted for canaries of the application when this one began, and when its share was last raised. The edge goes on
/// with what it has counted for earlier ones: as long as it could not be asked, nothing is known to be this one's.
#[derive(Default)]
struct Since {
    canary: Option<Traffic>,
    share: Option<Traffic>,
}

impl Since {
    /// Another share begins.
    fn begin(&mut self, now: Option<Traffic>) {
        self.share = now;
        self.canary = self.canary.or(now);
    }

    /// What came since the canary began, and since the share did; where that was not known yet, they begin with this.
    fn until(&mut self, now: Traffic) -> [Traffic; 2] {
        let canary = *self.canary.get_or_insert(now);
        let share = *self.share.get_or_insert(now);
        [now.since(canary), now.since(share)]
    }
}

/// Looks at the new release's answers for as long as one share lasts.
async fn watch(context: &Context<'_>, canary: &Canary, since: &mut Since) -> Result<(), StepError> {
    let (app, plan) = (context.app, context.plan);
    let end = Instant::now() + Duration::from_secs(u64::from(canary.pause.get()));
    let mut counted = Counted::of(context);
    loop {
        if context.cancel.is_cancelled() {
            return Err(StepError::Cancelled);
        }
        let tasks = counted.look(context).await?;
        if let Verdict::Failed(reason) = judge(&tasks, 1, Duration::ZERO, Duration::MAX) {
            let reason = format!("the canary does not stay up: {reason}");
            let failed = gate::not_up(context, &tasks, reason).await;
            gate::show_last_lines(context, Step::Canary).await;
            return Err(failed);
        }
        let over = Instant::now() >= end;
        if let Some(now) = meter::read_next(app, plan.application).await {
            let judged: fn(&Canary, Traffic) -> Option<String> = if over { verdict_at_last } else { verdict };
            // One that gets worse with its share is not excused by what it answered before.
            let found = since
                .until(now)
                .into_iter()
                .find_map(|traffic| judged(canary, traffic));
            if let Some(reason) = found {
                return Err(StepError::Failed(reason));
            }
        }
        if over {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Why the new release's answers are not good enough; `None` while they are, or too few came to say.
fn verdict(canary: &Canary, traffic: Traffic) -> Option<String> {
    if traffic.requests < ENOUGH {
        return None;
    }
    too_many_errors(canary, traffic).or_else(|| too_slow(canary, traffic))
}

/// The same when the time of a share is over: where few people come, a handful of answers has to be enough for their errors.
fn verdict_at_last(canary: &Canary, traffic: Traffic) -> Option<String> {
    if traffic.requests < A_HANDFUL {
        return None;
    }
    too_many_errors(canary, traffic).or_else(|| verdict(canary, traffic))
}

#[allow(clippy::cast_precision_loss)]
fn too_many_errors(canary: &Canary, traffic: Traffic) -> Option<String> {
    let errors = traffic.failed as f64 * 100.0 / traffic.requests as f64;
    (errors > f64::from(Percent::get(canary.errors))).then(|| {
        format!(
            "{} of {} requests to the new release failed ({errors:.1} %, more than {} %); all requests go to the old one again",
            traffic.failed,
            traffic.requests,
            canary.errors.get()
        )
    })
}

fn too_slow(canary: &Canary, traffic: Traffic) -> Option<String> {
    let (limit, mean) = (f64::from(canary.latency_ms?), traffic.mean_ms()?);
    (mean > limit).then(|| {
        format!(
            "the new release takes {mean:.0} ms to answer, longer than {limit:.0} ms; all requests go to the old one again"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(requests: u64, failed: u64, seconds: f64) -> Traffic {
        Traffic {
            requests,
            failed,
            seconds,
        }
    }

    /// FR-DEP-05: a canary goes back on errors and on slowness, but not because of a handful of requests.
    #[test]
    fn bad_answers_are_noticed() {
        let canary = Canary {
            latency_ms: Some(200),
            ..Canary::default()
        };
        assert_eq!(verdict(&canary, traffic(5, 5, 1.0)), None);
        // When the time is over there is nothing more to wait for.
        let at_last = |requests, failed| verdict_at_last(&canary, traffic(requests, failed, 1.0));
        assert!(at_last(5, 5).is_some_and(|said| said.contains("5 of 5")));
        assert_eq!(at_last(2, 2), None);
        assert_eq!(at_last(5, 0), None);
        assert_eq!(verdict(&canary, traffic(100, 5, 10.0)), None);
        assert!(
            verdict(&canary, traffic(100, 6, 10.0))
                .unwrap()
                .contains("6 of 100")
        );
        assert!(
            verdict(&canary, traffic(100, 0, 30.0))
                .unwrap()
                .contains("300 ms")
        );
    }

    /// FR-DEP-05: a canary that fails with a greater share is not excused by its good answers to a smaller one; nor is it blamed for what
    /// the edge has counted of an earlier canary, also where the edge could not be asked when it began.
    #[test]
    fn a_canary_answers_for_itself_alone() {
        let canary = Canary::default();
        let failed = |since: &mut Since, now: Traffic| {
            let mut parts = since.until(now).into_iter();
            parts.find_map(|traffic| verdict(&canary, traffic))
        };
        let earlier = traffic(50, 50, 1.0);
        let mut since = Since::default();
        since.begin(Some(earlier));
        assert_eq!(failed(&mut since, traffic(2_050, 50, 5.0)), None);
        since.begin(Some(traffic(2_050, 50, 5.0)));
        // 20 of 2,050 are few, and 20 of 50 are not.
        let said = failed(&mut since, traffic(2_100, 70, 5.0)).unwrap();
        assert!(said.contains("20 of 50"), "{said}");

        let mut since = Since::default();
        since.begin(None);
        assert_eq!(failed(&mut since, earlier), None);
        assert_eq!(failed(&mut since, traffic(80, 50, 2.0)), None);
        assert!(failed(&mut since, traffic(80, 80, 2.0)).is_some());
    }
}
