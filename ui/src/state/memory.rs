//! The last good answers of every cluster, so that coming back to one shows them at once, with their age.
//!
//! All are kept as long as the window is open, up to a bound: the oldest go first. What somebody looked for by typing is not. The lists by which a cluster is recognised are given to the shell, too, which
//! seals them on disk for the next start. Who is signed out takes them along.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slipway_protocol::api::{GetClusterHealth, GetMe, GetVersion, ListApplications, ListProjects};
use slipway_protocol::{ClusterId, Endpoint};

use super::bell::Bell;
use crate::fingerprint::Fingerprint;

/// As many bytes of answers as are kept, counted as they came.
const MOST: usize = 8 * 1024 * 1024;
/// What is written has to be read by a later version, or be left.
const VERSION: u32 = 1;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// The calls whose answers outlive the app. Their texts say what a cluster has, not what its variables are.
const ON_DISK: [&str; 5] = [
    ListProjects::NAME,
    ListApplications::NAME,
    GetClusterHealth::NAME,
    GetMe::NAME,
    GetVersion::NAME,
];

type Write = fn(&dyn Any) -> Option<String>;

#[derive(Clone)]
enum Held {
    Value(Rc<dyn Any>, Write),
    /// As it was read from disk.
    Text(String),
}

#[derive(Clone)]
struct Answer {
    held: Held,
    at: DateTime<Utc>,
    bytes: usize,
    on_disk: bool,
}

#[derive(Default)]
struct Memory {
    answers: HashMap<String, Answer>,
    /// What was written last for each cluster, without its times.
    written: HashMap<ClusterId, Fingerprint>,
    /// How many sessions on each cluster have ended.
    ended: HashMap<ClusterId, u32>,
    /// The clusters of which something came that is written; of the others nothing has to be compared.
    changed: HashSet<String>,
    /// Rings when something came that is written.
    bell: Rc<Bell>,
}

/// How the sealed file is laid out.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    version: u32,
    answers: Vec<(String, DateTime<Utc>, String)>,
}

/// Keeps an answer. Keys begin with the cluster's id, and name the team where one is chosen.
pub fn remember<E: Endpoint>(key: &str, data: &Rc<E::Response>, bytes: usize, at: DateTime<Utc>) {
    if is_search(key) {
        return;
    }
    let answer = Answer {
        held: Held::Value(Rc::clone(data) as Rc<dyn Any>, write::<E::Response>),
        at,
        bytes,
        on_disk: ON_DISK.contains(&E::NAME),
    };
    MEMORY.with_borrow_mut(|memory| memory.put(key.to_owned(), answer));
}

/// Whether something is looked for that was typed. Nobody asks for each of those again.
fn is_search(key: &str) -> bool {
    key.contains("?contains=") || key.contains("&contains=")
}

/// How often something came that is written.
pub fn changes() -> u32 {
    MEMORY.with_borrow(|memory| memory.bell.rings())
}

/// Waits until more has come than so often.
pub async fn changed_after(changes: u32) {
    let bell = MEMORY.with_borrow(|memory| Rc::clone(&memory.bell));
    bell.after(changes).await;
}

/// The last answer was given once more.
pub fn confirm(key: &str, at: DateTime<Utc>) {
    MEMORY.with_borrow_mut(|memory| {
        if let Some(answer) = memory.answers.get_mut(key) {
            answer.at = at;
        }
    });
}

/// The last answer to a question, and when it came.
pub fn recall<T: DeserializeOwned + Serialize + 'static>(key: &str) -> Option<(Rc<T>, DateTime<Utc>)> {
    MEMORY.with_borrow_mut(|memory| {
        let answer = memory.answers.get_mut(key)?;
        if let Held::Text(text) = &answer.held {
            let value: T = serde_json::from_str(text).ok()?;
            answer.held = Held::Value(Rc::new(value), write::<T>);
        }
        match &answer.held {
            Held::Value(value, _) => Some((Rc::clone(value).downcast().ok()?, answer.at)),
            Held::Text(_) => None,
        }
    })
}

/// Forgets a cluster: nobody is signed in to it, or they have gone to another team.
pub fn forget(cluster: ClusterId) {
    MEMORY.with_borrow_mut(|memory| {
        let id = cluster.to_string();
        memory.answers.retain(|key, _| !key.starts_with(&id));
        memory.written.remove(&cluster);
        let ended = memory.ended.entry(cluster).or_default();
        *ended = ended.wrapping_add(1);
    });
}

/// Which session on a cluster this is. What was asked for in an earlier one is not told in this one.
pub fn session(cluster: ClusterId) -> u32 {
    MEMORY.with_borrow(|memory| memory.ended.get(&cluster).copied().unwrap_or_default())
}

/// Takes what an earlier start has left; what came meanwhile is newer and stays. A text of another version is left.
pub fn restore(cluster: ClusterId, text: &str) {
    let Ok(OnDisk {
        version: VERSION,
        answers,
    }) = serde_json::from_str(text)
    else {
        return;
    };
    let id = cluster.to_string();
    MEMORY.with_borrow_mut(|memory| {
        for (key, at, text) in answers {
            if key.starts_with(&id) && !memory.answers.contains_key(&key) {
                let bytes = text.len();
                let held = Held::Text(text);
                memory.put(
                    key,
                    Answer {
                        held,
                        at,
                        bytes,
                        on_disk: true,
                    },
                );
            }
        }
    });
}

