//! A person's own picture, from a file.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};

use super::{CHANNELS, PICTURE_BYTES, SIDE};

/// Bytes of a file, pixels of a side and bytes of memory that reading one may take.
const MOST_BYTES: u64 = 32 << 20;
const MOST_PIXELS: u32 = 8_192;
const MOST_MEMORY: u64 = 256 << 20;

/// A file that is no picture, or one that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("{}: cannot be read ({source}); check the path and its permissions", .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: longer than {} MiB; a smaller PNG or JPEG of it will do", .0.display(), MOST_BYTES >> 20)]
    TooLong(PathBuf),
    #[error("{}: neither a PNG nor a JPEG; convert it to one of them", .0.display())]
    OtherKind(PathBuf),
    #[error(
        "{}: cannot be decoded ({source}); expected a whole PNG or JPEG of at most {MOST_PIXELS}×{MOST_PIXELS} pixels",
        .path.display()
    )]
    Undecodable { path: PathBuf, source: image::ImageError },
}

/// The middle square of a PNG or JPEG of any size, scaled to 32×32: 3 planes of bytes, red, green, blue. What is
/// transparent is laid on white. Takes bounded memory, whatever the file says of itself.
pub fn read_picture(path: &Path) -> Result<Vec<u8>, PictureError> {
    let unreadable = |source| PictureError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that is too long, also one that has no length, such as a device.
    let file = File::open(path).map_err(unreadable)?;
    BufReader::new(file).take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(PictureError::TooLong(path.to_owned()));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(unreadable)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(PictureError::OtherKind(path.to_owned()));
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_PIXELS), Some(MOST_PIXELS));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|source| PictureError::Undecodable { path: path.to_owned(), source })?;
    Ok(planes(&small(&picture)))
}

/// The middle square at the size of a CIFAR-10 picture.
fn small(picture: &DynamicImage) -> RgbImage {
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    // A triangle as wide as what is shrunk weighs all pixels that fall into one.
    let square = picture.crop_imm(left, top, side, side).resize_exact(SIDE as u32, SIDE as u32, FilterType::Triangle);
    let mut on_white = image::RgbaImage::from_pixel(SIDE as u32, SIDE as u32, image::Rgba([255; 4]));
    imageops::overlay(&mut on_white, &square.to_rgba8(), 0, 0);
    DynamicImage::from(on_white).to_rgb8()
}

fn planes(picture: &RgbImage) -> Vec<u8> {
    let mut planes = Vec::with_capacity(PICTURE_BYTES);
    for channel in 0..CHANNELS {
        planes.extend(picture.pixels().map(|pixel| pixel.0[channel]));
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG written here, perhaps spoiled.
    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    fn png(picture: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn error(name: &str, bytes: &[u8]) -> String {
        let (_folder, path) = written(name, bytes);
        read_picture(&path).unwrap_err().to_string()
    }

    #[test]
    fn the_middle_square_is_what_the_network_sees() {
        // Red on the left and right, blue in the middle square.
        let wide = RgbImage::from_fn(96, 32, |x, _| image::Rgb(if (32..64).contains(&x) { [0, 0, 255] } else { [255, 0, 0] }));
        let (_folder, path) = written("wide.png", &png(&wide.into()));
        let planes = read_picture(&path).unwrap();
        assert_eq!(planes.len(), PICTURE_BYTES);
        assert!(planes[..1024].iter().all(|red| *red == 0) && planes[2048..].iter().all(|blue| *blue == 255));
    }

    #[test]
    fn what_is_transparent_is_white() {
        let (_folder, path) = written("clear.png", &png(&image::RgbaImage::from_pixel(5, 9, image::Rgba([9, 9, 9, 0])).into()));
        assert_eq!(read_picture(&path).unwrap(), vec![255; PICTURE_BYTES]);
    }

    #[test]
    fn a_picture_cut_short_or_of_another_kind_says_what_is_wrong() {
        let whole = png(&RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8])).into());
        let short = error("short.png", &whole[..whole.len() / 2]);
        assert!(short.contains("short.png: cannot be decoded"), "{short}");
        let other = error("note.png", b"these are words");
        assert!(other.contains("neither a PNG nor a JPEG"), "{other}");
        assert!(error("empty.jpg", b"").contains("neither a PNG nor a JPEG"));
        let missing = read_picture(Path::new("/nowhere/dog.png")).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/dog.png: cannot be read"), "{missing}");
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_refused_before_any_memory_is_taken() {
        // A PNG's head says its size in bytes 16 to 23, with a checksum behind.
        let mut huge = png(&RgbImage::new(1, 1).into());
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        let checksum = crc32(&huge[12..29]);
        huge[29..33].copy_from_slice(&checksum.to_be_bytes());
        let huge = error("huge.png", &huge);
        assert!(huge.contains("at most 8192×8192 pixels"), "{huge}");
        let (_folder, path) = written("long.png", b"");
        File::options().write(true).open(&path).unwrap().set_len(MOST_BYTES + 1).unwrap();
        assert!(read_picture(&path).unwrap_err().to_string().contains("longer than 32 MiB"));
    }

    /// As PNG sums its chunks (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
        })
    }
}
