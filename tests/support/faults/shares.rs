//! Which way meets a fault at which of its steps, where each step meets it once.

use slipway_protocol::deployment::Step;

/// Each step in one of the ways that have it, and of all ways about as many: for each way the places of its steps.
pub(super) fn shared_out(ways: &[&[Step]]) -> Vec<Vec<usize>> {
    let mut all: Vec<Step> = Vec::new();
    for step in ways.iter().flat_map(|steps| steps.iter().copied()) {
        if !all.contains(&step) {
            all.push(step);
        }
    }
    // Those that few ways have come first; the others find room where it is left.
    all.sort_by_key(|step| ways.iter().filter(|steps| steps.contains(step)).count());
    let mut shares: Vec<Vec<usize>> = vec![Vec::new(); ways.len()];
    for step in all {
        let place = |steps: &[Step]| steps.iter().position(|one| *one == step);
        let places = ways
            .iter()
            .copied()
            .enumerate()
            .filter_map(|(way, steps)| Some((way, place(steps)?)));
        if let Some((way, place)) = places.min_by_key(|(way, _)| shares[*way].len()) {
            shares[way].push(place);
        }
    }
    shares
}
