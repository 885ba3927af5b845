//! What UDP and raw sockets of the stack have in common, as the socket layer uses them.

use alloc::sync::Arc;

use kcore::errno::{Errno, Result};
use kcore::vfs::poll::{Events, Source};

use crate::Receive;
use crate::address::{Endpoint, IpAddress};
use crate::datagram::{Control, Received, Settings};
use crate::{raw, udp};

/// A socket of the stack that carries messages.
pub(super) trait Messages: Send + Sync {
    fn bind(&self, local: Endpoint) -> Result<()>;
    fn connect(&self, remote: Option<Endpoint>) -> Result<()>;
    fn send_to(&self, parts: &[&[u8]], to: Option<Endpoint>, control: &Control) -> Result<usize>;
    fn receive_from(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>>;
    fn shutdown(&self, read: bool, write: bool) -> Result<()>;
    fn close(&self);
    fn take_error(&self) -> Option<Errno>;
    fn ready(&self) -> Events;
    fn source(&self) -> &Source;
    fn local(&self) -> Endpoint;
    fn peer(&self) -> Result<Endpoint>;
    fn settings(&self) -> Settings;
    fn configure(&self, change: &mut dyn FnMut(&mut Settings));
    fn next_length(&self) -> usize;

    /// Joins or leaves a group.
    fn member(&self, _group: IpAddress, _interface: u32, _join: bool) -> Result<()> {
        Err(kcore::errno::ENOPROTOOPT)
    }

    /// `IP_HDRINCL`.
    fn set_header_included(&self, _included: bool) {}

    /// `ICMP_FILTER`, `ICMP6_FILTER`.
    fn set_filter(&self, _blocked: [u32; 8]) -> Result<()> {
        Err(kcore::errno::ENOPROTOOPT)
    }
}

macro_rules! same {
    ($socket:ty { $($own:item)* }) => {
        impl Messages for Arc<$socket> {
            fn bind(&self, local: Endpoint) -> Result<()> {
                <$socket>::bind(self, local)
            }

            fn connect(&self, remote: Option<Endpoint>) -> Result<()> {
                <$socket>::connect(self, remote)
            }

            fn send_to(&self, parts: &[&[u8]], to: Option<Endpoint>, control: &Control) -> Result<usize> {
                <$socket>::send_to(self, parts, to, control)
            }

            fn receive_from(&self, parts: &mut [&mut [u8]], flags: Receive) -> Result<Option<Received>> {
                <$socket>::receive_from(self, parts, flags)
            }

            fn shutdown(&self, read: bool, write: bool) -> Result<()> {
                <$socket>::shutdown(self, read, write)
            }

            fn close(&self) {
                <$socket>::close(self);
            }

            fn take_error(&self) -> Option<Errno> {
                <$socket>::take_error(self)
            }

            fn ready(&self) -> Events {
                <$socket>::ready(self)
            }

            fn source(&self) -> &Source {
                <$socket>::source(self)
            }

            fn local(&self) -> Endpoint {
                <$socket>::local(self)
            }

            fn peer(&self) -> Result<Endpoint> {
                <$socket>::peer(self)
            }

            fn settings(&self) -> Settings {
                <$socket>::settings(self)
            }

            fn configure(&self, change: &mut dyn FnMut(&mut Settings)) {
                <$socket>::configure(self, change);
            }

            fn next_length(&self) -> usize {
                <$socket>::next_length(self)
            }

            $($own)*
        }
    };
}

same! {
    udp::Socket {
        fn member(&self, group: IpAddress, interface: u32, join: bool) -> Result<()> {
            if join { self.join(group, interface) } else { self.leave(group, interface) }
        }
    }
}

same! {
    raw::Socket {
        fn set_header_included(&self, included: bool) {
            raw::Socket::set_header_included(self, included);
        }

        fn set_filter(&self, blocked: [u32; 8]) -> Result<()> {
            raw::Socket::set_filter(self, blocked);
            Ok(())
        }
    }
}
