//! `%e %f %g %a` and their capitals.

use super::{Conversion, Engine, Part, Spec, Step};

/// Floating point.
pub static FLOAT: Conversion = Conversion { part: Part::Float, run: float };

fn float(engine: &mut Engine<'_>, spec: &Spec) -> Step {
    let _ = spec;
    engine.bytes(b"?")
}
