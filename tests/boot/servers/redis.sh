# redis-server with redis's own clients.
. "$SERVERS/check.sh"
cli() { redis-cli -h 127.0.0.1 -p "$PORT1" "$@"; }

equal ping PONG "$(cli ping)"
equal set OK "$(cli set greeting hello)"
equal get hello "$(cli get greeting)"
equal expiry 100 "$(cli set short x ex 100 >/dev/null; cli ttl short)"

# Lua, with the libraries that redis brings.
equal eval 42 "$(cli eval 'return redis.call("incrby", KEYS[1], ARGV[1])' 1 counter 42)"
equal cjson '{"a":[1,2]}' "$(cli eval 'return cjson.encode({a={1,2}})' 0)"
holds 'an error in Lua' "$(cli eval 'return nosuch.thing' 0 2>&1)" 'nonexistent global variable'

# Publish and subscribe.
cli subscribe news >subscriber &
subscriber=$!
until [[ "$(cli publish news 'first edition')" == 1 ]]; do :; done
eventually grep -q 'first edition' subscriber
kill "$subscriber"

# Monitor sees what others do.
cli monitor >monitor &
monitor=$!
eventually grep -q OK monitor
cli set watched yes >/dev/null
eventually grep -q '"set" "watched" "yes"' monitor
kill "$monitor"

# What it saves it can load: RDB, then AOF.
cli eval 'for i = 1, 2000 do redis.call("set", "key:" .. i, string.rep("v", i % 100)) end' 0 >/dev/null
size=$(cli dbsize)
equal save OK "$(cli save)"
equal reload OK "$(cli debug reload)"
equal 'size after reload' "$size" "$(cli dbsize)"
equal loadaof OK "$(cli debug loadaof)"
equal 'size after loadaof' "$size" "$(cli dbsize)"
equal 'a value after loadaof' 42 "$(cli get counter)"

# There is no fork, and redis says so.
holds bgsave "$(cli bgsave 2>&1)" 'ERR'
equal 'ping after bgsave' PONG "$(cli ping)"

# Redis's own tools.
holds bigkeys "$(cli --bigkeys)" 'Biggest string found'
latency=$(cli --latency)
[[ "$latency" =~ ^[0-9]+\ [0-9]+\ [0-9.]+\ [0-9]+$ ]] || fail "latency: '$latency'"

# All that redis-benchmark covers.
redis-benchmark -h 127.0.0.1 -p "$PORT1" -n 200 -c 10 --csv >benchmark
for test in PING_INLINE PING_MBULK SET GET INCR LPUSH RPUSH LPOP RPOP SADD HSET SPOP ZADD ZPOPMIN LRANGE_100 \
    LRANGE_600 MSET; do
    grep -q "\"$test" benchmark || fail "redis-benchmark did no $test: $(cat benchmark)"
done

# Its TLS port, with the OpenSSL of its closure.
tls() { redis-cli -h 127.0.0.1 -p "$PORT2" --tls --cacert "$DATA/cert.pem" --sni localhost "$@"; }
equal 'ping over TLS' PONG "$(tls ping)"
equal 'get over TLS' 42 "$(tls get counter)"
redis-benchmark -h 127.0.0.1 -p "$PORT2" --tls --cacert "$DATA/cert.pem" --sni localhost -t set -n 100 -c 4 -q >/dev/null
