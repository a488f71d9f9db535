//! The card “Traffic”: requests and errors over time, and the present ones in numbers.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::metric::{ApplicationMetrics, Series};
use yew::prelude::*;

use super::metrics::{marks, up_to_now};
use crate::components::card::Card;
use crate::components::chart::{Ink, Line, Look, Plot, Shown};
use crate::components::remote::face;
use crate::pages::metrics::{Range, RangeChoice};
use crate::state::api::{Every, use_api_by};
use crate::state::cluster::use_cluster;
use crate::state::remote::Remote;
use crate::units::Unit;

#[derive(PartialEq, Properties)]
pub struct TrafficProps {
    pub app: Rc<ApplicationView>,
    pub deployments: Remote<Vec<DeploymentView>>,
    /// Of the last hour: the page asks for that.
    pub hour: Remote<ApplicationMetrics>,
}

#[function_component]
pub fn Traffic(props: &TrafficProps) -> Html {
    let context = use_cluster();
    let range = use_state_eq(|| Range::Hour);
    let pointed = use_state_eq(|| None::<usize>);
    let is_hour = *range == Range::Hour;
    let every = if is_hour { Every::Never } else { range.every() };
    let other = use_api_by(context.id(), up_to_now(props.app.id, *range), every, None);
    let metrics = if is_hour { &props.hour } else { &other };
    let requests = metrics.get().map(|metrics| &metrics.requests);
    let nothing = nothing(
        props.app.serving.is_some(),
        !props.app.domains.is_empty(),
        requests,
    );
    let shown = metrics.get().filter(|_| nothing.is_none());
    let shown = shown.map(|metrics| Rc::new(shown_of(metrics, &props.deployments)));
    let place = shown
        .as_ref()
        .and_then(|shown| pointed.filter(|place| *place < shown.count()));
    let happened = shown
        .as_ref()
        .zip(place)
        .and_then(|(shown, place)| shown.happened(place));
    let title = AttrValue::Static("requests per second, errors");
    let note = happened.or_else(|| nothing.is_none().then_some(title));
    let choose = {
        let range = range.setter();
        Callback::from(move |chosen| range.set(chosen))
    };
    // Where there is nothing of an hour there is hardly something of another time; who has chosen one can go back.
    let choice = if nothing.is_some() && is_hour {
        html! {}
    } else {
        html! { <RangeChoice chosen={*range} onchange={choose}/> }
    };
    let body = match nothing {
        Some(why) => html! { <p class="card-empty">{ why }</p> },
        None => face(metrics, "the right to read logs", |metrics| match &shown {
            Some(shown) => drawn(metrics, shown, &pointed, place),
            None => html! {},
        }),
    };
    html! {
        <div data-testid="traffic">
            <Card title="Traffic" class="traffic" {note} actions={choice}>{ body }</Card>
        </div>
    }
}

fn shown_of(metrics: &ApplicationMetrics, deployments: &Remote<Vec<DeploymentView>>) -> Shown {
    let deployments = deployments.get().map(Vec::as_slice).unwrap_or_default();
    Shown {
        unit: Unit::Rate,
        lines: vec![
            Line::new("answered", &metrics.requests, Ink::Accent, Look::Area),
            Line::new("answered with 5xx", &metrics.errors, Ink::Bad, Look::Plain),
        ],
        from: metrics.from,
        step: metrics.step,
        marks: Rc::new(marks(metrics.from, deployments)),
    }
}

fn drawn(
    metrics: &ApplicationMetrics,
    shown: &Rc<Shown>,
    pointed: &UseStateHandle<Option<usize>>,
    place: Option<usize>,
) -> Html {
    let [rate, errors, latency] = numbers(metrics, place);
    html! {
        <>
            <Plot id="chart-traffic" title="Traffic" shown={Rc::clone(shown)} pointed={pointed.clone()}/>
            <div class="chart-legend" data-testid="traffic-numbers">
                <span class="chart-line accent"><strong class="number">{ rate }</strong>{ " req/s" }</span>
                <span class="chart-line bad"><strong class="number">{ errors }</strong>{ " errors" }</span>
                <span><strong class="number">{ latency }</strong>{ " mean answer" }</span>
                <span class="grow"/>
                { shown.moment(place) }
            </div>
        </>
    }
}

