//! Which state of its source a deployment takes: what is known without asking, what has to be asked for, and how it is told.

use slipway_protocol::ImageReference;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::head::{CommitHash, Head};
use slipway_protocol::plan::PlannedSource;
use slipway_protocol::settings::Source;

use super::{Plan, Snapshot};

/// What the serving release was made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    pub commit: Option<Head>,
    /// With its digest.
    pub image: Option<ImageReference>,
}

impl Served {
    pub fn head(&self) -> Option<Head> {
        let image = || self.image.as_ref().and_then(Head::of_image);
        self.commit.clone().or_else(image)
    }

    /// The image of the same repository.
    fn image_of(&self, wanted: &ImageReference) -> Option<Head> {
        let same = self.image.as_ref();
        let same = same.filter(|image| image.repository() == wanted.repository());
        same.and_then(Head::of_image)
    }
}

/// What has to be found out before a plan is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Nothing is fetched from a repository or a registry.
    None,
    /// No one has to be asked.
    Answered(Head),
    /// What the source's name stands for now.
    Ask,
}

/// A name that may lead somewhere else tomorrow has to be asked about.
pub fn question(trigger: &Trigger, source: &Source, served: &Served) -> Question {
    let again = match trigger {
        Trigger::Deploy => false,
        Trigger::Redeploy => true,
        Trigger::Rollback { .. }
        | Trigger::Reload
        | Trigger::Restart
        | Trigger::Scale { .. }
        | Trigger::Adopt => {
            return Question::None;
        }
    };
    let known = match source {
        Source::Upload(_) => return Question::None,
        Source::Git(_) if again && served.commit.is_some() => served.commit.clone(),
        Source::Git(git) => {
            let hash = CommitHash::parse(&git.reference.as_str().to_ascii_lowercase());
            hash.ok().map(|hash| Head::Commit { hash })
        }
        Source::Image(named) => {
            let itself = Head::of_image(&named.image);
            itself.or_else(|| served.image_of(&named.image).filter(|_| again))
        }
    };
    known.map_or(Question::Ask, Question::Answered)
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    Nothing,
    /// It cannot become another one while the settings stay as they are.
    Fixed(Head),
    /// It may be another one a moment later.
    Is(Head),
    /// Why nobody could say.
    Unknown(String),
}

/// What the plan says of its source.
pub(super) fn told(plan: &Plan, now: &Snapshot) -> Option<PlannedSource> {
    let names = match &plan.settings.source {
        Source::Git(git) => git.reference.to_string(),
        Source::Image(image) => image.image.to_string(),
        Source::Upload(_) => return None,
    };
    let (takes, unknown) = match &now.found {
        Found::Nothing => return None,
        Found::Fixed(head) | Found::Is(head) => (Some(head.clone()), None),
        Found::Unknown(why) => (None, Some(why.clone())),
    };
    Some(PlannedSource {
        names,
        takes,
        unknown,
        serves: now.serves.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HASH: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn source(value: serde_json::Value) -> Source {
        serde_json::from_value(value).unwrap()
    }

    fn git(reference: &str) -> Source {
        source(json!({ "kind": "git", "url": "/srv/a.git", "ref": reference }))
    }

    fn image(image: &str) -> Source {
        source(json!({ "kind": "image", "image": image }))
    }

    fn commit() -> Head {
        let hash = CommitHash::parse(HASH).unwrap();
        Head::Commit { hash }
    }

    /// FR-DEP-08: only a name that may lead somewhere else is asked about, and only where something is fetched.
    #[test]
    fn what_has_to_be_asked() {
        let (none, served) = (
            Served::default(),
            Served {
                commit: Some(commit()),
                image: None,
            },
        );
        let asked = |trigger: Trigger, source: &Source, served: &Served| question(&trigger, source, served);
        let main = git("main");
        assert_eq!(asked(Trigger::Deploy, &main, &served), Question::Ask);
        assert_eq!(
            asked(Trigger::Redeploy, &main, &served),
            Question::Answered(commit())
        );
        assert_eq!(asked(Trigger::Redeploy, &main, &none), Question::Ask);
        assert_eq!(asked(Trigger::Reload, &main, &served), Question::None);
        for written in [HASH, &HASH.to_uppercase()] {
            assert_eq!(
                asked(Trigger::Deploy, &git(written), &none),
                Question::Answered(commit())
            );
        }
        assert_eq!(asked(Trigger::Deploy, &git(&HASH[..7]), &none), Question::Ask);
        let upload = source(json!({ "kind": "upload" }));
        assert_eq!(asked(Trigger::Deploy, &upload, &none), Question::None);
    }

    /// FR-DEP-08, FR-SRC-03: an image is asked about by its tag; one of another repository says nothing about it.
    #[test]
    fn images_are_asked_about_by_their_tags() {
        let pinned = format!("shop/web@sha256:{}", "a".repeat(64));
        let served = Served {
            commit: None,
            image: ImageReference::parse(&pinned).ok(),
        };
        let head = served.head().unwrap();
        let asked = |trigger: Trigger, named: &str| question(&trigger, &image(named), &served);
        assert_eq!(asked(Trigger::Deploy, "shop/web:1"), Question::Ask);
        assert_eq!(asked(Trigger::Deploy, &pinned), Question::Answered(head.clone()));
        assert_eq!(asked(Trigger::Redeploy, "shop/web:1"), Question::Answered(head));
        assert_eq!(asked(Trigger::Redeploy, "shop/other:1"), Question::Ask);
    }
}
