//! Every operation of one training step of AlexNet at its own size, beside the least time it could take on this machine.
//!
//! usage: cargo bench --bench ops [-- [--batch-size N] [--threads N] [--runs N] [NAME …]]     only what a NAME begins: conv2, "fc6 backward"
//!
//! The least time is that of the operations (multiplications and additions) at the rate of a large matrix product, or that of the bytes (each
//! that has to be read or written, once) at the rate of a large copy, whichever is longer; both rates are measured first. Times are those
//! of the fastest run. The table is Markdown: that in the documentation of `ops` is made by this command.

use std::time::{Duration, Instant};

use alexscope::ops::activation::Activation;
use alexscope::ops::conv2d::{self, Conv2d};
use alexscope::ops::dense::{self, Dense};
use alexscope::ops::dropout::{self, DropoutKey};
use alexscope::ops::lrn::{self, Lrn};
use alexscope::ops::max_pool2d::{self, MaxPool2d};
use alexscope::ops::sgd::{self, Sgd};
use alexscope::ops::{Context, Result};
use alexscope::ops::{softmax_cross_entropy, statistics};
use alexscope::spec::Padding;
use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

type Work = Box<dyn Fn(&Context) -> Result<()> + Sync + Send>;

/// One operation in one direction.
struct Entry {
    name: String,
    /// Multiplications and additions.
    flops: f64,
    /// Bytes that have to be read or written at least.
    bytes: f64,
    run: Work,
}

struct Bench {
    batch: usize,
    /// Only layers whose name begins one of these, or all where there are none.
    names: Vec<String>,
    entries: Vec<Entry>,
}

const RELU: Option<Activation> = Some(Activation::Relu);

