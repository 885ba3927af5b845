//! Broken-down time in the local zone.

use core::ffi::{c_char, c_int};
use core::ptr::null_mut;

use kcore::errno::EOVERFLOW;
use kcore::export::Exported;
use macros::export;

use super::calendar::{SHARED, add_up, break_down, time_t, tm};
use super::zone::{self, Zone};

/// POSIX `tzname`: the names of standard and of summer time.
#[export]
pub static tzname: Exported<[*const c_char; 2]> = Exported::new([c"GMT".as_ptr(), c"GMT".as_ptr()]);
/// POSIX `timezone`: seconds west of UTC in standard time.
#[export]
pub static timezone: Exported<i64> = Exported::new(0);
/// POSIX `daylight`: whether the zone ever has summer time.
#[export]
pub static daylight: Exported<c_int> = Exported::new(0);

unsafe fn publish(zone: &mut Zone) {
    if zone.published {
        return;
    }
    zone.published = true;
    let ((standard, offset), summer) = zone.latest();
    let (summer_name, summer_offset) = summer.unwrap_or((standard, offset));
    *tzname.get() = [standard, summer_name];
    *timezone.get() = -offset;
    *daylight.get() = (summer_offset != offset).into();
}

/// POSIX `tzset`.
#[export]
pub unsafe extern "C" fn tzset() {
    publish(&mut zone::current());
}

unsafe fn fill(zone: &mut Zone, time: time_t, to: *mut tm) -> bool {
    let (offset, summer) = zone.offset_at(time);
    (*to).tm_isdst = summer.into();
    (*to).tm_gmtoff = offset;
    (*to).tm_zone = zone.name_at(time);
    break_down(time, offset, &mut *to)
}

/// POSIX `localtime_r`. Null with EOVERFLOW if the year does not fit.
#[export]
pub unsafe extern "C" fn localtime_r(time: *const time_t, to: *mut tm) -> *mut tm {
    let mut zone = zone::current();
    publish(&mut zone);
    if fill(&mut zone, *time, to) {
        return to;
    }
    crate::errno::set(EOVERFLOW);
    null_mut()
}

/// C `localtime`.
#[export]
pub unsafe extern "C" fn localtime(time: *const time_t) -> *mut tm {
    localtime_r(time, SHARED.0.get())
}

/// The time that a clock showing `local` (seconds as if at UTC) names, given what the caller says
/// about summer time.
fn resolve(zone: &Zone, local: i64, summer: c_int) -> i64 {
    let guess = |offset: i64| local.saturating_sub(offset);
    // A change may lie between the clock's reading and the time it names, so both of the offsets
    // around it are tried.
    let (before, _) = zone.offset_at(local.saturating_sub(86400));
    let (after, _) = zone.offset_at(local.saturating_add(86400));
    let mut valid = None;
    for offset in [before, after] {
        let time = guess(offset);
        let (found, is_summer) = zone.offset_at(time);
        if found == offset {
            if summer < 0 || is_summer == (summer > 0) {
                return time;
            }
            valid = valid.or(Some(time));
        }
    }
    let Some(time) = valid else {
        // The clock never showed this: count on from before the change.
        return guess(if summer > 0 { after } else { before });
    };
    // The caller wants what is not in force then: take the offset of the nearest time when it is.
    // Changes are at least a week apart, and no zone kept one kind for longer than this.
    const STEP: i64 = 601_200;
    const FARTHEST: i64 = 457_243_209 / 2 + STEP;
    let mut distance = STEP;
    while distance < FARTHEST {
        for other in [time.saturating_sub(distance), time.saturating_add(distance)] {
            let (offset, is_summer) = zone.offset_at(other);
            if is_summer == (summer > 0) {
                return guess(offset);
            }
        }
        distance += STEP;
    }
    // There is none: take summer time to be an hour ahead, as glibc does.
    if summer > 0 { time - 3600 } else { time + 3600 }
}

/// C `mktime`: the inverse of `localtime`; brings the fields into range. −1 with EOVERFLOW.
#[export]
pub unsafe extern "C" fn mktime(time: *mut tm) -> time_t {
    let mut zone = zone::current();
    publish(&mut zone);
    let seconds = resolve(&zone, add_up(&*time), (*time).tm_isdst);
    let mut result = tm::ZERO;
    if !fill(&mut zone, seconds, &mut result) {
        crate::errno::set(EOVERFLOW);
        return -1;
    }
    *time = result;
    seconds
}
