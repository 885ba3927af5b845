# What the clients' scripts share; they run with `bash -eu -o pipefail`.

fail() {
    echo "failed: $*"
    exit 1
}

# equal WHAT EXPECTED FOUND
equal() {
    [[ "$2" == "$3" ]] || fail "$1: expected '$2', found '$3'"
}

# holds WHAT TEXT PART: TEXT has PART in it.
holds() {
    [[ "$2" == *"$3"* ]] || fail "$1: no '$3' in '$2'"
}

# eventually COMMAND …: until it succeeds; the harness's deadline bounds it.
eventually() {
    until "$@" >/dev/null 2>&1; do sleep 0.05; done
}
