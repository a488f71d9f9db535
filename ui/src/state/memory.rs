//! The last good answers of every cluster, so that coming back to one shows them at once, with their age.
//!
//! All are kept as long as the window is open. The lists by which a cluster is recognised are given to the shell, too, which
//! seals them on disk for the next start. Who is signed out takes them along.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use slipway_protocol::api::{GetClusterHealth, GetMe, ListApplications, ListProjects};
use slipway_protocol::{ClusterId, Endpoint};

/// More questions than anybody asks of a cluster in a day.
const MOST: usize = 400;
/// What is written has to be read by a later version, or be left.
const VERSION: u32 = 1;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// The calls whose answers outlive the app. Their texts say what a cluster has, not what its variables are.
const ON_DISK: [&str; 4] = [
    ListProjects::NAME,
    ListApplications::NAME,
    GetClusterHealth::NAME,
    GetMe::NAME,
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
    on_disk: bool,
}

#[derive(Default)]
struct Memory {
    answers: HashMap<String, Answer>,
    /// What was written last for each cluster, without its times.
    written: HashMap<ClusterId, Vec<(String, String)>>,
    /// The clusters of which something came that is written; of the others nothing has to be compared.
    changed: HashSet<String>,
}

/// How the sealed file is laid out.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    version: u32,
    answers: Vec<(String, DateTime<Utc>, String)>,
}

/// Keeps an answer. Keys begin with the cluster's id.
pub fn remember<E: Endpoint>(key: &str, data: &Rc<E::Response>, at: DateTime<Utc>) {
    let answer = Answer {
        held: Held::Value(Rc::clone(data) as Rc<dyn Any>, write::<E::Response>),
        at,
        on_disk: ON_DISK.contains(&E::NAME),
    };
    MEMORY.with_borrow_mut(|memory| memory.put(key.to_owned(), answer));
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

/// Forgets a cluster: nobody is signed in to it.
pub fn forget(cluster: ClusterId) {
    MEMORY.with_borrow_mut(|memory| {
        let id = cluster.to_string();
        memory.answers.retain(|key, _| !key.starts_with(&id));
        memory.written.remove(&cluster);
    });
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
                let held = Held::Text(text);
                memory.put(
                    key,
                    Answer {
                        held,
                        at,
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
        let plain: Vec<(String, String)> = kept
            .iter()
            .map(|(key, _, text)| (key.clone(), text.clone()))
            .collect();
        if memory.written.get(&cluster) == Some(&plain) {
            return None;
        }
        memory.written.insert(cluster, plain);
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
        }
        if self.answers.len() >= MOST && !self.answers.contains_key(&key) {
            let oldest = self.answers.iter().min_by_key(|(_, one)| one.at);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.answers.remove(&oldest);
            }
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
        remember::<ListProjects>(&key, &none(), then);
        assert_eq!(recall::<Vec<ProjectView>>(&key), Some((none(), then)));
        let text = to_keep(id).unwrap();
        assert_eq!(to_keep(id), None, "nothing has changed");
        forget(id);
        assert!(recall::<Vec<ProjectView>>(&key).is_none());
        restore(id, &text);
        assert_eq!(recall::<Vec<ProjectView>>(&key), Some((none(), then)));
        let now = Utc::now();
        remember::<ListProjects>(&key, &none(), now);
        restore(id, &text);
        assert_eq!(recall::<Vec<ProjectView>>(&key).map(|(_, at)| at), Some(now));
    }

    /// FR-CON-03, FR-DSK-05: what is none of the lists stays in memory, another cluster's answers are not taken, and
    /// nonsense from disk is left.
    #[test]
    fn only_lists_outlive_the_window() {
        use slipway_protocol::api::ListMembers;
        let id = cluster(2);
        remember::<ListMembers>(&format!("{id} members"), &Rc::new(Vec::new()), Utc::now());
        assert_eq!(to_keep(id), None);
        let other = cluster(3);
        remember::<ListProjects>(&format!("{other} list"), &none(), Utc::now());
        restore(id, &to_keep(other).unwrap());
        restore(id, "nonsense");
        restore(id, "{\"version\": 99, \"answers\": []}");
        assert_eq!(to_keep(id), None);
    }
}
