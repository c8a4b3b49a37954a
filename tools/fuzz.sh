#!/bin/sh
# Look for inputs that break what fuzz/src says: by cargo-fuzz if it is installed, otherwise by long property tests.
#
# Usage: tools/fuzz.sh SECONDS     (per target)
# cargo-fuzz needs a C++ compiler, Linux or macOS; install it with: cargo install cargo-fuzz --locked
# An input that breaks something lies in fuzz/artifacts afterwards. Make it a test of the crate, then repair the crate.
set -eu

seconds=${1:?usage: fuzz.sh SECONDS}
cd "$(dirname "$0")/.."

if cargo fuzz --version >/dev/null 2>&1; then
    export RUSTC_BOOTSTRAP=1 # the sanitizer's flags are accepted by a stable compiler, too
    for target in $(cargo fuzz list); do
        echo "fuzz.sh: $target, for $seconds seconds"
        cargo fuzz run "$target" -- -max_total_time="$seconds" -timeout=20 -max_len=4096 -print_final_stats=1 -verbosity=0
    done
else
    echo "fuzz.sh: cargo-fuzz is not installed, so the same checks run as property tests" >&2
    PROPTEST_CASES=$((seconds * 2000)) cargo test --manifest-path fuzz/Cargo.toml --no-default-features --locked
fi
