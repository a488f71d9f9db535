//! The key file, and sealing under it.

mod key_file;
mod random;
mod sealer;

pub use key_file::{KeyFile, KeyFileError};
pub use random::{hex, random_hex};
pub use sealer::{Place, SealError, Sealer};
