//! The time both products go by, which does not jump when somebody or something sets the machine's clock.
//!
//! Two readings, both in ms since 1970 UTC:
//! - [`wall`] is what the machine's clock says. Certificates are judged by it, audit lines of the appliance carry it.
//! - [`now`] is the steady clock. It goes at the pace of the monotonic clock, never runs backwards, and makes up for a
//!   difference to the wall by at most a twentieth of the time that passes (an hour in twenty). Every deadline, and
//!   every time that a deadline is counted from, is of this one: a quiet time, a pause or a lease lasts as long as it
//!   should, to within a twentieth, whichever way the clock was set and however far.
//!
//! The monotonic clock stands still while a machine is suspended: what somebody holds is not lost with the lid closed.
//!
//! A start takes the wall's time at once, unless that cannot be right ([`Beginning`]); what was stored by the time of
//! the last run is made again then, by the rooms that stored it. A room of values takes its time as an argument.

use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The steady clock makes up for one part in so many of the time that passes.
const PACE: i64 = 20;
/// How often the pace is counted anew, ms.
const ANEW_MS: i64 = 1_000;
/// A clock that moves by so much against the monotonic one was set, ms.
pub const STEP_MS: i64 = 2_000;
/// A difference between wall and steady clock below this is none, ms.
const NONE_MS: i64 = 1_000;
/// 2026-11-01: no right clock shows an earlier time to a program that was written later, ms.
pub const EARLIEST_MS: i64 = 1_793_491_200_000;

static MONOTONIC: LazyLock<Instant> = LazyLock::new(Instant::now);
static STEADY: Mutex<Option<SteadyClock>> = Mutex::new(None);

/// What the machine's clock says.
#[must_use]
pub fn wall() -> i64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// What the steady clock says.
#[must_use]
pub fn now() -> i64 {
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    let (wall, ticks) = (wall(), ticks());
    steady.get_or_insert_with(|| SteadyClock::begin(wall, ticks)).read(wall, ticks)
}

/// Sets the steady clock, once, before anything is counted from it. A process that does not is of the wall's time when
/// it first asks.
pub fn begin(at: i64) {
    *STEADY.lock().unwrap_or_else(PoisonError::into_inner) = Some(SteadyClock::begin(at, ticks()));
}

/// By how much the machine's clock is ahead of the steady clock, ms; less than a second is none.
#[must_use]
pub fn ahead() -> i64 {
    let ahead = wall().saturating_sub(now());
    if ahead.abs() < NONE_MS { 0 } else { ahead }
}

/// By how much a clock was set, in words, to the nearest second: two clocks are never read at the same moment.
#[must_use]
pub fn words(by: i64) -> String {
    let way = if by < 0 { "back" } else { "forward" };
    let seconds = by.unsigned_abs().saturating_add(500) / 1_000;
    format!("{way} by {}", humantime::format_duration(Duration::from_secs(seconds)))
}

/// Of the monotonic clock, ms since this process first asked.
fn ticks() -> i64 {
    ms(MONOTONIC.elapsed())
}

fn ms(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

/// The steady clock as a value: readings of wall and monotonic clock in, times out.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    /// When the pace was last counted: by the monotonic clock, and by this one.
    ticks: i64,
    at: i64,
    last: i64,
}

impl SteadyClock {
    /// At `at`, while the monotonic clock says `ticks`.
    #[must_use]
    pub const fn begin(at: i64, ticks: i64) -> Self {
        Self { ticks, at, last: at }
    }

    /// The time now.
    pub fn read(&mut self, wall: i64, ticks: i64) -> i64 {
        let passed = ticks.saturating_sub(self.ticks).max(0);
        let even = self.at.saturating_add(passed);
        let most = passed / PACE;
        let time = even.saturating_add(wall.saturating_sub(even).clamp(-most, most));
        if passed >= ANEW_MS {
            (self.ticks, self.at) = (ticks, time);
        }
        self.last = self.last.max(time);
        self.last
    }
}

/// Notices when the machine's clock is set.
#[derive(Debug)]
pub struct Watch {
    apart: i64,
}

impl Watch {
    /// From two readings.
    #[must_use]
    pub const fn begin(wall: i64, ticks: i64) -> Self {
        Self { apart: wall.saturating_sub(ticks) }
    }

