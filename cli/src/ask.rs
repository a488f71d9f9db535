//! Questions to the person at the terminal, and secrets from standard input.

use std::io::{self, BufRead, IsTerminal, Write};

use slipway_protocol::Secret;

use crate::error::CliError;

/// Longer than a password or a code.
const USUAL_LINE: usize = 1024;

/// Whether somebody sits there to answer.
pub fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question; only a whole `yes` is one.
pub fn yes(question: &str) -> Result<bool, CliError> {
    Ok(text(&format!("{question} (yes/no) "))?.eq_ignore_ascii_case("yes"))
}

/// Asks for a line of text.
pub fn text(question: &str) -> Result<String, CliError> {
    let mut err = io::stderr();
    write!(err, "{question}")
        .and_then(|()| err.flush())
        .map_err(unread)?;
    line()
}

/// Asks for a secret, which is not shown while it is typed.
pub fn secret(question: &str) -> Result<Secret<String>, CliError> {
    let typed = rpassword::prompt_password(question).map_err(unread)?;
    Ok(Secret::new(typed))
}

/// The next line of standard input, as a secret.
pub fn secret_from_stdin(what: &str) -> Result<Secret<String>, CliError> {
    let text = line()?;
    if text.is_empty() {
        return Err(CliError::Usage(format!(
            "Standard input has no line for {what}; give it there."
        )));
    }
    Ok(Secret::new(text))
}

/// It may be a secret: it is read into one piece of memory, and its end taken off there.
fn line() -> Result<String, CliError> {
    let mut text = String::with_capacity(USUAL_LINE);
    io::stdin().lock().read_line(&mut text).map_err(unread)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn unread(error: io::Error) -> CliError {
    CliError::Failed(format!("The answer could not be read: {error}."))
}
