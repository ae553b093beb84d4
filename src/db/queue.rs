//! The jobs that wait for the writer, and the count of the reads under way that may yet hand one over.
//!
//! The writer sleeps until there is something to do and, while it waits for others to share a commit, until the last of
//! those has come: to be woken by each would cost every one of them two changes of thread.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many jobs may wait before callers are told that the server is busy.
const MOST_WAITING: usize = 1024;

/// What share of the work one commit may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sharing {
    /// Most jobs.
    pub(super) most: usize,
    /// Longest that the first of them waits for others.
    pub(super) longest: Duration,
}

impl Sharing {
    /// If in so long a time nobody has come, they wait no more: a read that takes its time is not to hold up every commit.
    fn pause(self) -> Duration {
        self.longest / 5
    }
}

/// Why a job was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many wait.
    Full,
    /// Nobody works on them any more.
    Closed,
}

/// What the writer sleeps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
    /// It does not.
    Awake,
    /// For a first job.
    Idle,
    /// For all who may share its next commit.
    Gathering,
}

struct Inside<J> {
    jobs: VecDeque<J>,
    under_way: usize,
    closed: bool,
    sleep: Sleep,
}

struct Shared<J> {
    inside: Mutex<Inside<J>>,
    woken: Condvar,
    sharing: Sharing,
}

/// The queue, as all who use it hold it.
pub(super) struct Queue<J>(Arc<Shared<J>>);

impl<J> Clone for Queue<J> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<J> Queue<J> {
    pub(super) fn new(sharing: Sharing) -> Self {
        let inside = Inside { jobs: VecDeque::new(), under_way: 0, closed: false, sleep: Sleep::Awake };
        Self(Arc::new(Shared { inside: Mutex::new(inside), woken: Condvar::new(), sharing }))
    }

    fn lock(&self) -> MutexGuard<'_, Inside<J>> {
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Most jobs that may share a commit.
    pub(super) fn most(&self) -> usize {
        self.0.sharing.most
    }

    /// Whether there is nothing to wait for: as many as may share a commit are there, or all who could come.
    fn complete(&self, inside: &Inside<J>) -> bool {
        inside.jobs.len() >= self.most() || inside.under_way == 0
    }

    /// After something has changed: wakes the writer if that is what it sleeps for.
    fn changed(&self, mut inside: MutexGuard<'_, Inside<J>>) {
        let due = match inside.sleep {
            Sleep::Awake => false,
            Sleep::Idle => inside.closed || !inside.jobs.is_empty(),
            Sleep::Gathering => inside.closed || self.complete(&inside),
        };
        if due {
            inside.sleep = Sleep::Awake;
            drop(inside);
            self.0.woken.notify_one();
        }
    }

    /// A read begins, which a commit may wait for.
    pub(super) fn one_more(&self) -> Read<J> {
        let mut inside = self.lock();
        inside.under_way = inside.under_way.saturating_add(1);
        Read(Some(self.clone()))
    }

    /// Adds a job; one that comes of a read, together with that, which then is over.
    pub(super) fn push(&self, job: J, read: Option<Read<J>>) -> Result<(), Refused> {
        let mut inside = self.lock();
        if read.and_then(|mut read| read.0.take()).is_some() {
            inside.under_way = inside.under_way.saturating_sub(1);
        }
        let taken = match (inside.closed, inside.jobs.len()) {
            (true, _) => Err(Refused::Closed),
            (false, MOST_WAITING..) => Err(Refused::Full),
            (false, _) => {
                inside.jobs.push_back(job);
                Ok(())
            }
        };
        self.changed(inside);
        taken
    }

    /// The next job, if one waits.
    pub(super) fn pop(&self) -> Option<J> {
        self.lock().jobs.pop_front()
    }

    /// All that wait, and no more than may share a commit, if each of them `is` so; else none.
    pub(super) fn pop_all(&self, is: impl Fn(&J) -> bool) -> Vec<J> {
        let jobs = &mut self.lock().jobs;
        if jobs.iter().all(is) { jobs.drain(..jobs.len().min(self.most())).collect() } else { Vec::new() }
    }

