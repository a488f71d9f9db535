//! `slipway metrics`: what an application uses and does, now and lately.

use slipway_protocol::api::GetApplicationMetrics;
use slipway_protocol::metric::{ApplicationMetrics, Series};

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

/// So many characters show how a value went.
const WIDTH: usize = 40;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// The time to look at: 15m, 1h, 6h, 7d, at most 30d.
    #[arg(long, default_value = "1h", value_parser = span)]
    last: u32,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let application = view.id;
    let request = GetApplicationMetrics {
        application,
        from: None,
        to: None,
        last: Some(arguments.last),
    };
    let metrics = connection.send(request).await?;
    if context.json {
        return output::json(&metrics);
    }
    show(&metrics);
    Ok(())
}

fn show(metrics: &ApplicationMetrics) {
    let rows = rows(metrics);
    output::table(
        &["what", "now", "mean", "most", "how it went"],
        &rows,
        "Nothing was recorded in this time.",
    );
    if rows.is_empty() {
        return;
    }
    let limit = metrics.memory_limit.now();
    if let Some(limit) = limit {
        output::line(&format!("Its tasks may take {} of memory.", bytes(limit)));
    }
    match metrics.restarts {
        0 => {}
        1 => output::line("One task was restarted in this time."),
        count => output::line(&format!("{count} tasks were restarted in this time.")),
    }
}

fn rows(metrics: &ApplicationMetrics) -> Vec<Vec<String>> {
    type Words = fn(f32) -> String;
    let all: [(&str, &Series, Words); 7] = [
        ("cpu", &metrics.cpu, |cores| format!("{cores:.2} cores")),
        ("memory", &metrics.memory, bytes),
        ("received", &metrics.received, |rate| bytes(rate) + "/s"),
        ("sent", &metrics.sent, |rate| bytes(rate) + "/s"),
        ("requests", &metrics.requests, |rate| format!("{rate:.1}/s")),
        ("errors", &metrics.errors, |rate| format!("{rate:.2}/s")),
        ("latency", &metrics.latency, |latency| format!("{latency:.0} ms")),
    ];
    let recorded = all.into_iter().filter(|(_, series, _)| series.peak().is_some());
    recorded
        .map(|(name, series, words)| {
            let word = |value: Option<f32>| value.map_or_else(|| "-".to_owned(), words);
            vec![
                name.to_owned(),
                word(series.now()),
                word(series.overall()),
                word(series.peak()),
                went(&series.mean),
            ]
        })
        .collect()
}

/// `512.0 MiB`
fn bytes(amount: f32) -> String {
    let mut amount = amount;
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        unit = larger;
    }
    if unit == "B" {
        format!("{amount:.0} B")
    } else {
        format!("{amount:.1} {unit}")
    }
}

/// How a value went from nothing to its largest, in blocks; a gap is a space.
fn went(values: &[Option<f32>]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let each = values.len().div_ceil(WIDTH).max(1);
    let means: Vec<Option<f32>> = values
        .chunks(each)
        .map(|part| {
            let known: Vec<f32> = part.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f32>() / known.len() as f32)
        })
        .collect();
    let most = means.iter().flatten().copied().fold(0.0, f32::max);
    let block = |value: Option<f32>| match value {
        None => ' ',
        Some(_) if most <= 0.0 => BLOCKS[0],
        // What is not nothing stands above it.
        Some(value) => BLOCKS[((value / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    means.into_iter().map(block).collect()
}

/// A length of time in seconds.
fn span(text: &str) -> Result<u32, String> {
    let seconds = super::logs::length(text).filter(|seconds| (1..=30 * 86_400).contains(seconds));
    let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
    seconds.ok_or_else(|| "write a time such as 15m, 1h or 7d, of at most 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03, FR-API-03: how a value went is drawn from nothing to its largest, in a bounded width; a gap is not drawn.
    #[test]
    fn values_are_drawn() {
        assert_eq!(went(&[Some(0.0), Some(4.0), None, Some(8.0)]), "▁▄ █");
        assert_eq!(went(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(went(&[]), "");
        let many: Vec<Option<f32>> = (0_u16..400).map(|value| Some(f32::from(value))).collect();
        let drawn = went(&many);
        assert_eq!(drawn.chars().count(), WIDTH);
        assert!(drawn.starts_with('▁') && drawn.ends_with('█'));
    }

    /// FR-OBS-03, FR-API-03: amounts have units, and lengths of time are read.
    #[test]
    fn amounts_and_times_have_units() {
        assert_eq!(bytes(17.4), "17 B");
        assert_eq!(bytes(1_536.0), "1.5 KiB");
        assert_eq!(bytes(3.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0), "3072.0 GiB");
        assert_eq!(span("15m"), Ok(900));
        assert_eq!(span("30d"), Ok(2_592_000));
        for wrong in ["", "0s", "31d", "-1h", "soon"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    /// FR-OBS-03: what was not recorded has no row, and what ended has no present value.
    #[test]
    fn only_what_was_recorded_is_shown() {
        let none = Series::default();
        let series = |mean: &[Option<f32>]| Series {
            mean: mean.to_vec(),
            most: mean.to_vec(),
        };
        let metrics = ApplicationMetrics {
            from: chrono::DateTime::UNIX_EPOCH,
            step: 10,
            cpu: series(&[Some(0.25), Some(0.75), None, None, None]),
            memory: none.clone(),
            memory_limit: none.clone(),
            received: none.clone(),
            sent: none.clone(),
            requests: none.clone(),
            errors: none.clone(),
            latency: none,
            restarts: 0,
            tasks: Vec::new(),
        };
        let rows = rows(&metrics);
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][..4], ["cpu", "-", "0.50 cores", "0.75 cores"]);
    }
}
