//! Parts of an application's or a deployment's log: a page for the window, and all of what fits into a file.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use slipway_client::{ClientError, Connection};
use slipway_protocol::api::FollowLogs;
use slipway_protocol::desktop::{Failure, FailureKind, LONGEST_PAGE, LogWish, LogsOf, SaveLogs, SavedLogs};
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use tauri::{AppHandle, Manager, State};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};

#[tauri::command]
pub async fn read_logs(desk: State<'_, Desk>, args: String) -> Answer {
    answer(page(&desk, &args).await)
}

#[tauri::command]
pub async fn save_logs(app: AppHandle, desk: State<'_, Desk>, args: String) -> Answer {
    answer(save(&app, &desk, &args).await)
}

async fn page(desk: &Desk, args: &str) -> Result<Vec<ContainerLogLine>, Refusal> {
    let request: LogsOf = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let mut events = page_of(&connection, request.wish);
    let mut lines = Vec::new();
    while let Some(event) = events.next().await {
        if let ContainerLogEvent::Lines(more) = event? {
            lines.extend(more);
        }
    }
    Ok(lines)
}

/// A page of the lines that there are now of what is wished for.
fn page_of(
    connection: &Connection,
    wish: LogWish,
) -> BoxStream<'static, Result<ContainerLogEvent, ClientError>> {
    if let Some(mut request) = wish.of_deployment() {
        request.limit = page_length(request.limit);
        return connection.stream(request).boxed();
    }
    let mut request = FollowLogs::from(wish);
    request.limit = page_length(request.limit);
    connection.stream(request).boxed()
}

/// As many lines as are wished for, and no more than a page has.
fn page_length(wished: Option<u32>) -> Option<u32> {
    Some(wished.map_or(LONGEST_PAGE, |wished| wished.min(LONGEST_PAGE)))
}

/// All lines that there are now of what is wished for. A link that is lost meanwhile is waited for, and the file goes on where it was.
fn all(connection: &Connection, wish: LogWish) -> BoxStream<'static, Result<ContainerLogEvent, ClientError>> {
    match wish.of_deployment() {
        Some(request) => connection.read_deployment_log(request),
        None => connection.read_logs(wish.into()),
    }
}

async fn save(app: &AppHandle, desk: &Desk, args: &str) -> Result<SavedLogs, Refusal> {
    let request: SaveLogs = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let folder = downloads(app)?;
    let name = request.name.to_string();
    let (path, part, file) = create(&folder, &name, Utc::now())
        .await
        .map_err(|error| unwritable(&folder, &error))?;
    let mut wish = request.wish;
    if wish.after.is_none() && wish.tail.is_none() {
        // Without a beginning the agent would send the last lines only.
        wish.after = Some(0);
    }
    let written = match write(all(&connection, wish), file).await {
        Ok(lines) => fs::rename(&part, &path)
            .await
            .map(|()| lines)
            .map_err(Failed::Disk),
        Err(failed) => Err(failed),
    };
    match written {
        Ok(lines) => Ok(SavedLogs {
            path: path.display().to_string(),
            lines,
        }),
        Err(failed) => {
            let _ = fs::remove_file(&part).await;
            Err(match failed {
                Failed::Link(error) => error.into(),
                Failed::Disk(error) => unwritable(&path, &error),
            })
        }
    }
}

/// The person's download folder; the home folder where the system names none.
fn downloads(app: &AppHandle) -> Result<PathBuf, Refusal> {
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    folder.map_err(|_| {
        let sentence =
            "The system names neither a download folder nor a home folder, so the log has no place to go; copy the lines instead.";
        Failure::new(FailureKind::App, sentence).into()
    })
}

fn unwritable(path: &Path, error: &std::io::Error) -> Refusal {
    let sentence = format!(
        "The log could not be written to {}: {error}; make room there and try again.",
        path.display()
    );
    Failure::new(FailureKind::App, sentence).into()
}

