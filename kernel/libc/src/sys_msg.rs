//! sys/msg.h (claimed by the text helper).
