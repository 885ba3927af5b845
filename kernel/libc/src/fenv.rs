//! fenv.h (claimed by the text helper).
