//! `slipway completions`: a script for the shell.

use clap::CommandFactory;
use clap_complete::Shell;

#[derive(clap::Args)]
pub struct Arguments {
    /// The shell that will read it.
    shell: Shell,
}

pub fn run(arguments: Arguments) {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut crate::args::Arguments::command(),
        "slipway",
        &mut script,
    );
    crate::output::line(String::from_utf8_lossy(&script).trim_end());
}
