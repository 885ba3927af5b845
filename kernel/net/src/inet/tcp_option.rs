//! Options of level `IPPROTO_TCP`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use kcore::errno::{EINVAL, ENOENT, ENOPROTOOPT, EOPNOTSUPP, Result};

use crate::socket::option::{give, give_integer, integer};
use crate::tcp::{Congestion, Info, Settings, Socket};

const TCP_NODELAY: i32 = 1;
const TCP_MAXSEG: i32 = 2;
const TCP_CORK: i32 = 3;
const TCP_KEEPIDLE: i32 = 4;
const TCP_KEEPINTVL: i32 = 5;
const TCP_KEEPCNT: i32 = 6;
const TCP_SYNCNT: i32 = 7;
const TCP_LINGER2: i32 = 8;
const TCP_DEFER_ACCEPT: i32 = 9;
const TCP_WINDOW_CLAMP: i32 = 10;
const TCP_INFO: i32 = 11;
const TCP_QUICKACK: i32 = 12;
const TCP_CONGESTION: i32 = 13;
const TCP_USER_TIMEOUT: i32 = 18;
const TCP_FASTOPEN: i32 = 23;
const TCP_NOTSENT_LOWAT: i32 = 25;
const TCP_FASTOPEN_CONNECT: i32 = 30;
const TCP_ULP: i32 = 31;
const TCP_INQ: i32 = 36;

/// Largest segment size that can be asked for (`MAX_TCP_WINDOW`).
const SEGMENT_MAX: i32 = 32767;
/// Smallest segment size that can be asked for.
const SEGMENT_MIN: i32 = 88;

/// A number in this range.
fn within(number: i32, least: i32, most: i32) -> Result<u32> {
    if (least..=most).contains(&number) { Ok(number as u32) } else { Err(EINVAL) }
}

/// Sets an option.
pub(super) fn set(socket: &Arc<Socket>, name: i32, value: &[u8]) -> Result<()> {
    if name == TCP_CONGESTION {
        let name = value.split(|&byte| byte == 0).next().unwrap_or_default();
        let congestion = match name {
            b"cubic" => Congestion::Cubic,
            b"reno" => Congestion::Reno,
            _ => return Err(ENOENT),
        };
        socket.configure(&mut |settings| settings.congestion = congestion);
        return Ok(());
    }
    if name == TCP_ULP {
        return Err(ENOENT);
    }
    let number = integer(value)?;
    let on = number != 0;
    let mut change: Settings = socket.settings();
    match name {
        TCP_NODELAY => change.no_delay = on,
        TCP_CORK => change.cork = on,
        TCP_QUICKACK => change.quick_ack = on,
        TCP_MAXSEG if number == 0 => change.max_segment = 0,
        TCP_MAXSEG => change.max_segment = within(number, SEGMENT_MIN, SEGMENT_MAX)? as u16,
        TCP_KEEPIDLE => change.keep_idle = within(number, 1, 32767)?,
        TCP_KEEPINTVL => change.keep_interval = within(number, 1, 32767)?,
        TCP_KEEPCNT => change.keep_count = within(number, 1, 127)?,
        TCP_SYNCNT => change.syn_count = within(number, 1, 127)?,
        TCP_LINGER2 => change.fin_timeout = u32::try_from(number).unwrap_or(u32::MAX).min(120),
        TCP_DEFER_ACCEPT => change.defer_accept = u32::try_from(number).unwrap_or(0),
        TCP_USER_TIMEOUT => change.user_timeout = within(number, 0, i32::MAX)?,
        // 0 is no limit.
        TCP_NOTSENT_LOWAT => change.unsent_low_water = if number == 0 { u32::MAX } else { number as u32 },
        TCP_FASTOPEN | TCP_FASTOPEN_CONNECT | TCP_WINDOW_CLAMP | TCP_INQ => return Err(EOPNOTSUPP),
        _ => return Err(ENOPROTOOPT),
    }
    socket.configure(&mut |settings| *settings = change);
    Ok(())
}

