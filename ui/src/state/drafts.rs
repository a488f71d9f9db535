//! What is typed into a form and not sent yet: it stays while other pages are shown, and over a sign-in. Signing out forgets it.
//!
//! It is in memory, because there may be secrets in it. A form whose type says what of it may be on disk ([`Lasting`]) is kept over the end of
//! the app, too: that part alone goes to the shell, which seals it ([`super::keep`]). It is gone once it is sent or let go of, with its cluster, and after a week.

use std::any::Any;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slipway_protocol::{ClusterId, TeamId};

use super::bell::{After, Bell};
use super::teams;
use crate::fingerprint::Fingerprint;

/// More forms than anybody leaves unfinished.
const MOST: usize = 100;
/// As many bytes of them as are on disk for a cluster; those that were typed last stay.
const MOST_BYTES: usize = 256 * 1024;
/// Nobody looks for what was typed longer ago.
const DAYS: i64 = 7;
/// What is written has to be read by a later version, or be left.
const VERSION: u32 = 1;

thread_local! {
    static DRAFTS: RefCell<Drafts> = RefCell::default();
}

/// What is typed into a form that outlives the app. Whoever implements it names each field that may be on disk; the value of a variable, a password, a
/// token, and what may well hold one are none of them.
pub trait Lasting: Clone + 'static {
    type Left: Serialize + DeserializeOwned + PartialEq;

    /// What of it may be on disk; none where there is nothing.
    fn leave(&self) -> Option<Self::Left>;

    /// As far as it was left.
    fn come_back(left: Self::Left) -> Self;
}

/// A form as it began, and as it is now: only what is left of both tells whether anything was typed that may be kept.
impl<T: Lasting> Lasting for (T, T) {
    type Left = (T::Left, T::Left);

    fn leave(&self) -> Option<Self::Left> {
        let (first, now) = (self.0.leave()?, self.1.leave()?);
        (first != now).then_some((first, now))
    }

    fn come_back((first, now): Self::Left) -> Self {
        (T::come_back(first), T::come_back(now))
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Left {
    at: DateTime<Utc>,
    text: String,
}

struct Draft {
    /// None where an earlier start has left it and its form was not opened yet.
    typed: Option<Rc<dyn Any>>,
    /// What of it is on disk.
    left: Option<Left>,
}

#[derive(Default)]
struct Drafts {
    all: HashMap<String, Draft>,
    /// The clusters of which is known what an earlier start has left. Before that nothing is written over it.
    known: HashSet<ClusterId>,
    /// The clusters whose pages begin anew, with what has come from disk.
    come: HashSet<ClusterId>,
    /// What is on disk, as far as that is known.
    written: HashMap<ClusterId, Option<Fingerprint>>,
    /// Rings when something changes that is written.
    bell: Rc<Bell>,
}

/// How the sealed file is laid out.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    version: u32,
    /// The team that was chosen: what was typed for another one is set aside.
    #[serde(default)]
    team: Option<TeamId>,
    drafts: Vec<(String, DateTime<Utc>, String)>,
}

/// Names a form of a cluster, and what it is about.
pub fn key(cluster: ClusterId, form: &str, about: impl std::fmt::Display) -> String {
    format!("{cluster} {form} {about}")
}

/// What was left in this form since the app was started.
pub fn kept<T: Clone + 'static>(key: &str) -> Option<T> {
    DRAFTS.with_borrow(|drafts| typed(drafts.all.get(key)?))
}

/// What was left in this form, also in an earlier start.
pub fn kept_lasting<T: Lasting>(key: &str) -> Option<T> {
    DRAFTS.with_borrow(|drafts| {
        let draft = drafts.all.get(key)?;
        if draft.typed.is_some() {
            return typed(draft);
        }
        let left = serde_json::from_str::<T::Left>(&draft.left.as_ref()?.text).ok()?;
        Some(T::come_back(left))
    })
}

