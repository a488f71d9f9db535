//! The column *CPU, last hour*: a small line for each cluster that is connected, and the present value.

use slipway_protocol::ClusterId;
use slipway_protocol::api::GetNodeMetrics;
use slipway_protocol::metric::Series;
use yew::prelude::*;

use crate::pages::metrics::Range;
use crate::state::api::{Every, use_api_by};

/// In pixels, as it is drawn.
const WIDTH: u16 = 96;
const HEIGHT: u16 = 18;
/// So many points fit without running into each other.
const POINTS: usize = 48;
/// Many clusters at once are looked at less often than one.
const AGAIN: Every = Every::Milliseconds(60_000);

#[derive(PartialEq, Properties)]
pub struct ProcessorProps {
    pub of: ClusterId,
    /// It is connected, and somebody is signed in there.
    pub asked: bool,
}

/// What the agent's node used of all its cores. Of a cluster that is out of reach, or did not answer when it was
/// asked last, it says nothing: an old line would look like a present one.
#[function_component]
pub fn Processor(props: &ProcessorProps) -> Html {
    let request = GetNodeMetrics {
        from: None,
        to: None,
        last: Some(Range::Hour.seconds()),
    };
    let every = if props.asked { AGAIN } else { Every::Never };
    let metrics = use_api_by(props.of, request, every, None);
    let known = metrics
        .get()
        .filter(|_| props.asked && metrics.failure.is_none())
        .and_then(|metrics| Some((metrics, metrics.cpu.now()?)));
    let Some((metrics, now)) = known else {
        return html! { { "–" } };
    };
    let most = metrics.cpu.peak().unwrap_or(now);
    let title = format!(
        "{} now uses {now:.0} % of its cores, at most {most:.0} % in the last hour",
        metrics.node
    );
    html! {
        <span class="spark" {title}>
            <svg viewBox={format!("0 0 {WIDTH} {HEIGHT}")} width={WIDTH.to_string()} height={HEIGHT.to_string()} aria-hidden="true">
                <path d={path(&metrics.cpu)}/>
            </svg>
            <span class="number">{ format!("{now:.0} %") }</span>
        </span>
    }
}

/// The line from 0 % at the foot to 100 % at the head, so that clusters can be compared. What was not recorded is a gap.
fn path(series: &Series) -> String {
    let values = fewer(&series.mean, POINTS);
    let last = values.len().saturating_sub(1).max(1);
    let (width, height) = (f32::from(WIDTH), f32::from(HEIGHT - 2));
    let mut path = String::new();
    let mut drawn = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawn = false;
            continue;
        };
        let x = width * at as f32 / last as f32;
        let y = 1.0 + height * (1.0 - value.clamp(0.0, 100.0) / 100.0);
        path.push_str(&format!("{}{x:.1} {y:.1}", if drawn { 'L' } else { 'M' }));
        drawn = true;
    }
    path
}

/// At most so many points, each the mean of those in its place.
fn fewer(values: &[Option<f32>], most: usize) -> Vec<Option<f32>> {
    let size = values.len().div_ceil(most).max(1);
    values
        .chunks(size)
        .map(|chunk| {
            let known: Vec<f32> = chunk.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f32>() / known.len() as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(mean: &[Option<f32>]) -> Series {
        Series {
            mean: mean.to_vec(),
            most: mean.to_vec(),
        }
    }

    /// FR-CON-10: the line goes from the oldest point at the left to the newest at the right, and has a gap where nothing was recorded.
    #[test]
    fn a_line_has_its_gaps() {
        assert_eq!(path(&series(&[])), "");
        assert_eq!(
            path(&series(&[Some(0.0), Some(100.0), None, Some(50.0), Some(50.0)])),
            "M0.0 17.0L24.0 1.0M72.0 9.0L96.0 9.0"
        );
    }

    /// FR-CON-10: many points become few, and a value beyond its bounds stays within the line's place.
    #[test]
    fn many_points_become_few() {
        let many: Vec<Option<f32>> = (0..360).map(|_| Some(140.0)).collect();
        assert_eq!(fewer(&many, POINTS).len(), 45);
        assert!(
            path(&series(&many))
                .split(['M', 'L'])
                .skip(1)
                .all(|point| point.ends_with(" 1.0"))
        );
        assert_eq!(fewer(&[Some(1.0), Some(3.0), None, None], 2), [Some(2.0), None]);
    }
}
