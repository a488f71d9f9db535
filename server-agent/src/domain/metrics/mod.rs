//! The arithmetic of metrics: counters become rates, rates become points, points become coarser ones. What was not seen is a gap.

pub mod beat;
pub mod bucket;
pub mod counter;
pub mod requests;
pub mod series;
pub mod track;
pub mod window;
