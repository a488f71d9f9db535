//! A chart of some quantities over time: a card with the lines, the values under the pointer or the present ones, and a sentence of them
//! for who cannot see it. It is drawn again when there are new points, and not before.

mod canvas;

use std::cell::Cell;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde_json::json;
use slipway_protocol::metric::Series;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use self::canvas::{Canvas, Drawing};
use super::card::Card;
use super::pill::Tone;
use crate::browser::use_counter;
use crate::text;
use crate::units::Unit;

/// One line of a chart.
#[derive(Clone, PartialEq)]
pub struct Line {
    pub name: &'static str,
    pub series: Series,
    pub ink: Ink,
    pub look: Look,
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
    let host = use_node_ref();
    let canvas = use_mut_ref(|| None::<Canvas>);
    let pointed = use_state_eq(|| None::<usize>);
    // Grows with each canvas that is ready to be drawn on.
    let (ready, is_ready) = use_counter();
    let unit = props.unit;
    let kinds: Vec<(Ink, Look)> = props.lines.iter().map(|line| (line.ink, line.look)).collect();
    {
        let (host, canvas, pointed) = (host.clone(), Rc::clone(&canvas), pointed.setter());
        use_effect_with((unit, kinds), move |(unit, kinds)| {
            let unit = *unit;
            let alive = Rc::new(Cell::new(true));
            if let Some(host) = host.cast::<HtmlElement>() {
                let point = move |place| pointed.set(place);
                let (lines, canvas, alive) = (described(kinds), Rc::clone(&canvas), Rc::clone(&alive));
                spawn_local(async move {
                    let write = move |value| unit.mark(value);
                    let made = Canvas::new(&host, &lines, unit.is_binary(), write, point).await;
                    // Made for a chart that has gone meanwhile, it goes at once.
                    if alive.get() {
                        *canvas.borrow_mut() = made;
                        is_ready.emit(());
                    }
                });
            }
            move || {
                alive.set(false);
                drop(canvas.borrow_mut().take());
            }
        });
    }
    {
        let canvas = Rc::clone(&canvas);
        let points = (
            props.lines.clone(),
            props.from,
            props.step,
            Rc::clone(&props.marks),
            ready,
        );
        use_effect_with(points, move |(lines, from, step, marks, _)| {
            if let Some(canvas) = &*canvas.borrow() {
                canvas.draw(&drawing(lines, *from, *step, marks));
            }
        });
    }
    let count = points(&props.lines);
    let onkeydown = {
        let (canvas, pointed) = (Rc::clone(&canvas), *pointed);
        Callback::from(move |event: KeyboardEvent| {
            if let Some(place) = walked(&event.key(), pointed, count) {
                event.prevent_default();
                if let Some(canvas) = &*canvas.borrow() {
                    canvas.point(place);
                }
            }
        })
    };
    let place = pointed.filter(|place| *place < count);
    let said = said(&props.title, unit, &props.lines);
    html! {
        <Card title={props.title.clone()} class="chart-card" note={happened(props, place)}
            actions={place.map(|place| html! { <span class="faint number">{ text::absolute(time_of(props, place)) }</span> }).unwrap_or_default()}>
            <div class="chart" data-testid={props.id} data-points={recorded(&props.lines).to_string()}
                role="img" tabindex="0" aria-label={said} {onkeydown} ref={host}/>
            <div class="chart-legend" aria-hidden="true">
                { for props.lines.iter().map(|line| legend(line, unit, place)) }
            </div>
        </Card>
    }
}