/// Gets an option.
pub(super) fn get(socket: &Arc<Socket>, name: i32, to: &mut [u8]) -> Result<usize> {
    let settings = socket.settings();
    let number = match name {
        TCP_NODELAY => settings.no_delay.into(),
        TCP_CORK => settings.cork.into(),
        TCP_QUICKACK => settings.quick_ack.into(),
        TCP_MAXSEG => match (socket.peer().is_ok(), settings.max_segment) {
            (true, _) => socket.info().send_mss as i32,
            (false, 0) => 536,
            (false, set) => set.into(),
        },
        TCP_KEEPIDLE => settings.keep_idle as i32,
        TCP_KEEPINTVL => settings.keep_interval as i32,
        TCP_KEEPCNT => settings.keep_count as i32,
        TCP_SYNCNT => settings.syn_count as i32,
        TCP_LINGER2 => match settings.fin_timeout {
            0 => 60,
            u32::MAX => -1,
            set => set as i32,
        },
        TCP_DEFER_ACCEPT => settings.defer_accept as i32,
        TCP_USER_TIMEOUT => settings.user_timeout as i32,
        TCP_NOTSENT_LOWAT if settings.unsent_low_water == u32::MAX => 0,
        TCP_NOTSENT_LOWAT => settings.unsent_low_water as i32,
        TCP_FASTOPEN | TCP_FASTOPEN_CONNECT | TCP_WINDOW_CLAMP | TCP_INQ => 0,
        TCP_CONGESTION => {
            let name: &[u8; 16] = match settings.congestion {
                Congestion::Cubic => b"cubic\0\0\0\0\0\0\0\0\0\0\0",
                Congestion::Reno => b"reno\0\0\0\0\0\0\0\0\0\0\0\0",
            };
            return Ok(give(name, to));
        }
        TCP_INFO => return Ok(give(&info(&socket.info()), to)),
        _ => return Err(ENOPROTOOPT),
    };
    give_integer(number, to)
}

/// `struct tcp_info`, as far as `tcpi_snd_wnd` (Linux 5.4): 232 bytes.
fn info(from: &Info) -> Vec<u8> {
    let mut to = Vec::with_capacity(232);
    let scales = from.window_scales.0 & 15 | from.window_scales.1 << 4;
    let bytes = [
        from.state,
        from.congestion_state,
        from.retransmits,
        from.probes,
        from.backoff,
        from.options,
        scales,
        0,
    ];
    to.extend_from_slice(&bytes);
    let words = [
        from.rto,
        from.ato,
        from.send_mss,
        from.receive_mss,
        // A listener shows its queue where a connection shows segments.
        if from.state == LISTEN { from.backlog.0 } else { from.unacked },
        if from.state == LISTEN { from.backlog.1 } else { from.sacked },
        from.lost,
        from.retransmitted,
        0,
        from.last.0 / 1000,
        0,
        from.last.1 / 1000,
        from.last.2 / 1000,
        from.path_mtu,
        0,
        from.rtt.0,
        from.rtt.1,
        from.send_ssthresh,
        from.send_cwnd,
        from.send_mss,
        3,
        0,
        from.receive_space,
        from.total_retransmits,
    ];
    words.iter().for_each(|word| to.extend_from_slice(&word.to_ne_bytes()));
    // Pacing rates: none.
    to.extend_from_slice(&[0xff; 16]);
    for count in [from.bytes.0, from.bytes.1] {
        to.extend_from_slice(&count.to_ne_bytes());
    }
    // Segments out and in, which nobody counts, then bytes that are not sent.
    for word in [0, 0, from.unsent, from.rtt_min, 0, 0] {
        to.extend_from_slice(&word.to_ne_bytes());
    }
    // Delivery rate, busy times, counts of delivered and of retransmitted bytes.
    to.resize(228, 0);
    to.extend_from_slice(&from.send_window.to_ne_bytes());
    to
}

/// `TCP_LISTEN`.
const LISTEN: u8 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_has_its_fields_where_linux_has_them() {
        let from =
            Info { state: 1, send_mss: 1448, rtt: (77, 5), send_window: 9, unsent: 3, ..Info::default() };
        let bytes = info(&from);
        let word = |at: usize| u32::from_ne_bytes(*bytes[at..].first_chunk().unwrap());
        assert_eq!((bytes.len(), bytes[0]), (232, 1));
        // tcpi_snd_mss, tcpi_rtt, tcpi_notsent_bytes, tcpi_snd_wnd
        assert_eq!((word(16), word(68), word(144), word(228)), (1448, 77, 3, 9));
    }
}
