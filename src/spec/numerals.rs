//! Large whole numbers as a person reads them.

/// `34,944`
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three or four digits and a letter: `34.9 k`, `105 M`.
pub fn short(n: u64) -> String {
    let (scaled, letter) = scale(n);
    if letter.is_empty() { n.to_string() } else { format!("{scaled} {letter}") }
}

/// `1.16 MB`; a kB is 1000 bytes.
pub fn bytes(n: u64) -> String {
    let (scaled, letter) = scale(n);
    format!("{scaled} {letter}B")
}

/// To three digits.
fn scale(n: u64) -> (String, &'static str) {
    const LETTERS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];
    let mut value = n as f64;
    let mut letter = 0;
    // 999.5 would print as 1000.
    while value >= 999.5 && letter + 1 < LETTERS.len() {
        value /= 1000.0;
        letter += 1;
    }
    let decimals = match (letter, value) {
        (0, _) => 0,
        (_, value) if value < 9.995 => 2,
        (_, value) if value < 99.95 => 1,
        _ => 0,
    };
    (format!("{value:.decimals$}"), LETTERS[letter])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([grouped(0), grouped(999), grouped(34_944), grouped(56_909_194)], ["0", "999", "34,944", "56,909,194"]);
    }

    #[test]
    fn three_digits_are_kept_and_never_a_thousand_of_a_smaller_unit() {
        assert_eq!([short(0), short(999), short(34_944), short(105_415_200)], ["0", "999", "34.9 k", "105 M"]);
        assert_eq!([short(999_499), short(999_500), short(9_995)], ["999 k", "1.00 M", "10.0 k"]);
        assert_eq!([bytes(40), bytes(1_161_600), bytes(u64::MAX)], ["40 B", "1.16 MB", "18.4 EB"]);
    }
}
