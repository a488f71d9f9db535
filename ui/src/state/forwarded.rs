//! Which port of an application was forwarded last: it is the one that is offered at one click.

use slipway_protocol::ApplicationId;
use slipway_protocol::settings::Port;
use yew::prelude::*;

use super::stored;
use crate::units::Amount;

const KEY: &str = "slipway-forwarded";
/// So many applications are remembered.
const MOST: usize = 100;

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Forwarded(Vec<(ApplicationId, Port)>);

impl Forwarded {
    fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let (application, port) = line.split_once(' ')?;
            Some((application.parse::<ApplicationId>().ok()?, Port::read(port).ok()?))
        };
        Self(text.lines().filter_map(line).take(MOST).collect())
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(application, port)| format!("{application} {}", port.write()))
            .collect();
        lines.join("\n")
    }

    fn of(&self, application: ApplicationId) -> Option<Port> {
        let found = self.0.iter().find(|(one, _)| *one == application);
        found.map(|(_, port)| *port)
    }

    fn with(mut self, application: ApplicationId, port: Port) -> Self {
        self.0.retain(|(one, _)| *one != application);
        self.0.insert(0, (application, port));
        self.0.truncate(MOST);
        self
    }
}

/// Remembers the port.
pub fn remember(application: ApplicationId, port: Port) {
    let now = Forwarded::parse(&stored::read(KEY).unwrap_or_default());
    stored::write(KEY, &now.with(application, port).text());
}

/// The port of this application that was forwarded last.
#[hook]
pub fn use_forwarded(application: ApplicationId) -> Option<Port> {
    Forwarded::parse(&stored::use_stored(KEY).unwrap_or_default()).of(application)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(number: usize) -> ApplicationId {
        format!("018f0000-0000-7000-8000-{number:012}").parse().unwrap()
    }

    /// FR-CON-13: the port that was forwarded last is remembered for each application, over a start of the app; nonsense in the storage is passed over,
    /// and the list does not grow without end.
    #[test]
    fn the_last_port_is_remembered() {
        let port = Port::fixed;
        let mut kept = Forwarded::parse("nonsense\n018f0000-0000-7000-8000-000000000001 99999\n");
        assert_eq!(kept, Forwarded::default());
        kept = kept
            .with(application(1), port(8080))
            .with(application(2), port(5432));
        kept = kept.with(application(1), port(9000));
        let again = Forwarded::parse(&kept.text());
        assert_eq!(again, kept);
        assert_eq!(again.of(application(1)), Some(port(9000)));
        assert_eq!(again.of(application(2)), Some(port(5432)));
        assert_eq!(again.of(application(3)), None);
        for number in 10..200 {
            kept = kept.with(application(number), port(80));
        }
        assert_eq!(kept.0.len(), MOST);
        assert_eq!(kept.of(application(1)), None);
    }
}
