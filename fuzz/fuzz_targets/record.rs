//! Any bytes as the record of a run, folded as the cockpit does: `cargo fuzz run record`.
#![no_main]

use std::path::Path;

use alexscope::run::parse_record;
use alexscope::session::{Session, course};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (events, _) = parse_record(bytes, Path::new("events.jsonl"));
    let mut session = Session::default();
    course(events.clone());
    for event in events {
        session.apply(event);
    }
});
