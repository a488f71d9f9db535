//! One line of a log: number, time, who, level, text. Text only, whatever the line holds.

use slipway_protocol::log_line::{LogLevel, LogStream};
use yew::prelude::*;

use super::ansi::{self, Style};
use super::buffer::Line;
use super::layout::{MOST_CHARS, MOST_ROWS, keeps_words, row_ends};
use crate::components::icon::{Icon, Picture};
use crate::text;

/// How all lines of a log are shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks {
    /// Times to the millisecond.
    pub fine_times: bool,
    /// A column for the level.
    pub levels: bool,
    /// Who wrote a line is told by a colour too.
    pub colour_who: bool,
    /// Characters of a row, where text is wrapped.
    pub columns: Option<u32>,
    /// What is looked for, in lower case; marked where it stands.
    pub wanted: String,
}

#[derive(PartialEq, Properties)]
pub struct LogRowProps {
    pub line: Line,
    pub looks: Looks,
    pub chosen: bool,
    /// The view is about it.
    #[prop_or_default]
    pub marked: bool,
    /// With whether what was chosen before stays chosen (Shift).
    pub onchoose: Callback<bool>,
    /// Shows it among the lines around it, where those are not here.
    #[prop_or_default]
    pub oncontext: Option<Callback<()>>,
}

#[function_component]
pub fn LogRow(props: &LogRowProps) -> Html {
    let (line, looks) = (&props.line, &props.looks);
    let stream = match line.stream {
        LogStream::Stdout => "stdout",
        LogStream::Stderr => "stderr",
        LogStream::System => "system",
    };
    let grave = line.level.is_some_and(|level| level >= LogLevel::Error);
    let time = if looks.fine_times {
        text::fine_clock(line.at)
    } else {
        text::clock(line.at)
    };
    let who = looks.colour_who.then(|| format!("who-{}", colour_of(&line.who)));
    let onclick = props.onchoose.reform(|event: MouseEvent| event.shift_key());
    let class = classes!(
        "log-row",
        stream,
        grave.then_some("grave"),
        props.chosen.then_some("chosen"),
        props.marked.then_some("marked"),
        looks.columns.is_some().then_some("wrapped")
    );
    html! {
        <div {class} {onclick} aria-current={props.marked.then_some("true")}>
            if line.numbered { <span class="log-number">{ line.id }</span> }
            <span class="log-time" title={text::absolute(line.at)}>{ time }</span>
            <span class={classes!("log-who", who)} title={line.who.clone()}>{ &line.who }</span>
            if looks.levels { { level(line.level) } }
            <span class="log-text">{ shown(line, looks) }</span>
            if let Some(show) = &props.oncontext { { context_button(show) } }
        </div>
    }
}

/// By keys the same is done with Enter, and in the line's details.
fn context_button(show: &Callback<()>) -> Html {
    let onclick = show.reform(|event: MouseEvent| event.stop_propagation());
    html! {
        <button type="button" class="log-context" tabindex="-1" data-testid="log-row-context" title="Show in context"
            aria-label="Show in context" {onclick}><Picture icon={Icon::Context}/></button>
    }
}

fn level(level: Option<LogLevel>) -> Html {
    let word = level.map_or("", LogLevel::as_str);
    html! { <span class={classes!("log-level", word)}>{ word }</span> }
}

