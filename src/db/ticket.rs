//! What ties those who wait for the writer to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::LONGEST;
use crate::error::AppError;

/// Whether a job was taken up or withdrawn, whichever came first.
#[derive(Clone, Default)]
pub(super) struct Taken(Arc<AtomicBool>);

impl Taken {
    /// `true` for the first who asks.
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }
}

/// What a caller holds while he waits. Given up, it withdraws what has not begun.
pub(super) struct Ticket<T> {
    told: oneshot::Receiver<Result<T, AppError>>,
    taken: Taken,
}

/// The other side of a [`Ticket`]. Dropped unused, it refuses.
pub(super) struct Tell<T> {
    tell: oneshot::Sender<Result<T, AppError>>,
    pub(super) taken: Taken,
}

pub(super) fn ticket<T>() -> (Ticket<T>, Tell<T>) {
    let (tell, told) = oneshot::channel();
    let taken = Taken::default();
    (Ticket { told, taken: taken.clone() }, Tell { tell, taken })
}

impl<T> Ticket<T> {
    /// Waits for the answer, but no longer than [`LONGEST`].
    pub(super) async fn wait(mut self) -> Result<T, AppError> {
        match tokio::time::timeout(LONGEST, &mut self.told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_untold)) => Err(AppError::log_unavailable("the job was not taken up")),
            Err(_elapsed) if self.taken.take() => Err(AppError::log_unavailable("the job's turn did not come in time")),
            Err(elapsed) => Err(AppError::uncertain(elapsed)),
        }
    }

    pub(super) fn wait_blocking(mut self) -> Result<T, AppError> {
        let (_, nothing) = oneshot::channel();
        std::mem::replace(&mut self.told, nothing)
            .blocking_recv()
            .unwrap_or_else(|untold| Err(AppError::log_unavailable(untold)))
    }
}

impl<T> Drop for Ticket<T> {
    fn drop(&mut self) {
        self.taken.take();
    }
}

impl<T> Tell<T> {
    pub(super) fn now(self, answer: Result<T, AppError>) {
        // A caller who has gone away is not told; his change stands, with its entry.
        drop(self.tell.send(answer));
    }

    /// Whether nobody waits any more.
    pub(super) fn is_in_vain(&self) -> bool {
        self.tell.is_closed()
    }
}
