use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use image::{ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

use super::*;

fn picture(width: u32, height: u32, colour: [u8; 3]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| Rgb([colour[0].wrapping_add(x as u8), colour[1], colour[2]]))
}

fn save(folder: &Path, name: &str, width: u32, height: u32, colour: [u8; 3]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture(width, height, colour).save(path).unwrap();
}

/// Two classes with ten pictures each, red and blue, 40 wide and 30 high.
fn two_classes() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..10 {
        save(folder.path(), &format!("red/{i}.png"), 40, 30, [100, 0, i]);
        save(folder.path(), &format!("blue/more/{i}.PNG"), 40, 30, [0, i, 200]);
    }
    folder
}

fn prepare(folder: &Path, largest: usize, broken: Broken) -> Result<Decoded, DataError> {
    let cache = folder.join(".cache");
    Decoded::prepare(folder, Reading { largest, broken, cache: &cache, progress: &|_, _| {} })
}

fn refused(folder: &Path) -> String {
    prepare(folder, 32, Broken::Refuse).unwrap_err().to_string()
}

#[test]
fn classes_are_the_folders_in_order_and_a_fifth_of_each_is_held_out() {
    let folder = two_classes();
    let decoded = prepare(folder.path(), 227, Broken::Refuse).unwrap();
    assert_eq!((decoded.classes(), decoded.counts()), (&["blue".to_string(), "red".into()][..], [16, 4]));
    let dataset = decoded.read().unwrap();
    for pictures in [&dataset.train, &dataset.test] {
        assert_eq!((0..pictures.len()).filter(|&i| pictures.label(i) == 0).count(), pictures.len() / 2);
        // Blue pictures have 200 in their last plane.
        assert!((0..pictures.len()).all(|i| (pictures.pixels(i)[2 * 900] == 200) == (pictures.label(i) == 0)));
    }
    assert_eq!(prepare(folder.path(), 227, Broken::Refuse).unwrap().read().unwrap().test, dataset.test, "the same every time");
}

#[test]
fn the_first_of_the_held_out_pictures_are_of_all_classes() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b", "c", "d"] {
        (0..30).for_each(|i| save(folder.path(), &format!("test/{class}/{i}.png"), 8, 8, [i, 0, 0]));
        save(folder.path(), &format!("train/{class}/0.png"), 8, 8, [0; 3]);
    }
    let read = || prepare(folder.path(), 32, Broken::Refuse).unwrap().read().unwrap().test;
    let test = read();
    for class in 0..4 {
        let first = (0..40).filter(|&i| test.label(i) == class).count();
        assert!((3..=20).contains(&first), "{first} of the first 40 are of class {class}");
    }
    assert_eq!(read(), test);
}

#[test]
fn one_more_picture_brings_hardly_any_that_was_learned_from_among_the_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let add = |i: usize| {
        for class in ["a", "b"] {
            save(folder.path(), &format!("{class}/{i}.png"), 8, 8, [i as u8, 0, 0]);
        }
    };
    (0..50).for_each(add);
    let before = list::list(folder.path()).unwrap();
    (50..55).for_each(add);
    let after = list::list(folder.path()).unwrap();
    let learned = after.test.iter().filter(|entry| before.train.contains(entry)).count();
    assert!(
        before.test.len() == 20 && after.test.len() == 22 && learned <= 4,
        "{learned} of {} were learned from",
        after.test.len()
    );
}

#[test]
fn train_and_test_folders_are_known_by_their_usual_names_in_any_case() {
    for (train, test) in [("Training", "Test"), ("TRAIN", "Validation"), ("train", "Testing")] {
        let folder = tempfile::tempdir().unwrap();
        for class in ["apple", "pear"] {
            (0..3).for_each(|i| save(folder.path(), &format!("{train}/{class}/{i}.png"), 8, 8, [i, 0, 0]));
            save(folder.path(), &format!("{test}/{class}/0.png"), 8, 8, [9; 3]);
        }
        let listing = list::list(folder.path()).unwrap();
        assert_eq!(listing.classes, ["apple", "pear"], "{train}, {test}");
        assert_eq!((listing.train.len(), listing.test.len()), (6, 2));
    }
}

