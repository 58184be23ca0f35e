//! Getting an archive from a server that may do anything: what is at the final place is whole or absent, nothing is outside, and
//! the error says what came and what to do.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use alexscope::dataset::fetch::{Archive, CIFAR10, FetchError, Fetched, Length, Member, Origin, Patience};
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use tar::{EntryType, Header};
use tempfile::TempDir;

const FOLDER: &str = "pictures";
const FILES: [Member; 2] =
    [Member { name: "a.bin", length: Length::Exactly(40_000) }, Member { name: "names.txt", length: Length::AtMost(100) }];
/// Longer than any server that means to answer takes on a loaded machine.
const PATIENCE: Patience =
    Patience { connect: Duration::from_secs(60), silence: Duration::from_secs(60), pause: Duration::from_millis(1) };

/// Bytes that do not compress, so that an archive is about as long as its files.
fn noise(count: usize) -> Vec<u8> {
    let step = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Some((*state >> 56) as u8)
    };
    std::iter::repeat(()).scan(7, |state, ()| step(state)).take(count).collect()
}

/// Adds an entry whose name is written as it is, also where a careful packer would refuse it.
fn entry(tar: &mut tar::Builder<GzEncoder<Vec<u8>>>, name: &str, kind: EntryType, bytes: &[u8]) {
    let mut header = Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name("../../outside").unwrap();
    }
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

struct Packed {
    bytes: Vec<u8>,
    md5: String,
}

impl Packed {
    fn of(bytes: Vec<u8>) -> Packed {
        let md5 = Md5::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Packed { bytes, md5 }
    }

    /// An archive of the right files, after whatever `first` puts before them.
    fn after(first: impl FnOnce(&mut tar::Builder<GzEncoder<Vec<u8>>>)) -> Packed {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        first(&mut tar);
        entry(&mut tar, "pictures/", EntryType::Directory, b"");
        entry(&mut tar, "pictures/a.bin", EntryType::Regular, &noise(40_000));
        entry(&mut tar, "pictures/names.txt", EntryType::Regular, b"airplane\n");
        Packed::of(tar.into_inner().unwrap().finish().unwrap())
    }

    fn good() -> Packed {
        Packed::after(|_| {})
    }

    fn archive(&self) -> Archive<'_> {
        Archive {
            name: "pictures.tar.gz",
            url: "http://127.0.0.1:9/home-page-must-not-be-asked",
            bytes: self.bytes.len() as u64,
            md5: &self.md5,
            folder: FOLDER,
            files: &FILES,
        }
    }
}

/// A server for one test: `answer` gets the number of the connection, from 0, the first byte that is asked for, and the line.
struct Server {
    url: String,
    /// First byte asked for by each request; none where no range was asked for.
    asked: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn start(answer: impl Fn(usize, Option<usize>, &mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/pictures.tar.gz", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let mut first = None;
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let line = line.unwrap().to_ascii_lowercase();
                    if line.is_empty() {
                        break;
                    }
                    if let Some(range) = line.strip_prefix("range: bytes=") {
                        first = Some(range.trim_end_matches('-').parse().unwrap());
                    }
                }
                log.lock().unwrap().push(first);
                // A client that hung up is part of the test.
                let _ = answer(connection, first, &mut stream);
            }
        });
        Server { url, asked }
    }

    /// One that sends `bytes` as they are, whatever is asked for.
    fn sending(bytes: Vec<u8>) -> Server {
        Server::start(move |_, _, stream| send(stream, "200 OK", "", &bytes, bytes.len()))
    }

    fn asked(&self) -> Vec<Option<usize>> {
        self.asked.lock().unwrap().clone()
    }
}

/// An answer that announces all of `bytes` and sends the first `count` of them.
fn send(stream: &mut TcpStream, status: &str, headers: &str, bytes: &[u8], count: usize) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", bytes.len())?;
    stream.write_all(&bytes[..count])
}

/// The rest of `bytes` from `first`, of which `count` are sent.
fn send_rest(stream: &mut TcpStream, bytes: &[u8], first: usize, count: usize) -> std::io::Result<()> {
    let range = format!("Content-Range: bytes {first}-{}/{}\r\n", bytes.len() - 1, bytes.len());
    send(stream, "206 Partial Content", &range, &bytes[first..], count)
}

/// A folder for data inside another, so that it would show if something were written outside.
struct Place {
    outer: TempDir,
}

impl Place {
    fn new() -> Place {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir(outer.path().join("data")).unwrap();
        Place { outer }
    }

    fn data(&self) -> PathBuf {
        self.outer.path().join("data")
    }

