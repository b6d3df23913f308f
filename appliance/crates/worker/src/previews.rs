//! Pictures for the page: which frames, at which half-size levels.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::output::Output;
use crate::triage::{Item, Pick, series_order, spread};
use domain::job::MAX_PREVIEWS;
use domain::picture::Preview;
use pixels::grey;
use pixels::{self, Decoded, halve};

/// Longest side of the first level made, in pixels.
const FIRST_SIDE: u32 = 2048;
/// No level below this is made.
const LAST_SIDE: u32 = 512;

/// The frames to show and how many levels of each, in the order they are shown.
pub(crate) struct Shown {
    order: BTreeMap<Pick, usize>,
    levels: usize,
    made: Vec<(usize, Preview)>,
}

impl Shown {
    /// Chooses at most [`MAX_PREVIEWS`] pictures: all frames at all levels, else evenly spread at one level.
    pub(crate) fn choose(items: &[Item]) -> Self {
        let mut ordered: Vec<&Item> = Vec::with_capacity(items.len());
        let series: std::collections::BTreeSet<u32> = items.iter().map(|i| i.series).collect();
        for series in series {
            let mut slices: Vec<&Item> = items.iter().filter(|i| i.series == series).collect();
            series_order(&mut slices);
            ordered.extend(slices);
        }
        let all: u64 = ordered.iter().map(|i| u64::from(i.facts.frames)).sum();
        let most =
            ordered.iter().map(|i| levels(i.facts.rows, i.facts.columns).count()).max().unwrap_or(1).max(1);
        let levels = if all.saturating_mul(most as u64) <= MAX_PREVIEWS as u64 { most } else { 1 };
        let chosen = spread(&ordered, MAX_PREVIEWS);
        let order = chosen.into_iter().enumerate().map(|(at, pick)| (pick, at)).collect();
        Self { order, levels, made: Vec::new() }
    }

    /// Nothing is shown.
    pub(crate) fn none() -> Self {
        Self { order: BTreeMap::new(), levels: 0, made: Vec::new() }
    }

    /// The frames of one instance.
    pub(crate) fn of(&self, instance: u32) -> impl Iterator<Item = u32> + '_ {
        let from = Pick { instance, frame: 0 };
        let to = Pick { instance, frame: u32::MAX };
        self.order.range(from..=to).map(|(pick, _)| pick.frame)
    }

    /// Makes the levels of a frame, when it is to be shown.
    pub(crate) fn make(
        &mut self,
        pick: Pick,
        decoded: &Decoded,
        output: &mut Output<'_>,
    ) -> Result<(), Error> {
        let Some(at) = self.order.get(&pick).copied() else { return Ok(()) };
        let sixteen = grey::sixteen(&decoded.stored, &decoded.look).map_err(pixels::Error::from)?;
        let (mut values, mut rows, mut columns) = (sixteen.values, sixteen.rows, sixteen.columns);
        let (mut level, mut made) = (0_u8, 0);
        let mut wanted: Vec<u8> = levels(rows, columns).collect();
        if self.levels == 1 {
            // One picture only: the smallest is quick to send, the full frame can be asked for.
            wanted = wanted.split_off(wanted.len().saturating_sub(1));
        }
        while made < wanted.len() {
            if wanted.contains(&level) {
                let piece = output.values(&values)?;
                made += 1;
                self.made.push((
                    at,
                    Preview {
                        instance: pick.instance,
                        frame: pick.frame,
                        level,
                        rows,
                        columns,
                        piece,
                        first: sixteen.first,
                        step: sixteen.step,
                        window: sixteen.window,
                        inverted: sixteen.inverted,
                    },
                ));
            }
            (values, rows, columns) = halve(&values, rows, columns);
            level += 1;
        }
        Ok(())
    }

    /// What was made, in the order it is shown.
    pub(crate) fn finish(mut self) -> Vec<Preview> {
        self.made.sort_by_key(|(at, preview)| (*at, preview.level));
        self.made.into_iter().map(|(_, preview)| preview).collect()
    }
}

/// The levels made of a frame: from the first with no side above [`FIRST_SIDE`] down to [`LAST_SIDE`].
fn levels(rows: u32, columns: u32) -> impl Iterator<Item = u8> {
    let side = move |level: u8| rows.max(columns).div_ceil(1 << level);
    let first = (0..16).find(|l| side(*l) <= FIRST_SIDE).unwrap_or(16);
    (first..16).take_while(move |l| *l == first || side(*l) >= LAST_SIDE)
}
