//! The way to the servers: the kernel's own stack, without descriptors.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use kcore::errno::{EAGAIN, EIO, Result};
use kcore::time::{Instant, now};
use net::Endpoint;
use net::socket::{Flags, Incoming, Outgoing, SOCK_DGRAM, SOCK_STREAM, Socket, Wait};

use super::client::Transport;
use super::configuration::Configuration;
use super::message;

/// Longest answer over UDP that is taken.
const DATAGRAM_MAX: usize = 4096;

/// The kernel's stack.
pub struct Network;

fn connect(server: Endpoint, kind: i32, wait: &Wait) -> Result<Arc<dyn Socket>> {
    let family = server.address.family();
    let socket = net::inet::create(family, kind, 0)?;
    socket.connect(net::inet::name::write(family, &server).bytes(), wait)?;
    Ok(socket)
}

/// All questions in one go; the answers in any order.
fn over_datagrams(
    server: Endpoint,
    questions: &[Vec<u8>],
    until: Instant,
    answers: &mut [Option<Vec<u8>>],
) -> Result<()> {
    let wait = Wait { never: false, deadline: Some(until) };
    let socket = connect(server, SOCK_DGRAM, &wait)?;
    for question in questions {
        socket.send(&[question], &mut Outgoing::default(), &wait)?;
    }
    let mut buffer = vec![0; DATAGRAM_MAX];
    while answers.iter().any(Option::is_none) && now() < until {
        let count = socket.receive(&mut [&mut buffer], &mut Incoming::new(Flags::empty()), &wait)?;
        let came = buffer.get(..count).unwrap_or_default();
        // Anything else is not ours, whoever sent it.
        if let Some(at) = questions.iter().position(|question| message::answers(came, question))
            && let Some(answer) = answers.get_mut(at)
        {
            answer.get_or_insert_with(|| came.to_vec());
        }
    }
    Ok(())
}

fn receive_all(socket: &dyn Socket, mut buffer: &mut [u8], wait: &Wait) -> Result<()> {
    while !buffer.is_empty() {
        match socket.receive(&mut [&mut *buffer], &mut Incoming::new(Flags::empty()), wait)? {
            0 => return Err(EIO),
            count => buffer = buffer.get_mut(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// One question after the other over a connection; each message after its length.
fn over_stream(
    server: Endpoint,
    questions: &[Vec<u8>],
    until: Instant,
    answers: &mut [Option<Vec<u8>>],
) -> Result<()> {
    let wait = Wait { never: false, deadline: Some(until) };
    let socket = connect(server, SOCK_STREAM, &wait)?;
    for (question, answer) in questions.iter().zip(answers) {
        let length = u16::try_from(question.len()).map_err(|_| EIO)?.to_be_bytes();
        let whole = [&length[..], question].concat();
        let mut sent = 0;
        while sent < whole.len() {
            sent += socket.send(&[whole.get(sent..).unwrap_or_default()], &mut Outgoing::default(), &wait)?;
        }
        let mut length = [0; 2];
        receive_all(&*socket, &mut length, &wait)?;
        let mut came = vec![0; u16::from_be_bytes(length).into()];
        receive_all(&*socket, &mut came, &wait)?;
        if !message::answers(&came, question) {
            return Err(EAGAIN);
        }
        *answer = Some(came);
    }
    Ok(())
}

impl Transport for Network {
    fn ask(
        &self,
        server: Endpoint,
        questions: &[Vec<u8>],
        stream: bool,
        seconds: u64,
    ) -> Vec<Option<Vec<u8>>> {
        let until = now() + Duration::from_secs(seconds);
        let mut answers: Vec<Option<Vec<u8>>> = questions.iter().map(|_| None).collect();
        // What has no answer is asked of the next server, whatever the reason.
        let _ = if stream {
            over_stream(server, questions, until, &mut answers)
        } else {
            over_datagrams(server, questions, until, &mut answers)
        };
        answers
    }
}

/// Looks names up as the machine is configured, over its network.
pub fn with_client<T>(work: impl FnOnce(&super::client::Client<'_>) -> T) -> T {
    with_configuration(&Configuration::current(), work)
}

/// Looks names up as a configuration has it, over the machine's network.
pub fn with_configuration<T>(
    configuration: &Configuration,
    work: impl FnOnce(&super::client::Client<'_>) -> T,
) -> T {
    let identifier = || {
        let mut bytes = [0; 2];
        kcore::random::fill(&mut bytes);
        u16::from_ne_bytes(bytes)
    };
    work(&super::client::Client { configuration, transport: &Network, identifier })
}
