//! The README's tables are those that the program makes.

use std::path::Path;

use alexscope::spec::{table, zoo};
use alexscope::ui::keys;

/// What stands in the README between `<!-- NAME -->` and `<!-- /NAME -->`, compared with what belongs there. With
/// `UPDATE_README=1` it is written there instead.
fn check(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&start).unwrap_or_else(|| panic!("the README has no {start}"));
    let (there, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the README has no {end}"));
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(&path, format!("{before}{start}{wanted}{end}{after}")).unwrap();
    } else {
        assert_eq!(there, wanted, "run UPDATE_README=1 cargo test --test readme -- --test-threads=1");
    }
}

#[test]
fn the_list_of_networks_is_the_zoos() {
    check("networks", &table::list_markdown());
}

#[test]
fn the_table_of_alexnet_is_its_trace() {
    let model = zoo::load("alexnet").unwrap();
    check("alexnet", &table::markdown(&model, &model.trace().unwrap()));
}

#[test]
fn the_list_of_keys_is_the_table_of_keys() {
    check("keys", &keys::markdown());
}
