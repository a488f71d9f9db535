//! The `slipway` command from the first `cluster add` to a roll back, with a real sshd and a real keychain.