fn typed<T: Clone + 'static>(draft: &Draft) -> Option<T> {
    draft.typed.as_ref()?.downcast_ref::<T>().cloned()
}

/// Whether what is in this form was typed in an earlier start, and the form was not opened since.
pub fn is_of_before(key: &str) -> bool {
    DRAFTS.with_borrow(|drafts| drafts.all.get(key).is_some_and(|draft| draft.typed.is_none()))
}

/// Keeps it until the app ends, or forgets it where there is nothing to keep.
pub fn keep<T: 'static>(key: &str, draft: Option<T>) {
    match draft {
        Some(draft) => put(key, Rc::new(draft), None),
        None => drop_one(key),
    }
}

/// Keeps it, what may be on disk also over the end of the app; or forgets it where there is nothing to keep.
pub fn keep_lasting<T: Lasting>(key: &str, draft: Option<T>) {
    let Some(draft) = draft else {
        drop_one(key);
        return;
    };
    let text = draft.leave().and_then(|left| serde_json::to_string(&left).ok());
    put(key, Rc::new(draft), text);
}

fn put(key: &str, typed: Rc<dyn Any>, text: Option<String>) {
    DRAFTS.with_borrow_mut(|drafts| {
        if drafts.all.len() >= MOST && !drafts.all.contains_key(key) {
            return;
        }
        let before = drafts.all.remove(key).and_then(|draft| draft.left);
        let left = text.map(|text| match &before {
            // Opened and not touched: it is as old as it was.
            Some(before) if before.text == text => before.clone(),
            Some(_) | None => Left { at: Utc::now(), text },
        });
        if left != before {
            drafts.bell.ring();
        }
        let draft = Draft {
            typed: Some(typed),
            left,
        };
        drafts.all.insert(key.to_owned(), draft);
    });
}

fn drop_one(key: &str) {
    DRAFTS.with_borrow_mut(|drafts| {
        let before = drafts.all.remove(key);
        if before.is_some_and(|draft| draft.left.is_some()) {
            drafts.bell.ring();
        }
    });
}

/// Forgets all that was typed about a cluster, on disk too.
pub fn forget(cluster: ClusterId) {
    let id = cluster.to_string();
    DRAFTS.with_borrow_mut(|drafts| {
        drafts.all.retain(|key, _| !key.starts_with(&id));
        // What is still on its way from there is nobody's any more.
        drafts.known.insert(cluster);
        drafts.bell.ring();
    });
}

/// Another team is chosen: what is typed for the one before is set aside, and what was set aside of this one is there again.
pub fn change_team(cluster: ClusterId, before: Option<TeamId>, now: Option<TeamId>) {
    DRAFTS.with_borrow_mut(|drafts| {
        let all = std::mem::take(&mut drafts.all).into_iter();
        drafts.all = all
            .map(|(key, draft)| (moved(key, cluster, before, now), draft))
            .collect();
        drafts.bell.ring();
    });
}

/// The name of a form's draft when one team gives way to another. What is of the chosen team has the form's own name ([`key`]).
fn moved(key: String, cluster: ClusterId, before: Option<TeamId>, now: Option<TeamId>) -> String {
    if before == now {
        return key;
    }
    let chosen = format!("{cluster} ");
    let aside = |team: Option<TeamId>| match team {
        Some(team) => format!("{cluster}/{team} "),
        None => format!("{cluster}/first "),
    };
    if let Some(form) = key.strip_prefix(&chosen) {
        return aside(before) + form;
    }
    match key.strip_prefix(&aside(now)) {
        Some(form) => chosen + form,
        None => key,
    }
}

/// Whether it is known what an earlier start has left of this cluster.
pub fn are_known(cluster: ClusterId) -> bool {
    DRAFTS.with_borrow(|drafts| drafts.known.contains(&cluster))
}

/// What an earlier start has left of this cluster is here: the page that is open begins anew with it.
pub fn have_come(cluster: ClusterId) {
    DRAFTS.with_borrow_mut(|drafts| drafts.come.insert(cluster));
}

