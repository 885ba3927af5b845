# iperf3 both ways. The server opens its port anew for each test, and who comes in between is turned away.
. "$SERVERS/check.sh"
measure() {
    for _ in 1 2 3 4 5; do
        iperf3 -c 127.0.0.1 -p "$PORT1" "$@" >measured 2>&1 && return
        grep -q 'control socket has closed\|Connection re\|server is busy' measured || break
    done
    fail "iperf3 $*: $(cat measured)"
}
measure -n 20M
holds 'to the guest' "$(cat measured)" 'receiver'
measure -n 20M -R
holds 'from the guest' "$(cat measured)" 'receiver'
measure -n 8M -P 4
holds 'four streams' "$(cat measured)" '[SUM]'
