//! The other processors: started when a second thread is, not before.

/// The processors there are.
pub(super) fn count() -> usize {
    1
}

/// Starts the processors that do not run yet.
pub(super) fn start_processors() {}