    /// From now on.
    #[must_use]
    pub fn new() -> Self {
        Self::begin(wall(), ticks())
    }

    /// By how much the clock was set between the last readings and these, ms.
    pub fn step(&mut self, wall: i64, ticks: i64) -> Option<i64> {
        let apart = wall.saturating_sub(ticks);
        let by = apart.saturating_sub(self.apart);
        self.apart = apart;
        (by.abs() >= STEP_MS).then_some(by)
    }

    /// By how much the clock was set since the last look, ms.
    pub fn look(&mut self) -> Option<i64> {
        let before = ticks();
        let wall = wall();
        let after = ticks();
        // A process that was held up between the two readings sees a step that is none: it looks again.
        if after.saturating_sub(before) < STEP_MS / 4 { self.step(wall, after) } else { None }
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

/// This run of the machine: which, and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    boot: String,
    up: i64,
}

impl Machine {
    /// A run of this name (no white space) that has lasted `up` ms.
    #[must_use]
    pub fn new(boot: &str, up: i64) -> Self {
        Self { boot: boot.to_owned(), up }
    }

    /// As the system tells it (Linux); `None` where it does not.
    #[must_use]
    pub fn here() -> Option<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self { boot: boot.trim().to_owned(), up: up()? })
    }
}

/// How long the machine has been running. Not from /proc/uptime: in a container that may be the container's, while the
/// run's name is the host's.
#[cfg(target_os = "linux")]
fn up() -> Option<i64> {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::Boottime)).ok().map(ms)
}

#[cfg(not(target_os = "linux"))]
const fn up() -> Option<i64> {
    None
}

/// What the steady clock said at some moment of a run of the machine: kept by a product, so that its next start knows
/// by how much the time it begins with differs. As text: the run, how long it had lasted, the time; both in ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    machine: Machine,
    time: i64,
}

impl Mark {
    /// The steady clock's `time`, at that moment of a run.
    #[must_use]
    pub const fn new(machine: Machine, time: i64) -> Self {
        Self { machine, time }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.machine.boot, self.machine.up, self.time)
    }
}

/// A text that is no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mark of time")]
pub struct NoMark;

impl FromStr for Mark {
    type Err = NoMark;

    fn from_str(text: &str) -> Result<Self, NoMark> {
        let parts: Vec<&str> = text.split_whitespace().collect();
        let [boot, up, time] = parts.as_slice() else { return Err(NoMark) };
        let number = |text: &str| text.parse().map_err(|_| NoMark);
        Ok(Self { machine: Machine::new(boot, number(up)?), time: number(time)? })
    }
}

/// With which time a start begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// The time.
    pub at: i64,
    /// By how much it differs from what the last run would have gone on with, ms: what that run stored is off by so
    /// much. `None` when the machine was started anew in between: nobody knows how long it was off.
    pub moved: Option<i64>,
}