    fn fetch(&self, packed: &Packed, from: &str) -> Result<Fetched, FetchError> {
        packed.archive().fetch(&Origin::parse(from), &self.data(), PATIENCE, &mut |_, _| {}, &AtomicBool::new(false))
    }

    /// The part of an archive that is kept to go on from.
    fn part(&self) -> Option<Vec<u8>> {
        fs::read(self.data().join("pictures.tar.gz.part")).ok()
    }

    fn assert_whole(&self) {
        assert_eq!(names(self.outer.path()), ["data"]);
        assert_eq!(names(&self.data()), [FOLDER]);
        let folder = self.data().join(FOLDER);
        assert_eq!(names(&folder), ["a.bin", "names.txt"]);
        assert_eq!(fs::read(folder.join("a.bin")).unwrap(), noise(40_000));
        assert_eq!(fs::read(folder.join("names.txt")).unwrap(), b"airplane\n");
    }

    /// Nothing but, perhaps, the part that is kept.
    fn assert_absent(&self) {
        assert_eq!(names(self.outer.path()), ["data"]);
        assert!(names(&self.data()).iter().all(|name| name == "pictures.tar.gz.part"), "{:?}", names(&self.data()));
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The error's text, after checking that it names where the bytes came from and that nothing is left.
fn refused(packed: &Packed, from: &str) -> String {
    let place = Place::new();
    let error = place.fetch(packed, from).unwrap_err().to_string();
    place.assert_absent();
    assert!(place.part().is_none(), "{error}");
    error
}

#[test]
fn an_archive_becomes_a_folder_of_its_files_and_nothing_else() {
    let packed = Packed::good();
    let (server, place) = (Server::sending(packed.bytes.clone()), Place::new());
    let mut seen = Vec::new();
    let origin = Origin::parse(&server.url);
    let into = place.data().join("made/on/the/way");
    let fetched =
        packed.archive().fetch(&origin, &into, PATIENCE, &mut |done, of| seen.push((done, of)), &AtomicBool::new(false)).unwrap();
    assert_eq!(fetched, Fetched { folder: into.join(FOLDER), already_there: false });
    assert_eq!(names(&into.join(FOLDER)), ["a.bin", "names.txt"]);
    let bytes = packed.bytes.len() as u64;
    assert_eq!((seen[0], *seen.last().unwrap()), ((0, bytes), (bytes, bytes)));
    assert!(seen.is_sorted());
}

#[test]
fn a_complete_folder_is_left_alone_and_no_server_is_asked() {
    let (packed, place) = (Packed::good(), Place::new());
    let server = Server::sending(packed.bytes.clone());
    place.fetch(&packed, &server.url).unwrap();
    let again = place.fetch(&packed, &server.url).unwrap();
    assert!(again.already_there);
    assert_eq!(server.asked().len(), 1);
    place.assert_whole();
}

#[test]
fn an_incomplete_folder_is_not_overwritten() {
    let (packed, place) = (Packed::good(), Place::new());
    let folder = place.data().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.bin"), b"mine").unwrap();
    let server = Server::sending(packed.bytes.clone());
    let error = place.fetch(&packed, &server.url).unwrap_err().to_string();
    assert!(error.contains("a.bin has 4 bytes instead of 40000") && error.contains("move it away"), "{error}");
    assert_eq!(fs::read(folder.join("a.bin")).unwrap(), b"mine");
    assert!(server.asked().is_empty());
}

#[test]
fn a_cut_connection_is_taken_up_where_it_broke_off() {
    let (packed, place) = (Packed::good(), Place::new());
    let bytes = packed.bytes.clone();
    let server = Server::start(move |_, first, stream| match first {
        None => send(stream, "200 OK", "", &bytes, 10_000),
        Some(first) => send_rest(stream, &bytes, first, bytes.len() - first),
    });
    place.fetch(&packed, &server.url).unwrap();
    assert_eq!(server.asked(), [None, Some(10_000)]);
    place.assert_whole();
}

#[test]
fn a_server_that_keeps_cutting_is_given_up_and_a_later_fetch_goes_on() {
    let (packed, place) = (Packed::good(), Place::new());
    let bytes = packed.bytes.clone();
    let well = Arc::new(AtomicBool::new(false));
    let server = {
        let well = well.clone();
        Server::start(move |_, first, stream| match first {
            None => send(stream, "200 OK", "", &bytes, 7_000),
            Some(first) if well.load(Ordering::Relaxed) => send_rest(stream, &bytes, first, bytes.len() - first),
            Some(first) => send_rest(stream, &bytes, first, 0),
        })
    };
    let error = place.fetch(&packed, &server.url).unwrap_err().to_string();
    assert!(error.contains("broke off at 7000 of") && error.contains("fetch again"), "{error}");
    assert_eq!(server.asked(), [None, Some(7_000), Some(7_000), Some(7_000)]);
    place.assert_absent();
    assert_eq!(place.part().unwrap(), packed.bytes[..7_000]);

    well.store(true, Ordering::Relaxed);
    place.fetch(&packed, &server.url).unwrap();
    assert_eq!(server.asked().len(), 5);
    place.assert_whole();
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let (packed, place) = (Packed::good(), Place::new());
    let bytes = packed.bytes.clone();
    let server = Server::start(move |connection, _, stream| {
        send(stream, "200 OK", "", &bytes, if connection == 0 { 10_000 } else { bytes.len() })
    });
    place.fetch(&packed, &server.url).unwrap();
    assert_eq!(server.asked(), [None, Some(10_000)]);
    place.assert_whole();
}

#[test]
fn a_range_of_another_file_and_a_range_that_is_not_there_begin_again() {
    for answer in ["206 Partial Content", "416 Range Not Satisfiable"] {
        let (packed, place) = (Packed::good(), Place::new());
        fs::write(place.data().join("pictures.tar.gz.part"), &packed.bytes[..9_000]).unwrap();
        let bytes = packed.bytes.clone();
        let server = Server::start(move |_, first, stream| match first {
            Some(_) => send(stream, answer, "Content-Range: bytes 9000-9009/9010\r\n", &bytes[..10], 10),
            None => send(stream, "200 OK", "", &bytes, bytes.len()),
        });
        place.fetch(&packed, &server.url).unwrap();
        assert_eq!(server.asked(), [Some(9_000), None], "{answer}");
        place.assert_whole();
    }
}

#[test]
fn a_part_of_something_else_is_found_by_the_checksum_and_fetched_anew() {
    let (packed, place) = (Packed::good(), Place::new());
    fs::write(place.data().join("pictures.tar.gz.part"), noise(9_000)).unwrap();
    let bytes = packed.bytes.clone();
    let server = Server::start(move |_, first, stream| match first {
        Some(first) => send_rest(stream, &bytes, first, bytes.len() - first),
        None => send(stream, "200 OK", "", &bytes, bytes.len()),
    });
    place.fetch(&packed, &server.url).unwrap();
    assert_eq!(server.asked(), [Some(9_000), None]);
    place.assert_whole();
}

#[test]
fn wrong_bytes_are_found_by_the_checksum_and_thrown_away() {
    let packed = Packed::good();
    let mut bytes = packed.bytes.clone();
    bytes[20_000] ^= 1;
    let came = Packed::of(bytes);
    let server = Server::sending(came.bytes.clone());
    let error = refused(&packed, &server.url);
    assert!(error.contains(&server.url) && error.contains(&came.md5) && error.contains(&packed.md5), "{error}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_web_page_is_called_a_web_page() {
    let page = b"\n<!DOCTYPE html><html><body>Please log in</body></html>".to_vec();
    let error = refused(&Packed::good(), &Server::sending(page).url);
    assert!(error.contains("an HTML page, not a gzip archive") && error.contains("--from"), "{error}");
    let error = refused(&Packed::good(), &Server::sending(b"PK\x03\x04".to_vec()).url);
    assert!(error.contains("begins with \"PK"), "{error}");
    let error = refused(&Packed::good(), &Server::sending(Vec::new()).url);
    assert!(error.contains("is nothing, not"), "{error}");
}

#[test]
fn an_archive_of_another_length_is_refused_before_it_is_fetched() {
    let packed = Packed::good();
    let mut bytes = packed.bytes.clone();
    bytes.push(0);
    let error = refused(&packed, &Server::sending(bytes).url);
    assert!(error.contains(&format!("{} bytes where {} were expected", packed.bytes.len() + 1, packed.bytes.len())), "{error}");
}

#[test]
fn a_server_that_never_stops_sending_is_stopped() {
    let packed = Packed::good();
    let bytes = packed.bytes.clone();
    let server = Server::start(move |_, _, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        stream.write_all(&bytes)?;
        loop {
            stream.write_all(&[0; 4096])?;
        }
    });
    let error = refused(&packed, &server.url);
    assert!(error.contains("were expected; it is another archive"), "{error}");
}

#[test]
fn a_refusal_of_the_server_is_passed_on() {
    let server = Server::start(|_, _, stream| send(stream, "404 Not Found", "", b"no such file", 12));
    let error = refused(&Packed::good(), &server.url);
    assert!(error.contains("404 Not Found") && error.contains("check the address"), "{error}");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = refused(&Packed::good(), &format!("http://{closed}/"));
    assert!(error.contains("cannot be reached") && error.contains("check the connection"), "{error}");
}

/// One that sends a beginning and then says nothing for longer than anybody waits.
fn silent_server(packed: &Packed) -> Server {
    let bytes = packed.bytes.clone();
    Server::start(move |connection, first, stream| {
        if connection == 0 {
            send(stream, "200 OK", "", &bytes, 5_000)?
        } else {
            send_rest(stream, &bytes, first.unwrap(), 0)?
        }
        // Until the client hangs up.
        stream.read(&mut [0]).map(|_| ())
    })
}

#[test]
fn a_silent_server_is_given_up_after_the_patience() {
    let (packed, place) = (Packed::good(), Place::new());
    let server = silent_server(&packed);
    let patience = Patience { silence: Duration::from_secs(1), ..PATIENCE };
    let start = Instant::now();
    let result =
        packed.archive().fetch(&Origin::parse(&server.url), &place.data(), patience, &mut |_, _| {}, &AtomicBool::new(false));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("broke off at 5000 of") && error.contains("timeout"), "{error}");
    assert!(start.elapsed() >= 4 * patience.silence);
    place.assert_absent();
    assert_eq!(place.part().unwrap(), packed.bytes[..5_000]);
}

#[test]
fn cancelling_does_not_wait_for_a_silent_server() {
    let (packed, place) = (Packed::good(), Place::new());
    let server = silent_server(&packed);
    let cancelled = AtomicBool::new(false);
    let start = Instant::now();
    let result = thread::scope(|scope| {
        scope.spawn(|| {
            while place.part().is_none_or(|part| part.len() < 5_000) && start.elapsed() < PATIENCE.silence {
                thread::sleep(Duration::from_millis(10));
            }
            cancelled.store(true, Ordering::Relaxed);
        });
        packed.archive().fetch(&Origin::parse(&server.url), &place.data(), PATIENCE, &mut |_, _| {}, &cancelled)
    });
    assert!(matches!(result, Err(FetchError::Cancelled)), "{result:?}");
    assert!(start.elapsed() < PATIENCE.silence);
    place.assert_absent();
    assert_eq!(place.part().unwrap().len(), 5_000);
}

/// What is said of an archive that arrives as it should and holds what it should not.
fn refused_content(packed: &Packed) -> String {
    let error = refused(packed, &Server::sending(packed.bytes.clone()).url);
    assert!(error.contains("nothing was kept of it") && error.contains("--from"), "{error}");
    error
}

#[test]
fn paths_that_lead_outside_are_refused() {
    for path in ["../escaped.bin", "pictures/../../escaped.bin", "/tmp/alexscope-escaped.bin"] {
        let error = refused_content(&Packed::after(|tar| entry(tar, path, EntryType::Regular, b"escaped")));
        assert!(error.contains(path) && error.contains("leads out of the folder"), "{error}");
    }
    assert!(!Path::new("/tmp/alexscope-escaped.bin").exists());
}

#[test]
fn links_and_devices_are_refused_whatever_their_name() {
    for (name, kind, what) in [
        ("pictures/a.bin", EntryType::Symlink, "a link"),
        ("pictures/a.bin", EntryType::Link, "a link"),
        ("pictures", EntryType::Symlink, "a link"),
        ("pictures/other", EntryType::Fifo, "neither a regular file nor a folder"),
        ("pictures/a.bin", EntryType::Char, "neither a regular file nor a folder"),
    ] {
        let error = refused_content(&Packed::after(|tar| entry(tar, name, kind, b"")));
        assert!(error.contains(&format!("{name:?}")) && error.contains(what), "{error}");
    }
}

#[test]
fn files_of_a_wrong_length_and_second_files_are_refused() {
    let error = refused_content(&Packed::after(|tar| entry(tar, "pictures/a.bin", EntryType::Regular, b"short")));
    assert!(error.contains("a file of 5 bytes where 40000 were expected"), "{error}");
    let error = refused_content(&Packed::after(|tar| entry(tar, "pictures/names.txt", EntryType::Regular, &[b'a'; 101])));
    assert!(error.contains("a file of 101 bytes where at most 100 were expected"), "{error}");
    let error = refused_content(&Packed::after(|tar| entry(tar, "pictures/names.txt", EntryType::Regular, b"first")));
    assert!(error.contains("a second file of that name"), "{error}");
}

#[test]
fn files_of_other_names_are_passed_over() {
    let packed = Packed::after(|tar| {
        for name in ["pictures/.hidden", "other/a.bin", "a.bin", "pictures/a.bin/a.bin", "./pictures/a.bin"] {
            entry(tar, name, EntryType::Regular, b"not asked for");
        }
    });
    let place = Place::new();
    place.fetch(&packed, &Server::sending(packed.bytes.clone()).url).unwrap();
    place.assert_whole();
}

#[test]
fn endless_zeros_are_cut_off() {
    // 64 MB of zeros in 300 kB, as a file that is passed over, as a name, and as nothing at all.
    let zeros = vec![0; 64 << 20];
    let error = refused_content(&Packed::after(|tar| entry(tar, "pictures/zeros", EntryType::Regular, &zeros)));
    assert!(error.contains("unpacks to more than the 1088676 bytes"), "{error}");
    let error = refused_content(&Packed::after(|tar| entry(tar, "././@LongLink", EntryType::GNULongName, &zeros)));
    assert!(error.contains("unpacks to more than"), "{error}");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let error = refused_content(&Packed::of(gzip.finish().unwrap()));
    assert!(error.contains("lacks a.bin"), "{error}");
}

#[test]
fn an_archive_that_ends_too_early_is_damaged() {
    let whole = Packed::good().bytes;
    let error = refused_content(&Packed::of(whole[..whole.len() / 2].to_vec()));
    assert!(error.contains("cannot be unpacked"), "{error}");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"no tar").unwrap();
    let error = refused_content(&Packed::of(gzip.finish().unwrap()));
    assert!(error.contains("lacks a.bin") || error.contains("cannot be unpacked"), "{error}");
}

