//! The threads that kernels run on: one pool of a size that the user sets, and the one way into it.

use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::{OperatorError, ParameterError};

struct Pool {
    threads: Option<NonZero<usize>>,
    /// The pool and the process that made it: threads do not survive a fork.
    running: Option<(u32, Arc<ThreadPool>)>,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    threads: None,
    running: None,
});

/// Bounds the threads of all native operators; None is one per processor.
#[pyfunction]
#[pyo3(signature = (n=None))]
pub fn set_threads(n: Option<i64>) -> PyResult<()> {
    let threads = match n {
        None => None,
        Some(n) => {
            let count = usize::try_from(n)
                .ok()
                .and_then(NonZero::new)
                .filter(|count| count.get() <= 1024);
            Some(count.ok_or_else(|| {
                ParameterError::new_err(format!(
                    "set_threads({n}): the number of threads is from 1 to 1024, or None"
                ))
            })?)
        }
    };
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    *pool = Pool {
        threads,
        running: None,
    };
    Ok(())
}

/// Number of threads that native operators run on.
#[pyfunction]
pub fn threads() -> usize {
    let pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    pool.threads.map_or_else(processors, NonZero::get)
}

/// Runs a computation on the pool, without the interpreter's lock.
pub fn run<T: Send>(py: Python<'_>, compute: impl FnOnce() -> T + Send) -> PyResult<T> {
    py.detach(|| {
        let pool = current().map_err(|error| {
            OperatorError::new_err(format!(
                "the threads of the native operators cannot be started: {error}"
            ))
        })?;
        Ok(pool.install(compute))
    })
}

fn current() -> Result<Arc<ThreadPool>, rayon::ThreadPoolBuildError> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((maker, running)) = &pool.running
        && *maker == process
    {
        return Ok(Arc::clone(running));
    }
    let threads = pool.threads.map_or_else(processors, NonZero::get);
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let running = Arc::new(
        builder
            .thread_name(|index| format!("dataflow-rs-{index}"))
            .build()?,
    );
    if let Some((_, inherited)) = pool.running.replace((process, Arc::clone(&running))) {
        std::mem::forget(inherited); // ending it would wait for threads that the fork did not bring along
    }
    Ok(running)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
