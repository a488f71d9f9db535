//! The key file, and sealing under it.

mod key_file;
mod sealer;

pub use key_file::{KeyFile, KeyFileError};
pub use sealer::{Place, SealError, Sealer};
