//! `rmt`: random matrix theory for weights, from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    give_memory_back();
    rmt_cli::arguments::main()
}

/// Has the allocator give the room of a large matrix back when it is let go of. That of glibc keeps ever
/// larger blocks for later, in pieces that the next matrix does not fit. The room of smaller ones is kept:
/// to have the system clear it anew took a twelfth of the time, and they come to little.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn give_memory_back() {
    /// Blocks from this size on are the system's again once they are free.
    const LARGE: libc::c_int = 8 << 20;
    /// What is free beyond this at the end of the heap, likewise.
    const FREE: libc::c_int = 32 << 20;
    // SAFETY: it sets two numbers in the allocator, before any other thread is there. Whether it took them is
    // no matter: memory is used less well if not.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, FREE);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_memory_back() {}