/// What is to be kept of a cluster for the next start, if it has changed since it was last asked for.
pub fn to_keep(cluster: ClusterId) -> Option<String> {
    MEMORY.with_borrow_mut(|memory| {
        let id = cluster.to_string();
        if !memory.changed.remove(&id) {
            return None;
        }
        let mut kept: Vec<(String, DateTime<Utc>, String)> = memory
            .answers
            .iter()
            .filter(|(key, answer)| answer.on_disk && key.starts_with(&id))
            .filter_map(|(key, answer)| Some((key.clone(), answer.at, answer.text()?)))
            .collect();
        if kept.is_empty() {
            return None;
        }
        kept.sort();
        let plain = kept
            .iter()
            .flat_map(|(key, _, text)| [key.as_str(), text.as_str()]);
        let plain = Fingerprint::of_all(plain);
        if memory.written.insert(cluster, plain) == Some(plain) {
            return None;
        }
        let all = OnDisk {
            version: VERSION,
            answers: kept,
        };
        serde_json::to_string(&all).ok()
    })
}

fn write<T: Serialize + 'static>(value: &dyn Any) -> Option<String> {
    serde_json::to_string(value.downcast_ref::<T>()?).ok()
}

impl Answer {
    fn text(&self) -> Option<String> {
        match &self.held {
            Held::Value(value, write) => write(value.as_ref()),
            Held::Text(text) => Some(text.clone()),
        }
    }
}

impl Memory {
    fn put(&mut self, key: String, answer: Answer) {
        if let Some((cluster, _)) = key.split_once(' ').filter(|_| answer.on_disk) {
            self.changed.insert(cluster.to_owned());
            self.bell.ring();
        }
        self.answers.remove(&key);
        let mut bytes: usize = self.answers.values().map(|one| one.bytes).sum();
        while bytes + answer.bytes > MOST {
            let oldest = self.answers.iter().min_by_key(|(_, one)| one.at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            bytes -= self.answers.remove(&oldest).map_or(0, |one| one.bytes);
        }
        self.answers.insert(key, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::project::ProjectView;

    fn cluster(last: u8) -> ClusterId {
        format!("018f0000-0000-7000-8000-0000000000{last:02}")
            .parse()
            .unwrap()
    }

    fn none() -> Rc<Vec<ProjectView>> {
        Rc::new(Vec::new())
    }

    /// FR-DSK-05: an answer comes back with its time, in the same window and from disk; a newer one is not overwritten.
    #[test]
    fn answers_come_back_with_their_age() {
        let (id, then) = (cluster(1), DateTime::<Utc>::UNIX_EPOCH);
        let key = format!("{id} list");
        assert!(recall::<Vec<ProjectView>>(&key).is_none());
        remember::<ListProjects>(&key, &none(), 2, then);
        assert_eq!(recall::<Vec<ProjectView>>(&key), Some((none(), then)));
        let text = to_keep(id).unwrap();
        assert_eq!(to_keep(id), None, "nothing has changed");
        forget(id);
        assert!(recall::<Vec<ProjectView>>(&key).is_none());
        restore(id, &text);
        assert_eq!(recall::<Vec<ProjectView>>(&key), Some((none(), then)));
        let now = Utc::now();
        remember::<ListProjects>(&key, &none(), 2, now);
        restore(id, &text);
        assert_eq!(recall::<Vec<ProjectView>>(&key).map(|(_, at)| at), Some(now));
    }

    /// FR-CON-03, FR-DSK-05: what is none of the lists stays in memory, another cluster's answers are not taken, and
    /// nonsense from disk is left.
    #[test]
    fn only_lists_outlive_the_window() {
        use slipway_protocol::api::ListMembers;
        let id = cluster(2);
        remember::<ListMembers>(&format!("{id} members"), &Rc::new(Vec::new()), 2, Utc::now());
        assert_eq!(to_keep(id), None);
        let other = cluster(3);
        remember::<ListProjects>(&format!("{other} list"), &none(), 2, Utc::now());
        restore(id, &to_keep(other).unwrap());
        restore(id, "nonsense");
        restore(id, "{\"version\": 99, \"answers\": []}");
        assert_eq!(to_keep(id), None);
    }

    /// NFR-P9: answers take a bounded place, and the oldest one goes first; what somebody looked for by typing is not kept at all.
    #[test]
    fn the_oldest_answers_go_first() {
        let id = cluster(4);
        let at = |seconds| DateTime::<Utc>::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
        let key = |number: i64| format!("{id} list {number}");
        for number in 1..=5 {
            remember::<ListProjects>(&key(number), &none(), MOST / 4, at(number));
        }
        let there = |key: String| recall::<Vec<ProjectView>>(&key).is_some();
        assert!(!there(key(1)) && (2..=5).all(|number| there(key(number))));
        remember::<ListProjects>(&key(2), &none(), MOST / 4, at(6));
        assert!(
            (2..=5).all(|number| there(key(number))),
            "it takes its own place again"
        );
        let search = format!("{id} events /api/v1/events?limit=200&contains=oom");
        remember::<ListProjects>(&search, &none(), 2, at(7));
        assert!(!there(search));
        forget(id);
    }

    /// FR-CON-03: a session that has ended is another one than the next, and another cluster's goes on.
    #[test]
    fn a_session_ends_when_it_is_forgotten() {
        let (one, other) = (cluster(6), cluster(7));
        let before = (session(one), session(other));
        forget(one);
        assert_ne!(session(one), before.0);
        assert_eq!(session(other), before.1);
    }

    /// NFR-P9: only what is written wakes who writes.
    #[test]
    fn nothing_is_written_where_nothing_came() {
        use slipway_protocol::api::ListMembers;
        let (id, before) = (cluster(5), changes());
        remember::<ListMembers>(&format!("{id} members"), &Rc::new(Vec::new()), 2, Utc::now());
        assert_eq!(changes(), before);
        remember::<ListProjects>(&format!("{id} list"), &none(), 2, Utc::now());
        assert_ne!(changes(), before);
    }
}
