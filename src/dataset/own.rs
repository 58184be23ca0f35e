//! A person's own picture, from a file.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::CHANNELS;

/// Bytes of a file, pixels of a side and bytes of memory that reading one may take.
const MOST_BYTES: u64 = 32 << 20;
const MOST_PIXELS: u32 = 8_192;
const MOST_MEMORY: u64 = 256 << 20;
/// What a JPEG's last scan begins with and its end is marked by; within a scan neither stands (ITU-T T.81, B.1.1).
const JPEG_SCAN: [u8; 2] = [0xff, 0xda];
const JPEG_END: [u8; 2] = [0xff, 0xd9];

/// What is wrong with a file that should be a picture.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("cannot be read ({0}); check the path and its permissions")]
    Unreadable(#[from] io::Error),
    #[error("longer than {} MiB; a smaller PNG or JPEG of it will do", MOST_BYTES >> 20)]
    TooLong,
    #[error("neither a PNG nor a JPEG; convert it to one of them")]
    OtherKind,
    #[error("the file is cut short")]
    CutShort,
    #[error("cannot be decoded ({0}); expected a whole PNG or JPEG of at most {MOST_PIXELS}×{MOST_PIXELS} pixels")]
    Undecodable(#[from] image::ImageError),
}

/// A picture that a person named and that cannot be taken.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", .path.display())]
pub struct PictureError {
    path: PathBuf,
    fault: Fault,
}

/// A PNG or JPEG of any size as the network's pictures are: 3 planes of `side` × `side` bytes.
pub fn read_picture(path: &Path, side: usize) -> Result<Vec<u8>, PictureError> {
    let mut planes = vec![0; CHANNELS * side * side];
    decode(path, side, &mut planes).map_err(|fault| PictureError { path: path.to_owned(), fault })?;
    Ok(planes)
}

/// Reads one picture: scaled, in its proportions, until it covers the square, and its middle cut out, as Krizhevsky et al. 2012
/// (section 2) prepare ImageNet, upright as its EXIF says. A picture of just that size stays as it is. Transparency is left out, as
/// torchvision does.
/// Takes bounded memory, whatever the file says of itself.
pub(super) fn decode(path: &Path, side: usize, planes: &mut [u8]) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that is too long, also one that has no length, such as a device.
    File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Fault::TooLong);
    }
    let mut reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?;
    let format = reader.format();
    if !matches!(format, Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err(Fault::OtherKind);
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_PIXELS), Some(MOST_PIXELS));
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    // A camera that was held upright says so; what it says wrongly is no reason to refuse its picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    // The decoder makes grey of what a JPEG lacks. The picture within the picture, for a preview, has an end of its own.
    let last = |mark: [u8; 2]| bytes.windows(2).rposition(|pair| pair == mark);
    if format == Some(ImageFormat::Jpeg) && last(JPEG_END) <= last(JPEG_SCAN) {
        return Err(Fault::CutShort);
    }
    let square = if (picture.width(), picture.height()) == (side as u32, side as u32) {
        picture
    } else {
        picture.resize_to_fill(side as u32, side as u32, FilterType::Triangle)
    };
    write_planes(&square, planes);
    Ok(())
}

/// Red, green and blue as a plane each.
fn write_planes(picture: &DynamicImage, planes: &mut [u8]) {
    let plane = planes.len() / CHANNELS;
    for (at, pixel) in picture.to_rgb8().pixels().enumerate() {
        for (channel, value) in pixel.0.into_iter().enumerate() {
            planes[channel * plane + at] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::dataset::{PICTURE_BYTES, SIDE};

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
        read_picture(&path, SIDE).unwrap_err().to_string()
    }

    #[test]
    fn the_middle_square_is_what_the_network_sees() {
        // Red on the left and right, blue in the middle square.
        let wide = RgbImage::from_fn(96, 32, |x, _| image::Rgb(if (32..64).contains(&x) { [0, 0, 255] } else { [255, 0, 0] }));
        let (_folder, path) = written("wide.png", &png(&wide.into()));
        let planes = read_picture(&path, SIDE).unwrap();
        assert_eq!(planes.len(), PICTURE_BYTES);
        assert!(planes[..1024].iter().all(|red| *red == 0) && planes[2048..].iter().all(|blue| *blue == 255));
    }

    #[test]
    fn a_picture_cut_short_or_of_another_kind_says_what_is_wrong() {
        let whole = png(&RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8])).into());
        let short = error("short.png", &whole[..whole.len() / 2]);
        assert!(short.contains("short.png: cannot be decoded"), "{short}");
        let other = error("note.png", b"these are words");
        assert!(other.contains("neither a PNG nor a JPEG"), "{other}");
        assert!(error("empty.jpg", b"").contains("neither a PNG nor a JPEG"));
        let missing = read_picture(Path::new("/nowhere/dog.png"), SIDE).unwrap_err().to_string();
        assert!(missing.contains("/nowhere/dog.png: cannot be read"), "{missing}");
    }

    /// A JPEG with an EXIF segment behind its head: `fields` in the form of TIFF.
    fn jpeg(picture: RgbImage, fields: &[u8]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        let mut bytes = bytes.into_inner();
        let mut segment = vec![0xff, 0xe1];
        segment.extend(((2 + 6 + fields.len()) as u16).to_be_bytes());
        segment.extend(b"Exif\0\0");
        segment.extend(fields);
        bytes.splice(2..2, segment);
        bytes
    }

    #[test]
    fn a_jpeg_is_seen_upright_as_its_camera_was_held() {
        // Red above blue; the field says that its top is to the right of what a person sees: it is to be turned clockwise.
        let picture = RgbImage::from_fn(64, 64, |_, y| image::Rgb(if y < 32 { [250, 0, 0] } else { [0, 0, 250] }));
        let orientation = [&b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"[..]].concat();
        let (_folder, path) = written("turned.jpg", &jpeg(picture, &orientation));
        let planes = read_picture(&path, SIDE).unwrap();
        let (left, right) = (planes[16 * SIDE + 4], planes[16 * SIDE + 28]);
        assert!(left < 50 && right > 200, "red is on the right, not {left} and {right}");
    }

    #[test]
    fn a_jpeg_cut_short_is_refused_also_where_its_preview_is_whole() {
        let noisy = RgbImage::from_fn(96, 96, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8]));
        let preview = [0xff, 0xd8, 0xff, 0xd9];
        let whole = jpeg(noisy, &preview);
        let (_folder, path) = written("whole.jpg", &whole);
        assert!(read_picture(&path, SIDE).is_ok());
        let short = error("short.jpg", &whole[..whole.len() * 2 / 3]);
        assert!(short.contains("the file is cut short"), "{short}");
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
        assert!(read_picture(&path, SIDE).unwrap_err().to_string().contains("longer than 32 MiB"));
    }

    /// As PNG sums its chunks (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
        })
    }
}