    /// Sleeps until a job waits, and while others may still share its commit. `false` when there are none and will be
    /// none.
    pub(super) fn gather(&self) -> bool {
        let mut inside = self.lock();
        while inside.jobs.is_empty() {
            if inside.closed {
                return false;
            }
            inside.sleep = Sleep::Idle;
            inside = self.0.woken.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
        let begun = Instant::now();
        while !inside.closed && !self.complete(&inside) {
            let left = self.0.sharing.longest.saturating_sub(begun.elapsed()).min(self.0.sharing.pause());
            if left.is_zero() {
                break;
            }
            let there = inside.jobs.len();
            inside.sleep = Sleep::Gathering;
            let (again, waited) = self.0.woken.wait_timeout(inside, left).unwrap_or_else(PoisonError::into_inner);
            inside = again;
            if waited.timed_out() && inside.jobs.len() == there {
                break;
            }
        }
        inside.sleep = Sleep::Awake;
        true
    }

    /// Nothing is taken any more.
    pub(super) fn close(&self) {
        let mut inside = self.lock();
        inside.closed = true;
        self.changed(inside);
    }

    /// Gives up all that wait.
    pub(super) fn clear(&self) {
        // Outside the lock: whoever is refused is told.
        let given_up = std::mem::take(&mut self.lock().jobs);
        drop(given_up);
    }
}

/// A read under way.
pub(super) struct Read<J>(Option<Queue<J>>);

impl<J> Drop for Read<J> {
    fn drop(&mut self) {
        if let Some(queue) = self.0.take() {
            let mut inside = queue.lock();
            inside.under_way = inside.under_way.saturating_sub(1);
            queue.changed(inside);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(most: usize, longest: Duration) -> Queue<usize> {
        Queue::new(Sharing { most, longest })
    }

    /// As [`Queue::gather`] on a thread of its own, once it sleeps.
    fn gathering(queue: &Queue<usize>) -> std::thread::JoinHandle<bool> {
        let thread = std::thread::spawn({
            let queue = queue.clone();
            move || queue.gather()
        });
        while queue.lock().sleep == Sleep::Awake {
            std::thread::yield_now();
        }
        thread
    }

    #[test]
    fn only_the_last_who_can_come_wakes_the_writer() {
        let queue = queue(64, Duration::from_mins(10));
        let reads: Vec<_> = (0..5).map(|_| queue.one_more()).collect();
        queue.push(0, None).unwrap();
        let writer = gathering(&queue);
        for (number, read) in reads.into_iter().enumerate() {
            assert_eq!(queue.lock().sleep, Sleep::Gathering, "{number} have come");
            if number == 2 { drop(read) } else { queue.push(number, Some(read)).unwrap() }
        }
        assert!(writer.join().unwrap());
        let inside = queue.lock();
        assert_eq!((inside.under_way, inside.jobs.len()), (0, 5));
    }

    #[test]
    fn as_many_as_may_share_a_commit_wait_for_nobody() {
        let queue = queue(3, Duration::from_mins(10));
        let _read = queue.one_more();
        let writer = gathering(&queue);
        (0..3).for_each(|number| queue.push(number, None).unwrap());
        assert!(writer.join().unwrap());
    }

    #[test]
    fn those_of_a_kind_are_taken_together_or_not_at_all() {
        let queue = queue(3, Duration::from_mins(10));
        (0..5).for_each(|number| queue.push(number, None).unwrap());
        assert!(queue.pop_all(|number| *number < 4).is_empty());
        assert_eq!(queue.pop_all(|number| *number < 5), [0, 1, 2]);
        assert_eq!(queue.pop_all(|number| *number < 5), [3, 4]);
        assert!(queue.pop_all(|_| true).is_empty());
    }

    #[test]
    fn what_was_taken_is_done_after_it_is_closed_and_nothing_else_is_taken() {
        let queue = queue(64, Duration::from_mins(10));
        let read = queue.one_more();
        (0..MOST_WAITING).for_each(|number| queue.push(number, None).unwrap());
        assert_eq!(queue.push(0, None), Err(Refused::Full));
        queue.close();
        assert_eq!(queue.push(0, Some(read)), Err(Refused::Closed));
        assert_eq!(queue.lock().under_way, 0, "whoever was refused is waited for no longer");
        while queue.pop().is_some() {
            let more = !queue.lock().jobs.is_empty();
            assert_eq!(queue.gather(), more);
        }
        assert!(!queue.gather());
    }
}
