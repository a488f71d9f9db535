//! `Procfile`: the line for `web` is how the application's author starts it.

use super::super::files::Files;

const LONGEST: usize = 4096;

pub fn web(files: &dyn Files) -> Option<String> {
    let text = files.read("Procfile")?;
    let line = text.lines().find_map(|line| {
        let (name, command) = line.split_once(':')?;
        (name.trim() == "web").then(|| command.trim())
    })?;
    let harmless = line.len() <= LONGEST && !line.chars().any(char::is_control);
    (harmless && !line.is_empty()).then(|| line.to_owned())
}