/// Whether they have come after its page was opened.
pub fn came(cluster: ClusterId) -> bool {
    DRAFTS.with_borrow(|drafts| drafts.come.contains(&cluster))
}

/// Takes what an earlier start has left of a cluster, once; what was typed meanwhile is newer and stays. Says whether anything has come.
pub fn restore(cluster: ClusterId, text: Option<&str>, now: DateTime<Utc>) -> bool {
    let left = text.and_then(|text| serde_json::from_str::<OnDisk>(text).ok());
    let left = left.filter(|left| left.version == VERSION);
    DRAFTS.with_borrow_mut(|drafts| {
        if !drafts.known.insert(cluster) {
            return false;
        }
        drafts.written.insert(cluster, text.map(Fingerprint::of));
        let (id, before) = (cluster.to_string(), drafts.all.len());
        let (of, all) = left.map(|left| (left.team, left.drafts)).unwrap_or_default();
        let team = teams::of(cluster);
        for (key, at, text) in all {
            // The command line may have chosen another team since.
            let key = moved(key, cluster, of, team);
            let fits = key.starts_with(&id) && is_young(at, now) && drafts.all.len() < MOST;
            if fits && !drafts.all.contains_key(&key) {
                let left = Some(Left { at, text });
                drafts.all.insert(key, Draft { typed: None, left });
            }
        }
        // What was typed meanwhile is written now, and what is too old goes.
        drafts.bell.ring();
        drafts.all.len() > before
    })
}

/// How often something has changed that is written.
pub fn changes() -> u32 {
    DRAFTS.with_borrow(|drafts| drafts.bell.rings())
}

/// Waits until more has changed than so often.
pub fn changed_after(changes: u32) -> After {
    DRAFTS.with_borrow(|drafts| drafts.bell.after(changes))
}

/// What is to be on disk of a cluster, where that is another text than what is there: none where nothing is to be there.
pub fn to_keep(cluster: ClusterId, now: DateTime<Utc>) -> Option<Option<String>> {
    DRAFTS.with_borrow(|drafts| {
        if !drafts.known.contains(&cluster) {
            return None;
        }
        let text = drafts.on_disk(cluster, now);
        let wanted = text.as_deref().map(Fingerprint::of);
        (drafts.written.get(&cluster) != Some(&wanted)).then_some(text)
    })
}

/// This is on disk now.
pub fn is_written(cluster: ClusterId, text: Option<&str>) {
    DRAFTS.with_borrow_mut(|drafts| drafts.written.insert(cluster, text.map(Fingerprint::of)));
}

fn is_young(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(at) < TimeDelta::days(DAYS)
}

impl Drafts {
    /// The text of a cluster's file, of the youngest as far as there is room.
    fn on_disk(&self, cluster: ClusterId, now: DateTime<Utc>) -> Option<String> {
        let id = cluster.to_string();
        let mut all: Vec<(&String, &Left)> = self
            .all
            .iter()
            .filter(|(key, _)| key.starts_with(&id))
            .filter_map(|(key, draft)| Some((key, draft.left.as_ref()?)))
            .filter(|(_, left)| is_young(left.at, now))
            .collect();
        all.sort_by_key(|(key, left)| (Reverse(left.at), *key));
        let mut room = MOST_BYTES;
        let mut drafts = Vec::new();
        for (key, left) in all {
            let Some(rest) = room.checked_sub(key.len() + left.text.len()) else {
                continue;
            };
            room = rest;
            drafts.push((key.clone(), left.at, left.text.clone()));
        }
        if drafts.is_empty() {
            return None;
        }
        serde_json::to_string(&OnDisk {
            version: VERSION,
            team: teams::of(cluster),
            drafts,
        })
        .ok()
    }
}

#[cfg(test)]
#[path = "drafts_tests.rs"]
mod tests;
