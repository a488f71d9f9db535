//! A chart of some quantities over time: a card with the lines, the values under the pointer or the present ones, and a sentence of them
//! for who cannot see it.

mod canvas;
mod plot;

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::metric::Series;
use yew::prelude::*;

use super::card::Card;
use super::pill::Tone;
use crate::text;
use crate::units::Unit;

pub use plot::Plot;

/// One line of a chart.
#[derive(Clone, PartialEq)]
pub struct Line {
    pub name: &'static str,
    pub series: Series,
    pub ink: Ink,
    pub look: Look,
}

impl Line {
    pub fn new(name: &'static str, series: &Series, ink: Ink, look: Look) -> Self {
        Self {
            name,
            series: series.clone(),
            ink,
            look,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    Accent,
    Progress,
    Bad,
    Warning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Filled down to nothing, with the largest values as a faint line behind it.
    Area,
    Plain,
    /// What the others should stay below.
    Limit,
}

/// Something that happened, as a vertical line on a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at: DateTime<Utc>,
    pub tone: Tone,
    pub text: String,
}

/// What is drawn: lines of one unit, and what happened meanwhile.
#[derive(PartialEq)]
pub struct Shown {
    pub unit: Unit,
    pub lines: Vec<Line>,
    /// When the first point begins.
    pub from: DateTime<Utc>,
    /// In seconds.
    pub step: u32,
    pub marks: Rc<Vec<Mark>>,
}

impl Shown {
    /// So many points there are.
    pub fn count(&self) -> usize {
        let lines = self.lines.iter();
        lines.map(|line| line.series.mean.len()).max().unwrap_or(0)
    }

    fn time_of(&self, place: usize) -> DateTime<Utc> {
        let seconds = i64::from(self.step) * i64::try_from(place).unwrap_or(0);
        self.from + TimeDelta::seconds(seconds)
    }

    /// What happened near a point.
    pub fn happened(&self, place: usize) -> Option<AttrValue> {
        let at = self.time_of(place);
        // As near as a pointer comes to a line: a hundredth of the chart.
        let near = i64::from(self.step) * i64::try_from(self.count() / 100 + 1).unwrap_or(1);
        let marks = self.marks.iter();
        let nearest = marks.min_by_key(|mark| (mark.at - at).num_seconds().abs())?;
        ((nearest.at - at).num_seconds().abs() <= near).then(|| nearest.text.clone().into())
    }

    /// The moment of a point, for the head of a card.
    pub fn moment(&self, place: Option<usize>) -> Html {
        let Some(place) = place else {
            return html! {};
        };
        html! { <span class="faint number">{ text::absolute(self.time_of(place)) }</span> }
    }
}

#[derive(PartialEq, Properties)]
pub struct ChartProps {
    /// The `data-testid`.
    pub id: &'static str,
    pub title: AttrValue,
    pub unit: Unit,
    pub lines: Vec<Line>,
    pub from: DateTime<Utc>,
    /// In seconds.
    pub step: u32,
    #[prop_or_default]
    pub marks: Rc<Vec<Mark>>,
}

#[function_component]
pub fn Chart(props: &ChartProps) -> Html {
    let pointed = use_state_eq(|| None::<usize>);
    let shown = Rc::new(Shown {
        unit: props.unit,
        lines: props.lines.clone(),
        from: props.from,
        step: props.step,
        marks: Rc::clone(&props.marks),
    });
    let place = pointed.filter(|place| *place < shown.count());
    let note = place.and_then(|place| shown.happened(place));
    html! {
        <Card title={props.title.clone()} class="chart-card" {note} actions={shown.moment(place)}>
            <Plot id={props.id} title={props.title.clone()} shown={Rc::clone(&shown)} {pointed}/>
            <div class="chart-legend" aria-hidden="true">
                { for shown.lines.iter().map(|line| legend(line, props.unit, place)) }
            </div>
        </Card>
    }
}

fn legend(line: &Line, unit: Unit, place: Option<usize>) -> Html {
    let value = match place {
        Some(place) => line.series.at(place),
        None => line.series.now(),
    };
    let word = value.map_or_else(|| "–".to_owned(), |value| unit.write(f64::from(value)));
    html! {
        <span class={classes!("chart-line", line.ink.class(), (line.look == Look::Limit).then_some("limit"))}>
            <strong class="number">{ word }</strong>{ " " }{ line.name }
        </span>
    }
}

impl Ink {
    fn class(self) -> &'static str {
        match self {
            Self::Accent => "accent",
            Self::Progress => "progress",
            Self::Bad => "bad",
            Self::Warning => "warning",
        }
    }
}
