# memcached by both of its protocols, and with items of megabytes.
. "$SERVERS/check.sh"

# A request over one connection: sends standard input, prints what comes until the server hangs up.
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$PORT1"
    cat >&3
    cat <&3
    exec 3>&-
}

hello() { [[ "$(printf 'version\r\nquit\r\n' | ask)" == VERSION* ]]; }
eventually hello

# libmemcached's own test of a server, text and binary.
memccapable -h 127.0.0.1 -p "$PORT1" >capable || fail "memccapable: $(cat capable)"
grep -q '^binary.*\[pass\]' capable && grep -q '^ascii.*\[pass\]' capable || fail "memccapable: $(cat capable)"

size=4000000
head -c "$size" "$DATA/www/big.bin" >item
{ printf 'set item 7 0 %d\r\n' "$size"; cat item; printf '\r\nquit\r\n'; } | ask >stored
equal 'a large item' STORED "$(tr -d '\r' <stored)"
printf 'get item\r\nquit\r\n' | ask >found
{ printf 'VALUE item 7 %d\r\n' "$size"; cat item; printf '\r\nEND\r\n'; } >expected
cmp expected found || fail 'a large item came back different'

{ printf 'set huge 0 0 9000000\r\n'; head -c 9000000 "$DATA/www/big.bin"; printf '\r\nquit\r\n'; } | ask >stored || true
holds 'an item over the limit' "$(head -c 100 stored)" 'SERVER_ERROR object too large'
