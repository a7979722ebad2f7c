//! Draws the results of random matrix theory for weight matrices, as SVG and as pixels.
//!
//! # Should I use this?
//!
//! Use it to draw reports of [`rmt_core`]: as SVG for a page, or as pixels for an image log. Both
//! come from the same [`Drawing`]. It needs no system fonts and draws the same picture on every
//! machine. It uses no files and no threads. It is not a general plotting library.
//!
//! # What is where
//!
//! | picture | shows |
//! |---|---|
//! | [`spectrum`] | the singular values against the Marchenko–Pastur law, outliers at both ends |
//! | [`vectors`] | where along the spectrum the singular vectors stop being random |
//! | [`overlap`] | which singular vectors lie along the principal directions of the activations |
//! | [`heat_map`] | one figure of many layers over many steps |
//! | [`trajectory`] | a few figures over the steps |
//! | [`film`] | the spectrum of one layer as it moves, with a cursor on a few figures |
//! | [`filmstrip`] | the same at a few steps, side by side |
//!
//! It never panics, whatever the data are: none, one value, all equal, not finite, 1e308. Values
//! that have no place on the axes are left out. Control characters in names are replaced, and long
//! names are shortened.
//!
//! ```
//! use rmt_plot::{NullBand, OverlapData, overlap};
//! let band = NullBand::new(0.24, 0.31, 0.5);
//! let data = OverlapData::new("blocks.0.up", 100, &[0.9, 0.3, 0.28], band).with_significant(1, 0);
//! let drawing = overlap(&data);
//! assert!(drawing.to_svg().starts_with("<svg"));
//! let png = drawing.to_rgb().to_png()?;
//! # Ok::<(), rmt_plot::PlotError>(())
//! ```

#![warn(clippy::missing_errors_doc)]

mod colour_map;
mod drawing;
mod error;
mod film;
mod font;
mod ink;
mod number;
mod pictures;
mod raster;
mod scale;
mod sheet;
mod svg;
#[cfg(test)]
mod test_support;
mod text;

pub use drawing::{DEFAULT_HEIGHT, DEFAULT_WIDTH, Drawing};
pub use error::PlotError;
pub use film::Film;
pub use pictures::course::{Course, film, filmstrip};
pub use pictures::followed::Followed;
pub use pictures::heat_map::heat_map;
pub use pictures::heat_map_data::HeatMapData;
pub use pictures::overlap::{NullBand, OverlapData, overlap, overlap_of};
pub use pictures::spectrum::spectrum;
pub use pictures::trajectory::{BandPoint, Trajectory, trajectory};
pub use pictures::vectors::vectors;
pub use raster::Rgb;

// The example of the README is one of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