#[test]
fn train_and_test_folders_are_taken_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (name, pictures) in [("train/a", 3), ("train/b", 2), ("val/b", 4)] {
        (0..pictures).for_each(|i| save(folder.path(), &format!("{name}/{i}.png"), 32, 32, [i, 0, 0]));
    }
    let dataset = prepare(folder.path(), 32, Broken::Refuse).unwrap().read().unwrap();
    assert_eq!((dataset.train.len(), dataset.test.len()), (5, 4));
    assert!((0..4).all(|i| dataset.test.label(i) == 1));
    save(folder.path(), "val/c/0.png", 32, 32, [0; 3]);
    assert!(refused(folder.path()).contains("the class \"c\" is tested but never trained"));
}

#[test]
fn pictures_keep_their_resolution_up_to_the_networks_input_and_are_cut_to_a_square() {
    let folder = two_classes();
    assert_eq!(prepare(folder.path(), 227, Broken::Refuse).unwrap().side(), 30);
    assert_eq!(prepare(folder.path(), 20, Broken::Refuse).unwrap().side(), 20);
    let dataset = prepare(folder.path(), 30, Broken::Refuse).unwrap().read().unwrap();
    let red = (0..16).find(|&i| dataset.train.label(i) == 1).unwrap();
    // 5 columns are cut off at either side.
    assert_eq!(dataset.train.pixels(red)[..30], (105..135).collect::<Vec<u8>>());
}

#[test]
fn pictures_are_decoded_once_until_one_changes() {
    let folder = two_classes();
    let decoded = AtomicUsize::new(0);
    let cache = folder.path().join(".cache");
    let count = |_: usize, _: usize| {
        decoded.fetch_add(1, Ordering::Relaxed);
    };
    let reading = Reading { largest: 32, broken: Broken::Refuse, cache: &cache, progress: &count };
    let first = Decoded::prepare(folder.path(), reading).unwrap();
    assert_eq!(decoded.load(Ordering::Relaxed), 20);
    assert_eq!(Decoded::prepare(folder.path(), reading).unwrap(), first);
    assert_eq!(decoded.load(Ordering::Relaxed), 20);
    save(folder.path(), "red/10.png", 50, 50, [9, 9, 9]);
    assert_eq!(Decoded::prepare(folder.path(), reading).unwrap().counts(), [17, 4]);
    assert_eq!(decoded.load(Ordering::Relaxed), 41);
}

#[test]
fn a_broken_picture_is_named_and_refused_or_left_out() {
    let folder = two_classes();
    let path = folder.path().join("red/3.png");
    fs::write(&path, "no picture").unwrap();
    let cut = folder.path().join("red/cut.jpg");
    picture(64, 64, [1, 2, 3]).save_with_format(&cut, ImageFormat::Jpeg).unwrap();
    let whole = fs::read(&cut).unwrap();
    fs::write(&cut, &whole[..whole.len() - 100]).unwrap();
    let error = refused(folder.path());
    assert!(
        error.contains("2 of 21 pictures cannot be read") && error.contains("3.png") && error.contains("--broken skip"),
        "{error}"
    );
    let decoded = prepare(folder.path(), 32, Broken::Skip).unwrap();
    assert_eq!(decoded.counts().iter().sum::<usize>(), 19);
    assert!(decoded.left_out().iter().any(|reason| reason.contains("red/cut.jpg: ")), "{:?}", decoded.left_out());
    let (dataset, plane) = (decoded.read().unwrap(), decoded.side() * decoded.side());
    assert!((0..dataset.train.len()).all(|i| (dataset.train.pixels(i)[2 * plane] == 200) == (dataset.train.label(i) == 0)));
}

#[test]
fn a_folder_without_classes_or_pictures_is_refused_with_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(refused(folder.path()).contains("0 class folders with pictures"));
    save(folder.path(), "one/0.png", 8, 8, [0; 3]);
    assert!(refused(folder.path()).contains("1 class folders with pictures (PNG or JPEG); expected 2 to 256"));
    save(folder.path(), "two/0.png", 8, 8, [0; 3]);
    assert!(refused(folder.path()).contains("no picture is left to test on"));
}

#[test]
fn a_damaged_cache_is_made_anew() {
    let folder = two_classes();
    let first = prepare(folder.path(), 32, Broken::Refuse).unwrap();
    let bytes = fs::read(&first.file).unwrap();
    fs::write(&first.file, &bytes[..bytes.len() - 1]).unwrap();
    assert!(first.read().is_err());
    assert_eq!(prepare(folder.path(), 32, Broken::Refuse).unwrap().read().unwrap().train.len(), 16);
}
