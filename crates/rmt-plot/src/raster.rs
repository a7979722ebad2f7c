//! A drawing as pixels.

use crate::PlotError;
use crate::drawing::{Drawing, Glyph, Mark, Shape, Text};
use crate::font;
use crate::ink::Ink;
use tiny_skia::{
    FillRule, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

/// An image of three bytes per pixel, line by line from the upper left corner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rgb {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Red, green and blue of each pixel: 3 × width × height bytes.
    pub pixels: Vec<u8>,
}

impl Rgb {
    /// Colour of a pixel; `None` outside the image.
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = 3 * (y as usize * self.width as usize + x as usize);
        self.pixels.get(at..at + 3)?.try_into().ok()
    }

    /// Encodes the image as a PNG file with 8 bits per channel and no alpha.
    ///
    /// # Errors
    /// [`PlotError::Png`] if the length of `pixels` is not 3 × `width` × `height`.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        self.encoded().map_err(|error| PlotError::Png(Box::new(error)))
    }

    fn encoded(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // Flat colours: a filter would make the file a fifth larger, and take as long as all the rest.
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(file)
    }
}

/// Pixels per unit of a drawing, at most.
const LARGEST_SCALE: f32 = 4.0;

impl Drawing {
    /// Renders the picture with one pixel per unit, in the light colours.
    pub fn to_rgb(&self) -> Rgb {
        self.to_rgb_scaled(1.0)
    }

    /// Renders the picture with `scale` pixels per unit (½ to 4), in the light colours. Use 2 for
    /// displays with small pixels.
    pub fn to_rgb_scaled(&self, scale: f32) -> Rgb {
        let scale = if scale.is_finite() { scale.clamp(0.5, LARGEST_SCALE) } else { 1.0 };
        let pixels = |length: u32| ((length as f32 * scale).round() as u32).max(1);
        let (width, height) = (pixels(self.width()), pixels(self.height()));
        let Some(mut pixmap) = Pixmap::new(width, height) else {
            return Rgb { width: 0, height: 0, pixels: Vec::new() };
        };
        for mark in self.marks() {
            paint(&mut pixmap, mark, Transform::from_scale(scale, scale));
        }
        // The ground is opaque, so that colours need no division by alpha.
        let pixels = pixmap.pixels().iter();
        let pixels = pixels.flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
        Rgb { width, height, pixels }
    }
}

fn paint(pixmap: &mut Pixmap, mark: &Mark, transform: Transform) {
    let mask: Option<&Mask> = None;
    let opacity = mark.paint.opacity;
    if let Shape::Text(text) = &mark.shape {
        if let (Some(path), Some(ink)) = (letters(text), mark.paint.fill) {
            let paint = colour(ink, opacity);
            pixmap.fill_path(&path, &paint, FillRule::Winding, transform, mask);
        }
        return;
    }
    let Some(path) = path(&mark.shape) else { return };
    if let Some(ink) = mark.paint.fill {
        pixmap.fill_path(&path, &colour(ink, opacity), FillRule::Winding, transform, mask);
    }
    if let Some(stroke) = mark.paint.stroke {
        let dash =
            stroke.dash.and_then(|dash| StrokeDash::new(dash.map(|x| x as f32).to_vec(), 0.0));
        let (width, line_join) = (stroke.width as f32, LineJoin::Round);
        let line = Stroke { width, dash, line_join, ..Stroke::default() };
        pixmap.stroke_path(&path, &colour(stroke.ink, opacity), &line, transform, mask);
    }
}

fn colour(ink: Ink, opacity: f64) -> Paint<'static> {
    let mut paint = Paint::default();
    let [r, g, b] = ink.light();
    paint.set_color_rgba8(r, g, b, (255.0 * opacity.clamp(0.0, 1.0)).round() as u8);
    paint
}

fn path(shape: &Shape) -> Option<Path> {
    let mut builder = PathBuilder::new();
    match shape {
        Shape::Rects(rects) => {
            for [x, y, width, height] in rects.iter().map(|rect| rect.map(|value| value as f32)) {
                if let Some(rect) = Rect::from_xywh(x, y, width, height) {
                    builder.push_rect(rect);
                }
            }
        }
        Shape::Segments(segments) => {
            for [x1, y1, x2, y2] in segments.iter().map(|s| s.map(|value| value as f32)) {
                builder.move_to(x1, y1);
                builder.line_to(x2, y2);
            }
        }
        Shape::Line(points) => through(&mut builder, points.iter().copied()),
        Shape::Area(points) => {
            through(&mut builder, points.iter().copied());
            builder.close();
        }
        Shape::Markers { at, glyph: Glyph::Dot, radius } => {
            for (x, y) in at {
                builder.push_circle(*x as f32, *y as f32, *radius as f32);
            }
        }
        Shape::Markers { at, glyph, radius } => {
            for (x, y) in at {
                let corners = glyph.corners().iter();
                through(&mut builder, corners.map(|(dx, dy)| (x + radius * dx, y + radius * dy)));
                builder.close();
            }
        }
        Shape::Text(_) => {}
    }
    builder.finish()
}

