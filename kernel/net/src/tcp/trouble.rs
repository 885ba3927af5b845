//! What a connection does when something about it changes from outside: bad news from routers, other
//! settings.

use kcore::vfs::poll::Events;

use super::Settings;
use super::connection::{Connection, Context, State};
use super::sequence::before;
use crate::protocol::News;

impl Connection {
    /// Bad news about the segment that began with a sequence number (RFC 5927: only what is on its way
    /// can have met with any).
    pub(super) fn reported(&mut self, sequence: u32, news: News, cx: &Context<'_>) {
        let outstanding = !before(sequence, self.send.una) && before(sequence, self.send.next);
        if !outstanding || self.state == State::Closed {
            return;
        }
        match news {
            News::TooBig(_) => {
                // The way is looked up again, with the path's new MTU; what was too long is lost.
                self.way = None;
                if self.state.is_synchronized() {
                    self.recovery.first_is_lost(u32::MAX);
                    if self.recovery.phase == super::recovery::Phase::Open {
                        self.recovery.begin(super::recovery::Phase::Recovery, self.send.next);
                    }
                    self.output(cx);
                } else {
                    self.send_syn(cx);
                }
            }
            News::Unreachable { error, .. } if !self.state.is_synchronized() => self.end(Some(error)),
            // A connection that is up lives through that; it is why it will have timed out.
            News::Unreachable { error, .. } => self.soft_error = Some(error),
        }
    }

    /// Settings have changed.
    pub(super) fn configured(&mut self, before: &Settings, cx: &Context<'_>) {
        let settings = cx.settings;
        self.control.set_kind(settings.congestion);
        if settings.receive_buffer != before.receive_buffer && settings.receive_buffer != 0 {
            self.receive.limit = settings.receive_buffer;
        }
        if settings.quick_ack && !before.quick_ack {
            self.receive.quick = 16;
            self.receive.ack_now |= self.receive.pending > 0;
        } else if !settings.quick_ack {
            self.receive.quick = 0;
        }
        let idle = |of: &Settings| (of.keep_alive, of.keep_idle, of.keep_interval);
        if idle(settings) != idle(before) {
            self.timers.keep = 0;
            self.arm_keep_alive(cx);
        }
        if (settings.interface, settings.max_segment) != (before.interface, before.max_segment) {
            self.way = None;
        }
        if !settings.cork {
            self.timers.cork = 0;
        }
        if settings.send_buffer != before.send_buffer {
            self.events |= Events::WRITABLE;
        }
        self.output(cx);
    }
}
