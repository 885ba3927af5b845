# curl on the guest has fetched a file from a server that it knows by name.
. "$SERVERS/check.sh"
cmp "$CONSOLE" "$DATA/www/numbers.txt"
