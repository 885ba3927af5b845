//! sys/ipc.h (claimed by the text helper).
