//! The applications that the person has marked, to have them at hand.

use slipway_protocol::ApplicationId;
use yew::prelude::*;

use super::stored;

const KEY: &str = "slipway-favourites";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Favourites(Vec<ApplicationId>);

impl Favourites {
    fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    fn text(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }

    pub fn has(&self, application: ApplicationId) -> bool {
        self.0.contains(&application)
    }

    /// With this one if it was none, else without it.
    fn turned(mut self, application: ApplicationId) -> Self {
        let before = self.0.len();
        self.0.retain(|one| *one != application);
        if self.0.len() == before {
            self.0.push(application);
        }
        self
    }
}

/// Marks an application, or no more.
pub fn turn(application: ApplicationId) {
    let now = Favourites::parse(&stored::read(KEY).unwrap_or_default());
    stored::write(KEY, &now.turned(application).text());
}

#[hook]
pub fn use_favourites() -> Favourites {
    Favourites::parse(&stored::use_stored(KEY).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-05: an application is marked and no more, over a start of the app; nonsense in the storage is passed over.
    #[test]
    fn an_application_is_marked_and_no_more() {
        let application = |last: u8| -> ApplicationId {
            format!("018f0000-0000-7000-8000-00000000000{last}")
                .parse()
                .unwrap()
        };
        let marked = Favourites::parse("nonsense\n")
            .turned(application(1))
            .turned(application(2));
        let again = Favourites::parse(&marked.text());
        assert_eq!(again, marked);
        assert!(again.has(application(1)) && again.has(application(2)));
        let less = again.turned(application(1));
        assert!(!less.has(application(1)) && less.has(application(2)));
    }
}