/// A name that no file has, `web-20261126-051500.log` or with a number behind, and a new file beside it which gets that name when it is
/// whole: half a log that looks like a whole one is worse than none. It is for the person alone.
async fn create(folder: &Path, name: &str, now: DateTime<Utc>) -> std::io::Result<(PathBuf, PathBuf, File)> {
    fs::create_dir_all(folder).await?;
    let stem = format!("{name}-{}", now.format("%Y%m%d-%H%M%S"));
    let mut number = 1;
    loop {
        let file = match number {
            1 => format!("{stem}.log"),
            more => format!("{stem}-{more}.log"),
        };
        let (path, part) = (folder.join(&file), folder.join(format!("{file}.part")));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        if !fs::try_exists(&path).await? {
            match options.open(&part).await {
                Ok(file) => return Ok((path, part, file)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => {}
                Err(error) => return Err(error),
            }
        }
        number += 1;
    }
}

enum Failed {
    Link(ClientError),
    Disk(std::io::Error),
}

/// Writes the lines as they come; nothing is kept in memory.
async fn write(
    mut events: impl Stream<Item = Result<ContainerLogEvent, ClientError>> + Unpin,
    file: File,
) -> Result<u64, Failed> {
    let mut file = BufWriter::new(file);
    let mut count = 0;
    while let Some(event) = events.next().await {
        let ContainerLogEvent::Lines(lines) = event.map_err(Failed::Link)? else {
            continue;
        };
        count += lines.len() as u64;
        for line in &lines {
            file.write_all(as_text(line).as_bytes())
                .await
                .map_err(Failed::Disk)?;
        }
    }
    file.flush().await.map_err(Failed::Disk)?;
    file.get_ref().sync_all().await.map_err(Failed::Disk)?;
    Ok(count)
}

/// Time, task, level and the text as the container wrote it.
fn as_text(line: &ContainerLogLine) -> String {
    let at = line.at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let level = line.level.map_or("-", |level| level.as_str());
    format!("{at} {} {level} {}\n", line.task, line.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use slipway_protocol::log_line::LogStream;

    fn line(text: &str) -> ContainerLogLine {
        ContainerLogLine {
            sequence: 1,
            at: DateTime::UNIX_EPOCH,
            task: "abcd".to_owned(),
            stream: LogStream::Stdout,
            level: None,
            text: text.to_owned(),
            missing: None,
        }
    }

    /// FR-OBS-01: a page has as many lines as are wished for, and never more than one answer may have.
    #[test]
    fn a_page_is_bounded() {
        assert_eq!(page_length(Some(501)), Some(501));
        assert_eq!(page_length(Some(LONGEST_PAGE + 1)), Some(LONGEST_PAGE));
        assert_eq!(page_length(None), Some(LONGEST_PAGE));
    }

    /// FR-OBS-01: a log is saved to a file of its own, never over another one.
    #[tokio::test]
    async fn a_log_is_saved_beside_what_is_there() {
        let folder = std::env::temp_dir().join(format!("slipway-logs-{}", uuid::Uuid::new_v4()));
        let now = DateTime::UNIX_EPOCH;
        let (first, part, file) = create(&folder, "web", now).await.unwrap();
        let events = stream::iter([
            Ok(ContainerLogEvent::Lines(vec![line("one"), line("<b>two</b>")])),
            Ok(ContainerLogEvent::Ping),
        ]);
        assert!(matches!(write(events, file).await, Ok(2)));
        // One that is being written counts as well as one that is there.
        let (second, ..) = create(&folder, "web", now).await.unwrap();
        std::fs::rename(&part, &first).unwrap();
        let (third, ..) = create(&folder, "web", now).await.unwrap();
        let names = [&first, &second, &third].map(|path| path.file_name().unwrap().to_owned());
        let wanted = ["", "-2", "-3"].map(|more| format!("web-19700101-000000{more}.log"));
        assert_eq!(names.map(|name| name.into_string().unwrap()), wanted);
        let text = std::fs::read_to_string(&first).unwrap();
        assert_eq!(
            text,
            "1970-01-01T00:00:00.000Z abcd - one\n1970-01-01T00:00:00.000Z abcd - <b>two</b>\n"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
