//! What a network takes for what: counted over the pictures of an evaluation.

use serde::{Deserialize, Serialize};

/// Mistakes that are kept.
const MISTAKES: usize = 32;

/// How often pictures of each class were taken for each class, and the surest mistakes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// Steps taken before the evaluation.
    pub step: u64,
    pub classes: usize,
    /// Row by row: a row a true class, a column a class that was guessed.
    pub counts: Vec<u32>,
    /// The surest first.
    pub mistakes: Vec<Mistake>,
}

/// A picture that was taken for another class than its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// Its place in the test set.
    pub picture: usize,
    pub class: u8,
    pub guess: u8,
    /// Of the guess.
    pub probability: f32,
}

/// The likeliest class of a picture and its probability; the first of equals.
pub fn likeliest(probabilities: &[f32]) -> (usize, f32) {
    probabilities.iter().copied().enumerate().fold((0, f32::NEG_INFINITY), |best, next| if next.1 > best.1 { next } else { best })
}

impl Confusion {
    pub fn new(classes: usize) -> Confusion {
        Confusion { step: 0, classes, counts: vec![0; classes * classes], mistakes: Vec::new() }
    }

    /// Counts one picture.
    pub fn add(&mut self, picture: usize, class: u8, probabilities: &[f32]) {
        let (guess, probability) = likeliest(probabilities);
        if let Some(count) = self.counts.get_mut(usize::from(class) * self.classes + guess) {
            *count += 1;
        }
        // A network that gives no numbers is sure of nothing.
        if guess == usize::from(class) || !probability.is_finite() {
            return;
        }
        let place = self.mistakes.partition_point(|surer| surer.probability >= probability);
        if place < MISTAKES {
            self.mistakes.insert(place, Mistake { picture, class, guess: guess as u8, probability });
            self.mistakes.truncate(MISTAKES);
        }
    }

    pub fn count(&self, class: usize, guess: usize) -> u32 {
        self.counts.get(class * self.classes + guess).copied().unwrap_or(0)
    }

    /// Of the pictures of a class, the share that was recognized; none where there were no such pictures.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let all: u32 = (0..self.classes).map(|guess| self.count(class, guess)).sum();
        (all > 0).then(|| f64::from(self.count(class, class)) / f64::from(all))
    }

    /// Of the pictures that were taken for a class, the share that were of it; none where nothing was taken for it.
    pub fn precision(&self, class: usize) -> Option<f64> {
        let all: u32 = (0..self.classes).map(|of| self.count(of, class)).sum();
        (all > 0).then(|| f64::from(self.count(class, class)) / f64::from(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_looks_down_a_column_and_recall_along_a_row() {
        let mut confusion = Confusion::new(3);
        for (class, guess) in [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 0)] {
            let mut probabilities = [0.1; 3];
            probabilities[guess] = 0.8;
            confusion.add(0, class, &probabilities);
        }
        assert_eq!((confusion.recall(0), confusion.precision(0)), (Some(2.0 / 3.0), Some(0.5)));
        assert_eq!((confusion.recall(1), confusion.precision(1)), (Some(1.0 / 3.0), Some(0.5)));
        assert_eq!((confusion.recall(2), confusion.precision(2)), (None, None));
    }

    #[test]
    fn only_the_surest_mistakes_are_kept_in_order() {
        let mut confusion = Confusion::new(2);
        for picture in 0..200 {
            let sure = 0.5 + ((picture * 37) % 200) as f32 / 400.0;
            confusion.add(picture, 1, &[sure, 1.0 - sure]);
        }
        assert_eq!(confusion.mistakes.len(), MISTAKES);
        assert!(confusion.mistakes.windows(2).all(|pair| pair[0].probability >= pair[1].probability));
        assert!(confusion.mistakes[0].probability > 0.99);
    }

    #[test]
    fn probabilities_that_are_no_numbers_count_for_the_first_class_and_break_nothing() {
        let mut confusion = Confusion::new(2);
        confusion.add(5, 1, &[f32::NAN, f32::NAN]);
        assert_eq!(confusion.count(1, 0), 1);
    }
}
