//! Deployments that were asked for are seen through to their ends: what goes wrong is done when it is reached, and how each ended is judged.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step, Trigger};
use slipway_protocol::{ApplicationId, DeploymentId, api};

use super::{Fault, Ways};
use crate::load;
use crate::stage::{DEPLOYMENT_LIMIT, Stage, host_of};
use crate::wait::{self, Pace};

/// A wish to cancel has been heard by then; a step that hangs has more time than that.
const HEARD_WITHIN: TimeDelta = TimeDelta::seconds(50);

/// What is asked of one of them in one round.
pub(super) struct Asked {
    pub(super) way: usize,
    pub(super) step: Step,
    pub(super) moment: String,
    pub(super) version: String,
    pub(super) fault: Fault,
    /// It fails for certain, and the faults are on its way back.
    pub(super) back: bool,
    pub(super) deployment: DeploymentId,
    pub(super) armed: bool,
    /// When somebody cancelled it.
    pub(super) cancelled: Option<DateTime<Utc>>,
}

impl Ways {
    /// To the end of all that was asked for, and what must hold then.
    pub(super) async fn see_through(&mut self, mut asked: Vec<Asked>) {
        let ended = self.until_all_ended(&mut asked).await;
        let docker = asked.iter().any(|asked| asked.fault == Fault::Docker);
        let storm = asked.iter().any(|asked| asked.fault.strikes_all());
        if docker {
            self.until_all_serve(&asked, &ended).await;
        }
        for (asked, view) in asked.into_iter().zip(ended) {
            self.judge(asked, &view, storm).await;
        }
        self.watch.hold(&self.stage).await;
        for alone in self.ways.iter().filter_map(|way| way.alone.as_ref()) {
            alone.hold();
        }
        for way in self.ways.iter().filter(|way| way.keeps_all && !docker) {
            let Some(load) = &way.load else { continue };
            if load.failed() > 0 {
                panic!("{}: {:?}", way.name, load.so_far().failures);
            }
        }
    }

    /// Asks until it is accepted: a killed agent is started again, a killed database comes back.
    pub(super) async fn ask(&mut self, application: ApplicationId) -> DeploymentId {
        let begun = std::time::Instant::now();
        loop {
            if !self.stage.agent.is_running() {
                self.stage.agent.resume().await;
                self.watch.restarted(&self.stage);
            }
            let request = api::RequestDeployment {
                application,
                revision: None,
                body: Trigger::Deploy,
            };
            match self.stage.connection.send(request).await {
                Ok(view) => return view.id,
                Err(error) => assert!(begun.elapsed() < Duration::from_secs(180), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn until_all_ended(&mut self, asked: &mut [Asked]) -> Vec<DeploymentView> {
        let (begun, pace) = (std::time::Instant::now(), Pace::begin());
        let mut docker_killed = false;
        loop {
            for asked in asked.iter_mut().filter(|asked| asked.armed) {
                let application = self.ways[asked.way].application;
                if self.stage.agent.is_armed(application) {
                    continue;
                }
                asked.armed = false;
                if asked.fault == Fault::Cancel {
                    let deployment = asked.deployment;
                    let wish = api::CancelDeployment { deployment };
                    let begun = Utc::now();
                    let taken = self.stage.connection.send(wish).await;
                    taken.expect("the wish to cancel is taken");
                    self.watch.done("CancelDeployment", begun);
                    asked.cancelled = Some(Utc::now());
                }
                if asked.fault == Fault::Database {
                    self.stage.agent.kill_database().await;
                }
                if asked.fault == Fault::Docker && !docker_killed {
                    docker_killed = true;
                    self.stage.agent.engine().kill_and_restart().await;
                }
            }
            if asked.iter().any(|asked| asked.fault == Fault::Kill) && !self.stage.agent.is_running() {
                self.stage.agent.resume().await;
                self.watch.restarted(&self.stage);
            }
            let mut ended = Vec::new();
            for asked in asked.iter() {
                let deployment = asked.deployment;
                match self
                    .stage
                    .connection
                    .send(api::GetDeployment { deployment })
                    .await
                {
                    Ok(view) if view.status.is_final() => ended.push(view),
                    Ok(_) | Err(_) => break,
                }
            }
            if ended.len() == asked.len() {
                return ended;
            }
            assert!(
                begun.elapsed() < DEPLOYMENT_LIMIT,
                "not all deployments end: {:?}",
                ended.iter().map(|view| view.status).collect::<Vec<_>>()
            );
            pace.pause().await;
        }
    }

    /// A restarted engine starts every task anew, the bystander's too.
    async fn until_all_serve(&mut self, asked: &[Asked], ended: &[DeploymentView]) {
        for (asked, view) in asked.iter().zip(ended) {
            let way = &self.ways[asked.way];
            let version = match view.status {
                DeploymentStatus::Succeeded => &asked.version,
                _ => &way.serving,
            };
            let wanted = (200, format!("version {version}\n"));
            wait::until("it serves again", Duration::from_secs(120), async || {
                load::get(self.stage.agent.edge_port(), &host_of(way.name), "/")
                    .await
                    .is_ok_and(|(status, body)| {
                        (status, String::from_utf8_lossy(&body).into_owned()) == wanted
                    })
            })
            .await;
        }
        self.watch.engine_restarted(&self.stage).await;
    }

    /// `storm`: something else may have struck this deployment too.
    async fn judge(&mut self, asked: Asked, view: &DeploymentView, storm: bool) {
        let (fault, moment) = (asked.fault, asked.moment.as_str());
        let way = &mut self.ways[asked.way];
        let what = format!("{}, {}:{moment}, {fault:?}", way.name, asked.step.as_str());
        // What is killed may be missed before a step is reached, and the deployment fail there.
        let reached = !self.stage.agent.is_armed(way.application);
        assert!(reached || storm, "{what}: not reached, {view:?}");
        if let (Some(wanted), false) = (fault.end(asked.step, moment), storm) {
            assert_eq!(view.status, wanted, "{what}: {:?}", view.failure);
        }
        assert!(
            !asked.back || view.status == DeploymentStatus::Failed,
            "{what}: {view:?}"
        );
        match view.status {
            DeploymentStatus::Succeeded => way.serving = asked.version,
            DeploymentStatus::Failed => assert!(view.failure.is_some(), "{what}"),
            DeploymentStatus::Cancelled if fault == Fault::Cancel => {}
            other => panic!("{what}: {other:?} {:?}", view.steps),
        }
        eprintln!(
            "{what}: {:?} {}",
            view.status,
            view.failure.as_deref().unwrap_or("")
        );
        self.stage.assert_serves(way.name, &way.serving).await;
        let heard = asked.cancelled.filter(|_| asked.step != Step::Retire);
        if let Some(wish) = heard {
            is_heard(&self.stage, asked.deployment, wish, &what).await;
        }
    }
}

/// It is the wish that stops the step, and not the end of the step's own time, which is longer. How soon that is, a busy machine decides.
async fn is_heard(stage: &Stage, deployment: DeploymentId, wish: DateTime<Utc>, what: &str) {
    let lines = stage.lines(deployment, None).await;
    let said = lines
        .iter()
        .find(|line| line.text == "Stopped: the deployment was cancelled");
    let took = said.map(|line| line.at - wish);
    assert!(took.is_some_and(|took| took < HEARD_WITHIN), "{what}: {took:?}");
}
