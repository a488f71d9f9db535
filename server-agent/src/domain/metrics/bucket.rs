//! Values of some time put together: their mean and the largest.

use super::series::Values;

/// What is kept of some time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point<const N: usize> {
    /// When it begins, in seconds since 1970.
    pub at: i64,
    /// Of so many looks it is made.
    pub samples: u32,
    pub mean: Values<N>,
    pub most: Values<N>,
}

/// A point that is still being made.
#[derive(Clone, Debug)]
pub struct Bucket<const N: usize> {
    pub at: i64,
    samples: u32,
    sums: [f64; N],
    counts: [u32; N],
    most: Values<N>,
}

impl<const N: usize> Bucket<N> {
    pub fn new(at: i64) -> Self {
        Self {
            at,
            samples: 0,
            sums: [0.0; N],
            counts: [0; N],
            most: [None; N],
        }
    }

    /// One look.
    pub fn add(&mut self, values: &Values<N>) {
        self.put(1, values, values);
    }

    /// What a finer point says.
    pub fn merge(&mut self, point: &Point<N>) {
        self.put(point.samples, &point.mean, &point.most);
    }

    fn put(&mut self, samples: u32, mean: &Values<N>, most: &Values<N>) {
        self.samples = self.samples.saturating_add(samples);
        for series in 0..N {
            if let Some(mean) = mean[series] {
                self.sums[series] += f64::from(mean) * f64::from(samples);
                self.counts[series] = self.counts[series].saturating_add(samples);
            }
            self.most[series] = match (self.most[series], most[series]) {
                (Some(one), Some(other)) => Some(one.max(other)),
                (one, other) => one.or(other),
            };
        }
    }

    pub fn point(&self) -> Point<N> {
        let mean = |series: usize| {
            let count = self.counts[series];
            (count > 0).then(|| (self.sums[series] / f64::from(count)) as f32)
        };
        Point {
            at: self.at,
            samples: self.samples,
            mean: std::array::from_fn(mean),
            most: self.most,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(values: &[Option<f32>]) -> Bucket<1> {
        let mut bucket = Bucket::new(0);
        values.iter().for_each(|value| bucket.add(&[*value]));
        bucket
    }

    /// FR-OBS-03: a gap is a gap and no zero; a look without a value does not lower the mean.
    #[test]
    fn a_gap_is_no_zero() {
        let point = bucket(&[Some(4.0), None, Some(8.0)]).point();
        assert_eq!(
            (point.mean, point.most, point.samples),
            ([Some(6.0)], [Some(8.0)], 3)
        );
        let point = bucket(&[None, None]).point();
        assert_eq!((point.mean, point.most), ([None], [None]));
    }

    proptest! {
        /// FR-OBS-03: rolled up in steps or at once, the mean lies between the smallest and the largest, the largest stays, and the
        /// mean is the same.
        #[test]
        fn rolling_up_loses_neither_mean_nor_largest(values in prop::collection::vec(0.0_f32..1e9, 1..200), cut in 0_usize..200) {
            let all: Vec<_> = values.iter().copied().map(Some).collect();
            let cut = cut.min(all.len());
            let whole = bucket(&all).point();
            let mut rolled = Bucket::<1>::new(0);
            for part in [&all[..cut], &all[cut..]] {
                rolled.merge(&bucket(part).point());
            }
            let rolled = rolled.point();
            let (least, most) = (values.iter().copied().fold(f32::MAX, f32::min), values.iter().copied().fold(0.0, f32::max));
            let (mean, once) = (rolled.mean[0].unwrap(), whole.mean[0].unwrap());
            prop_assert_eq!((rolled.samples, rolled.most), (whole.samples, whole.most));
            prop_assert_eq!(rolled.most, [Some(most)]);
            prop_assert!((mean - once).abs() <= once * 1e-5 + f32::EPSILON);
            prop_assert!(mean >= least * 0.99999 && mean <= most * 1.00001);
        }
    }
}
