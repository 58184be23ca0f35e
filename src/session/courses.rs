//! How the layers fared over the run: what was measured of each, thinned so that a run of any length fits.

use super::LayersSeen;

/// Measurements that are kept; past them, every other one is left out.
const KEPT: usize = 512;

/// What is followed of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerFigure {
    GradientNorm,
    UpdateRatio,
    DeadShare,
}

/// Measurements by step, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerCourses {
    moments: Vec<LayersSeen>,
}

impl LayerCourses {
    pub fn push(&mut self, seen: &LayersSeen) {
        self.moments.push(seen.clone());
        if self.moments.len() > KEPT {
            let mut place = 0;
            // The newest stays.
            self.moments.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
    }

    /// Forgets what came after a step.
    pub fn cut(&mut self, step: u64) {
        self.moments.retain(|moment| moment.step <= step);
    }

    /// The first and the last step.
    pub fn steps(&self) -> Option<(u64, u64)> {
        Some((self.moments.first()?.step, self.moments.last()?.step))
    }

    /// The figure of the layer at `place`, in `columns` equal stretches between the first and the last step; where a stretch has
    /// none, the one before it holds.
    pub fn course(&self, place: usize, figure: LayerFigure, columns: usize) -> Vec<Option<f64>> {
        let mut course = vec![None; columns];
        let Some((first, last)) = self.steps() else { return course };
        for moment in &self.moments {
            let column = ((moment.step - first) * (columns as u64 - 1).max(1)).checked_div(last - first).unwrap_or(0) as usize;
            let Some(layer) = moment.layers.get(place) else { continue };
            let value = match figure {
                LayerFigure::GradientNorm => layer.gradient_norm,
                LayerFigure::UpdateRatio => layer.update_ratio,
                LayerFigure::DeadShare => layer.dead,
            };
            if let (Some(cell), Some(value)) = (course.get_mut(column), value) {
                *cell = Some(value);
            }
        }
        let mut known = None;
        for cell in &mut course {
            known = cell.or(known);
            *cell = known;
        }
        course
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::LayerStats;

    fn seen(step: u64, gradient: f64) -> LayersSeen {
        let layer = LayerStats { name: "conv1".into(), gradient_norm: Some(gradient), ..Default::default() };
        LayersSeen { step, layers: vec![layer] }
    }

    #[test]
    fn a_long_run_is_thinned_and_keeps_its_first_and_its_newest() {
        let mut courses = LayerCourses::default();
        (1..=5_001).for_each(|step| courses.push(&seen(step, 1.0)));
        assert!(courses.moments.len() <= KEPT);
        assert_eq!(courses.steps(), Some((1, 5_001)));
    }

    #[test]
    fn a_stretch_without_a_measurement_shows_the_one_before() {
        let mut courses = LayerCourses::default();
        [(10, 1.0), (20, 2.0), (50, 5.0)].into_iter().for_each(|(step, norm)| courses.push(&seen(step, norm)));
        let course = courses.course(0, LayerFigure::GradientNorm, 5);
        assert_eq!(course, [Some(1.0), Some(2.0), Some(2.0), Some(2.0), Some(5.0)]);
        assert_eq!(courses.course(0, LayerFigure::DeadShare, 2), [None, None]);
        assert_eq!(courses.course(7, LayerFigure::GradientNorm, 2), [None, None]);
        courses.cut(20);
        assert_eq!(courses.steps(), Some((10, 20)));
    }
}
