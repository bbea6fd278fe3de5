#!/bin/sh
# Compiles the native kernels: build.sh OUT CACHE, or the self-test under the sanitizers: build.sh OUT CACHE selftest. Leaves OUT/libredoubt.so and OUT/build.properties; without gcc and clang, or on
# another system than Linux on x86-64, or where they fail, it says so and leaves OUT empty: the product then runs its Java kernels
# (REDOUBT_NATIVE=required: it fails instead). What was compiled from the same sources by the same compiler is taken from CACHE.
set -eu
here=$(cd "${0%/*}" && pwd -P)
out=$1
cache=$2
mkdir -p "$out" "$cache"
rm -f "$out/libredoubt.so" "$out/build.properties"

skip() {
    echo "native kernels: not built, $1: the product will run its Java kernels"
    [ "${REDOUBT_NATIVE:-}" != required ] || exit 1
    exit 0
}

[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || skip "they are for Linux on x86-64"
compiler=
for candidate in ${CC:-} gcc clang; do
    if command -v "$candidate" >/dev/null 2>&1; then
        compiler=$candidate
        break
    fi
done
[ -n "$compiler" ] || skip "there is no gcc and no clang"

if [ "${3:-}" = selftest ]; then
    mode="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-psabi -DREDOUBT_SELFTEST"
else
    mode=-O3
fi
version=$("$compiler" --version | head -n 1)
flags="-std=c17 $mode -fPIC -fvisibility=hidden -ffp-contract=off -fno-math-errno -fstack-protector-strong -Wall -Wextra -Werror"
avx2="-mavx2 -mfma -mf16c"
avx512="$avx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mprefer-vector-width=512"
digest=$({ echo "$version $flags"; cat "$here/build.sh" "$here"/*.c "$here"/*.h; } | sha256sum | cut -d ' ' -f 1)
built=$cache/$digest
if [ ! -f "$built/libredoubt.so" ]; then
    work=$cache/$digest.$$
    mkdir -p "$work"
    trap 'rm -rf "$work"' EXIT
    compile() { # file, instruction sets
        # shellcheck disable=SC2086 # words
        "$compiler" $flags $2 -c "$here/$1.c" -o "$work/$1.o" || skip "$version failed on $1.c, its words are above"
    }
    compile cpu ""
    compile pack ""
    compile avx2 "$avx2"
    if [ "${3:-}" = selftest ]; then compile avxvnni "$avx2"; else compile avxvnni "$avx2 -mavxvnni"; fi
    compile avx512 "$avx512"
    compile avx512bf16 "$avx512 -mavx512bf16"
    if [ "${3:-}" = selftest ]; then
        compile amx "$avx512 -mavx512bf16 -DREDOUBT_TILES_EMULATED"
        compile selftest ""
        # shellcheck disable=SC2086 # words
        "$compiler" $flags -o "$out/selftest" "$work"/*.o
        "$out/selftest"
        exit 0
    fi
    compile amx "$avx512 -mavx512bf16 -mamx-tile -mamx-int8"
    "$compiler" -shared -Wl,-z,relro,-z,now,-z,noexecstack -o "$work/libredoubt.so" "$work"/*.o
    mkdir -p "$built"
    mv "$work/libredoubt.so" "$built/libredoubt.so"
    echo "native kernels: built with $version"
fi
cp "$built/libredoubt.so" "$out/libredoubt.so"
{
    echo "compiler=$version"
    echo "sources=$digest"
    echo "sha256=$(sha256sum "$out/libredoubt.so" | cut -d ' ' -f 1)"
} >"$out/build.properties"