fn legend(line: &Line, unit: Unit, place: Option<usize>) -> Html {
    let value = match place {
        Some(place) => line.series.mean.get(place).copied().flatten(),
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

/// The lines as the drawing knows them: for each what it is drawn with, and before an area the line of its largest values.
fn described(kinds: &[(Ink, Look)]) -> String {
    let mut all = Vec::new();
    for (ink, look) in kinds {
        let token = format!("--{}", ink.class());
        let line = |faint: bool, look: Look| {
            json!({ "ink": token, "tint": format!("{token}-tint"), "faint": faint,
                "filled": look == Look::Area, "dashed": look == Look::Limit })
        };
        if *look == Look::Area {
            all.push(line(true, Look::Plain));
        }
        all.push(line(false, *look));
    }
    serde_json::Value::from(all).to_string()
}

fn drawing(lines: &[Line], from: DateTime<Utc>, step: u32, marks: &[Mark]) -> Drawing {
    let count = points(lines);
    let mut values = Vec::new();
    let mut put = |of: &[Option<f32>]| {
        let known = of.iter().map(|value| value.map_or(f64::NAN, f64::from));
        values.extend(known.chain(std::iter::repeat(f64::NAN)).take(count));
    };
    for line in lines {
        if line.look == Look::Area {
            put(&line.series.most);
        }
        put(&line.series.mean);
    }
    let marks: Vec<serde_json::Value> = marks
        .iter()
        .map(|mark| json!({ "at": mark.at.timestamp(), "ink": token_of(mark.tone) }))
        .collect();
    Drawing {
        from: from.timestamp() as f64,
        step: f64::from(step),
        count: u32::try_from(count).unwrap_or(0),
        values,
        marks: serde_json::Value::from(marks).to_string(),
    }
}

fn token_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "--good",
        Tone::Warning => "--warning",
        Tone::Bad => "--bad",
        Tone::Progress => "--progress",
        Tone::Neutral => "--faint",
    }
}

fn points(lines: &[Line]) -> usize {
    lines.iter().map(|line| line.series.mean.len()).max().unwrap_or(0)
}

/// How many points have a value.
fn recorded(lines: &[Line]) -> usize {
    let of = |line: &Line| line.series.mean.iter().flatten().count();
    lines.iter().map(of).max().unwrap_or(0)
}

fn time_of(props: &ChartProps, place: usize) -> DateTime<Utc> {
    let seconds = i64::from(props.step) * i64::try_from(place).unwrap_or(0);
    props.from + chrono::TimeDelta::seconds(seconds)
}

/// What happened at the point under the pointer.
fn happened(props: &ChartProps, place: Option<usize>) -> Option<AttrValue> {
    let at = time_of(props, place?);
    // As near as a pointer comes to a line: a hundredth of the chart.
    let near = i64::from(props.step) * i64::try_from(points(&props.lines) / 100 + 1).unwrap_or(1);
    let marks = props.marks.iter();
    let nearest = marks.min_by_key(|mark| (mark.at - at).num_seconds().abs())?;
    ((nearest.at - at).num_seconds().abs() <= near).then(|| nearest.text.clone().into())
}

/// Where a key leads: to the next point, to an end, or away.
fn walked(key: &str, pointed: Option<usize>, count: usize) -> Option<Option<usize>> {
    let last = count.checked_sub(1)?;
    match key {
        "ArrowLeft" => Some(Some(pointed.map_or(last, |place| place.saturating_sub(1)))),
        "ArrowRight" => Some(Some(pointed.map_or(last, |place| (place + 1).min(last)))),
        "Home" => Some(Some(0)),
        "End" => Some(Some(last)),
        "Escape" => pointed.is_some().then_some(None),
        _ => None,
    }
}

