//! What people do in an application that runs: they search its log, run commands and open terminals.

use acceptance::wait;
use futures_util::StreamExt;
use serde_json::{Value, json};
use slipway_protocol::api;
use slipway_protocol::command::{CommandStatus, CommandView, NewCommand};
use slipway_protocol::settings::CommandLimit;
use slipway_protocol::terminal::{NewTerminal, TerminalEnd, TerminalEvent};

use super::carrier::{command, escaped, is_found, pairs};
use super::settings::Kind;
use super::shapes::{LIMIT, Shape};

impl Shape<'_> {
    /// What it printed is found by each text, as it is and as an expression.
    pub async fn assert_searched(&self) {
        let is_line = |text: &&String| text.len() > 3 && !text.contains(char::is_control);
        for text in self.texts.iter().filter(is_line) {
            for (contains, regex) in [(Some(text.clone()), None), (None, Some(escaped(text)))] {
                is_found(self.stage, self.application, text, contains, regex).await;
            }
        }
    }

    /// A command that compares what it is given with what was typed; and one whose program is a text, which is told on one line.
    pub async fn assert_commanded(&self) {
        let view = self.run(command("is", pairs(&self.texts))).await;
        assert_eq!(view.status, CommandStatus::Succeeded, "{:?}", view.failure);
        if self.kind != Kind::Image {
            return;
        }
        let splits = self.texts.iter().find(|text| text.contains(char::is_control));
        let program = splits.unwrap_or(&self.texts[0]);
        let view = self.run(json!([program])).await;
        assert_eq!(view.status, CommandStatus::Failed, "{program:?}");
        // Where an init of the engine's own runs it, that says in the log what it did not find.
        assert!(view.exit_code.is_some() || view.failure.is_some(), "{view:?}");
        let failure = view.failure.unwrap_or_default();
        assert!(!failure.contains(slipway_protocol::is_hidden), "{failure:?}");
    }

    /// Runs a command to its end.
    async fn run(&self, command: Value) -> CommandView {
        let (connection, application) = (&self.stage.connection, self.application);
        let body = NewCommand {
            command: serde_json::from_value(command).unwrap(),
            deployment: None,
            deadline_seconds: CommandLimit::default(),
        };
        let asked = connection.send(api::RunCommand { application, body }).await;
        let command = asked.expect("a command").id;
        wait::until("the command ends", LIMIT, async || {
            let view = connection.send(api::GetCommand { command }).await;
            view.is_ok_and(|view| view.status.is_final())
        })
        .await;
        let view = connection.send(api::GetCommand { command }).await;
        view.expect("the command")
    }

    /// The same comparison in a terminal in the container.
    pub async fn assert_in_a_terminal(&self) {
        let (connection, application) = (&self.stage.connection, self.application);
        let body = NewTerminal {
            command: Some(serde_json::from_value(command("is", pairs(&self.texts))).unwrap()),
            ..NewTerminal::default()
        };
        let opened = connection.send(api::OpenTerminal { application, body }).await;
        let events = connection.follow_terminal(opened.expect("a terminal").id, 0);
        let ends = events.filter_map(|event| async move {
            match event.expect("an event") {
                TerminalEvent::Ended { end } => Some(end),
                TerminalEvent::Output { .. } | TerminalEvent::Started { .. } | TerminalEvent::Ping => None,
            }
        });
        let end = tokio::time::timeout(LIMIT, std::pin::pin!(ends).next()).await;
        let end = end.expect("the terminal ends");
        assert_eq!(end, Some(TerminalEnd::Exited { code: Some(0) }), "{}", self.name);
    }
}
