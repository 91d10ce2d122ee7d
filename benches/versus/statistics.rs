//! Medians of rounds, and how sure they are.

/// A median with the interval in which the true one lies with a confidence of 95%, or, of few values, their
/// whole range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Median {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Median {
    /// The median of `values`; `None` of none.
    ///
    /// The interval comes from the order of the values and supposes nothing of how they are spread: that
    /// `k` or fewer of `n` lie on one side of the true median is as likely as `k` heads of `n` coins.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let value = f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]);
        let left_out = left_out(count);
        let (low, high) = if left_out == 0 { (first, last) } else { (sorted[left_out - 1], sorted[count - left_out]) };
        Some(Self { value, low, high })
    }
}

/// The rank, from 1, of the value where the interval begins; 0 if there are too few values for one.
fn left_out(count: usize) -> usize {
    let mut probability = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let (mut cumulated, mut rank) = (0.0, 0);
    while rank < count / 2 {
        cumulated += probability;
        if cumulated > 0.025 {
            break;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of rounds is small")]
        let factor = (count - rank) as f64 / (rank + 1) as f64;
        probability *= factor;
        rank += 1;
    }
    rank
}

/// By how much the median of the last third of `values` differs from that of the first.
pub(crate) fn drift(values: &[f64]) -> f64 {
    let third = values.len().div_ceil(3);
    let first = Median::of(&values[..third]);
    let last = Median::of(&values[values.len() - third..]);
    first.zip(last).map_or(0.0, |(first, last)| (last.value / first.value - 1.0).abs())
}
