//! Which clusters the table shows, in which order and under which groups. Pure, so that it is tested with many.

use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::Cluster;

/// The clusters of one group, in the person's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// None: those without a group.
    pub name: Option<String>,
    pub clusters: Vec<Rc<Cluster>>,
}

/// Those that match the filter, by group: those without one first, then the groups in the order of their first clusters.
pub fn groups(clusters: &[Rc<Cluster>], filter: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for cluster in clusters.iter().filter(|cluster| matches(cluster, filter)) {
        match groups.iter_mut().find(|group| group.name == cluster.group) {
            Some(group) => group.clusters.push(Rc::clone(cluster)),
            None => groups.push(Group {
                name: cluster.group.clone(),
                clusters: vec![Rc::clone(cluster)],
            }),
        }
    }
    groups.sort_by_key(|group| group.name.is_some());
    groups
}

/// Every word of the filter is somewhere in what names the cluster.
fn matches(cluster: &Cluster, filter: &str) -> bool {
    let named = [
        Some(cluster.name.as_str()),
        Some(cluster.host.as_str()),
        cluster.tag.as_deref(),
        cluster.group.as_deref(),
        cluster.way.as_ref().map(|way| way.user.as_str()),
    ];
    let text = named
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase();
    filter
        .to_lowercase()
        .split_whitespace()
        .all(|word| text.contains(word))
}

/// The whole order after a cluster has changed places with its neighbour of the same group; none if it has no such one.
pub fn moved(clusters: &[Rc<Cluster>], cluster: ClusterId, up: bool) -> Option<Vec<ClusterId>> {
    let at = clusters.iter().position(|one| one.id == cluster)?;
    let group = &clusters[at].group;
    let same = |one: &(usize, &Rc<Cluster>)| one.1.group == *group;
    let all = || clusters.iter().enumerate();
    let other = if up {
        all().filter(same).rfind(|(place, _)| *place < at)
    } else {
        all().filter(same).find(|(place, _)| *place > at)
    };
    let mut order: Vec<ClusterId> = clusters.iter().map(|one| one.id).collect();
    order.swap(at, other?.0);
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::Link;

    fn cluster(number: usize, name: &str, group: Option<&str>) -> Rc<Cluster> {
        Rc::new(Cluster {
            id: format!("018f0000-0000-7000-8000-{number:012}")
                .parse()
                .expect("an id"),
            name: name.to_owned(),
            host: format!("{name}.example.org"),
            way: None,
            color: None,
            tag: number.is_multiple_of(2).then(|| "production".to_owned()),
            group: group.map(str::to_owned),
            email: None,
            team: None,
            signed_in: false,
            notice: None,
            link: Link::Closed,
        })
    }

    fn fifty() -> Vec<Rc<Cluster>> {
        let group = |n: usize| ["europe", "asia"].get(n % 3).copied();
        (0..50)
            .map(|n| cluster(n, &format!("city-{n:02}"), group(n)))
            .collect()
    }

    /// FR-CON-01: fifty clusters stand in their groups, each in the person's order, and a few letters find one of them.
    #[test]
    fn fifty_clusters_are_found_by_typing() {
        let all = fifty();
        let shown = groups(&all, "");
        let names: Vec<Option<&str>> = shown.iter().map(|group| group.name.as_deref()).collect();
        assert_eq!(names, [None, Some("europe"), Some("asia")]);
        assert_eq!(shown.iter().map(|group| group.clusters.len()).sum::<usize>(), 50);
        let found = groups(&all, " PRODUCTION city-1 asia ");
        let found: Vec<&str> = found
            .iter()
            .flat_map(|group| &group.clusters)
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(found, ["city-10", "city-16"]);
        assert!(groups(&all, "nowhere").is_empty());
    }

    /// FR-CON-01: a cluster changes places within its group and not beyond it.
    #[test]
    fn clusters_move_within_their_group() {
        let all = [
            cluster(0, "a", None),
            cluster(1, "b", Some("g")),
            cluster(2, "c", None),
        ];
        let order = moved(&all, all[2].id, true).expect("there is one above");
        assert_eq!(order, [all[2].id, all[1].id, all[0].id]);
        assert_eq!(moved(&all, all[0].id, true), None);
        assert_eq!(moved(&all, all[1].id, false), None);
    }
}
