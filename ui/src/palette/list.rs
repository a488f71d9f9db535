//! Which entries the palette shows, in which groups, and how a title shows what fits.

use std::ops::Range;

use slipway_protocol::{ApplicationId, ClusterId};
use yew::prelude::*;

use super::entry::{Entry, Group, Mark};
use super::rank;
use crate::components::icon::Picture;
use crate::components::pill::Dot;
use crate::route::{Page, Route};

/// So many are shown, and so many of one group.
const MOST: usize = 80;
const MOST_OF_GROUP: usize = 8;

#[derive(Default, PartialEq)]
pub struct Shown {
    pub entries: Vec<One>,
    pub sections: Vec<Section>,
}

#[derive(PartialEq)]
pub struct One {
    /// Its place among all entries.
    pub entry: usize,
    pub marks: Vec<usize>,
}

#[derive(PartialEq)]
pub struct Section {
    pub group: Group,
    /// Places in [`Shown::entries`].
    pub places: Range<usize>,
}

/// What fits what was typed. Groups stand in the order of their best entry; without a text what was opened lately stands first.
pub fn shown(all: &[Entry], typed: &str, route: Route, recent: &[String]) -> Shown {
    let words = rank::words(typed);
    let recents = rank::recent_bonus(recent);
    let (cluster, application) = here(route);
    let bonus = |place: usize| {
        let Some(entry) = all.get(place) else {
            return 0;
        };
        let mut sum = recents.get(entry.key.as_str()).copied().unwrap_or(0);
        if application.is_some() && entry.application == application {
            sum += 12;
        }
        if cluster.is_some() && entry.cluster_id() == cluster {
            sum += 6;
        }
        if entry.refused.is_some() {
            sum -= 40;
        }
        sum
    };
    let best = rank::best(&words, all.iter().map(|entry| &entry.haystack), bonus, MOST);
    let group_of = |place: usize| {
        let entry = &all[place];
        if words.is_empty() && recents.contains_key(entry.key.as_str()) {
            Group::Recent
        } else {
            entry.group
        }
    };
    let mut groups: Vec<(Group, Vec<usize>)> = Vec::new();
    for place in best {
        let group = group_of(place);
        match groups.iter_mut().find(|(one, _)| *one == group) {
            Some((_, places)) if places.len() < MOST_OF_GROUP => places.push(place),
            Some(_) => {}
            None => groups.push((group, vec![place])),
        }
    }
    // The last opened first, whatever else there is to say for them.
    if let Some((_, places)) = groups.iter_mut().find(|(group, _)| *group == Group::Recent) {
        places.sort_by_key(|place| recent.iter().position(|key| *key == all[*place].key));
    }
    let mut shown = Shown::default();
    for (group, places) in groups {
        let from = shown.entries.len();
        shown.entries.extend(places.into_iter().map(|entry| One {
            entry,
            marks: rank::marks(&words, &all[entry].title),
        }));
        shown.sections.push(Section {
            group,
            places: from..shown.entries.len(),
        });
    }
    shown
}

/// The row that is chosen, by what it is: others may come above it or go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    key: String,
    /// Where it was then.
    place: usize,
}

impl Shown {
    /// The row at this place, to be found again.
    pub fn choose(&self, all: &[Entry], place: usize) -> Option<Chosen> {
        let entry = all.get(self.entries.get(place)?.entry)?;
        Some(Chosen {
            key: entry.key.clone(),
            place,
        })
    }

    /// Where the chosen row is now. What has gone leaves its place to the row that is there; where nothing was chosen the first one is.
    pub fn place_of(&self, all: &[Entry], chosen: Option<&Chosen>) -> usize {
        let Some(chosen) = chosen else {
            return 0;
        };
        let is = |one: &One| all.get(one.entry).is_some_and(|entry| entry.key == chosen.key);
        let found = self.entries.iter().position(is);
        found.unwrap_or_else(|| chosen.place.min(self.entries.len().saturating_sub(1)))
    }
}

fn here(route: Route) -> (Option<ClusterId>, Option<ApplicationId>) {
    match route {
        Route::Cluster(cluster, Page::App(application, _)) => (Some(cluster), Some(application)),
        Route::Cluster(cluster, _) => (Some(cluster), None),
        Route::Fleet | Route::Add | Route::Settings | Route::HostKeys | Route::Unknown => (None, None),
    }
}

pub fn mark(mark: Mark) -> Html {
    match mark {
        Mark::Icon(icon) => html! { <span class="palette-mark"><Picture {icon}/></span> },
        Mark::Dot(tone) => html! { <span class="palette-mark"><Dot {tone}/></span> },
    }
}

/// A title with what fits in bold.
pub fn marked(title: &str, marks: &[usize]) -> Vec<Html> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    for (place, c) in title.chars().enumerate() {
        let bold = marks.binary_search(&place).is_ok();
        match parts.last_mut() {
            Some((last, text)) if *last == bold => text.push(c),
            _ => parts.push((bold, c.to_string())),
        }
    }
    let part = |(bold, text)| {
        if bold {
            html! { <strong>{ text }</strong> }
        } else {
            html! { <>{ text }</> }
        }
    };
    parts.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::icon::Icon;
    use crate::palette::entry::Does;
    use crate::palette::rank::Haystack;

    fn entry(key: &str) -> Entry {
        Entry {
            key: key.to_owned(),
            group: Group::Pages,
            mark: Mark::Icon(Icon::Page),
            title: key.to_owned(),
            detail: String::new(),
            cluster: None,
            application: None,
            does: Does::ShowShortcuts,
            refused: None,
            haystack: Haystack::new(key, ""),
        }
    }

    fn of(keys: &[&str]) -> (Vec<Entry>, Shown) {
        let all: Vec<Entry> = keys.iter().map(|key| entry(key)).collect();
        let shown = shown(&all, "", Route::Fleet, &[]);
        (all, shown)
    }

    /// FR-DSK-02: the chosen row stays the same one when the list changes around it.
    #[test]
    fn the_chosen_row_stays_chosen() {
        let (all, shown) = of(&["a", "b", "c"]);
        assert_eq!(shown.place_of(&all, None), 0);
        let chosen = shown.choose(&all, 1).unwrap();
        assert_eq!(shown.choose(&all, 3), None);
        let (all, shown) = of(&["x", "y", "a", "b"]);
        assert_eq!(shown.place_of(&all, Some(&chosen)), 3);
        let (all, shown) = of(&["x", "y", "z"]);
        assert_eq!(shown.place_of(&all, Some(&chosen)), 1, "it has gone");
        let (all, shown) = of(&["x"]);
        assert_eq!(shown.place_of(&all, Some(&chosen)), 0);
        let (all, shown) = of(&[]);
        assert_eq!(shown.place_of(&all, Some(&chosen)), 0);
    }
}
