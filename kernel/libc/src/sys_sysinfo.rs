//! sys/sysinfo.h (claimed by the text helper).
