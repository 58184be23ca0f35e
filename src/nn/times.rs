//! How long each layer takes.

use crate::ops::{Context, Moment, Result};

/// Milliseconds of each layer in the last passes.
#[derive(Debug, Default)]
pub struct Times {
    pub forward: Vec<f64>,
    pub backward: Vec<f64>,
    /// Where a device of its own computes, moments cost a little and are read late, so that they are taken only where this is set.
    pub on_device: bool,
    laps: Vec<Lap>,
}

#[derive(Debug)]
struct Lap {
    backward: bool,
    place: usize,
    start: Moment,
    end: Moment,
}

impl Times {
    /// Forgets the last passes of `layers` layers.
    pub(super) fn begin(&mut self, layers: usize) {
        self.laps.clear();
        self.forward = vec![0.0; layers];
        self.backward = vec![0.0; layers];
    }

    /// Where a layer's pass begins.
    pub(super) fn start(&self, ctx: &Context) -> Result<Option<Moment>> {
        Ok(if ctx.waits() || self.on_device { Some(ctx.moment()?) } else { None })
    }

    /// Where it ends.
    pub(super) fn end(&mut self, ctx: &Context, start: Option<Moment>, place: usize, backward: bool) -> Result<()> {
        let Some(start) = start else { return Ok(()) };
        self.laps.push(Lap { backward, place, start, end: ctx.moment()? });
        if ctx.waits() { self.settle() } else { Ok(()) }
    }

    /// Reads the moments that were taken; a device has to have passed them.
    pub(super) fn settle(&mut self) -> Result<()> {
        for Lap { backward, place, start, end } in self.laps.drain(..) {
            let times = if backward { &mut self.backward } else { &mut self.forward };
            times[place] = start.until(&end)?;
        }
        Ok(())
    }
}
