// What tls.c and its libraries share.
extern __thread int library_ie __attribute__((tls_model("initial-exec")));
extern __thread int library_gd __attribute__((tls_model("global-dynamic")));
extern __thread int local_exec;
int library_ie_read(void);
int library_gd_read(void);
int library_ld(int by);
int library_desc(int by);
int *local_exec_seen_by_library(void);