#[test]
fn a_file_on_this_machine_is_checked_like_a_download_and_kept() {
    let (packed, place) = (Packed::good(), Place::new());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("copy.tar.gz");
    for (bytes, problem) in [
        (b"<html>".to_vec(), "an HTML page"),
        (packed.bytes[..9_000].to_vec(), "9000 bytes where"),
        ([&packed.bytes[..9_000], &noise(packed.bytes.len() - 9_000)].concat(), "has MD5"),
    ] {
        fs::write(&file, bytes).unwrap();
        let error = place.fetch(&packed, file.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains("copy.tar.gz") && error.contains(problem) && error.contains("--from"), "{error}");
        place.assert_absent();
    }
    fs::write(&file, &packed.bytes).unwrap();
    place.fetch(&packed, file.to_str().unwrap()).unwrap();
    place.assert_whole();
    assert_eq!(fs::read(&file).unwrap(), packed.bytes);
    let error = Place::new().fetch(&packed, "no/such/file").unwrap_err().to_string();
    assert!(error.contains("no/such/file") && error.contains("check the path"), "{error}");
}

#[test]
fn a_second_fetch_at_the_same_time_is_refused() {
    let (packed, place) = (Packed::good(), Place::new());
    let first = File::open(place.data()).unwrap();
    first.lock().unwrap();
    let server = Server::sending(packed.bytes.clone());
    let error = place.fetch(&packed, &server.url).unwrap_err().to_string();
    assert!(error.contains("another fetch") && error.contains("wait for it"), "{error}");
    drop(first);
    place.fetch(&packed, &server.url).unwrap();
    place.assert_whole();
}

#[test]
fn what_a_killed_fetch_left_is_cleared_away() {
    let (packed, place) = (Packed::good(), Place::new());
    let left = place.data().join(".pictures.unpacking");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("a.bin"), b"half").unwrap();
    place.fetch(&packed, &Server::sending(packed.bytes.clone()).url).unwrap();
    place.assert_whole();
}

#[test]
fn addresses_are_told_from_files() {
    assert_eq!(Origin::parse("HTTPS://example.org/a"), Origin::Url("HTTPS://example.org/a".into()));
    assert_eq!(Origin::parse("http.tar.gz"), Origin::File("http.tar.gz".into()));
    assert_eq!(Origin::parse("/a/b.tar.gz"), Origin::File("/a/b.tar.gz".into()));
}

#[test]
fn cifar10s_archive_has_eight_files() {
    assert_eq!((CIFAR10.bytes, CIFAR10.md5), (170_052_171, "c32a1d4ab5d03f1284b67883e8d87530"));
    let exact: Vec<_> = CIFAR10.files.iter().filter(|file| file.length == Length::Exactly(30_730_000)).collect();
    assert_eq!((CIFAR10.files.len(), exact.len()), (8, 6));
}
