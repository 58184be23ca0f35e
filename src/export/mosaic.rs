//! Feature maps and kernels as PNG or SVG.

use std::io::Cursor as Bytes;
use std::path::Path;

use super::error::{Error, Result};
use crate::mosaic::Bitmap;
use crate::whole_file;

/// Writes the dots to a file whose name ends in `.png` or `.svg`, whole or not at all.
///
/// # Errors
/// Another ending, a folder that takes no file.
pub fn save(bitmap: &Bitmap, path: &Path) -> Result<()> {
    let bytes = match path.extension().and_then(|ending| ending.to_str()) {
        Some("png") => png(bitmap)?,
        Some("svg") => svg(bitmap)?.into_bytes(),
        _ => return Err(Error::UnknownFormat { path: path.into() }),
    };
    whole_file::write(path, &bytes).map_err(|source| Error::Writing { path: path.into(), source })
}

pub(super) fn png(bitmap: &Bitmap) -> Result<Vec<u8>> {
    let (width, height) = (bitmap.width as u32, bitmap.height as u32);
    let mut bytes = Bytes::new(Vec::new());
    let pixels = bitmap.pixels.as_flattened();
    image::write_buffer_with_format(&mut bytes, pixels, width, height, image::ColorType::Rgb8, image::ImageFormat::Png)
        .map_err(|error| Error::Drawing { reason: error.to_string() })?;
    Ok(bytes.into_inner())
}

/// The same dots in an SVG: as many rectangles would be too many for any viewer.
fn svg(bitmap: &Bitmap) -> Result<String> {
    let (width, height) = (bitmap.width, bitmap.height);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <image width=\"{width}\" height=\"{height}\" style=\"image-rendering: pixelated\" \
         href=\"data:image/png;base64,{}\"/>\n</svg>\n",
        base64(&png(bitmap)?)
    ))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { letter as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_rfcs() {
        let told = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        told.into_iter().for_each(|(plain, coded)| assert_eq!(base64(plain.as_bytes()), coded));
    }

    #[test]
    fn a_png_holds_the_dots_and_an_svg_holds_the_png() {
        let folder = tempfile::tempdir().unwrap();
        let mut bitmap = Bitmap::filled(3, 2, [10, 20, 30]);
        bitmap.pixels[4] = [200, 100, 50];
        let path = folder.path().join("maps.png");
        save(&bitmap, &path).unwrap();
        let read = image::open(&path).unwrap().to_rgb8();
        assert_eq!((read.dimensions(), read.get_pixel(1, 1).0, read.get_pixel(0, 0).0), ((3, 2), [200, 100, 50], [10, 20, 30]));
        let path = folder.path().join("maps.svg");
        save(&bitmap, &path).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains(&base64(&png(&bitmap).unwrap())));
        assert!(matches!(save(&bitmap, &folder.path().join("maps.gif")), Err(Error::UnknownFormat { .. })));
    }
}
