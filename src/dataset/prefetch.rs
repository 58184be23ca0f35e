//! A thread that makes the next batch while the step under way computes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::{Batch, BatchError, BatchMaker, BatchPlan, Dataset};
use crate::fault;

/// Batches given back that are kept for their room.
const SPARE: usize = 2;

/// Hands out batches, the next one made ahead. What was prepared is only ever handed out for the very plan it was made of.
#[derive(Debug)]
pub struct Prefetcher {
    /// Absent once the thread is told to end.
    orders: Option<Sender<(BatchPlan, Batch)>>,
    made: Receiver<(Batch, Result<(), BatchError>)>,
    under_way: Option<BatchPlan>,
    spare: Vec<Batch>,
    thread: Option<JoinHandle<()>>,
}

impl Prefetcher {
    pub fn new(dataset: Arc<Dataset>) -> Result<Prefetcher, BatchError> {
        let (orders, to_make) = channel::<(BatchPlan, Batch)>();
        let (give, made) = channel();
        let work = move || {
            let mut maker = BatchMaker::new(dataset);
            while let Ok((plan, mut batch)) = to_make.recv() {
                fault::point("batch");
                let result = maker.make(&plan, &mut batch);
                fault::poison("poison", &mut batch.images);
                if give.send((batch, result)).is_err() {
                    break;
                }
            }
        };
        let thread = Builder::new().name("prefetch".into()).spawn(work).map_err(|e| BatchError::NoThread(e.to_string()))?;
        Ok(Prefetcher { orders: Some(orders), made, under_way: None, spare: Vec::new(), thread: Some(thread) })
    }

    /// The batch of `plan`, prepared or made now, and the thread set to prepare the one of `next`.
    pub fn take(&mut self, plan: &BatchPlan, next: Option<&BatchPlan>) -> Result<Batch, BatchError> {
        if self.under_way.is_some_and(|prepared| prepared != *plan) {
            let (unwanted, _) = self.receive()?;
            self.recycle(unwanted);
        }
        if self.under_way.is_none() {
            self.order(plan)?;
        }
        let (batch, result) = self.receive()?;
        if let Some(next) = next {
            self.order(next)?;
        }
        match result {
            Ok(()) => Ok(batch),
            Err(error) => {
                self.recycle(batch);
                Err(error)
            }
        }
    }

    /// Gives a used batch back, so that its room serves again.
    pub fn recycle(&mut self, batch: Batch) {
        if self.spare.len() < SPARE {
            self.spare.push(batch);
        }
    }

    fn order(&mut self, plan: &BatchPlan) -> Result<(), BatchError> {
        let batch = self.spare.pop().unwrap_or_default();
        let orders = self.orders.as_ref().ok_or(BatchError::PrefetchStopped)?;
        orders.send((*plan, batch)).map_err(|_| BatchError::PrefetchStopped)?;
        self.under_way = Some(*plan);
        Ok(())
    }

    fn receive(&mut self) -> Result<(Batch, Result<(), BatchError>), BatchError> {
        self.under_way = None;
        self.made.recv().map_err(|_| BatchError::PrefetchStopped)
    }
}

impl Drop for Prefetcher {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by `take` as a stopped thread.
            let _ = thread.join();
        }
    }
}