/// “Memory: 81.5 MiB used now, 96 MiB at most; 256 MiB limit now.”
fn said(title: &str, unit: Unit, lines: &[Line]) -> String {
    let part = |line: &Line| {
        let write = |value: f32| unit.write(f64::from(value));
        let peak = line.series.peak().filter(|_| line.look != Look::Limit);
        let most = peak.map(|peak| format!(", {} at most", write(peak)));
        match line.series.now() {
            Some(now) => Some(format!(
                "{} {} now{}",
                write(now),
                line.name,
                most.unwrap_or_default()
            )),
            None => Some(format!("{} is not known now{}", line.name, most?)),
        }
    };
    let parts: Vec<String> = lines.iter().filter_map(part).collect();
    if parts.is_empty() {
        return format!("{title}: nothing was recorded in this time.");
    }
    format!("{title}: {}.", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(look: Look, mean: &[Option<f32>], most: &[Option<f32>]) -> Line {
        Line {
            name: if look == Look::Limit { "limit" } else { "used" },
            series: Series {
                mean: mean.to_vec(),
                most: most.to_vec(),
            },
            ink: Ink::Accent,
            look,
        }
    }

    /// FR-OBS-03, NFR-U2: a chart is a sentence for who cannot see it, with the present values and the largest.
    #[test]
    fn a_chart_is_a_sentence() {
        const MIB: f32 = 1_048_576.0;
        let used = line(Look::Area, &[Some(64.0 * MIB)], &[Some(96.0 * MIB)]);
        let limit = line(Look::Limit, &[Some(256.0 * MIB)], &[Some(256.0 * MIB)]);
        assert_eq!(
            said("Memory", Unit::Memory, &[used, limit]),
            "Memory: 64 MiB used now, 96 MiB at most; 256 MiB limit now."
        );
        let ended = line(
            Look::Area,
            &[Some(1.0), None, None, None],
            &[Some(2.0), None, None, None],
        );
        assert_eq!(
            said("CPU", Unit::Cores, &[ended]),
            "CPU: used is not known now, 2 cores at most."
        );
        let none = line(Look::Area, &[None], &[None]);
        assert_eq!(
            said("CPU", Unit::Cores, &[none]),
            "CPU: nothing was recorded in this time."
        );
    }

    /// FR-OBS-03: what is drawn are all lines' points, with gaps where nothing was recorded, and the largest values behind an area.
    #[test]
    fn lines_become_a_drawing() {
        let lines = [
            line(Look::Area, &[Some(1.0), None], &[Some(3.0), None]),
            line(Look::Limit, &[Some(4.0)], &[]),
        ];
        let mark = Mark {
            at: DateTime::from_timestamp(1_000, 0).unwrap(),
            tone: Tone::Good,
            text: String::new(),
        };
        let drawn = drawing(&lines, DateTime::UNIX_EPOCH, 10, &[mark]);
        assert_eq!(drawn.count, 2);
        let gaps: Vec<Option<f64>> = drawn
            .values
            .iter()
            .map(|value| (!value.is_nan()).then_some(*value))
            .collect();
        assert_eq!(gaps, [Some(3.0), None, Some(1.0), None, Some(4.0), None]);
        assert_eq!(drawn.marks, r#"[{"at":1000,"ink":"--good"}]"#);
        let kinds = [(Ink::Accent, Look::Area), (Ink::Warning, Look::Limit)];
        let described: Vec<serde_json::Value> = serde_json::from_str(&described(&kinds)).unwrap();
        assert_eq!(described.len(), 3);
        assert!(described[0]["faint"] == true && described[1]["filled"] == true);
        assert!(described[2]["dashed"] == true && described[2]["ink"] == "--warning");
    }

    /// FR-DSK-04: a chart is walked by the keys, from its end.
    #[test]
    fn a_chart_is_walked() {
        assert_eq!(walked("ArrowLeft", None, 5), Some(Some(4)));
        assert_eq!(walked("ArrowLeft", Some(4), 5), Some(Some(3)));
        assert_eq!(walked("ArrowRight", Some(4), 5), Some(Some(4)));
        assert_eq!(walked("Home", Some(4), 5), Some(Some(0)));
        assert_eq!(walked("Escape", Some(4), 5), Some(None));
        assert_eq!(walked("Escape", None, 5), None);
        assert_eq!(walked("ArrowLeft", None, 0), None);
        assert_eq!(walked("a", None, 5), None);
    }
}