/// The same name has the same one of six colours, wherever it stands.
fn colour_of(who: &str) -> u32 {
    let sum = who.bytes().fold(0_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    sum % 6
}

/// Room for saying that there is more.
const REST_CHARS: usize = 44;

#[derive(Clone, Copy, Default, PartialEq)]
struct Looked {
    style: Style,
    found: bool,
}

fn shown(line: &Line, looks: &Looks) -> Html {
    let most = match looks.columns {
        Some(columns) => {
            let most = (columns.max(1) * MOST_ROWS) as usize;
            if line.width as usize > most {
                most.saturating_sub(REST_CHARS)
            } else {
                most
            }
        }
        None => MOST_CHARS,
    };
    let chars = characters(&line.text, &looks.wanted, most);
    let more = (line.width as usize).saturating_sub(chars.len());
    let rest = (more > 0).then(|| {
        html! { <span class="log-rest">{ format!(" … {} more, in the line's details", text::thousands(more as u64)) }</span> }
    });
    match looks.columns {
        None => html! { <>{ for pieces(&chars) }{ rest.unwrap_or_default() }</> },
        // Rows are cut here, so that their number is known before the page is laid out.
        Some(columns) => {
            let rows = rows(&chars, line.width, columns);
            let last = rows.len().saturating_sub(1);
            // What is left out is said at the end of the last one, where there is room for it.
            let row = |(place, row): (usize, &[(char, Looked)])| {
                let rest = rest.clone().filter(|_| place == last);
                html! { <div class="log-chunk">{ for pieces(row) }{ rest.unwrap_or_default() }</div> }
            };
            html! { <>{ for rows.into_iter().enumerate().map(row) }</> }
        }
    }
}

/// The rows of a wrapped text, as many as the layout has counted.
fn rows(chars: &[(char, Looked)], width: u32, columns: u32) -> Vec<&[(char, Looked)]> {
    if !keeps_words(width, columns) {
        return chars.chunks(columns.max(1) as usize).collect();
    }
    let mut from = 0;
    let mut rows = Vec::new();
    for end in row_ends(chars.iter().map(|(c, _)| *c), columns) {
        rows.push(&chars[from..end]);
        from = end;
    }
    rows
}

/// The characters that are shown, each with its look.
fn characters(text: &str, wanted: &str, most: usize) -> Vec<(char, Looked)> {
    let mut all: Vec<(char, Looked)> = Vec::new();
    ansi::each(text, |c, style| {
        if all.len() < most {
            all.push((c, Looked { style, found: false }));
        }
    });
    if !wanted.is_empty() {
        let lower: Vec<char> = all
            .iter()
            .map(|(c, _)| c.to_lowercase().next().unwrap_or(*c))
            .collect();
        let wanted: Vec<char> = wanted.chars().collect();
        let mut at = 0;
        while at + wanted.len() <= lower.len() {
            if lower[at..].starts_with(&wanted) {
                all[at..at + wanted.len()]
                    .iter_mut()
                    .for_each(|(_, look)| look.found = true);
                at += wanted.len();
            } else {
                at += 1;
            }
        }
    }
    all
}

/// Characters of one look after the other, as one element each.
fn pieces(chars: &[(char, Looked)]) -> Vec<Html> {
    let runs = chars.chunk_by(|(_, one), (_, two)| one == two);
    let piece = |run: &[(char, Looked)]| {
        let text: String = run.iter().map(|(c, _)| *c).collect();
        let looked = run.first().map(|(_, look)| *look).unwrap_or_default();
        match (looked.style.class(), looked.found) {
            (None, false) => html! { <>{ text }</> },
            (class, false) => html! { <span {class}>{ text }</span> },
            (class, true) => html! { <mark {class}>{ text }</mark> },
        }
    };
    runs.map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    async fn rendered(text: &str, looks: Looks) -> String {
        let line = Line::new(
            1,
            DateTime::UNIX_EPOCH,
            "web".to_owned(),
            LogStream::Stdout,
            text.to_owned(),
        );
        let props = yew::props! { LogRowProps { line, looks, chosen: false, onchoose: Callback::noop() } };
        let render = || yew::LocalServerRenderer::<LogRow>::with_props(props).hydratable(false);
        tokio::task::LocalSet::new()
            .run_until(async { render().render().await })
            .await
    }

    /// FR-OBS-01, NFR-S7: colours are classes, what was looked for is marked, and markup in a line is text.
    #[tokio::test]
    async fn a_line_is_text() {
        let looks = Looks {
            wanted: "err".to_owned(),
            ..Looks::default()
        };
        let page = rendered("<img src=x> \u{1b}[31mError\u{1b}[0m", looks).await;
        assert!(
            page.contains("&lt;img src=x&gt;") && !page.contains("<img"),
            "{page}"
        );
        assert!(
            page.contains("<mark class=\"ansi-1\">Err</mark><span class=\"ansi-1\">or</span>"),
            "{page}"
        );
    }

    /// FR-OBS-01: a wrapped line is cut into rows of the pane's width; a very long one says what it leaves out.
    #[tokio::test]
    async fn long_lines_are_cut() {
        let looks = Looks {
            columns: Some(10),
            ..Looks::default()
        };
        let page = rendered(&"x".repeat(25), looks).await;
        assert_eq!(page.matches("log-chunk").count(), 3, "{page}");
        let page = rendered(&"x".repeat(5_000), Looks::default()).await;
        assert!(page.contains("1,000 more"), "{page}");
    }
}
