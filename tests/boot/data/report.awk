# Arrays, functions, regular expressions, formatting, time and sorting in gawk.
function factorial(n) { return n <= 1 ? 1 : n * factorial(n - 1) }

BEGIN {
    FS = ":"
    printf "%d %5.2f %s %c %x %e\n", 42, 3.14159, "text", 65, 255, 12345.678
    print length("hello"), substr("hello", 2, 3), index("hello", "l"), toupper("abc"), 2 ^ 10, 7 % 3, int(-3.7)
    print sin(1), exp(1), log(10), sqrt(2), atan2(1, 2)
    print strftime("%Y-%m-%d %H:%M:%S", 1000000000, 1), mktime("2001 09 09 01 46 40", 1)
    print gensub(/(a)(b)/, "\\2\\1", "g", "abab"), tolower("ABC"), sprintf("%05d|%-5s|%+d", 42, "x", 7)
    print factorial(10), and(12, 10), or(12, 10), xor(12, 10), lshift(1, 10), (compl(0) > 0)
    print match("foobar", /o+/), RSTART, RLENGTH, split("a b c", parts, " "), parts[3]
    if ((getline line < "no-such-file") < 0) print "no such file"
    "nothing" ~ /^n.*g$/ && x++
    print x + 0, 1e300 * 1e10, -log(0), 0.1 + 0.2, 1 / 3
}
FILENAME ~ /table/ {
    count[$1]++
    total[$1] += $2
    if ($2 > biggest) { biggest = $2; where = FNR }
}
FILENAME ~ /words/ && FNR == 1 { FS = " " }
FILENAME ~ /words/ { words += NF; if (/karen|solba/) matched++; for (i = 1; i < NF; i++) seen[$i]++ }
END {
    PROCINFO["sorted_in"] = "@ind_str_asc"
    for (name in count) if (count[name] > 4) printf "%-8s %4d %14.3f\n", name, count[name], total[name]
    print biggest, where, words, matched, length(seen)
    n = asorti(seen, names)
    for (i = 1; i <= n; i += 500) print names[i], seen[names[i]]
    print "to the error stream" > "/dev/stderr"
    exit 5
}
