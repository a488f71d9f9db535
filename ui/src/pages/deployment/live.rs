//! How a deployment is followed.

use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::desktop::{FollowDeployment, command};
use slipway_protocol::log_line::{DeploymentEvent, DeploymentLogLine};
use slipway_protocol::{ClusterId, DeploymentId};

use crate::components::log_view::buffer::Line;
use crate::components::log_view::live::{Heard, Running};

impl Running for DeploymentId {
    type View = DeploymentView;
    type Request = FollowDeployment;
    type Event = DeploymentEvent;

    const COMMAND: &'static str = command::FOLLOW_DEPLOYMENT;

    fn request(self, cluster: ClusterId, after: Option<u64>) -> FollowDeployment {
        FollowDeployment {
            cluster,
            deployment: self,
            after,
        }
    }

    fn heard(event: DeploymentEvent) -> Heard<DeploymentView> {
        match event {
            DeploymentEvent::Line(line) if line.is_instead() => Heard::Instead(shown(line)),
            DeploymentEvent::Line(line) => Heard::Lines(vec![shown(line)]),
            DeploymentEvent::Changed(now) => Heard::Changed(now),
            DeploymentEvent::Ping => Heard::Nothing,
        }
    }
}

fn shown(line: DeploymentLogLine) -> Line {
    let who = line.step.as_str().replace('_', "-");
    Line {
        numbered: !line.is_instead(),
        ..Line::new(line.sequence, line.at, who, line.stream, line.text)
    }
}
