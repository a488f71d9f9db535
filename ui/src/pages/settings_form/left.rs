//! What of the settings' form outlives the app while it is not saved: the fields that are named here. Those that may hold a password are not
//! among them: commands, the values of build arguments and of labels. An address is kept without a credential in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use slipway_protocol::git::GitUrl;

use super::draft::Draft;
use super::source::GIT_URL;
use crate::components::rows::Rows;
use crate::state::drafts::Lasting;

const KEPT: &[&str] = &[
    "app-source",
    GIT_URL,
    "app-branch",
    "app-folder",
    "app-submodules",
    "app-lfs",
    "app-image",
    "app-builder",
    "app-dockerfile",
    "build-target",
    // Their names.
    "build-secrets",
    "build-memory",
    "build-cpu",
    "build-time",
    "build-platform",
    "static-folder",
    "static-fallback",
    "app-port",
    "app-replicas",
    "restart-when",
    "restart-most",
    "stop-signal",
    "stop-grace",
    "app-init",
    "health",
    "health-path",
    "health-status",
    "health-text",
    "health-seconds",
    "rollout-strategy",
    "canary-shares",
    "canary-pause",
    "canary-errors",
    "canary-latency",
    "rollout-gate",
    "rollout-watch",
    "rollout-drain",
    "rollout-warm",
    "rollout-heal",
    "memory",
    "reserved-memory",
    "cpu",
    "reserved-cpu",
    "processes",
    "gpus",
    "ulimits",
    "volumes",
    "binds",
    "tmpfs",
    "read-only",
    "host-ports",
    "networks",
    "placement",
    "app-user",
    "add-capabilities",
    "drop-capabilities",
    "hook-limit",
];

/// A draft as it is on disk.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftDraft {
    texts: BTreeMap<String, String>,
    rows: BTreeMap<String, Rows>,
}

impl Lasting for Draft {
    type Left = LeftDraft;

    fn leave(&self) -> Option<LeftDraft> {
        let texts = self.texts().filter(|(field, _)| KEPT.contains(field));
        let rows = self.lists().filter(|(field, _)| KEPT.contains(field));
        Some(LeftDraft {
            texts: texts
                .map(|(field, text)| {
                    let text = if field == GIT_URL {
                        without_credential(text)
                    } else {
                        text.to_owned()
                    };
                    (field.to_owned(), text)
                })
                .collect(),
            rows: rows
                .map(|(field, rows)| (field.to_owned(), rows.clone()))
                .collect(),
        })
    }

    /// Without the fields that are not kept; fields that there are no more are passed over.
    fn come_back(left: LeftDraft) -> Self {
        let mut draft = Self::default();
        for (field, text) in left.texts {
            if let Some(field) = known(&field) {
                draft.put(field, text);
            }
        }
        for (field, rows) in left.rows {
            if let Some(field) = known(&field) {
                draft.put_rows(field, rows);
            }
        }
        draft
    }
}

/// A draft over what is there now, where only a part of it was kept: what was not kept is as it is now.
pub fn come_back_over(left: LeftDraft, now: &Draft) -> Draft {
    let then = now.leave().map(Draft::come_back);
    Draft::come_back(left).rebased(&then.unwrap_or_default(), now)
}

fn known(field: &str) -> Option<&'static str> {
    KEPT.iter().copied().find(|kept| *kept == field)
}

/// An address with a password in it is refused by the form, but somebody may have typed one all the same, or half of it.
fn without_credential(text: &str) -> String {
    if GitUrl::parse(text.trim()).is_ok() {
        return text.to_owned();
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return if text.contains('@') {
            String::new()
        } else {
            text.to_owned()
        };
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if path.contains('@') {
        return String::new();
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // As long as the “@” is missing, a password stands where a port would.
    let host = match host.split_once(':') {
        Some((name, port)) if !host.starts_with('[') && port.bytes().any(|byte| !byte.is_ascii_digit()) => {
            name
        }
        Some(_) | None => host,
    };
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use slipway_protocol::ImageReference;
    use slipway_protocol::settings::{ApplicationSettings, ImageSource, Source};

    use super::super::{Section, fill, fill_new};
    use super::*;

    /// What may hold a password.
    const NOT_KEPT: [&str; 7] = [
        "build-arguments",
        "app-command",
        "app-arguments",
        "health-check-command",
        "hook-before",
        "hook-after",
        "labels",
    ];

    /// FR-CON-08, FR-CON-03: of each field of the settings somebody has decided whether it may be on disk while it is not saved.
    #[test]
    fn each_field_is_kept_or_is_not() {
        let fields = Section::ALL.into_iter().flat_map(Section::fields);
        let mut there: Vec<&str> = fields.copied().collect();
        let mut decided: Vec<&str> = KEPT.iter().copied().chain(NOT_KEPT).collect();
        there.sort_unstable();
        decided.sort_unstable();
        assert_eq!(there, decided);
    }

    /// FR-CON-08, FR-CON-03: settings that were typed come back over what is stored by then; what may hold a password is as it is stored.
    #[test]
    fn settings_come_back_without_what_may_be_secret() {
        let stored = fill_new();
        let mut typed = stored.clone();
        typed.put("app-branch", "next");
        typed.put("app-command", "serve --password hunter2");
        typed.put_rows(
            "build-arguments",
            vec![vec!["TOKEN".to_owned(), "hunter2".to_owned()]],
        );
        typed.put(GIT_URL, "https://robot:hunter2@example.org/web.git");
        let left = (stored.clone(), typed).leave().unwrap();
        let text = serde_json::to_string(&left).unwrap();
        assert!(!text.contains("hunter2") && text.contains("https://example.org/web.git"));
        let (then, typed) = <(Draft, Draft)>::come_back(serde_json::from_str(&text).unwrap());
        let over = typed.rebased(&then, &stored);
        assert_eq!(over.text("app-branch"), "next");
        assert_eq!(over.text("app-command"), stored.text("app-command"));
        assert_eq!(over.rows("build-arguments"), stored.rows("build-arguments"));

        let image = ImageReference::parse("redis:7").unwrap();
        let settings = ApplicationSettings::new(Source::Image(ImageSource { image }), None);
        let back = come_back_over(fill(&settings).leave().unwrap(), &stored);
        assert_eq!(back.text("app-image"), "redis:7");
        assert_eq!(back.text("app-command"), stored.text("app-command"));
    }

    /// FR-CON-03: an address is kept as it was typed, but without a credential in it.
    #[test]
    fn an_address_loses_its_credential() {
        for same in [
            "",
            "https://example.org/web.git",
            "git@example.org:web.git",
            "ssh://git@example.org/web.git",
            "/srv/web.git",
            "half an add",
        ] {
            assert_eq!(without_credential(same), same);
        }
        for (typed, kept) in [
            ("https://u:p@example.org/x", "https://example.org/x"),
            ("https://token@example.org", "https://example.org"),
            ("http://u:p@ss@example.org/x", "http://example.org/x"),
            ("https://u:p/q@example.org/x", ""),
            ("https:/u:p@example.org/x", ""),
            ("https://u:hunt", "https://u"),
            ("http://git.internal:3000/x", "http://git.internal:3000/x"),
        ] {
            assert_eq!(without_credential(typed), kept, "{typed}");
        }
    }
}
