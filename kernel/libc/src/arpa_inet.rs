//! arpa/inet.h (claimed by the text helper).
