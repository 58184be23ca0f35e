//! Any bytes as the weights of a checkpoint: `cargo fuzz run checkpoint`.
#![no_main]

use alexscope::run::read_arrays;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(arrays) = read_arrays(bytes) {
        // What is read is what is there: no array has more numbers than the file has bytes for.
        let numbers: usize = arrays.iter().map(|(.., values)| values.len()).sum();
        assert!(4 * numbers <= bytes.len());
        for (name, shape, values) in arrays {
            assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        }
    }
});
