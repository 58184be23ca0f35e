//! What a training step asks of the allocator once its buffers are there, and the most memory that training ever holds.
//!
//! One test alone in its process, since the allocator counts for all threads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use alexscope::dataset::{self, Opened};
use alexscope::engine::{BatchRange, Flow, Gate, Learner, Point, StepPlan, Stepped};
use alexscope::knobs::Knob;
use alexscope::nn::NetworkLearner;
use alexscope::spec::zoo;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);
static LARGEST: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST_HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counting;

fn count(size: usize) {
    CALLS.fetch_add(1, Relaxed);
    BYTES.fetch_add(size, Relaxed);
    LARGEST.fetch_max(size, Relaxed);
    let held = HELD.fetch_add(size, Relaxed) + size;
    MOST_HELD.fetch_max(held, Relaxed);
}

// SAFETY: everything is handed on to the system's allocator; counting allocates nothing. `realloc` is the default one, by way of these.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(at, layout) }
    }
}

struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Point) -> Flow {
        Flow::Continue
    }
}

/// Calls, bytes and the largest of them in one step.
fn step(learner: &mut NetworkLearner, plan: &StepPlan) -> [usize; 3] {
    [&CALLS, &BYTES, &LARGEST].iter().for_each(|counter| counter.store(0, Relaxed));
    assert!(matches!(learner.step(plan, false, &mut Open), Ok(Stepped::Taken(_))));
    [&CALLS, &BYTES, &LARGEST].map(|counter| counter.load(Relaxed))
}

#[test]
fn a_steady_step_allocates_only_views_and_tables_and_training_holds_little_more_than_its_tensors() {
    const BATCH: usize = 2;
    let model = zoo::load("alexnet").unwrap();
    let trace = model.trace().unwrap();
    let mut settings = model.settings().unwrap();
    settings.set(Knob::BatchSize, BATCH as f64).unwrap();
    let dataset = Arc::new(dataset::load(&Opened::Emoji10).unwrap());
    let before = HELD.load(Relaxed);
    MOST_HELD.store(before, Relaxed);

    let mut learner = NetworkLearner::new(model, dataset, &settings).unwrap();
    let settings = Arc::new(settings);
    let batch = |step: u64| BatchRange { epoch: 0, first: (step as usize - 1) * BATCH, count: BATCH };
    let plan =
        |step| StepPlan { step, batch: batch(step), next: batch(step + 1), learning_rate: 1e-3, settings: settings.clone() };
    for warm_up in 1..=3 {
        step(&mut learner, &plan(warm_up));
    }
    let [calls, bytes, largest] = step(&mut learner, &plan(4));
    // What remains: candle's views of the buffers, the tables of places that a product reads, and the lists of work for threads. None
    // grows with the number of pictures, and all together are a thousandth of what a step writes.
    assert!(calls <= 1600, "{calls} allocations in a step");
    assert!(bytes <= 1 << 20, "{bytes} bytes in a step");
    assert!(largest <= 64 << 10, "{largest} bytes at once");

    // Value, velocity and gradient of each parameter, what each layer gives, two gradients of the largest, a gradient in parts.
    let numbers = 3 * trace.parameters + BATCH as u64 * trace.activation_bytes / 4;
    let most = (MOST_HELD.load(Relaxed) - before) as f64 / (4 * numbers) as f64;
    assert!(most < 1.15, "{most:.2} times what the tensors take");
}
