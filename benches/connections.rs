//! What connections cost that nobody uses: instructions of a request beside them, and memory of each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::servers::{self, Guest, SERVERS, Server};
use crate::{Options, programs, table};

/// Connections that are open beside the one that is used.
const IDLE: [usize; 3] = [10, 1_000, 10_000];
/// Requests of a run.
const COUNT: usize = 2_000;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures a server that keeps nothing of a connection, and redis.
pub fn measure(options: &Options) -> Result<(), String> {
    let app = programs::compile("connections.c")?;
    if !servers::is_inside() {
        return servers::again_inside();
    }
    servers::make_network()?;
    let plugin = servers::compile_plugin()?;
    let app: &'static str = app.display().to_string().leak();
    let bare = Server { name: "connections", app, args: &[], files: &[], port: 7000 };
    let mut rows = Vec::new();
    let mut memory = String::new();
    for (server, request, answer) in [(&bare, "r", "r"), (&SERVERS[0], "GET x\r\n", "$-1\r\n")] {
        let side = servers::ours(server)?;
        let guest = Guest::start(server, &side, Some(&plugin))?;
        let at = format!("{}:{}", side.address, server.port);
        let at: SocketAddr = at.parse().map_err(|error| format!("{at}: {error}"))?;
        let mut used = connect(&at)?;
        let (mut idle, mut row, mut free) = (Vec::new(), vec![server.name.to_owned()], Vec::new());
        for count in IDLE {
            while idle.len() < count {
                let mut one = connect(&at)?;
                // It has been used once, as any has.
                ask(&mut one, request, answer)?;
                idle.push(one);
            }
            let mut each = Vec::new();
            for run in 0..=options.runs {
                let before = guest.instructions();
                for _ in 0..COUNT {
                    ask(&mut used, request, answer)?;
                }
                if run > 0 {
                    each.push((guest.instructions() - before) as f64 / COUNT as f64);
                }
            }
            row.push(servers::spread(table::median(each)));
            if server.name == bare.name {
                used.write_all(b"m").map_err(|error| error.to_string())?;
                let mut digits = [0; 16];
                used.read_exact(&mut digits).map_err(|error| error.to_string())?;
                free.push(
                    String::from_utf8_lossy(&digits).parse::<u64>().map_err(|error| error.to_string())?,
                );
            }
        }
        if let [_, some, many] = free[..] {
            let each = some.saturating_sub(many) / (IDLE[2] - IDLE[1]) as u64;
            memory = format!("An idle connection takes {each} bytes of memory, its descriptor included.");
        }
        rows.push(row);
    }
    let note = format!("Guest instructions a request, by how many connections are open beside it. {memory}");
    table::print("Connections", &note, &["server", "10", "1,000", "10,000"], &rows);
    Ok(())
}

fn connect(at: &SocketAddr) -> Result<TcpStream, String> {
    let open = || {
        let stream = TcpStream::connect_timeout(at, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    open().map_err(|error: std::io::Error| format!("cannot connect: {error}"))
}

fn ask(stream: &mut TcpStream, request: &str, answer: &str) -> Result<(), String> {
    let mut found = vec![0; answer.len()];
    let mut ask = || {
        stream.write_all(request.as_bytes())?;
        stream.read_exact(&mut found)
    };
    ask().map_err(|error| format!("no answer: {error}"))?;
    if found == answer.as_bytes() { Ok(()) } else { Err("a wrong answer".into()) }
}
