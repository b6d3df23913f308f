//! How many connections one address may hold open, so that idle connections of one address do not shut out the others.
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::shared::Shared;

/// Connections beyond the associations: enough to refuse politely, few enough to bound memory.
pub const CONNECTIONS_SPARE: usize = 16;

/// All addresses that no caller may come from, counted as one: there are too many to be counted apart.
const STRANGERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// Connections that strangers may hold together: enough to be refused politely and shown on the page.
const STRANGERS_MOST: usize = CONNECTIONS_SPARE / 2;
/// Connections of a known address beyond the associations it could have.
const KNOWN_SPARE: usize = CONNECTIONS_SPARE / 4;

/// Connections that are open, by address.
#[derive(Default)]
pub(crate) struct ConnectionLimiter {
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// A place for one connection; dropping it gives it back.
pub(crate) struct Place {
    limiter: Arc<ConnectionLimiter>,
    who: IpAddr,
}

impl ConnectionLimiter {
    /// A place for one more connection, or none.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, shared: &Shared) -> Option<Place> {
        if shared.callers.may_come_from(address) {
            self.take(address, shared.config.max_associations + KNOWN_SPARE)
        } else {
            self.take(STRANGERS, STRANGERS_MOST)
        }
    }

    fn take(self: &Arc<Self>, who: IpAddr, most: usize) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(who).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { limiter: Arc::clone(self), who })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limiter.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_address_leaves_room_for_the_others_and_places_are_given_back() {
        let limiter = Arc::new(ConnectionLimiter::default());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = limiter.take(one, 2);
        let second = limiter.take(one, 2);
        assert!(first.is_some() && second.is_some() && limiter.take(one, 2).is_none());
        assert!(limiter.take(other, 2).is_some());
        drop(first);
        assert!(limiter.take(one, 2).is_some(), "taken and given back at once");
        drop(second);
        assert!(limiter.open.lock().unwrap_or_else(PoisonError::into_inner).is_empty(), "nothing is kept");
    }
}
