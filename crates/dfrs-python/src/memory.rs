//! Gives memory that was freed back to the system.
#![allow(unsafe_code)] // one call into the C library, which takes a number and no pointer

use pyo3::prelude::*;

/// Returns freed memory to the system; glibc would keep it, once per thread. Does nothing on other systems.
#[pyfunction]
pub fn release_memory(py: Python<'_>) {
    py.detach(trim);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    // SAFETY: `malloc_trim` may be called at any time and from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
