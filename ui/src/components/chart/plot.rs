//! A chart's lines over time, for a card that has a head and a foot of its own. They are drawn again when there are new points, and not
//! before.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::json;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::canvas::{Canvas, Drawing};
use super::{Ink, Line, Look, Shown};
use crate::components::pill::Tone;
use crate::state::counter::use_counter;
use crate::units::Unit;

#[derive(PartialEq, Properties)]
pub struct PlotProps {
    /// The `data-testid`.
    pub id: &'static str,
    /// What the lines are of, for who cannot see them.
    pub title: AttrValue,
    pub shown: Rc<Shown>,
    /// The point under the pointer: the card says more of it.
    pub pointed: UseStateHandle<Option<usize>>,
}

#[function_component]
pub fn Plot(props: &PlotProps) -> Html {
    let host = use_node_ref();
    let canvas = use_mut_ref(|| None::<Canvas>);
    // Grows with each canvas that is ready to be drawn on.
    let (ready, is_ready) = use_counter();
    let (shown, unit) = (&props.shown, props.shown.unit);
    let kinds: Vec<(Ink, Look)> = shown.lines.iter().map(|line| (line.ink, line.look)).collect();
    {
        let (host, canvas, pointed) = (host.clone(), Rc::clone(&canvas), props.pointed.setter());
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
        use_effect_with((Rc::clone(shown), ready), move |(shown, _)| {
            if let Some(canvas) = &*canvas.borrow() {
                canvas.draw(&drawing(shown));
            }
        });
    }
    let onkeydown = {
        let (canvas, pointed, count) = (Rc::clone(&canvas), *props.pointed, shown.count());
        Callback::from(move |event: KeyboardEvent| {
            if let Some(place) = walked(&event.key(), pointed, count) {
                event.prevent_default();
                if let Some(canvas) = &*canvas.borrow() {
                    canvas.point(place);
                }
            }
        })
    };
    let said = said(&props.title, unit, &shown.lines);
    html! {
        <div class="chart" data-testid={props.id} data-points={recorded(&shown.lines).to_string()}
            role="img" tabindex="0" aria-label={said} {onkeydown} ref={host}/>
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

fn drawing(shown: &Shown) -> Drawing {
    let count = shown.count();
    let mut values = Vec::new();
    let mut put = |of: &[Option<f32>]| {
        let known = of.iter().map(|value| value.map_or(f64::NAN, f64::from));
        values.extend(known.chain(std::iter::repeat(f64::NAN)).take(count));
    };
    for line in &shown.lines {
        if line.look == Look::Area {
            put(&line.series.most);
        }
        put(&line.series.mean);
    }
    let marks: Vec<serde_json::Value> = shown
        .marks
        .iter()
        .map(|mark| json!({ "at": mark.at.timestamp(), "ink": token_of(mark.tone) }))
        .collect();
    Drawing {
        from: shown.from.timestamp() as f64,
        step: f64::from(shown.step),
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

/// How many points have a value.
fn recorded(lines: &[Line]) -> usize {
    let of = |line: &Line| line.series.mean.iter().flatten().count();
    lines.iter().map(of).max().unwrap_or(0)
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
    use chrono::DateTime;
    use slipway_protocol::metric::Series;

    use super::super::Mark;
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
        let lines = vec![
            line(Look::Area, &[Some(1.0), None], &[Some(3.0), None]),
            line(Look::Limit, &[Some(4.0)], &[]),
        ];
        let mark = Mark {
            at: DateTime::from_timestamp(1_000, 0).unwrap(),
            tone: Tone::Good,
            text: String::new(),
        };
        let drawn = drawing(&Shown {
            unit: Unit::Memory,
            lines,
            from: DateTime::UNIX_EPOCH,
            step: 10,
            marks: Rc::new(vec![mark]),
        });
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
