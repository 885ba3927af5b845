# nginx in front of a second guest's.
. "$SERVERS/check.sh"
plain="http://127.0.0.1:$PORT1"
eventually curl -sS --max-time 5 "$plain/"
equal 'the index' "$(cat "$DATA/www/index.html")" "$(curl -sS --max-time 60 "$plain/")"
curl -sS --max-time 60 "$plain/numbers.txt" | cmp - "$DATA/www/numbers.txt"
curl -sS --max-time 60 "$plain/big.bin" | cmp - "$DATA/www/big.bin"
equal 'without the upstream' 502 "$(curl -sS --max-time 60 -o /dev/null -w '%{http_code}' "$plain/dead/")"