impl Beginning {
    /// The wall's time; but a clock that shows a time before [`EARLIEST_MS`] is wrong, and the steady clock goes on from where
    /// it was.
    #[must_use]
    pub fn of(mark: Option<&Mark>, machine: Option<&Machine>, wall: i64) -> Self {
        // A run that is shorter than it was is another one, whatever its name.
        let same = |mark: &Machine, here: &Machine| mark.boot == here.boot && mark.up <= here.up;
        let went_on = mark.zip(machine).filter(|(mark, here)| same(&mark.machine, here));
        let went_on = went_on.map(|(m, here)| m.time.saturating_add(here.up.saturating_sub(m.machine.up)));
        let known = went_on.or(mark.map(|m| m.time)).unwrap_or(EARLIEST_MS);
        let at = if wall >= EARLIEST_MS { wall } else { known.max(EARLIEST_MS) };
        Self { at, moved: went_on.map(|time| at.saturating_sub(time)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn while_nobody_sets_the_clock_the_house_is_of_the_walls_time() {
        let mut steady = SteadyClock::begin(START, 50);
        for passed in [0, 1, 19, 20, 700, 40_000, 40_001, 9 * HOUR] {
            assert_eq!(steady.read(START + passed, 50 + passed), START + passed);
        }
    }

    #[test]
    fn an_hour_either_way_is_made_up_for_in_twenty() {
        for by in [-HOUR, HOUR] {
            let mut steady = SteadyClock::begin(START, 0);
            for minute in 1..=60 * 20 {
                let passed = minute * 60_000;
                let time = steady.read(START + by + passed, passed);
                let off = (START + by + passed - time).abs();
                assert!((off - (HOUR - passed / 20)).abs() < 1_000, "minute {minute}: {off}");
            }
            assert_eq!(steady.read(START + by + 21 * HOUR, 21 * HOUR), START + by + 21 * HOUR);
        }
    }

    proptest! {
        #[test]
        fn whatever_the_wall_does_time_goes_on_at_its_pace(
            looks in prop::collection::vec((0_i64..90_000, -(1_i64 << 42)..(1_i64 << 42)), 1..60)
        ) {
            let mut steady = SteadyClock::begin(START, 0);
            let (mut ticks, mut last) = (0, START);
            for (passed, wall) in looks {
                ticks += passed;
                let time = steady.read(START + wall, ticks);
                prop_assert!(time >= last, "it never runs backwards");
                let (least, most) = (ticks - ticks / PACE, ticks + ticks / PACE);
                prop_assert!((least..=most).contains(&(time - START)), "{} of {ticks}", time - START);
                last = time;
            }
        }
    }

    #[test]
    fn a_step_is_told_to_the_nearest_second() {
        assert_eq!(words(3_599_996), "forward by 1h");
        assert_eq!(words(-7_200_004), "back by 2h");
    }

    #[test]
    fn a_step_is_seen_once_and_a_drift_is_none() {
        let mut watch = Watch::begin(START, 0);
        assert_eq!(watch.step(START + 1_000, 1_000), None);
        assert_eq!(watch.step(START + 3_500, 2_000), None, "a clock that is led");
        assert_eq!(watch.step(START + 4_500 - HOUR, 3_000), Some(-HOUR));
        assert_eq!(watch.step(START + 5_500 - HOUR, 4_000), None);
        assert_eq!(watch.step(START + 6_500, 5_000), Some(HOUR));
        assert_eq!((words(-HOUR), words(HOUR + 60_499)), ("back by 1h".into(), "forward by 1h 1m".into()));
    }

    #[test]
    fn a_start_knows_by_how_much_time_has_moved_in_one_run_of_the_machine() {
        let mark = Mark::new(Machine::new("one", 10_000), START);
        let here = Machine::new("one", 70_000);
        let of = |wall| Beginning::of(Some(&mark), Some(&here), wall);
        assert_eq!(of(START + 60_000), Beginning { at: START + 60_000, moved: Some(0) });
        let set = START + 60_000 - HOUR;
        assert_eq!(of(set), Beginning { at: set, moved: Some(-HOUR) });
        let other = Machine::new("two", 70_000);
        assert_eq!(Beginning::of(Some(&mark), Some(&other), set), Beginning { at: set, moved: None });
        assert_eq!(Beginning::of(None, Some(&here), set), Beginning { at: set, moved: None });
    }

    #[test]
    fn a_run_that_is_shorter_than_it_was_is_another_one() {
        let mark = Mark::new(Machine::new("one", 240 * HOUR), START);
        let here = Machine::new("one", 120_000);
        let began = Beginning::of(Some(&mark), Some(&here), START + 60_000);
        assert_eq!(began, Beginning { at: START + 60_000, moved: None });
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_not_taken() {
        let mark = Mark::new(Machine::new("one", 10_000), START);
        let of = |boot, wall| Beginning::of(Some(&mark), Some(&Machine::new(boot, 12_000)), wall).at;
        assert_eq!(of("one", 86_400_000), START + 2_000, "it goes on");
        assert_eq!(of("two", 86_400_000), START, "nobody knows how long it was off");
        assert_eq!(Beginning::of(None, None, 0).at, EARLIEST_MS);
    }

    #[test]
    fn a_mark_is_read_as_it_was_written_and_nothing_else_is() {
        let mark = Mark::new(Machine::new("78c7e20f-1053", 733_790), START);
        assert_eq!(mark.to_string().parse(), Ok(mark));
        for bad in ["", "one 2", "one 2 x", "one 2 3 4"] {
            assert_eq!(bad.parse::<Mark>(), Err(NoMark), "{bad}");
        }
    }

    #[test]
    fn the_process_has_one_time() {
        let (before, after) = (now(), now());
        assert!(after >= before && ahead() == 0);
        assert!((wall() - before).abs() < 60_000);
    }
}
