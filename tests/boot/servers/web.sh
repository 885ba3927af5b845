# A web server with curl: whole files and parts, kept connections, compression, TLS.
. "$SERVERS/check.sh"
plain="http://127.0.0.1:$PORT1" secure="https://localhost:$PORT2"
get() { curl -sS --max-time 60 "$@"; }

eventually curl -sS --max-time 5 "$plain/"
equal 'the index' "$(cat "$DATA/www/index.html")" "$(get "$plain/")"
equal 'what is not there' 404 "$(get -o /dev/null -w '%{http_code}' "$plain/nothing")"
get "$plain/numbers.txt" | cmp - "$DATA/www/numbers.txt"
equal 'a range' "$(tail -c +1001 "$DATA/www/numbers.txt" | head -c 500)" "$(get -r 1000-1499 "$plain/numbers.txt")"
equal 'the end' "$(tail -c 77 "$DATA/www/numbers.txt")" "$(get -r -77 "$plain/numbers.txt")"
equal 'a range beyond the end' 416 "$(get -o /dev/null -w '%{http_code}' -r 99999999- "$plain/numbers.txt")"

# One connection for three requests.
equal 'new connections' '1 0 0 ' \
    "$(get -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' "$plain/" "$plain/numbers.txt" "$plain/")"

# Compressed on the way.
get -H 'Accept-Encoding: gzip' "$plain/numbers.txt" >numbers.gz
gzip -dc numbers.gz | cmp - "$DATA/www/numbers.txt"

get "$plain/big.bin" | cmp - "$DATA/www/big.bin"
get --cacert "$DATA/cert.pem" "$secure/numbers.txt" | cmp - "$DATA/www/numbers.txt"

# Many at a time.
seq 40 | xargs -P 8 -I@ curl -sS --max-time 60 -o 'many.@' "$plain/numbers.txt"
for number in $(seq 40); do cmp "many.$number" "$DATA/www/numbers.txt"; done

# A client that sends nonsense, and one that goes away in the middle.
printf '\x00\x01nonsense\r\n\r\n' >"/dev/tcp/127.0.0.1/$PORT1"
{ curl -sS "$plain/big.bin" || true; } 2>/dev/null | head -c 100000 >/dev/null || true
equal 'the index after that' "$(cat "$DATA/www/index.html")" "$(get "$plain/")"
