//! argz.h (claimed by the text helper).
