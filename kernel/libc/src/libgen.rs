//! libgen.h (claimed by the text helper).
