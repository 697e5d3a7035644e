//! Counts calls of the allocator.

use alloc_tracker::Session;

/// How often `work` allocates, over all threads, and how many bytes it asks for.
pub(crate) fn count(work: impl FnOnce()) -> (u64, u64) {
    let session = Session::new();
    let operation = session.operation("work");
    let span = operation.measure_thread().iterations(1);
    work();
    drop(span);
    let report = session.to_report();
    let totals = report
        .operations()
        .map(|(_, it)| (it.total_allocations_count(), it.total_bytes_allocated()));
    totals.fold((0, 0), |(calls, bytes), (more, larger)| {
        (calls + more, bytes + larger)
    })
}
