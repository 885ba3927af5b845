//! nl_types.h (claimed by the text helper).