fn through(builder: &mut PathBuilder, points: impl Iterator<Item = (f64, f64)>) {
    for (i, (x, y)) in points.enumerate() {
        let (x, y) = (x as f32, y as f32);
        if i == 0 {
            builder.move_to(x, y);
        } else {
            builder.line_to(x, y);
        }
    }
}

fn letters(text: &Text) -> Option<Path> {
    let mut outline = Outline(PathBuilder::new());
    font::outline(&text.text, text.size, &mut outline);
    let before = text.before();
    // Baselines on whole pixels: horizontal strokes of letters are sharper.
    let place = if text.upwards {
        let turned = Transform::from_row(0.0, -1.0, 1.0, 0.0, 0.0, 0.0);
        turned.post_translate(text.x.round() as f32, (text.y + before) as f32)
    } else {
        Transform::from_translate((text.x - before) as f32, text.y.round() as f32)
    };
    outline.0.finish()?.transform(place)
}

struct Outline(PathBuilder);

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::drawing::Paint;

    fn drawing() -> Drawing {
        let mut drawing = Drawing::new(60, 40, "t", "d");
        drawing.add(Shape::Rects(vec![[10.0, 10.0, 20.0, 20.0]]), Paint::fill(Ink::Above));
        let half = Paint::fill(Ink::Fixed([0, 0, 0])).opacity(0.5);
        drawing.add(Shape::Rects(vec![[40.0, 10.0, 10.0, 10.0]]), half);
        drawing
    }

    #[test]
    fn areas_cover_their_pixels_and_no_others() {
        let rgb = drawing().to_rgb();
        for x in 0..60 {
            for y in 0..40 {
                let (in_x, in_y) = ((10..30).contains(&x), (10..30).contains(&y));
                let seen_through = (40..50).contains(&x) && (10..20).contains(&y);
                let expected = match (in_x && in_y, seen_through) {
                    (true, _) => Ink::Above.light(),
                    (_, true) => continue,
                    _ => [255; 3],
                };
                assert_eq!(rgb.pixel(x, y), Some(expected), "{x} {y}");
            }
        }
        let grey = rgb.pixel(45, 15).unwrap()[0];
        assert!((126..=129).contains(&grey), "{grey}");
        assert_eq!((rgb.pixel(60, 0), rgb.pixel(0, 40)), (None, None));
    }

    #[test]
    fn a_scaled_picture_has_as_many_pixels() {
        let rgb = drawing().to_rgb_scaled(2.0);
        assert_eq!((rgb.width, rgb.height), (120, 80));
        assert_eq!(rgb.pixel(59, 59), Some(Ink::Above.light()));
        assert_eq!(rgb.pixel(60, 60), Some([255; 3]));
        assert_eq!(drawing().to_rgb_scaled(f32::NAN), drawing().to_rgb());
        assert_eq!(drawing().to_rgb_scaled(1e9).width, 240);
    }

    #[test]
    fn a_png_decodes_to_the_same_pixels() {
        let rgb = drawing().to_rgb();
        let file = rgb.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (rgb.width, rgb.height));
        assert_eq!(info.color_type, png::ColorType::Rgb);
        assert_eq!(pixels, rgb.pixels);
    }

    #[test]
    fn pixels_of_another_number_are_an_error() {
        let mut rgb = drawing().to_rgb();
        rgb.pixels.pop();
        assert!(matches!(rgb.to_png(), Err(PlotError::Png(_))));
        let empty = Rgb { width: 0, height: 0, pixels: Vec::new() };
        assert!(empty.to_png().is_err());
    }

    #[test]
    fn text_that_reads_upwards_stands_upright() {
        let mut drawing = Drawing::new(60, 60, "t", "d");
        drawing.write_upwards((30.0, 30.0), "llllllll", 12.0, Ink::Text);
        let rgb = drawing.to_rgb();
        let dark = |x: u32, y: u32| rgb.pixel(x, y).is_some_and(|pixel| pixel[0] < 128);
        let all = (0..60).flat_map(|x| (0..60).map(move |y| (x, y)));
        let dark: Vec<_> = all.filter(|(x, y)| dark(*x, *y)).collect();
        let range = |of: fn(&(u32, u32)) -> u32| {
            let (low, high) = (dark.iter().map(of).min(), dark.iter().map(of).max());
            (low.unwrap(), high.unwrap())
        };
        let (x, y) = (range(|p| p.0), range(|p| p.1));
        // Left of its baseline, as long as it is wide, centred.
        assert!(x.1 <= 30 && x.0 >= 19, "{x:?}");
        let width = font::width("llllllll", 12.0);
        assert!((f64::from(y.1 - y.0) - width).abs() < 4.0, "{y:?} {width}");
        assert!((f64::from(y.0 + y.1) / 2.0 - 30.0).abs() < 2.0);
    }
}