/// Why there is no chart, where there is none. `requests` are absent as long as no answer is there.
fn nothing(serves: bool, has_domain: bool, requests: Option<&Series>) -> Option<&'static str> {
    let peak = requests.and_then(Series::peak);
    if peak.is_some_and(|peak| peak > 0.0) {
        return None;
    }
    if !serves {
        return Some("No requests yet: no deployment has succeeded.");
    }
    if !has_domain {
        return Some("No domain leads to it, so no requests are counted.");
    }
    (requests.is_some() && peak.is_none()).then_some("No requests were recorded in this time.")
}

/// Requests a second, the share of errors and the mean time of an answer: all of one point, of the present one where none is pointed at.
fn numbers(metrics: &ApplicationMetrics, place: Option<usize>) -> [String; 3] {
    let place = place.or_else(|| metrics.requests.present());
    let at = |series: &Series| place.and_then(|place| series.at(place)).map(f64::from);
    let (rate, errors) = (at(&metrics.requests), at(&metrics.errors));
    // Of nothing there is no share.
    let share = rate
        .zip(errors)
        .filter(|(rate, _)| *rate > 0.0)
        .map(|(rate, errors)| errors / rate * 100.0);
    [
        rate.map(|rate| Unit::Rate.mark(rate)),
        share.map(|share| Unit::Percent.write(share)),
        at(&metrics.latency).map(|latency| Unit::Milliseconds.write(latency)),
    ]
    .map(|word| word.unwrap_or_else(|| "–".to_owned()))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn series(values: &[Option<f32>]) -> Series {
        Series {
            mean: values.to_vec(),
            most: values.to_vec(),
        }
    }

    fn metrics(
        requests: &[Option<f32>],
        errors: &[Option<f32>],
        latency: &[Option<f32>],
    ) -> ApplicationMetrics {
        ApplicationMetrics {
            from: DateTime::UNIX_EPOCH,
            step: 10,
            cpu: Series::default(),
            memory: Series::default(),
            memory_limit: Series::default(),
            received: Series::default(),
            sent: Series::default(),
            requests: series(requests),
            errors: series(errors),
            latency: series(latency),
            restarts: 0,
            tasks: Vec::new(),
        }
    }

    /// FR-OBS-03, NFR-U2: the numbers are of one moment, have units, and what is not known is not zero.
    #[test]
    fn the_numbers_are_of_one_moment() {
        let busy = metrics(
            &[Some(10.0), Some(431.0), None],
            &[Some(1.0), Some(0.0862), None],
            &[Some(7.0), Some(38.2), None],
        );
        assert_eq!(numbers(&busy, None), ["431", "0.02 %", "38 ms"]);
        assert_eq!(numbers(&busy, Some(0)), ["10", "10 %", "7.0 ms"]);
        assert_eq!(numbers(&busy, Some(2)), ["–", "–", "–"]);
        let quiet = metrics(&[Some(0.0)], &[Some(0.0)], &[None]);
        assert_eq!(numbers(&quiet, None), ["0", "–", "–"]);
    }

    /// FR-OBS-03, NFR-U2: instead of an empty chart there is a sentence; what was asked for before the domain went is drawn all the same.
    #[test]
    fn nothing_is_a_sentence() {
        let none = series(&[None]);
        let quiet = series(&[Some(0.0)]);
        let busy = series(&[Some(2.0)]);
        let says = |serves, has_domain, requests, words: &str| {
            let said = nothing(serves, has_domain, requests);
            assert!(said.is_some_and(|said| said.contains(words)), "{said:?}");
        };
        says(false, false, None, "no deployment");
        says(true, false, None, "No domain");
        says(true, false, Some(&quiet), "No domain");
        says(true, true, Some(&none), "in this time");
        assert_eq!(nothing(true, true, None), None);
        assert_eq!(nothing(true, true, Some(&quiet)), None);
        assert_eq!(nothing(true, false, Some(&busy)), None);
    }
}
