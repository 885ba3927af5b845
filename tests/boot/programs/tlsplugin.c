// A library that is opened at run time: its block comes from __tls_get_addr.
__thread int plugin_variable = 500;
static __thread char big[10000] = {1};

int *plugin_address(void) { return &plugin_variable; }

int plugin_add(int by)
{
    plugin_variable += by + big[0] + big[9999];
    return plugin_variable;
}
