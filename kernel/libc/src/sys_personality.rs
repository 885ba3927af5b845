//! sys/personality.h (claimed by the text helper).
