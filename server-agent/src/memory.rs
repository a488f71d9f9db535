//! What is freed goes back to the system.
//!
//! glibc keeps freed memory for later: the size from which a block has a mapping of its own rises to the largest one that was ever
//! freed (32 MiB at most), and each thread keeps a heap. One sign-in takes 19 MiB for a moment; after some dozens of them, on as many
//! threads, hundreds of MiB would stay with an agent that does nothing. (`mallopt(3)`, `M_MMAP_THRESHOLD` and `M_ARENA_MAX`.)

/// Sets both for good, for the whole process. Call it before the first thread begins. Another libc is left as it is: musl gives back.
#[cfg_attr(
    target_env = "gnu",
    expect(
        unsafe_code,
        reason = "the C library is told by a call of its own, for which no crate here has a safe one"
    )
)]
pub fn give_back() {
    /// Blocks from this size on have a mapping of their own, in bytes. Naming it also ends the rising.
    #[cfg(target_env = "gnu")]
    const OWN_MAPPING: libc::c_int = 256 * 1024;
    /// Heaps that all threads share.
    #[cfg(target_env = "gnu")]
    const HEAPS: libc::c_int = 2;
    #[cfg(target_env = "gnu")]
    // SAFETY: mallopt takes two numbers and touches nothing of ours. What it refuses stays as it was.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_TRIM_THRESHOLD, OWN_MAPPING);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}
