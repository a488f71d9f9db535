//! How a command is followed.

use slipway_protocol::command::{CommandEvent, CommandView};
use slipway_protocol::desktop::{FollowCommand, command};
use slipway_protocol::{ClusterId, CommandId};

use crate::components::log_view::buffer::Line;
use crate::components::log_view::live::{Heard, Running};

impl Running for CommandId {
    type View = CommandView;
    type Request = FollowCommand;
    type Event = CommandEvent;

    const COMMAND: &'static str = command::FOLLOW_COMMAND;

    fn request(self, cluster: ClusterId, after: Option<u64>) -> FollowCommand {
        FollowCommand {
            cluster,
            command: self,
            after,
        }
    }

    fn heard(event: CommandEvent) -> Heard<CommandView> {
        match event {
            CommandEvent::Lines(lines) => Heard::Lines(lines.into_iter().map(Line::from).collect()),
            CommandEvent::Changed(now) => Heard::Changed(now),
            CommandEvent::Ping => Heard::Nothing,
        }
    }
}
