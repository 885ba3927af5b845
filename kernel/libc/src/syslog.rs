//! syslog.h (claimed by the text helper).