/// Numbers of either sign, so that ReLU silences half of the units.
fn tensor(shape: &[usize], scale: f32) -> Tensor {
    let count: usize = shape.iter().product();
    let values: Vec<f32> =
        (0..count as u32).map(|i| scale * ((i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor on the CPU")
}

fn bytes_like(shape: &[usize]) -> Tensor {
    Tensor::zeros(shape, DType::U8, &Device::Cpu).expect("a tensor on the CPU")
}

fn size(t: &Tensor) -> f64 {
    (t.elem_count() * t.dtype().size_in_bytes()) as f64
}

impl Bench {
    fn wants(&self, layer: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name.starts_with(layer) || layer.starts_with(name.as_str()))
    }

    fn add(&mut self, name: &str, flops: f64, touched: &[&Tensor], run: impl Fn(&Context) -> Result<()> + Sync + Send + 'static) {
        let bytes = touched.iter().map(|t| size(t)).sum();
        self.entries.push(Entry { name: name.to_string(), flops, bytes, run: Box::new(run) });
    }

    fn conv(&mut self, name: &str, geo: Conv2d, wants_dx: bool) {
        if !self.wants(name) {
            return;
        }
        let (x, y) = (tensor(&geo.input_shape(self.batch), 1.0), tensor(&geo.output_shape(self.batch), 1.0));
        let (w, b) = (tensor(&geo.weight_shape(), 0.1), tensor(&[geo.out_channels], 0.1));
        let (dy, dx, dw, db) = (tensor(y.dims(), 1e-3), tensor(x.dims(), 1.0), tensor(w.dims(), 1.0), tensor(b.dims(), 1.0));
        let flops = 2.0 * y.elem_count() as f64 * (w.elem_count() / geo.out_channels) as f64;
        {
            let (x, w, b, y) = (x.clone(), w.clone(), b.clone(), y.clone());
            self.add(&format!("{name} forward"), flops, &[&x.clone(), &w.clone(), &y.clone()], move |ctx| {
                conv2d::forward(ctx, &geo, RELU, &x, &w, &b, &y)
            });
        }
        let passes = if wants_dx { 2.0 } else { 1.0 };
        self.add(&format!("{name} backward"), passes * flops, &[&x.clone(), &y.clone(), &dy.clone(), &dw.clone()], move |ctx| {
            conv2d::backward(ctx, &geo, RELU, &x, &w, &y, &dy, wants_dx.then_some(&dx), &dw, &db)
        });
    }

    fn dense(&mut self, name: &str, geo: Dense, act: Option<Activation>) {
        if !self.wants(name) {
            return;
        }
        let (x, y) = (tensor(&[self.batch, geo.inputs], 1.0), tensor(&[self.batch, geo.outputs], 1.0));
        let (w, b) = (tensor(&[geo.outputs, geo.inputs], 0.1), tensor(&[geo.outputs], 0.1));
        let (dy, dx, dw, db) = (tensor(y.dims(), 1e-3), tensor(x.dims(), 1.0), tensor(w.dims(), 1.0), tensor(b.dims(), 1.0));
        let flops = 2.0 * (self.batch * w.elem_count()) as f64;
        {
            let (x, w, b, y) = (x.clone(), w.clone(), b.clone(), y.clone());
            self.add(&format!("{name} forward"), flops, &[&w.clone()], move |ctx| dense::forward(ctx, &geo, act, &x, &w, &b, &y));
        }
        self.add(&format!("{name} backward"), 2.0 * flops, &[&w.clone(), &dw.clone()], move |ctx| {
            dense::backward(ctx, &geo, act, &x, &w, &y, &dy, Some(&dx), &dw, &db)
        });
    }

    fn pool(&mut self, name: &str, geo: MaxPool2d) {
        if !self.wants(name) {
            return;
        }
        let (x, y) = (tensor(&geo.input_shape(self.batch), 1.0), tensor(&geo.output_shape(self.batch), 1.0));
        let argmax = bytes_like(y.dims());
        {
            let (x, y, argmax) = (x.clone(), y.clone(), argmax.clone());
            self.add(&format!("{name} forward"), 0.0, &[&x.clone(), &y.clone(), &argmax.clone()], move |ctx| {
                max_pool2d::forward(ctx, &geo, &x, &y, &argmax)
            });
        }
        self.add(&format!("{name} backward"), 0.0, &[&x.clone(), &y.clone(), &argmax.clone()], move |ctx| {
            max_pool2d::backward(ctx, &geo, &argmax, &y, &x)
        });
    }

    fn lrn(&mut self, name: &str, [channels, height, width]: [usize; 3]) {
        if !self.wants(name) {
            return;
        }
        let lrn = Lrn { n: 5, k: 2.0, alpha: 1e-4, beta: 0.75 };
        let shape = [self.batch, channels, height, width];
        let [x, y, d, dy, dx] = [(); 5].map(|()| tensor(&shape, 1.0));
        let d = d.abs().and_then(|d| d + 2.0).expect("positive denominators");
        {
            let (x, y, d) = (x.clone(), y.clone(), d.clone());
            self.add(&format!("{name} forward"), 0.0, &[&x.clone(), &y.clone(), &d.clone()], move |ctx| {
                lrn::forward(ctx, &lrn, &x, &y, &d)
            });
        }
        self.add(&format!("{name} backward"), 0.0, &[&x.clone(), &y.clone(), &d.clone(), &dy.clone(), &dx.clone()], move |ctx| {
            lrn::backward(ctx, &lrn, &x, &y, &d, &dy, &dx)
        });
    }

    fn dropout(&mut self, name: &str, units: usize) {
        if !self.wants(name) {
            return;
        }
        let (x, mask) = (tensor(&[self.batch, units], 1.0), bytes_like(&[self.batch, units]));
        let (y, key) = (tensor(x.dims(), 1.0), DropoutKey { seed: 1, layer: 1, step: 1 });
        {
            let (x, y, mask) = (x.clone(), y.clone(), mask.clone());
            self.add(&format!("{name} forward"), 0.0, &[&x.clone(), &y.clone(), &mask.clone()], move |ctx| {
                dropout::forward(ctx, 0.5, key, &x, &y, &mask)
            });
        }
        self.add(&format!("{name} backward"), 0.0, &[&x.clone(), &y.clone(), &mask.clone()], move |ctx| {
            dropout::backward(ctx, 0.5, &mask, &y, &x)
        });
    }

    fn loss(&mut self, classes: usize) {
        if !self.wants("softmax") {
            return;
        }
        let (logits, dlogits) = (tensor(&[self.batch, classes], 1.0), tensor(&[self.batch, classes], 1.0));
        let labels: Vec<u8> = (0..self.batch).map(|i| (i % classes) as u8).collect();
        {
            let (logits, labels) = (logits.clone(), labels.clone());
            self.add("softmax forward", 0.0, &[&logits.clone()], move |ctx| {
                softmax_cross_entropy::forward(ctx, &logits, &labels, None).map(drop)
            });
        }
        self.add("softmax backward", 0.0, &[&logits.clone(), &dlogits.clone()], move |ctx| {
            softmax_cross_entropy::backward(ctx, &logits, &labels, &dlogits).map(drop)
        });
    }

    /// The sum of squares by which a gradient that is not finite is found before the update.
    fn check(&mut self, parameters: usize) {
        if self.wants("check") {
            let dw = tensor(&[parameters], 0.1);
            self.add("check", 0.0, &[&dw.clone()], move |ctx| statistics::square_sum(ctx, &dw).map(drop));
        }
    }

    fn sgd(&mut self, parameters: usize) {
        if !self.wants("sgd") {
            return;
        }
        let sgd = Sgd { learning_rate: 1e-9, momentum: 0.9, weight_decay: 5e-4, nesterov: false };
        let [w, velocity, dw] = [(); 3].map(|()| tensor(&[parameters], 0.1));
        let (a, b, c) = (w.clone(), velocity.clone(), dw.clone());
        self.add("sgd", 0.0, &[&a, &a, &b, &b, &c], move |ctx| sgd::update(ctx, &sgd, &w, &velocity, &dw, false).map(drop));
    }

    fn alexnet(batch: usize, names: Vec<String>) -> Result<Bench> {
        let mut bench = Bench { batch, names, entries: Vec::new() };
        let conv = |shape, out, kernel, stride, pad, groups| Conv2d::new(shape, out, kernel, stride, Padding::Each(pad), groups);
        bench.conv("conv1", conv([3, 227, 227], 96, 11, 4, 0, 1)?, false);
        bench.pool("pool1", MaxPool2d::new([96, 55, 55], 3, 2, false)?);
        bench.lrn("lrn1", [96, 27, 27]);
        bench.conv("conv2", conv([96, 27, 27], 256, 5, 1, 2, 2)?, true);
        bench.pool("pool2", MaxPool2d::new([256, 27, 27], 3, 2, false)?);
        bench.lrn("lrn2", [256, 13, 13]);
        bench.conv("conv3", conv([256, 13, 13], 384, 3, 1, 1, 1)?, true);
        bench.lrn("lrn3", [384, 13, 13]);
        bench.conv("conv4", conv([384, 13, 13], 384, 3, 1, 1, 2)?, true);
        bench.lrn("lrn4", [384, 13, 13]);
        bench.conv("conv5", conv([384, 13, 13], 256, 3, 1, 1, 2)?, true);
        bench.pool("pool5", MaxPool2d::new([256, 13, 13], 3, 2, false)?);
        bench.dense("fc6", Dense { inputs: 9216, outputs: 4096 }, RELU);
        bench.dropout("drop6", 4096);
        bench.dense("fc7", Dense { inputs: 4096, outputs: 4096 }, RELU);
        bench.dropout("drop7", 4096);
        bench.dense("fc8", Dense { inputs: 4096, outputs: 10 }, None);
        bench.loss(10);
        let parameters = 34_944 + 307_456 + 885_120 + 663_936 + 442_624 + 37_752_832 + 16_781_312 + 40_970;
        bench.check(parameters);
        bench.sgd(parameters);
        Ok(bench)
    }
}

/// Work before the first measurement: a core raises its clock and the system spreads the threads over the cores.
const WARM_UP: Duration = Duration::from_millis(200);

/// Seconds of the fastest of some runs.
fn fastest(runs: usize, mut work: impl FnMut()) -> f64 {
    let warm_up = Instant::now();
    work();
    while warm_up.elapsed() < WARM_UP {
        work();
    }
    (0..runs.max(1)).fold(f64::INFINITY, |least, _| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64().min(least)
    })
}

/// Floating-point operations a second of large matrix products, one on each thread.
fn product_rate(runs: usize) -> f64 {
    const SIDE: usize = 768;
    let threads = rayon::current_num_threads();
    let (a, b, mut c) = (vec![0.5f32; SIDE * SIDE], vec![0.5f32; SIDE * SIDE], vec![0f32; threads * SIDE * SIDE]);
    let seconds = fastest(runs, || {
        c.par_chunks_mut(SIDE * SIDE).for_each(|c| {
            let (rows, step) = (SIDE as isize, 1);
            // SAFETY: all three matrices are SIDE × SIDE and apart from each other.
            unsafe {
                gemm::gemm(
                    SIDE,
                    SIDE,
                    SIDE,
                    c.as_mut_ptr(),
                    step,
                    rows,
                    false,
                    a.as_ptr(),
                    step,
                    rows,
                    b.as_ptr(),
                    step,
                    rows,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                )
            }
        })
    });
    2.0 * (threads * SIDE * SIDE * SIDE) as f64 / seconds
}

/// Bytes read and written a second by a large copy.
fn copy_rate(runs: usize) -> f64 {
    const COUNT: usize = 1 << 25;
    let (from, mut to) = (vec![1f32; COUNT], vec![0f32; COUNT]);
    let seconds = fastest(runs, || {
        to.par_chunks_mut(1 << 16).zip(from.par_chunks(1 << 16)).for_each(|(to, from)| to.copy_from_slice(from))
    });
    (2 * 4 * COUNT) as f64 / seconds
}

fn unless_zero(value: f64, digits: usize) -> String {
    if value > 0.0 { format!("{value:.digits$}") } else { String::new() }
}

/// What Linux calls the processor.
fn processor() -> String {
    let described = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = described.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("this processor".into(), |(_, name)| name.trim().into())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (mut batch, mut threads, mut runs, mut names) = (32, 0, 5, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).ok_or(format!("{argument} needs a number"));
        match argument.as_str() {
            "--batch-size" => batch = number()?,
            "--threads" => threads = number()?,
            "--runs" => runs = number()?,
            // cargo adds it
            "--bench" => {}
            _ => names.push(argument),
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let (flop_rate, byte_rate) = (product_rate(runs), copy_rate(runs));
        println!("{}, {} threads, {}, batch {batch}:", processor(), rayon::current_num_threads(), Context::new().instructions());
        println!("{:.0} GFLOP/s in a product, {:.1} GB/s in a copy\n", flop_rate / 1e9, byte_rate / 1e9);
        println!("| operation | GFLOP | ms for them | MB | ms for them | reached, ms | GFLOP/s | GB/s | share of the limit |");
        println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: |");
        let ctx = Context::new();
        let (mut total, mut least) = (0.0, 0.0);
        let bench = Bench::alexnet(batch, names)?;
        for entry in bench.entries {
            if !bench.names.is_empty() && !bench.names.iter().any(|name| entry.name.starts_with(name.as_str())) {
                continue;
            }
            let mut outcome = Ok(());
            let seconds = fastest(runs, || outcome = (entry.run)(&ctx));
            outcome?;
            let (computing, moving) = (entry.flops / flop_rate, entry.bytes / byte_rate);
            let floor = computing.max(moving);
            println!(
                "| {} | {} | {} | {:.1} | {:.2} | {:.2} | {} | {:.1} | {:.0} % |",
                entry.name,
                unless_zero(entry.flops / 1e9, 2),
                unless_zero(computing * 1e3, 2),
                entry.bytes / 1e6,
                moving * 1e3,
                seconds * 1e3,
                unless_zero(entry.flops / seconds / 1e9, 0),
                entry.bytes / seconds / 1e9,
                100.0 * floor / seconds,
            );
            total += seconds;
            least += floor;
        }
        println!("| all | | | | {:.2} | {:.2} | | | {:.0} % |", least * 1e3, total * 1e3, 100.0 * least / total);
        println!("\n{:.1} images/s", batch as f64 / total);
        Ok(())
    })
}
