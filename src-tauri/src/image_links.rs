//! An AppImage is installed by nobody, so it tells the desktop itself that links `slipway://…` are its own: by an entry that starts it where
//! it lies (Desktop Entry Specification), and by naming that entry (Association between MIME types and applications).
//!
//! Both are small text files of the person's own. Whoever has another app for these links keeps it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tauri::{AppHandle, Manager};

use crate::updates;

/// No menu shows it: whoever wants the app there puts it there.
const ENTRY: &str = "slipway-appimage.desktop";
const SCHEME: &str = "x-scheme-handler/slipway";
const DEFAULTS: &str = "[Default Applications]";

/// Does so where this app is an AppImage and it is not so yet, or the AppImage has moved. Links are a convenience: where it cannot be done
/// the app is there without them, and the window does not wait for a home folder that is on another machine.
pub fn register(app: &AppHandle) {
    let Some(image) = updates::own_image() else {
        return;
    };
    let folders = app
        .path()
        .data_dir()
        .and_then(|data| Ok((data, app.path().config_dir()?)))
        .map_err(|error| error.to_string());
    tauri::async_runtime::spawn_blocking(move || {
        let done = folders.and_then(|(data, config)| {
            write(&image, &data.join("applications"), &config.join("mimeapps.list"))
                .map_err(|error| error.to_string())
        });
        if let Err(error) = done {
            eprintln!("slipway: links to this app could not be registered with the desktop: {error}");
        }
    });
}

fn write(image: &Path, folder: &Path, defaults: &Path) -> io::Result<()> {
    let Some(entry) = image.to_str().and_then(entry) else {
        return Err(io::Error::other(format!(
            "{} is no path that an entry can name",
            image.display()
        )));
    };
    let path = folder.join(ENTRY);
    if fs::read_to_string(&path).ok().as_ref() != Some(&entry) {
        fs::create_dir_all(folder)?;
        replace(&path, &entry)?;
    }
    let now = match fs::read_to_string(defaults) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    match with_default(&now) {
        Some(text) => {
            if let Some(folder) = defaults.parent() {
                fs::create_dir_all(folder)?;
            }
            replace(defaults, &text)
        }
        None => Ok(()),
    }
}

/// Whole or not at all; a link to the file stays one, and whoever might read it may, and nobody else.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut part = path.clone().into_os_string();
    part.push(".slipway-part");
    let part = PathBuf::from(part);
    fs::write(&part, text)?;
    if let Ok(before) = fs::metadata(&path) {
        fs::set_permissions(&part, before.permissions())?;
    }
    fs::rename(&part, &path)
}

/// The entry for an AppImage at this path; none for a path that would be more than one line.
fn entry(image: &str) -> Option<String> {
    if image.chars().any(char::is_control) {
        return None;
    }
    // `TryExec` is a string; in `Exec` an argument is quoted before that, and `%` begins a field.
    let plain = image.replace('\\', r"\\");
    let mut quoted = String::new();
    for c in image.chars() {
        match c {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(c),
        }
    }
    let quoted = quoted.replace('\\', r"\\");
    Some(format!(
        "[Desktop Entry]\nType=Application\nName=Slipway\nNoDisplay=true\nTerminal=false\nTryExec={plain}\nExec=\"{quoted}\" %u\n\
         MimeType={SCHEME};\n"
    ))
}

/// The list of defaults with ours; none where there is one for these links already, ours or another's.
fn with_default(list: &str) -> Option<String> {
    let ours = format!("{SCHEME}={ENTRY};");
    let mut lines: Vec<&str> = list.lines().collect();
    let Some(head) = lines.iter().position(|line| line.trim() == DEFAULTS) else {
        let gap = if list.is_empty() || list.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        return Some(format!("{list}{gap}{DEFAULTS}\n{ours}\n"));
    };
    let rest = lines[head + 1..].iter();
    let mut section = rest.take_while(|line| !line.trim_start().starts_with('['));
    let key = |line: &&str| line.split('=').next().map(str::trim) == Some(SCHEME);
    if section.any(key) {
        return None;
    }
    lines.insert(head + 1, &ours);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: an AppImage's links start it where it lies, whatever its folder is called; once it has moved they follow.
    #[test]
    fn an_image_takes_its_links() {
        let home = tempfile::tempdir().unwrap();
        let (folder, defaults) = (
            home.path().join("applications"),
            home.path().join("mimeapps.list"),
        );
        let there = |image: &str| {
            write(Path::new(image), &folder, &defaults).unwrap();
            fs::read_to_string(folder.join(ENTRY)).unwrap()
        };
        let first = there("/home/a/Slipway.AppImage");
        assert!(
            first.contains("\nExec=\"/home/a/Slipway.AppImage\" %u\n"),
            "{first}"
        );
        assert!(first.contains("\nMimeType=x-scheme-handler/slipway;\n"));
        let moved = there("/opt/100% $(x) \"y\"/S.AppImage");
        let exec = r#"Exec="/opt/100%% \\$(x) \\"y\\"/S.AppImage" %u"#;
        assert!(moved.lines().any(|line| line == exec), "{moved}");
        assert!(write(Path::new("/a\nExec=x"), &folder, &defaults).is_err());
        let list = fs::read_to_string(&defaults).unwrap();
        assert_eq!(
            list,
            "[Default Applications]\nx-scheme-handler/slipway=slipway-appimage.desktop;\n"
        );
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            2,
            "nothing is left over"
        );
    }

    /// FR-DSK-01: the person's list of defaults is read by nobody who might not read it before.
    #[test]
    fn a_list_stays_as_private_as_it_was() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let defaults = home.path().join("mimeapps.list");
        fs::write(&defaults, "[Default Applications]\ntext/html=b.desktop\n").unwrap();
        fs::set_permissions(&defaults, fs::Permissions::from_mode(0o600)).unwrap();
        write(
            Path::new("/home/a/Slipway.AppImage"),
            &home.path().join("applications"),
            &defaults,
        )
        .unwrap();
        assert!(fs::read_to_string(&defaults).unwrap().contains(ENTRY));
        let mode = fs::metadata(&defaults).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    /// FR-DSK-01: what else is in the list stays as it is, and so does another app that was chosen for these links.
    #[test]
    fn others_choices_stay() {
        let ours = "x-scheme-handler/slipway=slipway-appimage.desktop;";
        let list = "[Added Associations]\nx-scheme-handler/slipway=a.desktop;\n[Default Applications]\ntext/html=b.desktop\n";
        let with = with_default(list).unwrap();
        assert_eq!(with, list.replace("ions]\ntext", &format!("ions]\n{ours}\ntext")));
        assert_eq!(with_default(&with), None);
        let other = "[Default Applications]\nx-scheme-handler/slipway = c.desktop\n";
        assert_eq!(with_default(other), None);
        assert_eq!(
            with_default("[X]\na=b").unwrap(),
            format!("[X]\na=b\n[Default Applications]\n{ours}\n")
        );
    }
}
