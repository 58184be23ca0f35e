//! "Did you mean": the right name that a wrong one is nearest to.

/// What a person may have mistyped at most.
const FARTHEST: usize = 3;

/// The candidate with the smallest edit distance (Levenshtein) to `name`; `None` where even that is another word.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, nearest) =
        candidates.into_iter().map(|candidate| (distance(name, candidate), candidate)).min_by_key(|(distance, _)| *distance)?;
    (distance <= name.chars().count().div_ceil(2).min(FARTHEST)).then_some(nearest)
}

/// `; did you mean …?`, to go on a sentence with, or `otherwise` where no candidate is near.
pub fn hint<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    nearest(name, candidates).map_or(otherwise.into(), |nearest| format!("; did you mean `{nearest}`?"))
}

/// Characters to insert, delete or replace to turn `a` into `b`; one row of the table is kept.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_what_must_be_typed_again() {
        assert_eq!([distance("kernel", "kernal"), distance("", "lrn"), distance("lenet", "alexnet")], [1, 3, 2]);
    }

    #[test]
    fn the_nearest_name_wins() {
        assert_eq!(nearest("strid", ["kernel", "stride", "pad"]), Some("stride"));
        assert_eq!(nearest("strid", []), None);
        assert_eq!(hint("lnr", ["lrn", "seed"], ""), "; did you mean `lrn`?");
    }

    #[test]
    fn another_word_is_no_misspelling() {
        assert_eq!(nearest("banana", ["kernel", "stride", "pad"]), None);
        assert_eq!(hint("banana", ["pad"], "."), ".");
    }
}
