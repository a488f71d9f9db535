//! Which applications fit what is typed into the filter of the projects page.

use slipway_protocol::application::ApplicationView;

use crate::components::pill::observed_words;
use crate::state::cluster::{ClusterContext, Place};

/// The applications of the cluster that fit.
pub fn fitting<'a>(context: &'a ClusterContext, filter: &str) -> Vec<&'a ApplicationView> {
    let all = context.applications.get().map(Vec::as_slice).unwrap_or_default();
    let fits = |app: &&ApplicationView| fits(app, context.place(app.environment).as_ref(), filter);
    all.iter().filter(fits).collect()
}

/// Whether each word of the filter is in the application's name, tags, addresses, state or place, or its project's tags.
pub fn fits(app: &ApplicationView, place: Option<&Place>, filter: &str) -> bool {
    let mut words = filter.split_whitespace().peekable();
    if words.peek().is_none() {
        return true;
    }
    let mut hay = format!("{} {}", app.name, observed_words(app));
    for tag in &app.tags {
        hay.push_str(&format!(" {tag}"));
    }
    for domain in &app.domains {
        hay.push_str(&format!(" {}", domain.url));
    }
    if let Some(place) = place {
        hay.push_str(&format!(" {}/{}", place.project, place.environment));
        for tag in &place.tags {
            hay.push_str(&format!(" {tag}"));
        }
    }
    let hay = hay.to_lowercase();
    words.all(|word| hay.contains(&word.to_lowercase()))
}
